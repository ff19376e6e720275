use std::{error::Error, fmt, net::SocketAddr, time::Duration};

use machine_core::NodeId;

use crate::{frame::HEADER_BYTES, handshake::ClusterId};

/// What the driver needs to know. [`Config::new`] is valid; [`Driver::new`](crate::Driver::new) is the gate for what
/// `with_*` made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) cluster: ClusterId,
    pub(crate) node: NodeId,
    pub(crate) listen: SocketAddr,
    pub(crate) peers: Vec<(NodeId, SocketAddr)>,
    pub(crate) seed: u64,
    pub(crate) frame_bytes_max: usize,
    pub(crate) send_queue: QueueLimits,
    pub(crate) mailbox_len_max: usize,
    pub(crate) inlets_max: usize,
    pub(crate) disk_queue_bytes_max: usize,
    pub(crate) inline_sync_max: Duration,
    pub(crate) handshakes: HandshakeLimits,
    pub(crate) backoff: BackoffLimits,
    pub(crate) timeouts: Timeouts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueLimits {
    pub(crate) frames_max: usize,
    pub(crate) bytes_max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandshakeLimits {
    pub(crate) max: usize,
    pub(crate) timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BackoffLimits {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) stall: Duration,
    pub(crate) shutdown: Duration,
}

impl Config {
    /// The node `node` of `cluster`, listening at `listen` (port 0: any free one), without peers, with the defaults
    /// that each `with_*` names.
    #[must_use]
    pub const fn new(cluster: ClusterId, node: NodeId, listen: SocketAddr) -> Self {
        Self {
            cluster,
            node,
            listen,
            peers: Vec::new(),
            seed: 0,
            frame_bytes_max: 8 << 20,
            send_queue: QueueLimits { frames_max: 4096, bytes_max: 32 << 20 },
            mailbox_len_max: 16 * 1024,
            inlets_max: 8,
            disk_queue_bytes_max: 64 << 20,
            inline_sync_max: Duration::ZERO,
            handshakes: HandshakeLimits { max: 64, timeout: Duration::from_secs(2) },
            backoff: BackoffLimits { min: Duration::from_millis(20), max: Duration::from_secs(1) },
            timeouts: Timeouts { stall: Duration::from_secs(10), shutdown: Duration::from_secs(10) },
        }
    }

    /// Adds a peer. Connections are dialled to it, and accepted from it and no stranger.
    #[must_use]
    pub fn with_peer(mut self, peer: NodeId, address: SocketAddr) -> Self {
        self.peers.push((peer, address));
        self
    }

    /// The seed of the jitter between dials; 0 if not given. Give each node another one.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The longest body of a frame in bytes, header excluded; default 8 MiB. The same on all nodes: what one may send,
    /// the other must take. It bounds what a connection's reader allocates.
    #[must_use]
    pub const fn with_frame_bytes_max(mut self, bytes: usize) -> Self {
        self.frame_bytes_max = bytes;
        self
    }

    /// How much waits for one peer, in frames and in bytes, headers included; defaults 4,096 and 32 MiB. Whatever
    /// does not fit is dropped and counted.
    #[must_use]
    pub const fn with_send_queue(mut self, frames_max: usize, bytes_max: usize) -> Self {
        self.send_queue = QueueLimits { frames_max, bytes_max };
        self
    }

    /// How many client commands wait at most; default 16,384. It is also the largest batch.
    #[must_use]
    pub const fn with_mailbox_len_max(mut self, len: usize) -> Self {
        self.mailbox_len_max = len;
        self
    }

    /// How many [`Inlet`](crate::Inlet)s the driver watches at most; default 8, and none with 0. A new one takes the place
    /// of one that has long been silent, or is dropped.
    #[must_use]
    pub const fn with_inlets_max(mut self, inlets: usize) -> Self {
        self.inlets_max = inlets;
        self
    }

    /// How many bytes of writes are on their way to the disk before the driver holds back; default 64 MiB. One write
    /// may overshoot.
    #[must_use]
    pub const fn with_disk_queue_bytes_max(mut self, bytes: usize) -> Self {
        self.disk_queue_bytes_max = bytes;
        self
    }

    /// While each of the last eight syncs took less than this, the driver's own thread syncs a write that comes alone,
    /// which spares two changes of threads. Default zero: the disk thread makes every sync.
    ///
    /// The price is paid when a disk that was fast suddenly stands still: until that one sync returns the node does
    /// nothing, neither ticks nor answers, and cannot be shut down. The syncs after it are the disk thread's again.
    #[must_use]
    pub const fn with_inline_sync_max(mut self, limit: Duration) -> Self {
        self.inline_sync_max = limit;
        self
    }

    /// How many accepted connections may be without a finished handshake, and how long each has for it; defaults 64
    /// and 2 s. When one more comes, the oldest gives way.
    #[must_use]
    pub const fn with_handshakes(mut self, max: usize, timeout: Duration) -> Self {
        self.handshakes = HandshakeLimits { max, timeout };
        self
    }

    /// The pause before a peer is dialled again: `min` after the first failure, doubling up to `max`, each drawn
    /// between half and the whole of it; defaults 20 ms and 1 s.
    #[must_use]
    pub const fn with_backoff(mut self, min: Duration, max: Duration) -> Self {
        self.backoff = BackoffLimits { min, max };
        self
    }

    /// How long sent bytes may stay unacknowledged before the connection is given up and dialled anew; default 10 s.
    /// Enforced by the kernel, where it can (`TCP_USER_TIMEOUT` on Linux).
    #[must_use]
    pub const fn with_stall_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.stall = timeout;
        self
    }

    /// How long a shutdown may wait for the disk; default 10 s.
    #[must_use]
    pub const fn with_shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.shutdown = timeout;
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (place, (peer, _)) in self.peers.iter().enumerate() {
            if *peer == self.node {
                return Err(ConfigError::PeerIsSelf { id: self.node });
            }
            if self.peers[..place].iter().any(|(earlier, _)| earlier == peer) {
                return Err(ConfigError::PeerTwice { id: *peer });
            }
        }
        let positive = [
            ("frame_bytes_max", self.frame_bytes_max),
            ("send_queue frames_max", self.send_queue.frames_max),
            ("send_queue bytes_max", self.send_queue.bytes_max),
            ("mailbox_len_max", self.mailbox_len_max),
            ("disk_queue_bytes_max", self.disk_queue_bytes_max),
            ("handshakes max", self.handshakes.max),
        ];
        if let Some((field, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(ConfigError::Zero { field });
        }
        let durations = [
            ("handshakes timeout", self.handshakes.timeout),
            ("backoff min", self.backoff.min),
            ("stall_timeout", self.timeouts.stall),
            ("shutdown_timeout", self.timeouts.shutdown),
        ];
        if let Some((field, _)) = durations.iter().find(|(_, value)| value.is_zero()) {
            return Err(ConfigError::Zero { field });
        }
        if self.backoff.min > self.backoff.max {
            return Err(ConfigError::BackoffReversed { min: self.backoff.min, max: self.backoff.max });
        }
        if u32::try_from(self.frame_bytes_max).is_err() {
            return Err(ConfigError::FrameBytes { frame_bytes_max: self.frame_bytes_max });
        }
        if self.send_queue.bytes_max < self.frame_bytes_max.saturating_add(HEADER_BYTES) {
            return Err(ConfigError::QueueBelowFrame {
                send_queue_bytes_max: self.send_queue.bytes_max,
                frame_bytes_max: self.frame_bytes_max,
            });
        }
        Ok(())
    }
}

/// What is wrong with a [`Config`]; names the fields and their relation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The node is among its own peers.
    PeerIsSelf {
        /// The node.
        id: NodeId,
    },
    /// A peer is given twice.
    PeerTwice {
        /// The peer.
        id: NodeId,
    },
    /// A bound or a timeout is zero, which would let nothing through.
    Zero {
        /// Which one.
        field: &'static str,
    },
    /// The shortest pause is longer than the longest.
    BackoffReversed {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// More than a frame's header can say.
    FrameBytes {
        /// The value given, in bytes.
        frame_bytes_max: usize,
    },
    /// The largest frame would never fit into a peer's queue.
    QueueBelowFrame {
        /// The queue's bound in bytes.
        send_queue_bytes_max: usize,
        /// The frame's bound in bytes.
        frame_bytes_max: usize,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerIsSelf { id } => write!(f, "{id} is among its own peers; list only the others"),
            Self::PeerTwice { id } => write!(f, "peer {id} is given twice; give each peer one address"),
            Self::Zero { field } => write!(f, "{field} must be above zero"),
            Self::BackoffReversed { min, max } => {
                write!(f, "backoff min {min:?} must not exceed max {max:?}")
            }
            Self::FrameBytes { frame_bytes_max } => {
                write!(f, "frame_bytes_max {frame_bytes_max} must not exceed {}", u32::MAX)
            }
            Self::QueueBelowFrame { send_queue_bytes_max, frame_bytes_max } => write!(
                f,
                "send_queue bytes_max {send_queue_bytes_max} must be at least frame_bytes_max {frame_bytes_max} and a header of {HEADER_BYTES}"
            ),
        }
    }
}

impl Error for ConfigError {}
