use alloc::vec::Vec;

use machine_core::{NodeId, WriteId};

use crate::{Fault, FetchId, Index, ReadId, Run, Term};

/// What the machine owes the world. Each may be executed the moment it is seen.
///
/// Deliberately exhaustive: a driver that forgets one does not compile.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Make this durable, in the order given, then call [`Raft::persisted`](crate::Raft::persisted). Writes may be
    /// gathered: the id of the last one made durable stands for all before it.
    Persist {
        /// To be named when it is durable.
        id: WriteId,
        /// What to write, all of it or nothing.
        write: Write,
    },
    /// Hand this to a peer, at once or never: it may be lost, delayed, doubled or reordered.
    Send {
        /// The peer.
        to: NodeId,
        /// What to say.
        message: crate::Message,
    },
    /// Give these committed entries to the state machine, in the order given, then call
    /// [`Raft::applied`](crate::Raft::applied). They are durable on this node and on a majority.
    Apply {
        /// The entries.
        run: Run,
    },
    /// Bring back entries that are no longer in memory: answer with [`Raft::fetched`](crate::Raft::fetched) and any
    /// stored run that holds the entry `from`. Storage that cannot must stop the node.
    Fetch {
        /// To be named in the answer.
        id: FetchId,
        /// The entry that the run must hold.
        from: Index,
    },
    /// A fact for the application.
    Notify(Event),
    /// Storage contradicts itself. The machine is inert from here on; stop the node and look at its disk.
    Halt(Fault),
}

/// One atomic write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Replaces the hard state written before.
    pub hard_state: HardState,
    /// Entries to store; they replace everything stored from their first index on.
    pub run: Option<Run>,
}

/// What a node must never forget (Raft Figure 2, "Persistent state"), and a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct HardState {
    /// The latest term seen.
    pub term: Term,
    /// The vote given in that term.
    pub vote: Option<NodeId>,
    /// The commit index when this was written: a lower bound that spares work after a restart. It rides on other
    /// writes and never causes one.
    pub commit: Index,
}

/// A fact for the application.
///
/// Changes of role that nobody polled in between are told as their result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// This node leads. Proposals are taken from here on.
    BecameLeader {
        /// The term it leads.
        term: Term,
    },
    /// This node follows. What it proposed as leader and did not see applied may or may not survive.
    BecameFollower {
        /// The term.
        term: Term,
        /// The leader, when known.
        leader: Option<NodeId>,
    },
    /// This node hears no leader and seeks to become one.
    BecameCandidate {
        /// The term; not yet raised while it only asks whether it would be elected.
        term: Term,
    },
    /// The reads `first..=last` may be answered from the state machine as it is now: every write that was
    /// acknowledged before they were asked has been applied.
    ReadReady {
        /// The first of them.
        first: ReadId,
        /// The last of them.
        last: ReadId,
        /// What had to be applied.
        index: Index,
    },
    /// The reads `first..=last` cannot be answered here: leadership was lost. Ask the new leader.
    ReadsLost {
        /// The first of them.
        first: ReadId,
        /// The last of them.
        last: ReadId,
    },
    /// The chosen successor did not take over in time; this node leads on.
    TransferFailed {
        /// The chosen successor.
        to: NodeId,
    },
}

/// What storage holds when a node starts; `Recovered::default()` for a node that never ran.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Recovered {
    /// The newest hard state written.
    pub hard_state: HardState,
    /// The runs that are live, in order, without gaps, from index 1.
    pub runs: Vec<RecoveredRun>,
    /// The last entry that the state machine has taken and still has; zero if it starts empty.
    pub applied: Index,
}

/// What storage knows about a live stored run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveredRun {
    /// The index of its first entry.
    pub first: Index,
    /// How many of its entries have not been replaced by later runs.
    pub count: u32,
    /// The term of its entries.
    pub term: Term,
}
