//! What happened in a run, as values: for whoever draws it, or looks for something in it.

use std::collections::VecDeque;

use machine_core::{Instant, NodeId};
use raft_core::{Index, LogPos, Message, MessageKind, ProposeError, ReadError, ReadId, RoleName, Term};

use super::{node::Glimpse, world::World};
use crate::Digest;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The virtual time.
    pub at: Instant,
    /// At which node; `None` for what happened to the network, or to all.
    pub node: Option<NodeId>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The node started from what its disk holds.
    Started,
    /// The node ended.
    Crashed {
        /// Whether its machine lost power, and with it what was not synced; otherwise only the process ended.
        power: bool,
    },
    /// The node stands still; what reaches it waits.
    Paused,
    /// The node goes on.
    Resumed,
    /// The node has met damage that nobody repairs, and stays down.
    Retired,
    /// The node's clock went ahead, stood or went back.
    Jumped,
    /// The node has another role, term or leader.
    Became {
        /// Its role.
        role: RoleName,
        /// Its term.
        term: Term,
        /// The leader that it follows; itself when it leads.
        leader: Option<NodeId>,
    },
    /// The node sent a message.
    Sent {
        /// To this node.
        to: NodeId,
        /// What it is.
        letter: Letter,
        /// Whether no copy of it will arrive.
        lost: bool,
    },
    /// The node heard a message.
    Heard {
        /// From this node.
        from: NodeId,
        /// What it is.
        letter: Letter,
        /// When it was sent. Of messages between the same two that are equal to the byte, any.
        sent: Option<Instant>,
    },
    /// The node took a client's entries into its log; they are not decided yet.
    Took {
        /// The place of the first.
        first: LogPos,
        /// How many.
        count: u64,
    },
    /// The node refused a client's entries.
    RefusedEntries(ProposeError),
    /// The node refused a client's read.
    RefusedRead(ReadError),
    /// The node has applied entries to its state machine.
    Applied {
        /// The first.
        first: Index,
        /// The last.
        last: Index,
    },
    /// A client was told that its entry is applied.
    Acknowledged {
        /// Its place.
        at: LogPos,
    },
    /// The node knows that all up to here is committed.
    Committed {
        /// The last committed entry.
        index: Index,
    },
    /// Reads were answered.
    ReadsAnswered {
        /// The oldest of them.
        first: ReadId,
        /// The newest of them.
        last: ReadId,
        /// What they may see: the state after this entry.
        index: Index,
    },
    /// Reads will not be answered; ask anew.
    ReadsLost {
        /// The oldest of them.
        first: ReadId,
        /// The newest of them.
        last: ReadId,
    },
    /// Links were cut.
    Cut {
        /// From each first to its second nothing arrives, or nothing until the links are open again.
        links: Vec<(NodeId, NodeId)>,
    },
    /// Links were opened.
    Opened,
    /// All faults end.
    Healed,
}

/// A message in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Which message.
    pub kind: MessageKind,
    /// The sender's term; for a pre-vote the term asked about.
    pub term: Term,
    /// How many entries it carries.
    pub entries: u32,
}

/// What happened in a run, as far as it is kept: the newest.
#[derive(Debug)]
pub(crate) struct Record {
    kept: VecDeque<Happening>,
    kept_max: usize,
    /// All that happened, kept or not.
    count: u64,
    /// Messages on their way, by link: when each was sent, what it says in one number, and whether it was heard.
    under_way: Vec<VecDeque<(Instant, Digest, bool)>>,
    nodes: usize,
}

/// Messages on their way that are remembered for each link. With more, the oldest lose their arrows.
const UNDER_WAY_MAX: usize = 256;

impl Record {
    pub(crate) fn new(nodes: usize, kept_max: usize) -> Self {
        let under_way = vec![VecDeque::new(); nodes * nodes];
        Self { kept: VecDeque::new(), kept_max, count: 0, under_way, nodes }
    }

    /// The newest that happened, oldest first, without the first `skipped` of all.
    pub(crate) fn since(&self, skipped: u64) -> impl Iterator<Item = &Happening> {
        let gone = self.count - self.kept.len() as u64;
        let skip = usize::try_from(skipped.saturating_sub(gone)).unwrap_or(usize::MAX);
        self.kept.iter().skip(skip)
    }

    /// How much happened, kept or not.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn keep(&mut self, at: Instant, node: Option<NodeId>, what: What) {
        self.count += 1;
        if self.kept.len() >= self.kept_max {
            self.kept.pop_front();
        }
        if self.kept_max > 0 {
            self.kept.push_back(Happening { at, node, what });
        }
    }

    fn sent(&mut self, at: Instant, (from, to): (usize, usize), digest: Digest) {
        let link = &mut self.under_way[from * self.nodes + to];
        if link.len() >= UNDER_WAY_MAX {
            link.pop_front();
        }
        link.push_back((at, digest, false));
    }

    /// The oldest of its like that nobody has heard, or, as a message may arrive twice, the newest.
    fn heard(&mut self, (from, to): (usize, usize), digest: Digest) -> Option<Instant> {
        let link = &mut self.under_way[from * self.nodes + to];
        let alike = |one: &&mut (Instant, Digest, bool)| one.1 == digest;
        if let Some(first) = link.iter_mut().filter(alike).find(|one| !one.2) {
            first.2 = true;
            return Some(first.0);
        }
        link.iter_mut().rfind(alike).map(|one| one.0)
    }
}

impl World<'_> {
    /// Keeps what happened at a node, if anybody wants it.
    pub(crate) fn record(&mut self, node: usize, what: What) {
        if let Some(record) = &mut self.record {
            record.keep(self.now, Some(self.nodes[node].id), what);
        }
    }

    /// Keeps what happened to all.
    pub(crate) fn record_for_all(&mut self, what: impl FnOnce() -> What) {
        if let Some(record) = &mut self.record {
            record.keep(self.now, None, what());
        }
    }

    /// Keeps which links are cut.
    pub(crate) fn record_cut(&mut self) {
        let Some(record) = &mut self.record else { return };
        let id = |node: usize| NodeId::of(node as u64 + 1);
        let links = self.network.cut_links().map(|(from, to)| (id(from), id(to))).collect();
        record.keep(self.now, None, What::Cut { links });
    }

    /// Keeps that a message was sent; its bytes are `self.head`.
    pub(crate) fn record_sent(&mut self, from: usize, to: usize, message: &Message, lost: bool) {
        let Some(record) = &mut self.record else { return };
        if !lost {
            record.sent(self.now, (from, to), digest(&self.head));
        }
        let what = What::Sent { to: self.nodes[to].id, letter: Letter::of(message), lost };
        record.keep(self.now, Some(self.nodes[from].id), what);
    }

    /// Keeps that a message was heard; its bytes are made only where somebody wants them.
    pub(crate) fn record_heard(
        &mut self,
        from: usize,
        to: usize,
        message: &Message,
        bytes: impl FnOnce() -> Vec<u8>,
    ) {
        let Some(record) = &mut self.record else { return };
        let sent = record.heard((from, to), digest(&bytes()));
        let what = What::Heard { from: self.nodes[from].id, letter: Letter::of(message), sent };
        record.keep(self.now, Some(self.nodes[to].id), what);
    }

    /// Keeps what can be seen of a node that was another before.
    pub(crate) fn record_change(&mut self, node: usize, seen: &Glimpse) {
        if self.record.is_none() {
            return;
        }
        let before = self.nodes[node].seen;
        let whose = |glimpse: &Glimpse| (glimpse.role, glimpse.term, glimpse.leader);
        if let Some(role) = seen.role.filter(|_| whose(&before) != whose(seen)) {
            self.record(node, What::Became { role, term: seen.term, leader: seen.leader });
        }
        if seen.commit > before.commit {
            self.record(node, What::Committed { index: seen.commit });
        }
    }
}

impl Letter {
    fn of(message: &Message) -> Self {
        Self {
            kind: message.kind(),
            term: message.term(),
            entries: message.run().map_or(0, raft_core::Run::count),
        }
    }
}

fn digest(bytes: &[u8]) -> Digest {
    let mut digest = Digest::default();
    digest.bytes(bytes);
    digest
}
