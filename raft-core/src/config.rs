use alloc::vec::Vec;
use core::{fmt, time::Duration};

use machine_core::NodeId;

use crate::{Fault, run::ENTRY_HEADER_BYTES};

/// The most voters a group can have. Majorities are counted in one machine word, and no known deployment comes near.
pub const VOTERS_MAX: usize = 31;

/// The highest election priority, and the default.
pub const PRIORITY_MAX: u8 = 3;

/// How one node behaves. [`Config::new`] is already valid for a local network; `with_*` change one thing each and
/// never fail; [`Raft::new`](crate::Raft::new) checks the whole.
///
/// What is needed for safety or liveness is not optional: pre-vote, check-quorum and stepping down are always on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) id: NodeId,
    pub(crate) voters: Vec<NodeId>,
    pub(crate) election_timeout_min: Duration,
    pub(crate) election_timeout_max: Duration,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) priority: u8,
    pub(crate) append_bytes_max: usize,
    pub(crate) inflight_messages_max: usize,
    pub(crate) inflight_bytes_max: usize,
    pub(crate) uncommitted_bytes_max: usize,
    pub(crate) cache_bytes_max: usize,
    pub(crate) reads_max: usize,
}

impl Config {
    /// A node `id` in a group of `voters` (itself among them), with defaults for a local network.
    #[must_use]
    pub fn new(id: NodeId, voters: impl IntoIterator<Item = NodeId>) -> Self {
        Self {
            id,
            voters: voters.into_iter().collect(),
            election_timeout_min: Duration::from_millis(250),
            election_timeout_max: Duration::from_millis(500),
            heartbeat_interval: Duration::from_millis(50),
            priority: PRIORITY_MAX,
            append_bytes_max: 256 << 10,
            inflight_messages_max: 64,
            inflight_bytes_max: 4 << 20,
            uncommitted_bytes_max: 16 << 20,
            cache_bytes_max: 32 << 20,
            reads_max: 65_536,
        }
    }

    /// How long a follower waits for its leader before it stands for election: drawn anew each time from `min..max`,
    /// to the nanosecond, so that ties are negligible (Raft §5.2, §9.3). `min` is also how long a leader stays leader
    /// without hearing from a majority (check-quorum, thesis §6.2), and how long a follower that hears its leader
    /// refuses to vote (thesis §4.2.3).
    ///
    /// Default 250 ms to 500 ms. `min` must be at least twice the heartbeat interval and below `max`. Raise it where
    /// round trips or disk stalls come near it.
    #[must_use]
    pub fn with_election_timeout(self, min: Duration, max: Duration) -> Self {
        Self { election_timeout_min: min, election_timeout_max: max, ..self }
    }

    /// How often a leader that has nothing to send says that it is there. Default 50 ms; above zero.
    #[must_use]
    pub fn with_heartbeat_interval(self, interval: Duration) -> Self {
        Self { heartbeat_interval: interval, ..self }
    }

    /// Who stands first, from 0 to [`PRIORITY_MAX`]: each step below the maximum adds one width of the election
    /// timeout's range to the wait. A hint for speed only: a node of priority 0 is still elected when no other stands.
    /// Default [`PRIORITY_MAX`].
    #[must_use]
    pub fn with_priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }

    /// Most bytes of entries in one append message, one write and one Apply, headers included; hence also the largest
    /// payload plus 5. Default 256 KiB; at most 64 MiB.
    #[must_use]
    pub fn with_append_bytes_max(self, bytes: usize) -> Self {
        Self { append_bytes_max: bytes, ..self }
    }

    /// Most append messages with entries on their way to one follower. Default 64; at least 1. Deeper is not faster:
    /// while the pipe is full the next message grows (hashicorp/raft issue 541 cut its default from 128 to 2).
    #[must_use]
    pub fn with_inflight_messages_max(self, messages: usize) -> Self {
        Self { inflight_messages_max: messages, ..self }
    }

    /// Bytes of entries on their way to one follower, or handed out by Apply and not yet applied, at which no more is
    /// sent until some have arrived; so there are at most `append_bytes_max` more than this. Default 4 MiB; at least
    /// `append_bytes_max`. By Little's law: bandwidth times round trip.
    #[must_use]
    pub fn with_inflight_bytes_max(self, bytes: usize) -> Self {
        Self { inflight_bytes_max: bytes, ..self }
    }

    /// Most bytes of entries that a leader takes before they are committed, and that a follower takes before they
    /// are durable. Beyond it a leader refuses with `Full`, and a follower lets appends go by unanswered.
    /// Default 16 MiB; at least `append_bytes_max`.
    #[must_use]
    pub fn with_uncommitted_bytes_max(self, bytes: usize) -> Self {
        Self { uncommitted_bytes_max: bytes, ..self }
    }

    /// Most bytes of durable entries kept in memory, newest first; older ones come back through `Fetch`. Entries that
    /// are not yet durable are kept besides, within `uncommitted_bytes_max`. Default 32 MiB; at least
    /// `append_bytes_max`.
    #[must_use]
    pub fn with_cache_bytes_max(self, bytes: usize) -> Self {
        Self { cache_bytes_max: bytes, ..self }
    }

    /// Most reads that wait for their answer. Default 65,536; at least 1.
    #[must_use]
    pub fn with_reads_max(self, reads: usize) -> Self {
        Self { reads_max: reads, ..self }
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        self.validate_voters()?;
        let (min, max) = (self.election_timeout_min, self.election_timeout_max);
        if min >= max {
            return Err(ConfigError::ElectionTimeout { min, max });
        }
        let interval = self.heartbeat_interval;
        if interval.is_zero() || interval.saturating_mul(2) > min {
            return Err(ConfigError::HeartbeatInterval { interval, election_timeout_min: min });
        }
        if self.priority > PRIORITY_MAX {
            return Err(ConfigError::Priority { priority: self.priority });
        }
        let append = self.append_bytes_max;
        let limits = [
            ("append_bytes_max", append, ENTRY_HEADER_BYTES + 1),
            ("inflight_messages_max", self.inflight_messages_max, 1),
            ("inflight_bytes_max", self.inflight_bytes_max, append),
            ("uncommitted_bytes_max", self.uncommitted_bytes_max, append),
            ("cache_bytes_max", self.cache_bytes_max, append),
            ("reads_max", self.reads_max, 1),
        ];
        for (field, value, least) in limits {
            if value < least {
                return Err(ConfigError::TooSmall { field, value, least });
            }
        }
        if append > APPEND_BYTES_LIMIT {
            return Err(ConfigError::TooLarge {
                field: "append_bytes_max",
                value: append,
                most: APPEND_BYTES_LIMIT,
            });
        }
        Ok(())
    }

    fn validate_voters(&self) -> Result<(), ConfigError> {
        if self.voters.len() > VOTERS_MAX {
            return Err(ConfigError::TooManyVoters { voters: self.voters.len() });
        }
        if !self.voters.contains(&self.id) {
            return Err(ConfigError::NotAVoter { id: self.id });
        }
        for (place, voter) in self.voters.iter().enumerate() {
            if self.voters[..place].contains(voter) {
                return Err(ConfigError::DuplicateVoter { id: *voter });
            }
        }
        Ok(())
    }
}

/// What a running node looks at, of a configuration that is valid: intervals in nanoseconds, and numbers as narrow as
/// their bounds, since a host may have many nodes. What the log alone looks at, it keeps.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) id: NodeId,
    pub(crate) election_timeout_min: u64,
    pub(crate) election_timeout_max: u64,
    /// What a node of lower priority waits besides.
    pub(crate) priority_wait: u64,
    pub(crate) heartbeat_interval: u64,
    pub(crate) inflight_bytes_max: usize,
    pub(crate) uncommitted_bytes_max: usize,
    pub(crate) inflight_messages_max: u32,
    pub(crate) reads_max: u32,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        let nanos = |interval: Duration| u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (min, max) = (nanos(config.election_timeout_min), nanos(config.election_timeout_max));
        let steps = u64::from(PRIORITY_MAX.saturating_sub(config.priority));
        Self {
            id: config.id,
            election_timeout_min: min,
            election_timeout_max: max,
            priority_wait: max.saturating_sub(min).saturating_mul(steps),
            heartbeat_interval: nanos(config.heartbeat_interval),
            inflight_bytes_max: config.inflight_bytes_max,
            uncommitted_bytes_max: config.uncommitted_bytes_max,
            inflight_messages_max: narrow(config.inflight_messages_max),
            reads_max: narrow(config.reads_max),
        }
    }
}

/// A length of an entry fits 32 bits with room to spare.
const APPEND_BYTES_LIMIT: usize = 64 << 20;

/// Why a machine was not made. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// `id` is not among `voters`.
    NotAVoter {
        /// The node's own id.
        id: NodeId,
    },
    /// A voter is named twice.
    DuplicateVoter {
        /// The voter.
        id: NodeId,
    },
    /// More than [`VOTERS_MAX`] voters.
    TooManyVoters {
        /// How many were named.
        voters: usize,
    },
    /// `election_timeout_min` is not below `election_timeout_max`.
    ElectionTimeout {
        /// The minimum given.
        min: Duration,
        /// The maximum given.
        max: Duration,
    },
    /// `heartbeat_interval` is zero, or more than half of `election_timeout_min`.
    HeartbeatInterval {
        /// The interval given.
        interval: Duration,
        /// The minimum of the election timeout.
        election_timeout_min: Duration,
    },
    /// `priority` is above [`PRIORITY_MAX`].
    Priority {
        /// The priority given.
        priority: u8,
    },
    /// A limit is too small.
    TooSmall {
        /// The field.
        field: &'static str,
        /// The value given.
        value: usize,
        /// The least it must be.
        least: usize,
    },
    /// A limit is too large.
    TooLarge {
        /// The field.
        field: &'static str,
        /// The value given.
        value: usize,
        /// The most it may be.
        most: usize,
    },
    /// What storage gave back contradicts itself.
    Recovered(Fault),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAVoter { id } => write!(f, "id {id} is not among the voters; name this node among them"),
            Self::DuplicateVoter { id } => write!(f, "voter {id} is named twice"),
            Self::TooManyVoters { voters } => {
                write!(f, "{voters} voters, but at most {VOTERS_MAX} are supported")
            }
            Self::ElectionTimeout { min, max } => {
                write!(f, "election_timeout_min {min:?} must be below election_timeout_max {max:?}")
            }
            Self::HeartbeatInterval { interval, election_timeout_min } => write!(
                f,
                "heartbeat_interval {interval:?} must be above zero and at most half of election_timeout_min \
                 {election_timeout_min:?}"
            ),
            Self::Priority { priority } => write!(f, "priority {priority} must be at most {PRIORITY_MAX}"),
            Self::TooSmall { field, value, least } => write!(f, "{field} {value} must be at least {least}"),
            Self::TooLarge { field, value, most } => write!(f, "{field} {value} must be at most {most}"),
            Self::Recovered(fault) => write!(f, "storage gave back a log that contradicts itself: {fault}"),
        }
    }
}

impl core::error::Error for ConfigError {}
