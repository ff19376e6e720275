use std::{path::PathBuf, time::Duration};

use machine_core::NodeId;
use transport::ClusterId;

use crate::{peers::Peers, protocol::FRAME_BYTES_MAX};

/// Stacks, code, indexes and the allocator's slack, which no bound of ours names, in bytes.
const PROCESS_BYTES: usize = 32 << 20;
/// What one client connection may hold: a frame being read, and two on their way out.
const CONNECTION_BYTES: usize = 3 * FRAME_BYTES_MAX;

/// Everything a node is told when it starts. [`NodeConfig::new`] is good for a local network; `with_*` change one thing
/// each and never fail; [`Node::start`](crate::Node::start) checks the whole.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    pub(crate) id: NodeId,
    pub(crate) cluster: ClusterId,
    pub(crate) peers: Peers,
    pub(crate) clients: Option<Peers>,
    pub(crate) dir: PathBuf,
    pub(crate) election_timeout: (Duration, Duration),
    pub(crate) heartbeat_interval: Duration,
    pub(crate) inline_sync_max: Duration,
    pub(crate) fixed_tick: Option<Duration>,
    pub(crate) limits: Limits,
}

/// What a node may hold in memory at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Recent entries kept for slow followers, in bytes; older ones are read from disk. Default 16 MiB.
    pub cache_bytes_max: usize,
    /// Entries taken and not yet committed, in bytes; beyond it appends are refused as `Full`. Default 16 MiB.
    pub uncommitted_bytes_max: usize,
    /// Entries on their way to one follower, in bytes. Default 4 MiB.
    pub inflight_bytes_max: usize,
    /// Messages that wait for one follower's socket, in bytes; more are dropped and sent again later. Default 8 MiB.
    pub send_queue_bytes_max: usize,
    /// Writes that wait for the disk, in bytes; beyond it the node takes nothing in. Default 16 MiB.
    pub disk_queue_bytes_max: usize,
    /// Lines that clients have sent and that are not answered, in bytes; beyond it they wait. Default 8 MiB.
    pub client_bytes_max: usize,
    /// Client connections at a time; more are refused as `Crowded`. Default 32.
    pub connections_max: usize,
    /// Requests of one connection that are not answered yet; beyond it the node does not read on. Default 256.
    pub requests_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cache_bytes_max: 16 << 20,
            uncommitted_bytes_max: 16 << 20,
            inflight_bytes_max: 4 << 20,
            send_queue_bytes_max: 8 << 20,
            disk_queue_bytes_max: 16 << 20,
            client_bytes_max: 8 << 20,
            connections_max: 32,
            requests_max: 256,
        }
    }
}

impl NodeConfig {
    /// The node `id` of `cluster`, whose nodes (itself among them) talk to each other at `peers`, with its data in the
    /// folder `dir`. It answers clients nowhere unless [`with_clients`](Self::with_clients) says where.
    ///
    /// The folder is made if it is missing; it belongs to this node of this cluster from then on.
    #[must_use]
    pub fn new(id: NodeId, cluster: ClusterId, peers: Peers, dir: impl Into<PathBuf>) -> Self {
        Self {
            id,
            cluster,
            peers,
            clients: None,
            dir: dir.into(),
            election_timeout: (Duration::from_millis(250), Duration::from_millis(500)),
            heartbeat_interval: Duration::from_millis(50),
            inline_sync_max: Duration::from_millis(1),
            fixed_tick: None,
            limits: Limits::default(),
        }
    }

    /// Where each node answers clients; the same ids as the peers. This node listens at its own, and names the
    /// leader's to clients that ask the wrong node.
    #[must_use]
    pub fn with_clients(self, clients: Peers) -> Self {
        Self { clients: Some(clients), ..self }
    }

    /// See [`raft_core::Config::with_election_timeout`]. Default 250 ms to 500 ms.
    #[must_use]
    pub fn with_election_timeout(self, min: Duration, max: Duration) -> Self {
        Self { election_timeout: (min, max), ..self }
    }

    /// See [`raft_core::Config::with_heartbeat_interval`]. Default 50 ms.
    #[must_use]
    pub fn with_heartbeat_interval(self, interval: Duration) -> Self {
        Self { heartbeat_interval: interval, ..self }
    }

    /// How long the last eight syncs may have taken, each, for the node's loop to make the next one itself if its write
    /// comes alone; default 1 ms. That spares a lone append two changes of threads at each node. Zero leaves every sync to
    /// the disk thread.
    ///
    /// A loop in a sync does nothing else. On a disk that is fast until it stands still for once, that one sync costs:
    ///
    /// * at a leader, that nobody hears of it meanwhile: appends wait, though the followers could have decided them, and
    ///   after an election timeout another node leads;
    /// * at a follower, nothing but its own answers: what it was sent meanwhile it reads before it looks at the clock, so it
    ///   does not stand for election;
    /// * at either, that the node cannot be stopped before the sync returns.
    ///
    /// The disk thread makes the next eight. Choose zero when a pause of the disk is worse than the time of a lone append.
    #[must_use]
    pub fn with_inline_sync_max(self, limit: Duration) -> Self {
        Self { inline_sync_max: limit, ..self }
    }

    /// Gathers appends and replicates them only every `interval`, as leaders are drawn in textbooks. For measuring what
    /// that costs, as `quorate bench` does; without it everything goes out at once. Up to 16,384 appends wait for a tick;
    /// more are refused as `Full`.
    #[must_use]
    pub fn with_fixed_tick(self, interval: Duration) -> Self {
        Self { fixed_tick: Some(interval), ..self }
    }

    /// What the node may hold in memory.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The sum of all bounds, in bytes: what the process may hold at the very most, when every queue is full at once.
    ///
    /// What grows with the log beyond that: 48 bytes for each stored run of entries, and at most 10,000 sessions.
    #[must_use]
    pub fn memory_bytes_max(&self) -> usize {
        let limits = &self.limits;
        let per_follower = limits.inflight_bytes_max.saturating_add(limits.send_queue_bytes_max);
        let parts = [
            limits.cache_bytes_max,
            limits.uncommitted_bytes_max,
            // Entries handed to the state machine, or read back for it.
            limits.inflight_bytes_max,
            per_follower.saturating_mul(self.peers.len() - 1),
            limits.disk_queue_bytes_max,
            limits.client_bytes_max,
            limits.connections_max.saturating_mul(CONNECTION_BYTES),
            PROCESS_BYTES,
        ];
        parts.into_iter().fold(0, usize::saturating_add)
    }
}
