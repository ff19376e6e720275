use core::fmt;

use super::time::HlcTime;

/// How a hybrid clock behaves. [`HlcConfig::new`] is already valid; `with_*` change one thing each and never fail;
/// [`Hlc::new`](crate::Hlc::new) checks the whole.
///
/// All nodes that exchange stamps should have the same `max_ahead_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HlcConfig {
    pub(super) max_ahead_ms: u64,
    pub(super) max_forward_jump_ms: Option<u64>,
    pub(super) persist_window_ms: Option<u64>,
}

impl HlcConfig {
    /// At most two seconds ahead of the wall, any forward jump accepted, a bound persisted each second.
    #[must_use]
    pub const fn new() -> Self {
        Self { max_ahead_ms: 2_000, max_forward_jump_ms: None, persist_window_ms: Some(1_000) }
    }

    /// How far, in milliseconds, a stamp may lead the local wall clock: a remote one is refused beyond it, and our own
    /// clock gives none beyond it. Compared is the physical part, and only the future: stamps of the past are always
    /// accepted.
    ///
    /// It must cover the skew between any two nodes plus the persist window, since a node that restarts goes on at its
    /// persisted bound. Default 2,000; at least the persist window, at most 2^47. A peer that lies can hold everybody
    /// so far ahead of the wall, and no further.
    #[must_use]
    pub const fn with_max_ahead_ms(self, ms: u64) -> Self {
        Self { max_ahead_ms: ms, ..self }
    }

    /// How far, in milliseconds, the wall clock may lie above the highest reading so far; beyond it the clock refuses
    /// with [`ForwardJump`](crate::ClockError::ForwardJump) until somebody accepts the jump. Guards against a wall clock
    /// that is set wrongly, which would drag all peers along. Default `None`: every reading is believed.
    ///
    /// A host that slept and a clock that was not used look the same as a jump. So set it only where something calls
    /// [`tick`](crate::Hlc::tick) more often than this, and where somebody answers (cockroach issues 23214 and 32407).
    #[must_use]
    pub const fn with_max_forward_jump_ms(self, ms: Option<u64>) -> Self {
        Self { max_forward_jump_ms: ms, ..self }
    }

    /// How far ahead, in milliseconds, the bound is persisted: one write of 8 bytes in about half of this. Default 1,000;
    /// at least 2, at most `max_ahead_ms`.
    ///
    /// `None`: nothing is persisted. Then a node that restarts on a wall clock that went back gives stamps that it gave
    /// before; only for nodes that come back under a new id.
    #[must_use]
    pub const fn with_persist_window_ms(self, ms: Option<u64>) -> Self {
        Self { persist_window_ms: ms, ..self }
    }

    /// Whether the fields agree.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let max_ahead_ms = self.max_ahead_ms;
        if max_ahead_ms > HlcTime::MS_MAX / 2 + 1 {
            return Err(ConfigError::MaxAhead { max_ahead_ms });
        }
        match self.persist_window_ms {
            Some(window_ms) if window_ms < 2 || window_ms > max_ahead_ms => {
                Err(ConfigError::PersistWindow { window_ms, max_ahead_ms })
            }
            _ => Ok(()),
        }
    }
}

impl Default for HlcConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// Which fields of an [`HlcConfig`] do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigError {
    /// `max_ahead_ms` above 2^47, which is no bound.
    MaxAhead {
        /// As configured.
        max_ahead_ms: u64,
    },
    /// `persist_window_ms` below 2 or above `max_ahead_ms`: a node that restarts would be ahead of what is allowed.
    PersistWindow {
        /// As configured.
        window_ms: u64,
        /// As configured.
        max_ahead_ms: u64,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxAhead { max_ahead_ms } => write!(f, "max_ahead_ms is {max_ahead_ms}, above 2^47"),
            Self::PersistWindow { window_ms, max_ahead_ms } => write!(
                f,
                "persist_window_ms is {window_ms}; it must lie between 2 and max_ahead_ms, which is {max_ahead_ms}"
            ),
        }
    }
}

impl core::error::Error for ConfigError {}
