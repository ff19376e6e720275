use core::fmt;

use machine_core::NodeId;

use crate::{Index, LogPos, Round, Term};

/// Why a proposal was not taken. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProposeError {
    /// Another node leads, or it is not known who does; try there, or shortly again.
    NotLeader {
        /// The leader, when known.
        leader: Option<NodeId>,
    },
    /// This node has not heard from a majority for an election timeout: nothing can be decided on its side.
    NoQuorum,
    /// Too much is under way; try again when something has been committed.
    Full,
    /// The payload can never fit an append.
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// The most there may be.
        bytes_max: usize,
    },
    /// Leadership is being handed over; try at the successor.
    Transferring {
        /// The chosen successor.
        to: NodeId,
    },
    /// Storage contradicted itself, and the machine is inert.
    Halted,
}

impl fmt::Display for ProposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLeader { leader: Some(leader) } => write!(f, "not the leader; ask {leader}"),
            Self::NotLeader { leader: None } => write!(f, "not the leader, and none is known yet; try again"),
            Self::NoQuorum => write!(f, "no majority of voters has been heard for an election timeout"),
            Self::Full => write!(f, "too much is under way; try again when some of it is done"),
            Self::TooLarge { bytes, bytes_max } => {
                write!(f, "payload of {bytes} bytes, but at most {bytes_max} fit an entry")
            }
            Self::Transferring { to } => write!(f, "leadership is being handed over to {to}"),
            Self::Halted => write!(f, "the node has halted because its storage contradicts itself"),
        }
    }
}

impl core::error::Error for ProposeError {}

/// Why a read was not taken. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadError {
    /// Another node leads, or it is not known who does; try there, or shortly again.
    NotLeader {
        /// The leader, when known.
        leader: Option<NodeId>,
    },
    /// This node has not heard from a majority for an election timeout: it cannot know what is newest.
    NoQuorum,
    /// Too many reads wait.
    Full,
    /// Storage contradicted itself, and the machine is inert.
    Halted,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotLeader { leader } => ProposeError::NotLeader { leader }.fmt(f),
            Self::NoQuorum => ProposeError::NoQuorum.fmt(f),
            Self::Full => write!(f, "too many reads wait; try again when some are answered"),
            Self::Halted => ProposeError::Halted.fmt(f),
        }
    }
}

impl core::error::Error for ReadError {}

impl From<ReadError> for ProposeError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotLeader { leader } => Self::NotLeader { leader },
            ReadError::NoQuorum => Self::NoQuorum,
            ReadError::Full => Self::Full,
            ReadError::Halted => Self::Halted,
        }
    }
}

/// Why leadership is not handed over. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransferError {
    /// This node does not lead.
    NotLeader {
        /// The leader, when known.
        leader: Option<NodeId>,
    },
    /// The successor is this node, or no voter.
    NoSuchPeer {
        /// The node named.
        to: NodeId,
    },
    /// Another handover is under way.
    Transferring {
        /// Its successor.
        to: NodeId,
    },
    /// Storage contradicted itself, and the machine is inert.
    Halted,
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotLeader { leader } => ProposeError::NotLeader { leader }.fmt(f),
            Self::NoSuchPeer { to } => write!(f, "{to} is not another voter"),
            Self::Transferring { to } => write!(f, "leadership is already being handed over to {to}"),
            Self::Halted => ProposeError::Halted.fmt(f),
        }
    }
}

impl core::error::Error for TransferError {}

/// A message that no honest peer sends: blame and evidence. The state is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerError {
    /// The sender is no voter of this group, or claims to be this node.
    UnknownPeer {
        /// The sender.
        from: NodeId,
    },
    /// A claim about term zero, in which nobody stands or leads.
    TermZero,
    /// A term no group reaches: it would leave no room for elections.
    TermTooFar {
        /// The term claimed.
        term: Term,
        /// This node's own.
        own: Term,
    },
    /// A second leader in one term: Election Safety is broken (Raft §5.2).
    TwoLeaders {
        /// The term.
        term: Term,
        /// The leader known so far.
        known: NodeId,
        /// The node that claims to lead too.
        claimed: NodeId,
    },
    /// Entries that do not follow `prev`, or that are of a later term than their leader's.
    RunMisplaced {
        /// The entry before.
        prev: LogPos,
        /// The first entry sent.
        first: LogPos,
        /// The leader's term.
        term: Term,
    },
    /// More bytes of entries than `append_bytes_max`.
    RunTooLarge {
        /// The bytes sent.
        bytes: usize,
        /// The most there may be.
        bytes_max: usize,
    },
    /// Entries that would replace committed ones: Leader Completeness is broken (Raft §5.4).
    ConflictsWithCommitted {
        /// The first entry that differs.
        at: LogPos,
        /// This node's commit index.
        commit: Index,
    },
    /// A claim to hold entries that the leader never had.
    AckBeyondLog {
        /// The last index claimed.
        matched: Index,
        /// The leader's last.
        last: Index,
    },
    /// An answer to a question that was never asked.
    RoundNeverAsked {
        /// The round claimed.
        round: Round,
        /// The newest asked.
        newest: Round,
    },
    /// A rejection whose hint lies after the place that was asked about.
    HintBeyondPrev {
        /// The index asked about.
        prev: Index,
        /// The hint given.
        hint: LogPos,
    },
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPeer { from } => write!(f, "{from} is not another voter of this group"),
            Self::TermZero => write!(f, "nobody stands or leads in term zero"),
            Self::TermTooFar { term, own } => write!(f, "{term} is out of reach from {own}"),
            Self::TwoLeaders { term, known, claimed } => {
                write!(f, "{claimed} claims to lead {term}, but {known} does")
            }
            Self::RunMisplaced { prev, first, term } => {
                write!(f, "entries from {first} on cannot follow {prev} from a leader of {term}")
            }
            Self::RunTooLarge { bytes, bytes_max } => {
                write!(
                    f,
                    "an append of {bytes} bytes, but at most {bytes_max} are allowed; give all nodes one value"
                )
            }
            Self::ConflictsWithCommitted { at, commit } => {
                write!(f, "entry {at} would replace one that is committed (commit index {commit})")
            }
            Self::AckBeyondLog { matched, last } => {
                write!(f, "claims to hold {matched}, but the log ends at {last}")
            }
            Self::RoundNeverAsked { round, newest } => {
                write!(f, "answers {round}, but {newest} is the newest asked")
            }
            Self::HintBeyondPrev { prev, hint } => write!(f, "rejects {prev} with the later hint {hint}"),
        }
    }
}

impl core::error::Error for PeerError {}

/// Storage contradicts itself: the node can no longer prove what it promised. Never caused by a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A stored run does not follow the one before, is empty, or has an earlier term.
    RunOutOfOrder {
        /// Where the run should have followed on.
        after: LogPos,
        /// Its first entry.
        first: LogPos,
    },
    /// The log has an entry of a later term than the term stored: the term was lost.
    TermLost {
        /// The term stored.
        term: Term,
        /// The last entry stored.
        last: LogPos,
    },
    /// A term that no group reaches.
    TermImpossible {
        /// The term stored.
        term: Term,
    },
    /// Entries that were committed or applied are gone.
    EntriesLost {
        /// The last entry stored.
        last: Index,
        /// What must be there: the commit index stored, or the last entry applied.
        needed: Index,
    },
    /// What came back for an entry is not that entry.
    WrongEntry {
        /// The entry asked for.
        asked: LogPos,
        /// The first entry that came back.
        first: LogPos,
        /// How many came back.
        count: u32,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunOutOfOrder { after, first } => write!(f, "a run from {first} on cannot follow {after}"),
            Self::TermLost { term, last } => {
                write!(f, "the log ends with {last}, but the term stored is {term}")
            }
            Self::TermImpossible { term } => {
                write!(f, "the term stored, {term}, is one that no group reaches")
            }
            Self::EntriesLost { last, needed } => {
                write!(f, "the log ends with {last}, but {needed} was committed or applied")
            }
            Self::WrongEntry { asked, first, count } => {
                write!(f, "asked for entry {asked}, storage gave {count} entries from {first} on")
            }
        }
    }
}

impl core::error::Error for Fault {}

/// An invariant that does not hold: a bug of ours, found by [`Raft::check`](crate::Raft::check).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Broken(pub &'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken invariant: {}", self.0)
    }
}

impl core::error::Error for Broken {}
