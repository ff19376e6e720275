//! Our own core, as a host would drive it: outputs are executed when they are seen, and the disk is done at once.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use machine_core::{Instant, NodeId};
use raft_core::{
    Config, FetchId, Index, Message, Output, ProposeError, Raft, Recovered, RoleName, Run, wire,
};

use crate::{
    catch_up::Severed,
    cell::{Cell, Contender},
    cluster::{Applied, Cluster, Load, Turn},
    kept::{Block, Kept},
};

mod many;

/// Our own core; messages are moved.
pub const OURS: Contender = Contender {
    name: "quorate",
    about: "quorate-raft-core, messages moved",
    build: |cell| Box::new(Ours::<Moved>::new(replicas(cell))),
    leader_apart: true,
    idle: Some(|idle| Box::new(many::Many::new(idle))),
    catch_up: Some(|cell| Box::new(Ours::<Severable<Moved>>::new(whole_replicas(cell)))),
};

/// Our own core; each message is encoded into bytes, and decoded from them.
pub const OURS_WIRE: Contender = Contender {
    name: "quorate-wire",
    about: "quorate-raft-core, each message encoded and decoded",
    build: |cell| Box::new(Ours::<Encoded>::new(replicas(cell))),
    leader_apart: true,
    idle: None,
    catch_up: Some(|cell| Box::new(Ours::<Severable<Encoded>>::new(whole_replicas(cell)))),
};

/// How a message travels.
pub trait Link: Default {
    /// What lies in a queue.
    type Letter;
    /// Whether the message arrives.
    fn passes(&mut self, _from: NodeId, _to: NodeId, _message: &Message) -> bool {
        true
    }
    /// At the sender.
    fn post(&mut self, message: Message) -> Self::Letter;
    /// At the receiver.
    fn open(&mut self, letter: Self::Letter) -> Message;
}

/// Messages are moved from one core to the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved;

impl Link for Moved {
    type Letter = Message;

    fn post(&mut self, message: Message) -> Message {
        message
    }

    fn open(&mut self, letter: Message) -> Message {
        letter
    }
}

/// As over a connection: the sender encodes the head, and its socket takes head and body from where they lie; the
/// receiver has them in the chunk that it reads into, and decodes them there.
#[derive(Debug, Default)]
pub struct Encoded {
    chunk: BytesMut,
}

/// Bytes of the chunks that a receiver reads into.
const CHUNK_BYTES: usize = 256 << 10;

/// Bytes copied at once: what a packet carries. Larger copies use an instruction that callgrind counts once a byte.
const PACKET_BYTES: usize = 1460;

impl Link for Encoded {
    type Letter = (Vec<u8>, Option<Bytes>);

    fn post(&mut self, message: Message) -> Self::Letter {
        let mut head = Vec::with_capacity(wire::HEAD_BYTES_MAX);
        wire::encode_head(&message, &mut head);
        (head, message.run().map(|run| run.body().clone()))
    }

    fn open(&mut self, (head, body): Self::Letter) -> Message {
        let body = body.unwrap_or_default();
        let bytes = head.len() + body.len();
        if self.chunk.capacity() < bytes {
            self.chunk.reserve(bytes.max(CHUNK_BYTES));
        }
        self.chunk.extend_from_slice(&head);
        for packet in body.chunks(PACKET_BYTES) {
            self.chunk.extend_from_slice(packet);
        }
        wire::decode(self.chunk.split().freeze()).expect("what the core encodes it decodes")
    }
}

/// A link of a group whose last replica can be cut off, and which looks at how large messages are.
#[derive(Debug, Default)]
pub struct Severable<L> {
    link: L,
    cut_off: Option<NodeId>,
    entries_max: u64,
}

impl<L: Link> Link for Severable<L> {
    type Letter = L::Letter;

    fn passes(&mut self, from: NodeId, to: NodeId, message: &Message) -> bool {
        if self.cut_off.is_some_and(|cut_off| from == cut_off || to == cut_off) {
            return false;
        }
        self.entries_max = self.entries_max.max(message.run().map_or(0, Run::entry_count));
        true
    }

    fn post(&mut self, message: Message) -> L::Letter {
        self.link.post(message)
    }

    fn open(&mut self, letter: L::Letter) -> Message {
        self.link.open(letter)
    }
}

/// A core, and what a host keeps for it.
#[derive(Debug)]
pub struct Replica {
    /// The core.
    pub core: Raft,
    log: Kept<Run>,
    /// What it has applied.
    pub applied: Applied,
}

impl Block for Run {
    fn entry_count(&self) -> u64 {
        self.count().into()
    }
}

impl Replica {
    /// A replica that never ran, and whose log keeps the newest `kept` entries.
    #[must_use]
    pub fn new(config: Config, seed: u64, kept: usize) -> Self {
        let core =
            Raft::new(config, Recovered::default(), seed, Instant::ZERO).expect("the values are possible");
        Self { core, log: Kept::new(kept), applied: Applied::default() }
    }

    /// The stored run that holds the entry: what was last stored at its index.
    fn fetch(&self, from: Index) -> Option<Run> {
        let place = self.log.blocks().partition_point(|run| run.last() < from);
        self.log.blocks().get(place).filter(|run| run.first() <= from).cloned()
    }

    #[inline]
    fn apply(&mut self, run: &Run, blanks: u64) {
        if self.applied.looks() {
            for (_, payload) in run.payloads() {
                self.applied.entry(payload);
            }
        } else {
            self.applied.count(u64::from(run.count()) - blanks);
        }
    }

    /// Answers what comes seldom.
    #[cold]
    #[inline(never)]
    fn bring_back(&mut self, now: Instant, id: FetchId, from: Index) {
        let run = self.fetch(from).expect("the log or the cache holds what is outstanding");
        self.core.fetched(now, id, run).expect("it was asked for");
    }
}

struct Ours<L: Link> {
    replicas: Vec<Replica>,
    inboxes: Vec<VecDeque<(NodeId, L::Letter)>>,
    link: L,
    now: Instant,
    messages: u64,
}

impl<L: Link> Ours<L> {
    /// A group whose first replica leads, and where nothing is left to do.
    fn new(replicas: Vec<Replica>) -> Self {
        let nodes = replicas.len();
        let mut group = Self {
            replicas,
            inboxes: (0..nodes).map(|_| VecDeque::new()).collect(),
            link: L::default(),
            now: Instant::ZERO,
            messages: 0,
        };
        group.now = group.replicas[0].core.next_tick().expect("a follower waits for an election");
        group.replicas[0].core.tick(group.now);
        for _ in 0..16 {
            for replica in 0..nodes {
                group.take_in(replica);
                group.hand_out(replica);
            }
        }
        assert!(group.replicas[0].core.status().role == RoleName::Leader, "nobody else stood for election");
        group
    }

    #[expect(clippy::inline_always, reason = "a replica's turn is one function, as the floor's is")]
    #[inline(always)]
    fn take_in(&mut self, replica: usize) {
        let (inbox, core) = (&mut self.inboxes[replica], &mut self.replicas[replica].core);
        while let Some((from, letter)) = inbox.pop_front() {
            core.step(self.now, from, self.link.open(letter)).expect("peers are honest");
        }
    }

    fn propose(&mut self, load: &mut Load, room: u64) -> u64 {
        let proposed = match self.replicas[0].core.propose_many(self.now, load.take(room)) {
            Ok(proposed) => proposed.count,
            Err(ProposeError::Full) => 0,
            Err(error) => unreachable!("a healthy leader takes proposals: {error}"),
        };
        load.put_back(room - proposed);
        proposed
    }

    /// Executes all that the core owes; returns how many entries it applied.
    #[expect(clippy::inline_always, reason = "a replica's turn is one function, as the floor's is")]
    #[inline(always)]
    fn hand_out(&mut self, replica: usize) -> u64 {
        let (now, from) = (self.now, id(replica));
        let this = &mut self.replicas[replica];
        let before = this.applied.entries;
        while let Some(output) = this.core.poll_output() {
            match output {
                Output::Persist { id, write } => {
                    if let Some(run) = write.run {
                        this.log.push(run);
                    }
                    this.core.persisted(now, id).expect("it was handed out");
                }
                Output::Send { to, message } => {
                    if self.link.passes(from, to, &message) {
                        self.messages += 1;
                        let place = usize::try_from(to.get() - 1).expect("a replica");
                        self.inboxes[place].push_back((from, self.link.post(message)));
                    }
                }
                Output::Apply { run } => {
                    // The leader's blank entry is the first of all, and alone in its run.
                    let blanks = u64::from(run.first() == Index::new(1));
                    this.apply(&run, blanks);
                    this.core.applied(now, run.last()).expect("it was handed out");
                }
                Output::Fetch { id, from } => this.bring_back(now, id, from),
                Output::Notify(_) => {}
                Output::Halt(fault) => unreachable!("nothing contradicts itself: {fault}"),
            }
        }
        this.applied.entries - before
    }
}

impl<L: Link> Cluster for Ours<L> {
    fn leader_turn(&mut self, load: &mut Load, room: u64) -> Turn {
        self.take_in(0);
        let proposed = if room == 0 { 0 } else { self.propose(load, room) };
        Turn { proposed, applied: self.hand_out(0) }
    }

    fn follower_turn(&mut self, follower: usize) {
        // Who was told nothing owes nothing: time passes at the leader only.
        if !self.inboxes[follower].is_empty() {
            self.take_in(follower);
            self.hand_out(follower);
        }
    }

    fn messages(&self) -> u64 {
        self.messages
    }

    fn applied(&self) -> Vec<Applied> {
        self.replicas.iter().map(|replica| replica.applied).collect()
    }

    fn look(&mut self) {
        for replica in &mut self.replicas {
            replica.applied.look();
        }
    }

    fn wait(&mut self) {
        let next = self.replicas[0].core.next_tick().expect("a leader has timers");
        self.now = self.now.max(next);
        self.replicas[0].core.tick(self.now);
    }
}

impl<L: Link> Severed for Ours<Severable<L>> {
    fn cut(&mut self, cut: bool) {
        self.link.cut_off = cut.then(|| id(self.replicas.len() - 1));
        self.link.entries_max = 0;
    }

    fn entries_max(&self) -> u64 {
        self.link.entries_max
    }
}

/// Replicas whose logs are whole, and whose caches are small: what a follower missed comes back through `Fetch`.
fn whole_replicas(cell: &Cell) -> Vec<Replica> {
    let ids = || (0..cell.nodes).map(id);
    let config = |node| Config::new(node, ids()).with_cache_bytes_max(1 << 20);
    ids().map(|node| Replica::new(config(node), node.get(), usize::MAX)).collect()
}

fn replicas(cell: &Cell) -> Vec<Replica> {
    let ids = || (0..cell.nodes).map(id);
    // Room for what is under way in both directions, as in the others' logs.
    let outstanding = usize::try_from(cell.outstanding).expect("what is outstanding fits memory");
    let bytes = (outstanding * (cell.size + 64) * 2).max(8 << 20);
    let config = |node| {
        Config::new(node, ids())
            .with_uncommitted_bytes_max(bytes)
            .with_inflight_bytes_max(bytes)
            .with_cache_bytes_max(bytes)
    };
    ids().map(|node| Replica::new(config(node), node.get(), cell.kept())).collect()
}

fn id(replica: usize) -> NodeId {
    NodeId::of(replica as u64 + 1)
}

#[cfg(test)]
mod tests;
