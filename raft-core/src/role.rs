use alloc::boxed::Box;

use machine_core::{Instant, NodeId, Row};

use crate::{Index, LogPos, RoleName, Round, SessionId, Term, progress::Progress, quorum::Votes};

/// What a node is, with what it needs to know for that and for nothing else.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    Follower(Following),
    PreCandidate(Votes),
    Candidate(Campaign),
    Leader(Leading),
}

impl Role {
    pub(crate) const fn name(&self) -> RoleName {
        match self {
            Self::Follower(_) => RoleName::Follower,
            Self::PreCandidate(_) => RoleName::PreCandidate,
            Self::Candidate(_) => RoleName::Candidate,
            Self::Leader(_) => RoleName::Leader,
        }
    }
}

/// What a follower owes its leader.
#[derive(Clone, Debug)]
pub(crate) struct Following {
    /// The stretch of replication that the leader has named.
    pub(crate) session: SessionId,
    /// The newest round seen in it.
    pub(crate) round: Round,
    /// The last entry that is known to equal the leader's.
    pub(crate) verified: Index,
    /// What was last acknowledged.
    pub(crate) acked: Index,
    /// An answer is due as soon as this much is durable; or [`NEVER`](Self::NEVER).
    pub(crate) reply_at: Index,
    /// The place asked about that does not match, and how far the logs may still agree.
    /// A box, since it is rare.
    pub(crate) rejection: Option<Box<(Index, LogPos)>>,
}

impl Following {
    /// Beyond the end of any log.
    pub(crate) const NEVER: Index = Index::new(u64::MAX);
}

impl Default for Following {
    fn default() -> Self {
        Self {
            session: SessionId::ZERO,
            round: Round::ZERO,
            verified: Index::ZERO,
            acked: Index::ZERO,
            reply_at: Self::NEVER,
            rejection: None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Campaign {
    pub(crate) votes: Votes,
    /// Whether the leader asked for it.
    pub(crate) transfer: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Leading {
    /// In the order of `Raft::peers`.
    pub(crate) followers: Box<[Progress]>,
    /// The blank entry that opened the term: only from there on does counting replicas commit (Raft §5.4.2, §8).
    pub(crate) term_start: Index,
    /// The furthest that any follower has come: without it, no majority of several is further.
    pub(crate) furthest: Index,
    pub(crate) transfer: Option<Transfer>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub(crate) to: NodeId,
    /// Whether the successor has been told.
    pub(crate) told: bool,
}

/// Another voter: what is known of it in every role, and what is owed to it besides appends and their answers.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) id: NodeId,
    /// When it was last heard; the start of this machine if never.
    pub(crate) heard: Instant,
    /// A box, since there is seldom anything outside of elections.
    owed: Option<Box<Word>>,
}

/// What is owed to one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Word {
    /// A request for its vote, or for its opinion, is due.
    pub(crate) request: bool,
    pub(crate) pre_vote_reply: Option<(Term, bool)>,
    pub(crate) vote_reply: Option<(Term, bool)>,
    /// It still leads an earlier term and must be told.
    pub(crate) stale_leader: Option<SessionId>,
    pub(crate) timeout_now: bool,
}

impl Peer {
    pub(crate) const fn new(id: NodeId, now: Instant) -> Self {
        Self { id, heard: now, owed: None }
    }

    /// What is owed to it, to be added to.
    pub(crate) fn owe(&mut self) -> &mut Word {
        self.owed.get_or_insert_default()
    }

    /// What is owed to it, if anything may be.
    pub(crate) fn owed(&mut self) -> Option<&mut Word> {
        self.owed.as_deref_mut()
    }

    /// Whether a request to it is due.
    pub(crate) fn is_requested(&self) -> bool {
        self.owed.as_ref().is_some_and(|word| word.request)
    }

    /// What is owed to it, nothing included.
    pub(crate) fn word(&self) -> Word {
        self.owed.as_deref().cloned().unwrap_or_default()
    }

    /// Gives back the memory when nothing is owed.
    pub(crate) fn rest(&mut self) {
        self.owed.take_if(|word| **word == Word::default());
    }
}

/// Why a Raft node wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// No leader was heard, or an election came to nothing: stand (again).
    Election,
    /// A follower may have heard nothing for a heartbeat interval.
    Heartbeat,
    /// The leader may have lost its majority.
    CheckQuorum,
    /// A follower may not know the commit index, and nothing else is being sent to it.
    Commit,
    /// The chosen successor did not take over.
    Transfer,
}

pub(crate) const TIMERS: usize = 5;

impl Row for Timer {
    fn row(self) -> usize {
        self as usize
    }
}
