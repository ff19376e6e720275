use alloc::vec::Vec;

use machine_core::NodeId;

use crate::{Index, Term};

/// What a node is doing, for people, metrics and tests. A copy: it does not change with the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// This node.
    pub id: NodeId,
    /// Its role.
    pub role: RoleName,
    /// Its term.
    pub term: Term,
    /// The leader of that term, when known.
    pub leader: Option<NodeId>,
    /// The last entry in its log.
    pub last: Index,
    /// The last entry known to be durable here.
    pub durable: Index,
    /// The last entry known to be committed.
    pub commit: Index,
    /// The last entry handed out by Apply.
    pub applying: Index,
    /// The last entry that the state machine has done.
    pub applied: Index,
    /// Bytes of entries in memory.
    pub cached_bytes: usize,
    /// Bytes of entries taken and not yet committed (leader), or not yet durable (others).
    pub pending_bytes: usize,
    /// Whether a majority, this node included, has been heard within an election timeout.
    pub quorum_heard: bool,
    /// How far each follower is; empty unless this node leads.
    pub followers: Vec<FollowerStatus>,
}

/// How far one follower is, as its leader knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerStatus {
    /// The follower.
    pub id: NodeId,
    /// The last entry known to be durable there and equal to ours.
    pub matched: Index,
    /// The next entry to send.
    pub next: Index,
    /// Whether entries are streamed; otherwise the place where the logs agree is still sought.
    pub streaming: bool,
    /// Append messages with entries that are on their way.
    pub inflight_messages: usize,
    /// Their bytes.
    pub inflight_bytes: usize,
}

/// What a node is at the moment (Raft §5.1; pre-candidate: thesis §9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleName {
    /// Takes entries from a leader, or waits for one.
    Follower,
    /// Asks whether it would be elected.
    PreCandidate,
    /// Stands for election.
    Candidate,
    /// Leads.
    Leader,
}
