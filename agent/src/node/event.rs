//! What a node tells whoever watches it.

use std::{collections::BTreeSet, fmt};

use machine_core::NodeId;
use raft_core::PeerError;
use storage::Trimmed;
use transport::LinkEvent;

/// A fact about a running node, for logs and for programs that watch the leader.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeEvent {
    /// The log was opened.
    Opened {
        /// The last index found.
        last: u64,
        /// What a crash had left at its end in part.
        trimmed: Option<Trimmed>,
    },
    /// This node leads.
    Leads {
        /// The term it leads.
        term: u64,
    },
    /// This node follows.
    Follows {
        /// The term.
        term: u64,
        /// The leader, when known.
        leader: Option<NodeId>,
    },
    /// This node hears no leader and seeks to become one.
    Seeks {
        /// Its term so far.
        term: u64,
    },
    /// Leadership was to be handed over, and was not taken in time.
    TransferFailed {
        /// The chosen successor.
        to: NodeId,
    },
    /// A peer sent what no honest peer sends; it was refused.
    PeerMisbehaved {
        /// The peer.
        peer: NodeId,
        /// What it did.
        error: PeerError,
    },
    /// Something happened to a connection.
    Link(LinkEvent),
}

impl fmt::Display for NodeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { last: 0, .. } => write!(f, "begins with an empty log"),
            Self::Opened { last, trimmed: None } => write!(f, "comes back with {last} entries"),
            Self::Opened { last, trimmed: Some(trimmed) } => {
                write!(f, "comes back with {last} entries; {trimmed}")
            }
            Self::Leads { term } => write!(f, "leads term {term}"),
            Self::Follows { term, leader: Some(leader) } => write!(f, "follows {leader} in term {term}"),
            Self::Follows { term, leader: None } => write!(f, "waits for a leader in term {term}"),
            Self::Seeks { term } => write!(f, "hears no leader in term {term}, stands for election"),
            Self::TransferFailed { to } => write!(f, "leads on: {to} did not take over in time"),
            Self::PeerMisbehaved { peer, error } => {
                write!(f, "refused what {peer} sent: {error}; does it run the same release?")
            }
            Self::Link(event) => event.fmt(f),
        }
    }
}

/// Passes events on, and keeps those back that would come without end.
pub(super) struct Observer {
    tell: Box<dyn FnMut(&NodeEvent) + Send>,
    /// Peers whose absence was told and that were not reached since.
    absent: BTreeSet<NodeId>,
    /// Misbehaviours, of strangers and of peers, so far.
    bad: u64,
}

impl Observer {
    pub(super) fn new(tell: impl FnMut(&NodeEvent) + Send + 'static) -> Self {
        Self { tell: Box::new(tell), absent: BTreeSet::new(), bad: 0 }
    }

    pub(super) fn tell(&mut self, event: &NodeEvent) {
        if !matches!(event, NodeEvent::PeerMisbehaved { .. }) || self.worth_telling() {
            (self.tell)(event);
        }
    }

    pub(super) fn link(&mut self, event: LinkEvent) {
        let news = match &event {
            LinkEvent::Connected { peer } => {
                self.absent.remove(peer);
                true
            }
            // A dead peer is dialled for as long as it is dead: told once.
            LinkEvent::Unreachable { peer, .. } => self.absent.insert(*peer),
            LinkEvent::Refused { peer: Some(peer), .. } => self.absent.insert(*peer),
            LinkEvent::Refused { peer: None, .. } => self.worth_telling(),
            LinkEvent::Accepted { .. } | LinkEvent::Disconnected { .. } | LinkEvent::Departed { .. } | _ => {
                true
            }
        };
        if news {
            (self.tell)(&NodeEvent::Link(event));
        }
    }

    /// The first, second, fourth, eighth, … of what anybody may cause as often as they like.
    const fn worth_telling(&mut self) -> bool {
        self.bad = self.bad.saturating_add(1);
        self.bad.is_power_of_two()
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("absent", &self.absent)
            .field("bad", &self.bad)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
