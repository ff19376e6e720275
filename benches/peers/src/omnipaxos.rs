//! `omnipaxos` 0.2.4: Sequence Paxos with ballot leader election.
//!
//! Its log is a ring, its buffer of outgoing messages starts with room for 64 (the default reserves room for 100,000;
//! it grows all the same). What is decided is counted by the decided index, and read (which clones) only when it is
//! looked at: a host whose state machine shares the storage need not read. Three ways to drive it:
//!
//! * [`EACH`]: `append` for each entry; what goes to one follower between two turns travels together.
//! * [`BATCHES_OF_64`]: the same with its `batch_size` of 64; a batch that is not full waits for a tick.
//! * [`FORWARDED`]: what is proposed in a turn comes in as one `ProposalForward`, as if a follower had gathered it:
//!   the way to append many at once that its interface leaves open.

use std::collections::VecDeque;

use benches::{
    catch_up::Severed,
    cell::{Cell, Contender},
    cluster::{Applied, Cluster, Load, Turn},
    kept,
};
use bytes::{Bytes, BytesMut};
use omnipaxos::{
    ClusterConfig, OmniPaxos, OmniPaxosConfig, ServerConfig,
    ballot_leader_election::Ballot,
    messages::{
        Message,
        sequence_paxos::{PaxosMessage, PaxosMsg},
    },
    storage::{Entry, NoSnapshot, StopSign, Storage, StorageOp, StorageResult},
    util::LogEntry,
};

mod many;

/// An append for each entry.
pub const EACH: Contender = Contender {
    name: "omnipaxos",
    about: "omnipaxos 0.2.4: append for each entry",
    build: |cell| Box::new(Group::<false>::new(cell, Way::Each, cell.kept())),
    leader_apart: true,
    idle: Some(|idle| Box::new(many::Many::new(idle))),
    catch_up: Some(|cell| Box::new(Group::<true>::new(cell, Way::Each, usize::MAX))),
};

/// With its own batching.
pub const BATCHES_OF_64: Contender = Contender {
    name: "omnipaxos-b64",
    about: "omnipaxos 0.2.4: append for each entry, batch_size 64",
    build: |cell| Box::new(Group::<false>::new(cell, Way::BatchesOf64, cell.kept())),
    leader_apart: true,
    idle: None,
    catch_up: None,
};

/// All of a turn at once.
pub const FORWARDED: Contender = Contender {
    name: "omnipaxos-all",
    about: "omnipaxos 0.2.4: one ProposalForward a turn",
    build: |cell| Box::new(Group::<false>::new(cell, Way::Forwarded, cell.kept())),
    leader_apart: true,
    idle: None,
    catch_up: None,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Each,
    BatchesOf64,
    Forwarded,
}

#[derive(Clone, Debug)]
struct Payload(Bytes);

impl Entry for Payload {
    type Snapshot = NoSnapshot;
}

/// The newest entries of a log, and what else must not be forgotten.
#[derive(Default)]
struct Ring {
    entries: VecDeque<Payload>,
    kept: usize,
    /// Entries before the first that is held.
    gone: usize,
    promise: Option<Ballot>,
    accepted_round: Option<Ballot>,
    decided: usize,
    stop_sign: Option<StopSign>,
}

impl Ring {
    fn trim_old(&mut self) {
        if kept::is_long(self.entries.len() as u64, self.kept as u64) {
            let gone = self.entries.len() - self.kept;
            self.entries.drain(..gone);
            self.gone += gone;
        }
    }
}

impl Storage<Payload> for Ring {
    fn write_atomically(&mut self, ops: Vec<StorageOp<Payload>>) -> StorageResult<()> {
        for op in ops {
            match op {
                StorageOp::AppendEntry(entry) => self.append_entry(entry)?,
                StorageOp::AppendEntries(entries) => self.append_entries(entries)?,
                StorageOp::AppendOnPrefix(from, entries) => self.append_on_prefix(from, entries)?,
                StorageOp::SetPromise(ballot) => self.set_promise(ballot)?,
                StorageOp::SetDecidedIndex(index) => self.set_decided_idx(index)?,
                StorageOp::SetAcceptedRound(ballot) => self.set_accepted_round(ballot)?,
                StorageOp::SetCompactedIdx(index) => self.set_compacted_idx(index)?,
                StorageOp::Trim(index) => self.trim(index)?,
                StorageOp::SetStopsign(sign) => self.set_stopsign(sign)?,
                StorageOp::SetSnapshot(snapshot) => self.set_snapshot(snapshot)?,
            }
        }
        Ok(())
    }

    fn append_entry(&mut self, entry: Payload) -> StorageResult<()> {
        self.entries.push_back(entry);
        self.trim_old();
        Ok(())
    }

    fn append_entries(&mut self, entries: Vec<Payload>) -> StorageResult<()> {
        self.entries.extend(entries);
        self.trim_old();
        Ok(())
    }

    fn append_on_prefix(&mut self, from: usize, entries: Vec<Payload>) -> StorageResult<()> {
        self.entries.truncate(from - self.gone);
        self.append_entries(entries)
    }

    fn set_promise(&mut self, ballot: Ballot) -> StorageResult<()> {
        self.promise = Some(ballot);
        Ok(())
    }

    fn set_decided_idx(&mut self, index: usize) -> StorageResult<()> {
        self.decided = index;
        Ok(())
    }

    fn get_decided_idx(&self) -> StorageResult<usize> {
        Ok(self.decided)
    }

    fn set_accepted_round(&mut self, ballot: Ballot) -> StorageResult<()> {
        self.accepted_round = Some(ballot);
        Ok(())
    }

    fn get_accepted_round(&self) -> StorageResult<Option<Ballot>> {
        Ok(self.accepted_round)
    }

    fn get_entries(&self, from: usize, to: usize) -> StorageResult<Vec<Payload>> {
        if from < self.gone || to > self.gone + self.entries.len() || from > to {
            return Ok(Vec::new());
        }
        Ok(self.entries.range(from - self.gone..to - self.gone).cloned().collect())
    }

    fn get_log_len(&self) -> StorageResult<usize> {
        Ok(self.gone + self.entries.len())
    }

    fn get_suffix(&self, from: usize) -> StorageResult<Vec<Payload>> {
        self.get_entries(from, self.gone + self.entries.len())
    }

    fn get_promise(&self) -> StorageResult<Option<Ballot>> {
        Ok(self.promise)
    }

    fn set_stopsign(&mut self, sign: Option<StopSign>) -> StorageResult<()> {
        self.stop_sign = sign;
        Ok(())
    }

    fn get_stopsign(&self) -> StorageResult<Option<StopSign>> {
        Ok(self.stop_sign.clone())
    }

    fn trim(&mut self, _: usize) -> StorageResult<()> {
        Err("nobody trims: the ring does".into())
    }

    fn set_compacted_idx(&mut self, _: usize) -> StorageResult<()> {
        Err("nobody trims: the ring does".into())
    }

    fn get_compacted_idx(&self) -> StorageResult<usize> {
        Ok(0)
    }

    fn set_snapshot(&mut self, _: Option<NoSnapshot>) -> StorageResult<()> {
        Err("there are no snapshots".into())
    }

    fn get_snapshot(&self) -> StorageResult<Option<NoSnapshot>> {
        Ok(None)
    }
}

struct Replica {
    node: OmniPaxos<Payload, Ring>,
    applied: Applied,
    /// Entries passed to the state machine.
    passed: usize,
}

impl Replica {
    fn new(config: OmniPaxosConfig, ring: Ring) -> Self {
        let node = config.build(ring).expect("the configuration is possible");
        Self { node, applied: Applied::default(), passed: 0 }
    }

    fn apply(&mut self) {
        let decided = self.node.get_decided_idx();
        if decided == self.passed {
            return;
        }
        if self.applied.looks() {
            for entry in
                self.node.read_decided_suffix(self.passed).expect("the ring holds what is not applied")
            {
                let LogEntry::Decided(Payload(payload)) = entry else { unreachable!("nobody trims") };
                self.applied.entry(&payload);
            }
        } else {
            self.applied.count((decided - self.passed) as u64);
        }
        self.passed = decided;
    }
}

/// A group whose last replica can be cut off, if it is `SEVERABLE`.
struct Group<const SEVERABLE: bool> {
    replicas: Vec<Replica>,
    inboxes: Vec<VecDeque<Message<Payload>>>,
    out: Vec<Message<Payload>>,
    way: Way,
    spare: BytesMut,
    messages: u64,
    cut: bool,
    entries_max: usize,
}

impl<const SEVERABLE: bool> Group<SEVERABLE> {
    fn new(cell: &Cell, way: Way, kept: usize) -> Self {
        let replica = |pid| {
            let mut config = config(pid, cell.nodes);
            config.server_config.batch_size = if way == Way::BatchesOf64 { 64 } else { 1 };
            Replica::new(config, Ring { kept, ..Ring::default() })
        };
        let mut group = Self {
            replicas: (1..=cell.nodes as u64).map(replica).collect(),
            inboxes: (0..cell.nodes).map(|_| VecDeque::new()).collect(),
            out: Vec::new(),
            way,
            spare: BytesMut::new(),
            messages: 0,
            cut: false,
            entries_max: 0,
        };
        for _ in 0..20 * ELECTION_TICKS {
            group.wait();
            for _ in 0..4 {
                (0..cell.nodes).for_each(|replica| group.turn(replica));
            }
        }
        let leads = group.replicas.iter().all(|replica| replica.node.get_current_leader() == Some((1, true)));
        assert!(leads, "the first has the highest priority");
        group
    }

    #[expect(clippy::inline_always, reason = "a replica's turn is one function, as the floor's is")]
    #[inline(always)]
    fn take_in(&mut self, replica: usize) {
        let (inbox, node) = (&mut self.inboxes[replica], &mut self.replicas[replica].node);
        while let Some(message) = inbox.pop_front() {
            node.handle_incoming(message);
        }
    }

    #[expect(clippy::inline_always, reason = "a replica's turn is one function, as the floor's is")]
    #[inline(always)]
    fn hand_out(&mut self, replica: usize) {
        let this = &mut self.replicas[replica];
        this.node.take_outgoing_messages(&mut self.out);
        let last = self.inboxes.len() - 1;
        for message in self.out.drain(..) {
            let place = usize::try_from(message.get_receiver() - 1).expect("a replica");
            if SEVERABLE {
                if self.cut && (place == last || replica == last) {
                    continue;
                }
                self.entries_max = entries(&message).max(self.entries_max);
            }
            self.messages += 1;
            self.inboxes[place].push_back(message);
        }
        this.apply();
    }

    fn turn(&mut self, replica: usize) {
        self.take_in(replica);
        self.hand_out(replica);
    }

    fn propose(&mut self, load: &mut Load, room: u64) {
        let node = &mut self.replicas[0].node;
        let entries = crate::block(load, room, &mut self.spare).map(Payload);
        if self.way != Way::Forwarded {
            for entry in entries {
                node.append(entry).expect("no reconfiguration is under way");
            }
        } else if room > 0 {
            let msg = PaxosMsg::ProposalForward(entries.collect());
            node.handle_incoming(Message::SequencePaxos(PaxosMessage { from: 2, to: 1, msg }));
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

const ELECTION_TICKS: u64 = 10;

fn config(pid: u64, nodes: usize) -> OmniPaxosConfig {
    OmniPaxosConfig {
        cluster_config: ClusterConfig {
            configuration_id: 1,
            nodes: (1..=nodes as u64).collect(),
            flexible_quorum: None,
        },
        server_config: ServerConfig {
            pid,
            election_tick_timeout: ELECTION_TICKS,
            buffer_size: 64,
            flush_batch_tick_timeout: 1,
            leader_priority: u32::from(pid == 1),
            ..ServerConfig::default()
        },
    }
}

/// Entries in a message.
fn entries(message: &Message<Payload>) -> usize {
    let Message::SequencePaxos(PaxosMessage { msg, .. }) = message else { return 0 };
    match msg {
        PaxosMsg::AcceptDecide(accept) => accept.entries.len(),
        PaxosMsg::AcceptSync(accept) => accept.log_sync.suffix.len(),
        PaxosMsg::ProposalForward(entries) => entries.len(),
        _ => 0,
    }
}

impl Severed for Group<true> {
    /// When it is over, every node is told that the last one can be reached again, and the last that all can.
    fn cut(&mut self, cut: bool) {
        let last = self.replicas.len();
        if self.cut && !cut {
            for other in 1..last as u64 {
                self.replicas[last - 1].node.reconnected(other);
                self.replicas[usize::try_from(other - 1).expect("a replica")].node.reconnected(last as u64);
            }
        }
        self.cut = cut;
        self.entries_max = 0;
    }

    fn entries_max(&self) -> u64 {
        self.entries_max as u64
    }
}

#[cfg(test)]
mod tests;
