//! One node: the real core, and exactly what its disk has completed.

use std::{
    collections::VecDeque,
    hash::{Hash, Hasher},
    time::Duration,
};

use bytes::{BufMut, BytesMut};
use machine_core::{Instant, NodeId, WriteId};
use raft_core::{
    Config, EntryKind, Event, HardState, Index, Message, Output, Raft, Recovered, RecoveredRun, RoleName,
    Run, Term, Write,
};

use crate::{folding::Folding, names::Renaming, world::Bounds};

/// Far apart, so that no count of reminders that a small world allows makes a leader doubt its majority.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
const ELECTION_TIMEOUT_MIN: Duration = Duration::from_secs(3_600);
const ELECTION_TIMEOUT_MAX: Duration = Duration::from_secs(7_200);

/// An entry as the disk knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stored {
    /// Its term.
    pub term: Term,
    /// The number of the proposal; zero for the blank entry that opens a term.
    pub payload: u8,
}

/// What a crash leaves behind.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The newest hard state completed.
    pub hard_state: HardState,
    /// The log completed.
    pub log: Vec<Stored>,
}

impl Disk {
    fn complete(&mut self, write: &Write) {
        self.hard_state = write.hard_state;
        store(&mut self.log, write.run.as_ref());
    }
}

/// A node of the group, with its disk and its state machine.
#[derive(Clone, Debug)]
pub struct Node {
    raft: Raft,
    config: Config,
    place: usize,
    voters: usize,
    /// Whether there are crashes in this world, so that a hint that only a restart reads matters.
    crashes: bool,
    /// Left out of the digest: which times are passed to the core follows from the action and the role alone.
    clock: Instant,
    /// What a crash leaves.
    pub disk: Disk,
    /// Writes handed out and not completed, oldest first.
    pub outstanding: VecDeque<(WriteId, Write)>,
    /// The log as it will be when all writes are completed: all that the core has ever shown of it.
    pub log: Vec<Stored>,
    /// How much the state machine has taken since the node was started.
    pub applied: usize,
    /// As the core says.
    pub role: RoleName,
    /// As the core says.
    pub term: Term,
    /// As the core says.
    pub commit: usize,
    /// What the node is under each renaming.
    pub digests: Vec<u64>,
}

/// What a node did in one action.
#[derive(Debug, Default)]
pub struct Deeds {
    /// What it said, to the node at that place.
    pub sent: Vec<(usize, Message)>,
    /// What it gave to its state machine.
    pub applied: Vec<(usize, Stored)>,
    /// The term in which it was elected.
    pub elected: Option<Term>,
    /// What no honest group does: a peer blamed, a storage fault, an invariant of the core that does not hold.
    pub wrong: Option<String>,
}

impl Node {
    /// A node that never ran.
    #[must_use]
    pub fn new(place: usize, bounds: &Bounds) -> Self {
        let config = Config::new(id(place), (0..bounds.nodes).map(id))
            .with_heartbeat_interval(HEARTBEAT_INTERVAL)
            .with_election_timeout(ELECTION_TIMEOUT_MIN, ELECTION_TIMEOUT_MAX)
            .with_inflight_messages_max(bounds.window);
        let mut node = Self {
            raft: machine(config.clone(), Recovered::default(), Instant::ZERO),
            config,
            crashes: bounds.crashes_max > 0,
            place,
            voters: bounds.nodes,
            clock: Instant::ZERO,
            disk: Disk::default(),
            outstanding: VecDeque::new(),
            log: Vec::new(),
            applied: 0,
            role: RoleName::Follower,
            term: Term::ZERO,
            commit: 0,
            digests: Vec::new(),
        };
        let fresh = node.settle(Ok(()));
        assert!(fresh.sent.is_empty() && fresh.wrong.is_none(), "a fresh node waits");
        node
    }

    /// A peer spoke. Asked for its vote, the node is told that an election timeout has passed since it heard a leader.
    pub fn deliver(&mut self, from: usize, message: &Message) -> Deeds {
        if matches!(message, Message::PreVote { .. } | Message::Vote { .. }) && self.role != RoleName::Leader
        {
            self.clock += ELECTION_TIMEOUT_MIN;
        }
        let result = self.raft.step(self.clock, id(from), message.clone());
        self.settle(result.map_err(|error| format!("blames a peer: {error}")))
    }

    /// A leader hears from no majority and gives way; any other stands for election, and is told that all would vote
    /// for it unless `asks`, in which case it asks them.
    pub fn time_out(&mut self, asks: bool) -> Deeds {
        self.clock += ELECTION_TIMEOUT_MIN;
        self.clock = self.clock.max(self.raft.next_tick().unwrap_or(self.clock));
        self.raft.tick(self.clock);
        let mut result = Ok(());
        for peer in (0..self.voters).filter(|peer| *peer != self.place && !asks) {
            if self.raft.status().role == RoleName::PreCandidate {
                let granted = Message::PreVoteReply { term: self.term.next(), granted: true };
                result = self.raft.step(self.clock, id(peer), granted);
            }
        }
        self.settle(result.map_err(|error| format!("blames a peer: {error}")))
    }

    /// A heartbeat interval has passed at a leader.
    pub fn remind(&mut self) -> Deeds {
        self.clock += HEARTBEAT_INTERVAL;
        self.raft.tick(self.clock);
        self.settle(Ok(()))
    }

    /// Somebody proposes the payload of this number to a leader.
    pub fn propose(&mut self, payload: u8) -> Deeds {
        let result = self.raft.propose(self.clock, &[payload]);
        self.settle(result.map(|_| ()).map_err(|error| format!("refuses a proposal: {error}")))
    }

    /// The oldest write outstanding is completed.
    pub fn complete_write(&mut self) -> Deeds {
        let (id, write) =
            self.outstanding.pop_front().expect("the action is offered when one is outstanding");
        self.disk.complete(&write);
        let result = self.raft.persisted(self.clock, id);
        self.settle(result.map_err(|error| format!("does not know its own write: {error}")))
    }

    /// Loses everything but what its disk has completed, and of what it has not, the `kept` oldest writes; starts
    /// again with an empty state machine.
    pub fn crash(&mut self, kept: usize) -> Deeds {
        let outstanding = std::mem::take(&mut self.outstanding);
        for (_, write) in outstanding.iter().take(kept) {
            self.disk.complete(write);
        }
        self.log.clone_from(&self.disk.log);
        self.applied = 0;
        let mut runs: Vec<RecoveredRun> = Vec::new();
        for (index, entry) in (1..).map(Index::new).zip(&self.disk.log) {
            match runs.last_mut() {
                Some(run) if run.term == entry.term => run.count += 1,
                _ => runs.push(RecoveredRun { first: index, count: 1, term: entry.term }),
            }
        }
        let recovered = Recovered { hard_state: self.disk.hard_state, runs, applied: Index::ZERO };
        self.raft = machine(self.config.clone(), recovered, self.clock);
        self.settle(Ok(()))
    }

    /// Where it stands among the nodes.
    #[must_use]
    pub const fn place(&self) -> usize {
        self.place
    }

    /// Term and vote that nothing makes it forget: where there are crashes, what its disk has.
    #[must_use]
    pub fn kept(&self) -> (Term, Option<NodeId>) {
        let newest = self.outstanding.back().map(|(_, write)| write.hard_state).filter(|_| !self.crashes);
        let HardState { term, vote, .. } = newest.unwrap_or(self.disk.hard_state);
        (term, vote)
    }

    /// Takes everything that is owed, until nothing is, and looks at the core.
    fn settle(&mut self, result: Result<(), String>) -> Deeds {
        let mut deeds = Deeds { wrong: result.err(), ..Deeds::default() };
        while let Some(output) = self.raft.poll_output() {
            self.take(output, &mut deeds);
        }
        if let Err(broken) = self.raft.check() {
            deeds.wrong = Some(broken.to_string());
        }
        let status = self.raft.status();
        (self.role, self.term, self.commit) = (status.role, status.term, place_of(status.commit));
        self.digests = Renaming::all(self.voters).iter().map(|renaming| self.digest(renaming)).collect();
        deeds
    }

    fn take(&mut self, output: Output, deeds: &mut Deeds) {
        match output {
            Output::Persist { id, write } => {
                store(&mut self.log, write.run.as_ref());
                self.outstanding.push_back((id, write));
            }
            Output::Send { to, message } => deeds.sent.push((place_of_node(to), message)),
            Output::Apply { run } => {
                deeds.applied.extend(entries(&run));
                self.applied = place_of(run.last());
                if let Err(misuse) = self.raft.applied(self.clock, run.last()) {
                    deeds.wrong = Some(misuse.to_string());
                }
            }
            Output::Fetch { id, from } => {
                let answer = self.stored_run(from).map(|run| self.raft.fetched(self.clock, id, run));
                if !matches!(answer, Some(Ok(()))) {
                    deeds.wrong =
                        Some(format!("asks storage for {from}, which holds {}", self.disk.log.len()));
                }
            }
            Output::Notify(Event::BecameLeader { term }) => deeds.elected = Some(term),
            Output::Notify(_) => {}
            Output::Halt(fault) => deeds.wrong = Some(format!("halts: {fault}")),
        }
    }

    /// The entries of one term around `from`, as a disk would give them back.
    fn stored_run(&self, from: Index) -> Option<Run> {
        let at = place_of(from).checked_sub(1)?;
        let term = self.disk.log.get(at)?.term;
        let mut body = BytesMut::new();
        let mut count = 0;
        for entry in self.disk.log.iter().skip(at).take_while(|entry| entry.term == term) {
            let payload: &[u8] = if entry.payload == 0 { &[] } else { &[entry.payload] };
            body.put_u32_le(u32::try_from(payload.len()).ok()?);
            body.put_u8(u8::from(entry.payload == 0));
            body.put_slice(payload);
            count += 1;
        }
        Run::decode(term, from, count, body.freeze()).ok()
    }

    fn digest(&self, renaming: &Renaming) -> u64 {
        let rename = |id: NodeId| crate::node::id(renaming.of(place_of_node(id)));
        let mut state = Folding::default();
        self.raft.hash_state_renamed(rename, &mut state);
        let hard_state = |HardState { term, vote, commit }: HardState, state: &mut Folding| {
            (term, vote.map(rename), self.crashes.then_some(commit)).hash(state);
        };
        hard_state(self.disk.hard_state, &mut state);
        self.disk.log.hash(&mut state);
        for (_, write) in &self.outstanding {
            hard_state(write.hard_state, &mut state);
            write.run.hash(&mut state);
        }
        self.applied.hash(&mut state);
        state.finish()
    }
}

/// The node at this place.
#[must_use]
pub fn id(place: usize) -> NodeId {
    NodeId::of(place as u64 + 1)
}

fn place_of_node(id: NodeId) -> usize {
    usize::try_from(id.get() - 1).expect("a few nodes")
}

fn place_of(index: Index) -> usize {
    usize::try_from(index.get()).expect("a few entries")
}

fn machine(config: Config, recovered: Recovered, now: Instant) -> Raft {
    Raft::new(config, recovered, 0, now).expect("a disk that keeps its word, and a valid configuration")
}

fn entries(run: &Run) -> impl Iterator<Item = (usize, Stored)> {
    let term = run.term();
    run.entries().map(move |entry| {
        let payload = match entry.kind {
            EntryKind::Blank => 0,
            EntryKind::Normal | EntryKind::Stamped(_) => entry.payload.first().copied().unwrap_or(u8::MAX),
        };
        (place_of(entry.index), Stored { term, payload })
    })
}

fn store(log: &mut Vec<Stored>, run: Option<&Run>) {
    let Some(run) = run else { return };
    log.truncate(place_of(run.first()) - 1);
    assert_eq!(log.len() + 1, place_of(run.first()), "a write leaves no gap");
    log.extend(entries(run).map(|(_, entry)| entry));
}
