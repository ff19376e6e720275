//! What a node is doing.

use machine_core::NodeId;
use raft_core::RoleName;

use crate::{
    kind::{Kind, Named},
    value::{Many, value},
};
use pyo3::prelude::*;

value! {
    /// What a node is doing, for people, metrics and tests. A copy: it does not change with the node.
    Status {
        /// This node.
        id: u64,
        /// Its role.
        role: Kind<RoleName>,
        /// Its term.
        term: u64,
        /// The leader of that term, when known.
        leader: Option<u64>,
        /// The last entry in its log.
        last: u64,
        /// The last entry known to be durable here.
        durable: u64,
        /// The last entry known to be committed.
        commit: u64,
        /// The last entry handed out by ``Apply``.
        applying: u64,
        /// The last entry that the state machine has done.
        applied: u64,
        /// Bytes of entries in memory.
        cached_bytes: u64,
        /// Bytes of entries taken and not yet committed (leader), or not yet durable (others).
        pending_bytes: u64,
        /// Whether a majority, this node included, has been heard within an election timeout.
        quorum_heard: bool,
        /// How far each follower is; empty unless this node leads.
        followers: Many<FollowerStatus>,
    }
}

value! {
    /// How far one follower is, as its leader knows.
    FollowerStatus {
        /// The follower.
        id: u64,
        /// The last entry known to be durable there and equal to ours.
        matched: u64,
        /// The next entry to send.
        next: u64,
        /// Whether entries are streamed; otherwise the place where the logs agree is still sought.
        streaming: bool,
        /// Append messages with entries that are on their way.
        inflight_messages: u64,
        /// Their bytes.
        inflight_bytes: u64,
    }
}

impl Named for RoleName {
    const ENUM: &'static str = "Role";
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Follower, "FOLLOWER"),
        (Self::PreCandidate, "PRE_CANDIDATE"),
        (Self::Candidate, "CANDIDATE"),
        (Self::Leader, "LEADER"),
    ];
}

impl From<raft_core::Status> for Status {
    fn from(status: raft_core::Status) -> Self {
        Self {
            id: status.id.get(),
            role: Kind(status.role),
            term: status.term.get(),
            leader: status.leader.map(NodeId::get),
            last: status.last.get(),
            durable: status.durable.get(),
            commit: status.commit.get(),
            applying: status.applying.get(),
            applied: status.applied.get(),
            cached_bytes: status.cached_bytes as u64,
            pending_bytes: status.pending_bytes as u64,
            quorum_heard: status.quorum_heard,
            followers: Many(status.followers.into_iter().map(FollowerStatus::from).collect()),
        }
    }
}

impl From<raft_core::FollowerStatus> for FollowerStatus {
    fn from(follower: raft_core::FollowerStatus) -> Self {
        Self {
            id: follower.id.get(),
            matched: follower.matched.get(),
            next: follower.next.get(),
            streaming: follower.streaming,
            inflight_messages: follower.inflight_messages as u64,
            inflight_bytes: follower.inflight_bytes as u64,
        }
    }
}
