use std::time::Duration;

use machine_core::Rng;

use crate::config::BackoffLimits;

/// How long to wait before a peer is dialled again: longer after each failure, up to a bound, and never for two nodes
/// alike.
///
/// Of each pause one half is fixed and the other drawn ("equal jitter"; Brooker, *Exponential Backoff and Jitter*, AWS
/// Architecture Blog, 2015): a peer that restarts is neither dialled by all in one moment nor by anyone without pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure.
    pub(crate) fn pause(&mut self, limits: BackoffLimits, rng: &mut Rng) -> Duration {
        let doublings = self.failures.min(u32::BITS - 1);
        let longest = limits.min.saturating_mul(1 << doublings).min(limits.max);
        self.failures = self.failures.saturating_add(1);
        rng.duration(longest / 2, longest.saturating_add(Duration::from_nanos(1)))
    }

    /// The peer was reached: the next pause is a short one.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
