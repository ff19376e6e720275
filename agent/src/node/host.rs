//! The translation: what the core owes becomes disk, network and list; what clients ask becomes calls of the core.

use std::collections::BTreeMap;

use bytes::Bytes;
use machine_core::{Instant, NodeId, WriteId};
use raft_core::{
    Event, Output, PeerError, ProposeError, Raft, ReadError, ReadId, RoleName, Run, Status, wire,
};
use storage::LogStore;
use transport::{Completer, DecodeError, Host, Io, Kind, LinkEvent};

use super::{
    budget::Permit,
    event::{NodeEvent, Observer},
    log::{Fetched, LogError, LogWorker, Read, to_stored},
    pending::{Decided, Pending, PendingAppends},
};
use crate::{
    lines::{Lines, Summary},
    protocol::{Appended, Chunk, LeaderHint, NodeStatus, PeerStatus, Refusal, Role},
};

/// The only kind of frame between nodes: a message of the core.
const RAFT: Kind = Kind::of(1);

/// What clients put into the mailbox.
#[derive(Debug)]
pub(crate) enum Command {
    Append {
        payloads: Payloads,
        done: AppendDone,
    },
    /// What a fixed tick has held back.
    Gathered(Vec<(Payloads, AppendDone)>),
    Barrier {
        done: Completer<Result<Barrier, Refusal>>,
    },
    List {
        from: u64,
        bytes_max: usize,
        done: Completer<Result<Chunk, Refusal>>,
    },
    Status {
        done: Completer<NodeStatus>,
    },
}

/// Encoded entries of one append, one behind the other.
#[derive(Debug)]
pub(crate) struct Payloads {
    pub(super) bytes: Vec<u8>,
    /// Where each ends.
    pub(super) ends: Vec<usize>,
}

/// Who waits for an append, and what it holds of the budget meanwhile.
#[derive(Debug)]
pub(crate) struct AppendDone {
    pub(super) completer: Completer<Result<Appended, Refusal>>,
    pub(super) last_sequence: u64,
    pub(super) _permit: Permit,
}

/// Everything that was acknowledged before it was asked for is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// The index that had to be applied.
    pub index: u64,
    /// The list as it is now.
    pub summary: Summary,
}

/// One node's core, list and clients. Lives on the driver's thread.
pub(super) struct NodeHost<L> {
    pub(super) facts: Facts,
    raft: Raft,
    lines: Lines,
    appends: PendingAppends<AppendDone>,
    barriers: BTreeMap<ReadId, Completer<Result<Barrier, Refusal>>>,
    observer: Observer,
    /// Reused from batch to batch.
    decided: Vec<Decided<AppendDone>>,
    log: std::marker::PhantomData<fn() -> L>,
}

/// What does not change while the node runs.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) cluster: u64,
    pub(super) peers: Vec<NodeId>,
    pub(super) client_addresses: BTreeMap<NodeId, std::net::SocketAddr>,
    pub(super) memory_bytes_max: u64,
}

impl<L> NodeHost<L> {
    pub(super) fn new(facts: Facts, raft: Raft, observer: Observer, appends_max: usize) -> Self {
        Self {
            facts,
            raft,
            lines: Lines::new(),
            appends: PendingAppends::with_limit(appends_max),
            barriers: BTreeMap::new(),
            observer,
            decided: Vec::new(),
            log: std::marker::PhantomData,
        }
    }

    fn append(&mut self, now: Instant, payloads: &Payloads, done: AppendDone) {
        if self.appends.is_full() {
            done.completer.complete(Err(Refusal::Full));
            return;
        }
        match self.raft.propose_many(now, payloads.iter()) {
            Ok(proposed) => {
                let (term, first) = (proposed.term.get(), proposed.first.get());
                // What found no room is not proposed; the client hears of it when the rest is decided.
                let refusal = (proposed.count < payloads.ends.len() as u64).then_some(Refusal::Full);
                let last = first + proposed.count - 1;
                self.appends.push(term, Pending { first, last, refusal, done });
            }
            Err(error) => done.completer.complete(Err(self.refusal(error))),
        }
    }

    fn apply(&mut self, now: Instant, run: &Run) -> Result<(), machine_core::Misuse> {
        let term = run.term().get();
        for entry in run.entries() {
            let index = entry.index.get();
            let applied = match entry.kind {
                raft_core::EntryKind::Normal | raft_core::EntryKind::Stamped(_) => {
                    Some(self.lines.apply(index, entry.payload))
                }
                raft_core::EntryKind::Blank => None,
            };
            self.appends.applied(term, index, applied, &mut self.decided);
        }
        for Decided { done, outcome } in self.decided.drain(..) {
            let AppendDone { completer, last_sequence, _permit } = done;
            completer.complete(outcome.map(|index| Appended { last_sequence, index }));
        }
        self.raft.applied(now, run.last())
    }

    fn notify(&mut self, event: Event) {
        match event {
            Event::ReadReady { first, last, index } => {
                let barrier = Barrier { index: index.get(), summary: self.lines.summary() };
                self.answer_barriers(first, last, &Ok(barrier));
            }
            Event::ReadsLost { first, last } => {
                let leader = self.raft.status().leader;
                let refusal = Refusal::NotLeader { leader: self.hint(leader) };
                self.answer_barriers(first, last, &Err(refusal));
            }
            Event::BecameLeader { term } => self.observer.tell(&NodeEvent::Leads { term: term.get() }),
            Event::BecameFollower { term, leader } => {
                self.observer.tell(&NodeEvent::Follows { term: term.get(), leader });
            }
            Event::BecameCandidate { term } => self.observer.tell(&NodeEvent::Seeks { term: term.get() }),
            Event::TransferFailed { to } => self.observer.tell(&NodeEvent::TransferFailed { to }),
            // The enum may grow; what is not known here concerns nobody here.
            _ => {}
        }
    }

    fn answer_barriers(&mut self, first: ReadId, last: ReadId, answer: &Result<Barrier, Refusal>) {
        let after = self.barriers.split_off(&last.next());
        let answered = self.barriers.split_off(&first);
        self.barriers.extend(after);
        for done in answered.into_values() {
            done.complete(answer.clone());
        }
    }

    fn refusal(&self, error: ProposeError) -> Refusal {
        match error {
            ProposeError::NotLeader { leader } => Refusal::NotLeader { leader: self.hint(leader) },
            ProposeError::NoQuorum => Refusal::NoQuorum,
            ProposeError::Full => Refusal::Full,
            ProposeError::TooLarge { bytes, bytes_max } => {
                Refusal::TooLarge { bytes: bytes as u64, bytes_max: bytes_max as u64 }
            }
            ProposeError::Transferring { to } => Refusal::Transferring { to },
            ProposeError::Halted | _ => Refusal::Stopping { reason: error.to_string() },
        }
    }

    fn read_refusal(&self, error: ReadError) -> Refusal {
        match error {
            ReadError::NotLeader { leader } => Refusal::NotLeader { leader: self.hint(leader) },
            ReadError::NoQuorum => Refusal::NoQuorum,
            ReadError::Full => Refusal::Full,
            ReadError::Halted | _ => Refusal::Stopping { reason: error.to_string() },
        }
    }

    fn hint(&self, leader: Option<NodeId>) -> Option<LeaderHint> {
        leader.map(|id| LeaderHint { id, client_address: self.facts.client_addresses.get(&id).copied() })
    }

    fn halt(&mut self, reason: &str) {
        for AppendDone { completer, .. } in self.appends.drain() {
            completer.complete(Err(Refusal::Stopping { reason: reason.to_owned() }));
        }
        for done in std::mem::take(&mut self.barriers).into_values() {
            done.complete(Err(Refusal::Stopping { reason: reason.to_owned() }));
        }
    }
}

impl<L: LogStore + Send + 'static> NodeHost<L> {
    fn status(&self, io: &Io<LogWorker<L>>) -> NodeStatus {
        let status = self.raft.status();
        let Status {
            id, role, term, leader, last, durable, commit, applied, cached_bytes, quorum_heard, ..
        } = status;
        let matched: BTreeMap<_, _> =
            status.followers.iter().map(|peer| (peer.id, peer.matched.get())).collect();
        let peer = |id: &NodeId| PeerStatus {
            id: *id,
            connected: io.is_connected(*id),
            matched: matched.get(id).copied().unwrap_or(0),
        };
        let counters = io.counters();
        NodeStatus {
            id,
            cluster: self.facts.cluster,
            role: match role {
                RoleName::Follower => Role::Follower,
                RoleName::PreCandidate => Role::PreCandidate,
                RoleName::Candidate => Role::Candidate,
                RoleName::Leader => Role::Leader,
            },
            term: term.get(),
            leader,
            last: last.get(),
            durable: durable.get(),
            commit: commit.get(),
            applied: applied.get(),
            quorum_heard,
            summary: self.lines.summary(),
            cached_bytes: cached_bytes as u64,
            // Asked for by whoever waits for the answer: the driver does not read files.
            memory: crate::memory::Memory::default(),
            memory_bytes_max: self.facts.memory_bytes_max,
            dropped: counters.dropped_full
                + counters.dropped_unconnected
                + counters.dropped_too_long
                + counters.dropped_unknown
                + counters.dropped_disconnected,
            disk_writes: counters.disk_writes,
            disk_syncs: counters.disk_syncs,
            peers: self.facts.peers.iter().map(peer).collect(),
        }
    }

    fn persist(&mut self, id: WriteId, write: &raft_core::Write, io: &mut Io<LogWorker<L>>) {
        let bytes = write.run.as_ref().map_or(0, |run| run.body().len()) + size_of::<storage::Write>();
        match to_stored(id, write) {
            Some(stored) => io.write(id, bytes, stored),
            None => io.halt("the hard state does not fit the log's state; please report this"),
        }
    }
}

impl<L: LogStore + Send + 'static> Host for NodeHost<L> {
    type Machine = Raft;
    type Command = Command;
    type Worker = LogWorker<L>;

    fn machine(&mut self) -> &mut Raft {
        &mut self.raft
    }

    fn decode(&mut self, _from: NodeId, kind: Kind, body: Bytes) -> Result<raft_core::Message, DecodeError> {
        if kind != RAFT {
            return Err(DecodeError::new(format!(
                "a frame of kind {}; this version knows {} only",
                kind.get(),
                RAFT.get()
            )));
        }
        wire::decode(body).map_err(DecodeError::new)
    }

    fn peer_error(&mut self, from: NodeId, error: PeerError) {
        self.observer.tell(&NodeEvent::PeerMisbehaved { peer: from, error });
    }

    fn commands(&mut self, now: Instant, batch: &mut Vec<Command>, io: &mut Io<LogWorker<L>>) {
        for command in batch.drain(..) {
            match command {
                Command::Append { payloads, done } => self.append(now, &payloads, done),
                Command::Gathered(appends) => {
                    for (payloads, done) in appends {
                        self.append(now, &payloads, done);
                    }
                }
                Command::Barrier { done } => match self.raft.read(now) {
                    Ok(id) => {
                        self.barriers.insert(id, done);
                    }
                    Err(error) => done.complete(Err(self.read_refusal(error))),
                },
                Command::List { from, bytes_max, done } => {
                    let applied = self.raft.status().applied.get();
                    io.read(Read::List { from, applied, bytes_max, done });
                }
                Command::Status { done } => done.complete(self.status(io)),
            }
        }
    }

    fn execute(&mut self, now: Instant, output: Output, io: &mut Io<LogWorker<L>>) {
        match output {
            Output::Persist { id, write } => self.persist(id, &write, io),
            Output::Send { to, message } => {
                let body = message.run().map(|run| run.body().clone()).unwrap_or_default();
                io.send(to, RAFT, encode_head(&message), body);
            }
            Output::Apply { run } => {
                if let Err(misuse) = self.apply(now, &run) {
                    io.halt(misuse.to_string());
                }
            }
            Output::Fetch { id, from } => io.read(Read::Fetch { id, from }),
            Output::Notify(event) => self.notify(event),
            Output::Halt(fault) => {
                let reason = format!("storage contradicts itself: {fault}; look at this node's disk");
                self.halt(&reason);
                io.halt(reason);
            }
        }
    }

    fn fetched(&mut self, now: Instant, result: Result<Fetched, LogError>, io: &mut Io<LogWorker<L>>) {
        match result {
            Ok(Fetched::Run { id, run }) => {
                if let Err(misuse) = self.raft.fetched(now, id, run) {
                    io.halt(misuse.to_string());
                }
            }
            Ok(Fetched::Listed) => {}
            Err(error) => {
                let reason = format!("the log cannot be read: {error}");
                self.halt(&reason);
                io.halt(reason);
            }
        }
    }

    fn failed(&mut self, error: &LogError) {
        self.halt(&error.to_string());
    }

    fn link(&mut self, _now: Instant, event: LinkEvent) {
        self.observer.link(event);
    }
}

impl Payloads {
    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

/// The head of a message, in bytes of its own.
fn encode_head(message: &raft_core::Message) -> Bytes {
    let mut head = Vec::new();
    wire::encode_head(message, &mut head);
    head.into()
}
