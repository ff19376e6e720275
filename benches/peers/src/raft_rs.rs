//! `raft` 0.7.0, known as raft-rs.
//!
//! Pre-vote and check-quorum are on, as ours always are; messages hold up to 1 MiB, 256 of them are under way; the commit
//! index rides on the next append or heartbeat (`skip_bcast_commit`): so far as TiKV, its largest user, sets it by default
//! (`raft::Config` in its components/raftstore/src/store/peer.rs, and the defaults in config.rs beside it). Appends to one
//! follower are merged, too (`batch_append`), which TiKV leaves off. The log is a ring of its entries; reading it
//! clones them, which for a payload is a reference count. Two ways to drive it:
//!
//! * [`BATCHED`]: what is proposed in a turn goes in as one `MsgPropose` with all its entries, which its interface
//!   allows and no document advertises.
//! * [`EACH`]: one `RawNode::propose` for each entry, which takes a `Vec`, as its users and its examples do.

use std::collections::VecDeque;

use benches::{
    catch_up::Severed,
    cell::{Cell, Contender},
    cluster::{Applied, Cluster, Load, Turn},
    kept,
};
use bytes::{Bytes, BytesMut};
use raft::{
    Config, Error, GetEntriesContext, RaftState, RawNode, StateRole, Storage, StorageError,
    eraftpb::{ConfState, Entry, HardState, Message, MessageType, Snapshot},
};
use slog::{Discard, Logger, o};

mod many;

/// Driven in the way that costs it least.
pub const BATCHED: Contender = Contender {
    name: "raft-rs",
    about: "raft 0.7.0: one MsgPropose a turn, batch_append, skip_bcast_commit",
    build: |cell| Box::new(Group::<false>::new(cell, true, cell.kept())),
    leader_apart: true,
    idle: Some(|idle| Box::new(many::Many::new(idle))),
    catch_up: Some(|cell| Box::new(Group::<true>::new(cell, true, usize::MAX))),
};

/// Driven in the ordinary way.
pub const EACH: Contender = Contender {
    name: "raft-rs-each",
    about: "raft 0.7.0: RawNode::propose for each entry, batch_append, skip_bcast_commit",
    build: |cell| Box::new(Group::<false>::new(cell, false, cell.kept())),
    leader_apart: true,
    idle: None,
    catch_up: None,
};

/// Bytes of a message, at most.
const MESSAGE_BYTES_MAX: u64 = 1 << 20;

/// What an entry takes in a message besides its payload, about.
const ENTRY_OVERHEAD_BYTES: u64 = 16;

/// The newest entries of a log, and what else must not be forgotten.
struct Ring {
    entries: VecDeque<Entry>,
    kept: usize,
    /// Index and term of the entry before the first.
    before: (u64, u64),
    hard_state: HardState,
    voters: ConfState,
}

impl Ring {
    fn append(&mut self, entries: Vec<Entry>) {
        let Some(first) = entries.first().map(Entry::get_index) else { return };
        let place = usize::try_from(first - self.before.0 - 1).expect("within memory");
        self.entries.truncate(place);
        self.entries.extend(entries);
        if kept::is_long(self.entries.len() as u64, self.kept as u64) {
            let gone = self.entries.len() - self.kept;
            let last = self.entries.drain(..gone).next_back().expect("longer than what is kept");
            self.before = (last.index, last.term);
        }
    }

    fn last(&self) -> u64 {
        self.before.0 + self.entries.len() as u64
    }

    fn place(&self, index: u64) -> raft::Result<usize> {
        if index <= self.before.0 {
            return Err(Error::Store(StorageError::Compacted));
        }
        if index > self.last() + 1 {
            return Err(Error::Store(StorageError::Unavailable));
        }
        Ok(usize::try_from(index - self.before.0 - 1).expect("within memory"))
    }
}

impl Storage for Ring {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(RaftState::new(self.hard_state.clone(), self.voters.clone()))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        let range = self.place(low)?..self.place(high)?;
        let wanted = self.entries.range(range);
        let Some(max_size) = max_size.into().filter(|bytes| *bytes != u64::MAX) else {
            return Ok(wanted.cloned().collect());
        };
        let mut bytes = 0;
        let fits = wanted.take_while(|entry| {
            let first = bytes == 0;
            bytes += entry.data.len() as u64 + ENTRY_OVERHEAD_BYTES;
            first || bytes <= max_size
        });
        Ok(fits.cloned().collect())
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index == self.before.0 {
            return Ok(self.before.1);
        }
        let entry = self.entries.get(self.place(index)?);
        entry.map(Entry::get_term).ok_or(Error::Store(StorageError::Unavailable))
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.before.0 + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last())
    }

    fn snapshot(&self, _: u64, _: u64) -> raft::Result<Snapshot> {
        Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}

struct Replica {
    node: RawNode<Ring>,
    applied: Applied,
}

impl Replica {
    fn new(config: &Config, nodes: u64, kept: usize) -> Self {
        let mut voters = ConfState::default();
        voters.set_voters((1..=nodes).collect());
        let ring =
            Ring { entries: VecDeque::new(), kept, before: (0, 0), hard_state: HardState::default(), voters };
        let logger = Logger::root(Discard, o!());
        let node = RawNode::new(config, ring, &logger).expect("the configuration is possible");
        Self { node, applied: Applied::default() }
    }

    fn apply(&mut self, entries: &[Entry]) {
        if self.applied.looks() {
            for entry in entries.iter().filter(|entry| !entry.data.is_empty()) {
                self.applied.entry(&entry.data);
            }
        } else {
            // The leader's blank entry is the first of all.
            let blanks = u64::from(entries.first().is_some_and(|entry| entry.index == 1));
            self.applied.count(entries.len() as u64 - blanks);
        }
    }

    /// Does all that the node is ready for, in the order that its documentation asks for.
    fn hand_out(&mut self, send: &mut impl FnMut(Message)) {
        while self.node.has_ready() {
            let mut ready = self.node.ready();
            ready.take_messages().into_iter().for_each(&mut *send);
            self.apply(&ready.take_committed_entries());
            let entries = ready.take_entries();
            self.node.mut_store().append(entries);
            if let Some(hard_state) = ready.hs() {
                self.node.mut_store().hard_state = hard_state.clone();
            }
            ready.take_persisted_messages().into_iter().for_each(&mut *send);
            let mut light = self.node.advance_append(ready);
            if let Some(commit) = light.commit_index() {
                self.node.mut_store().hard_state.set_commit(commit);
            }
            light.take_messages().into_iter().for_each(&mut *send);
            self.apply(&light.take_committed_entries());
            self.node.advance_apply();
        }
    }
}

/// A group whose last replica can be cut off, if it is `SEVERABLE`.
struct Group<const SEVERABLE: bool> {
    replicas: Vec<Replica>,
    inboxes: Vec<VecDeque<Message>>,
    batched: bool,
    spare: BytesMut,
    messages: u64,
    cut: bool,
    entries_max: usize,
}

impl<const SEVERABLE: bool> Group<SEVERABLE> {
    fn new(cell: &Cell, batched: bool, kept: usize) -> Self {
        let nodes = cell.nodes as u64;
        let replicas = (1..=nodes).map(|id| Replica::new(&config(id), nodes, kept));
        let mut group = Self {
            replicas: replicas.collect(),
            inboxes: (0..nodes).map(|_| VecDeque::new()).collect(),
            batched,
            spare: BytesMut::new(),
            messages: 0,
            cut: false,
            entries_max: 0,
        };
        group.replicas[0].node.campaign().expect("a follower may stand");
        for _ in 0..16 {
            (0..cell.nodes).for_each(|replica| group.turn(replica));
        }
        group.wait();
        for _ in 0..4 {
            (0..cell.nodes).for_each(|replica| group.turn(replica));
        }
        assert!(group.replicas[0].node.raft.state == StateRole::Leader, "nobody else stood for election");
        group
    }

    #[expect(clippy::inline_always, reason = "a replica's turn is one function, as the floor's is")]
    #[inline(always)]
    fn take_in(&mut self, replica: usize) {
        let (inbox, node) = (&mut self.inboxes[replica], &mut self.replicas[replica].node);
        while let Some(message) = inbox.pop_front() {
            node.step(message).expect("peers are honest");
        }
    }

    #[expect(clippy::inline_always, reason = "a replica's turn is one function, as the floor's is")]
    #[inline(always)]
    fn hand_out(&mut self, replica: usize) {
        let (cut, last) = (self.cut, self.replicas.len() - 1);
        let (inboxes, messages, entries_max) = (&mut self.inboxes, &mut self.messages, &mut self.entries_max);
        self.replicas[replica].hand_out(&mut |message| {
            let to = place(message.to);
            if SEVERABLE {
                if cut && (to == last || replica == last) {
                    return;
                }
                *entries_max = message.entries.len().max(*entries_max);
            }
            *messages += 1;
            inboxes[to].push_back(message);
        });
    }

    fn turn(&mut self, replica: usize) {
        self.take_in(replica);
        self.hand_out(replica);
    }

    fn propose(&mut self, load: &mut Load, room: u64) {
        let node = &mut self.replicas[0].node;
        if !self.batched {
            for payload in load.take(room) {
                node.propose(Vec::new(), payload.to_vec()).expect("a leader takes proposals");
            }
        } else if room > 0 {
            let entries: Vec<Entry> = crate::block(load, room, &mut self.spare).map(entry).collect();
            let mut message = Message::default();
            message.set_msg_type(MessageType::MsgPropose);
            message.from = node.raft.id;
            message.set_entries(entries.into());
            node.step(message).expect("a leader takes proposals");
        }
    }
}

impl<const SEVERABLE: bool> Cluster for Group<SEVERABLE> {
    fn leader_turn(&mut self, load: &mut Load, room: u64) -> Turn {
        let before = self.replicas[0].applied.entries;
        self.take_in(0);
        self.propose(load, room);
        self.hand_out(0);
        Turn { proposed: room, applied: self.replicas[0].applied.entries - before }
    }

    fn follower_turn(&mut self, follower: usize) {
        // Who was told nothing owes nothing: what time brings is handed out in `wait`.
        if !self.inboxes[follower].is_empty() {
            self.turn(follower);
        }
    }

    fn messages(&self) -> u64 {
        self.messages
    }

    fn applied(&self) -> Vec<Applied> {
        self.replicas.iter().map(|replica| replica.applied).collect()
    }

    fn look(&mut self) {
        self.replicas.iter_mut().for_each(|replica| replica.applied.look());
    }

    fn wait(&mut self) {
        for replica in &mut self.replicas {
            replica.node.tick();
        }
        (1..self.replicas.len()).for_each(|follower| self.hand_out(follower));
    }
}

impl Severed for Group<true> {
    fn cut(&mut self, cut: bool) {
        self.cut = cut;
        self.entries_max = 0;
    }

    fn entries_max(&self) -> u64 {
        self.entries_max as u64
    }
}

fn config(id: u64) -> Config {
    Config {
        election_tick: 10,
        heartbeat_tick: 1,
        max_size_per_msg: MESSAGE_BYTES_MAX,
        max_inflight_msgs: 256,
        check_quorum: true,
        pre_vote: true,
        batch_append: true,
        skip_bcast_commit: true,
        ..Config::new(id)
    }
}

fn entry(payload: Bytes) -> Entry {
    Entry { data: payload, ..Entry::default() }
}

fn place(id: u64) -> usize {
    usize::try_from(id - 1).expect("a replica")
}

#[cfg(test)]
mod tests;
