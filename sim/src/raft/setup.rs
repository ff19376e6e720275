//! A run that somebody makes by hand: how many nodes, and which faults come by themselves.

use std::{fmt, time::Duration};

use machine_core::Rng;
use raft_core::{PRIORITY_MAX, VOTERS_MAX};

use super::profile::{FaultProfile, Group, HostProfile, Limits, LoadProfile, Profile, Timing};
use crate::{
    Kind, Schedule,
    disk::{DiskProfile, MediumProfile},
    network::NetworkProfile,
    stream::StreamProfile,
};

/// Most clients that ask by themselves.
const CLIENTS_MAX: usize = 100;

/// A client that asks by itself asks for something this often, on average.
const CLIENT_ASKS_EVERY: Duration = Duration::from_millis(100);

/// A group that is well, and the kinds of faults that are done to it nevertheless.
///
/// Its election timeout is 150 to 300 ms, its heartbeat comes every 30 ms; messages take half a millisecond to one and a
/// half, syncs up to half a millisecond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    pub(crate) seed: u64,
    pub(crate) nodes: usize,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) clients: usize,
    pub(crate) lines_max: usize,
    pub(crate) happenings_max: usize,
}

/// Why there is no such run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// A group has from 1 to [`VOTERS_MAX`] nodes.
    Nodes {
        /// How many were asked for.
        nodes: usize,
    },
    /// There may be so many clients.
    Clients {
        /// How many were asked for.
        clients: usize,
    },
    /// What an adversary does, or a client, does not come by itself.
    NotByItself {
        /// The kind.
        kind: Kind,
    },
}

impl Setup {
    /// So many nodes, without faults and clients. Chance is drawn from `seed`.
    ///
    /// # Errors
    ///
    /// When there cannot be so many.
    pub const fn new(seed: u64, nodes: usize) -> Result<Self, SetupError> {
        if nodes == 0 || nodes > VOTERS_MAX {
            return Err(SetupError::Nodes { nodes });
        }
        Ok(Self { seed, nodes, kinds: Vec::new(), clients: 0, lines_max: 0, happenings_max: 0 })
    }

    /// With faults of these kinds, every few seconds or to a few of a hundred messages.
    ///
    /// # Errors
    ///
    /// For [`Kind::Hunt`], [`Kind::Grip`] and [`Kind::Call`].
    pub fn with_faults(self, kinds: &[Kind]) -> Result<Self, SetupError> {
        let alone = |kind: &&Kind| matches!(kind, Kind::Hunt | Kind::Grip | Kind::Call);
        match kinds.iter().find(alone) {
            Some(kind) => Err(SetupError::NotByItself { kind: *kind }),
            None => Ok(Self { kinds: kinds.to_vec(), ..self }),
        }
    }

    /// With so many clients that propose and read by themselves, each about ten times a second.
    ///
    /// # Errors
    ///
    /// For more than 100.
    pub fn with_clients(self, clients: usize) -> Result<Self, SetupError> {
        if clients > CLIENTS_MAX {
            return Err(SetupError::Clients { clients });
        }
        Ok(Self { clients, ..self })
    }

    /// Keeps the newest `lines` of the trace, and so many of the newest happenings. Text takes time to make.
    #[must_use]
    pub fn with_memory(self, lines: usize, happenings: usize) -> Self {
        Self { lines_max: lines, happenings_max: happenings, ..self }
    }

    /// The faults that may happen: those asked for, and what a disk loses when somebody cuts its power.
    pub(crate) fn schedule(&self) -> Schedule {
        let always = [Kind::Sector, Kind::Call];
        Schedule::of_kinds(&[&self.kinds[..], &always].concat())
    }

    pub(crate) fn profile(&self) -> Profile {
        let limits = LIMITS;
        let connections = self.has(Kind::Reset) || self.has(Kind::Flip);
        Profile {
            group: Group {
                nodes: self.nodes,
                timing: Timing {
                    election_min: Duration::from_millis(150),
                    election_max: Duration::from_millis(300),
                    heartbeat: Duration::from_millis(30),
                },
                limits,
                priorities: vec![PRIORITY_MAX; self.nodes],
            },
            unsafe_for: Duration::ZERO, // nobody ends it but by hand
            network: self.network(),
            streams: connections.then_some(StreamProfile {
                reset_per_mille: self.rate(Kind::Reset, 5),
                corrupt_per_mille: self.rate(Kind::Flip, 5),
            }),
            disk: self.disk().with_room_for(limits.append_bytes),
            host: HostProfile {
                undrained_per_mille: self.rate(Kind::Lazy, 100),
                apply_max: Duration::from_micros(200),
                fetch_max: Duration::from_millis(1),
                tick_late_max: Duration::from_millis(1),
                repeat_per_mille: 0,
                drift_ppm: 100,
            },
            faults: self.faults(),
            load: LoadProfile {
                clients: self.clients,
                interval: CLIENT_ASKS_EVERY / u32::try_from(self.clients.max(1)).unwrap_or(u32::MAX),
                batch_max: 4,
                payload_max: 32,
                read_per_mille: 200,
                transfer_per_mille: 0,
                step_down_per_mille: 0,
                history: true,
                stamped: false,
            },
        }
    }

    fn network(&self) -> NetworkProfile {
        NetworkProfile {
            loss_per_mille: self.rate(Kind::Loss, 50),
            duplicate_per_mille: self.rate(Kind::Double, 50),
            delay_min: Duration::from_micros(500),
            delay_mean: Duration::from_micros(500),
            late_per_mille: self.rate(Kind::Late, 20),
            late_max: Duration::from_secs(1),
        }
    }

    fn disk(&self) -> DiskProfile {
        DiskProfile {
            stall_per_mille: self.rate(Kind::Stall, 5),
            stall_max: Duration::from_secs(1),
            power_per_mille: self.rate(Kind::Power, 20),
            mark_per_mille: 500,
            segment_bytes: SEGMENT_BYTES,
            medium: MediumProfile {
                broken_per_100k: self.rate(Kind::Broken, 30),
                sync_lost_per_100k: self.rate(Kind::Sync, 300),
                full_per_mille: self.rate(Kind::Full, 50),
                interrupted_per_mille: self.rate(Kind::Part, 30),
                short_per_mille: self.rate(Kind::Part, 100),
                ..MediumProfile::HEALTHY
            },
            ..DiskProfile::HEALTHY
        }
    }

    fn faults(&self) -> FaultProfile {
        let every = |kind, seconds| self.has(kind).then(|| Duration::from_secs(seconds));
        FaultProfile {
            crash: every(Kind::Crash, 4),
            crash_between_per_mille: self.rate(Kind::Between, 1),
            aim: None,
            kill_per_mille: 500,
            down_max: Duration::from_secs(1),
            machine_lost_per_mille: self.rate(Kind::Machine, 500),
            pause: every(Kind::Pause, 4),
            pause_max: Duration::from_secs(1),
            partition: every(Kind::Partition, 4),
            partition_max: Duration::from_secs(2),
            handover: every(Kind::Handover, 4),
            jump: every(Kind::Jump, 4),
            damage: every(Kind::Damage, 8),
            beyond_repair: false,
            leader_per_mille: 300,
        }
    }

    fn rate(&self, kind: Kind, parts: u64) -> u64 {
        if self.has(kind) { parts } else { 0 }
    }

    fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    pub(crate) const fn dice(&self) -> Rng {
        Rng::new(self.seed)
    }
}

/// Small, so that a log has more than one file before long; made larger where an append needs it.
const SEGMENT_BYTES: u32 = 4 << 10;

/// Cores look at their whole cache after every step, so that it is small.
const LIMITS: Limits = Limits {
    append_bytes: 16 << 10,
    inflight_messages: 64,
    inflight_bytes: 1 << 20,
    uncommitted_bytes: 4 << 20,
    cache_bytes: 32 << 10,
    reads: 1000,
};

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes { nodes } => write!(f, "{nodes} nodes; a group has from 1 to {VOTERS_MAX}"),
            Self::Clients { clients } => write!(f, "{clients} clients; there may be {CLIENTS_MAX}"),
            Self::NotByItself { kind } => {
                write!(f, "{kind} does not come by itself: it belongs to what is drawn for a whole run")
            }
        }
    }
}

impl std::error::Error for SetupError {}
