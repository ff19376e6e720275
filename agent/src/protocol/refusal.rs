use std::fmt;

use machine_core::NodeId;

use super::LeaderHint;

/// Why a node did not do what was asked, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Another node leads, or it is not known who does. Nothing was changed.
    NotLeader {
        /// The leader, when known.
        leader: Option<LeaderHint>,
    },
    /// No majority has been heard for an election timeout: nothing can be decided here. Nothing was changed.
    NoQuorum,
    /// Too much is under way. A part of the batch may have been taken: send it again, whole.
    Full,
    /// Leadership is being handed over. Nothing was changed.
    Transferring {
        /// The successor.
        to: NodeId,
    },
    /// Another leader's entries took the place of at least one of these: send the batch again, whole.
    Superseded,
    /// A line before the first of these never arrived. Send from `expected` on.
    Gap {
        /// The sequence that comes next for this client; 1 if its session is not known.
        expected: u64,
    },
    /// A line that can never fit an entry. Nothing was changed.
    TooLarge {
        /// Its bytes.
        bytes: u64,
        /// The most there may be.
        bytes_max: u64,
    },
    /// The node is stopping or has stopped. What was asked may or may not happen: ask another node.
    Stopping {
        /// Why.
        reason: String,
    },
    /// As many connections as allowed are open. Nothing was changed.
    Crowded {
        /// The bound.
        connections_max: u32,
    },
    /// The request was not understood; the connection is closed.
    Malformed {
        /// What was wrong with it.
        reason: String,
    },
    /// The node could not read its own log.
    Unreadable {
        /// What went wrong.
        reason: String,
    },
}

impl Refusal {
    /// Whether the same request may succeed later, or at another node.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::NotLeader { .. }
            | Self::NoQuorum
            | Self::Full
            | Self::Transferring { .. }
            | Self::Superseded
            | Self::Stopping { .. }
            | Self::Crowded { .. } => true,
            Self::Gap { .. } | Self::TooLarge { .. } | Self::Malformed { .. } | Self::Unreadable { .. } => {
                false
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLeader { leader: Some(LeaderHint { id, client_address: Some(address) }) } => {
                write!(f, "not the leader; ask {id} at {address}")
            }
            Self::NotLeader { leader: Some(LeaderHint { id, client_address: None }) } => {
                write!(f, "not the leader; ask {id}")
            }
            Self::NotLeader { leader: None } => {
                write!(f, "not the leader, and none is known; try again shortly")
            }
            Self::NoQuorum => {
                write!(
                    f,
                    "no quorum: no majority of the nodes has been heard for an election timeout; start the others"
                )
            }
            Self::Full => {
                write!(f, "too much is under way; send the whole batch again when some of it is done")
            }
            Self::Transferring { to } => write!(f, "leadership is being handed over to {to}; ask there"),
            Self::Superseded => {
                write!(f, "another leader's entries took its place; send the whole batch again")
            }
            Self::Gap { expected } => {
                write!(f, "a line is missing before this batch; send from sequence {expected} on")
            }
            Self::TooLarge { bytes, bytes_max } => {
                write!(f, "a line of {bytes} bytes, but at most {bytes_max} are allowed; split it")
            }
            Self::Stopping { reason } => {
                write!(
                    f,
                    "the node is stopping ({reason}); what was asked may or may not happen; ask another node"
                )
            }
            Self::Crowded { connections_max } => {
                write!(
                    f,
                    "all {connections_max} client connections are taken; close one, or ask another node"
                )
            }
            Self::Malformed { reason } => write!(f, "the request was not understood: {reason}"),
            Self::Unreadable { reason } => write!(f, "the node could not read its own log: {reason}"),
        }
    }
}

impl std::error::Error for Refusal {}
