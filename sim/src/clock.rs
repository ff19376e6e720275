//! A node's own clock, which need not agree with anyone's.

use machine_core::Instant;

/// A clock that runs at its own rate from its own start. It never goes back, and has no other fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    local: u64,
    world: u64,
    /// Local nanoseconds per million of the world's.
    rate_ppm: u64,
}

/// A clock as fast as the world's.
pub(crate) const RATE_TRUE_PPM: u64 = 1_000_000;

impl Clock {
    /// A clock that shows `start` when the world's shows zero.
    pub(crate) const fn new(start: Instant, rate_ppm: u64) -> Self {
        Self { local: start.as_nanos(), world: 0, rate_ppm }
    }

    /// What it shows at the world's `now`, rounded down.
    pub(crate) fn local(&self, now: Instant) -> Instant {
        let passed = u128::from(now.as_nanos().saturating_sub(self.world));
        let shown = passed * u128::from(self.rate_ppm) / u128::from(RATE_TRUE_PPM);
        Instant::from_nanos(self.local.saturating_add(saturated(shown)))
    }

    /// The world's earliest moment at which it shows at least `local`.
    pub(crate) fn world(&self, local: Instant) -> Instant {
        let ahead = u128::from(local.as_nanos().saturating_sub(self.local));
        let passed = (ahead * u128::from(RATE_TRUE_PPM)).div_ceil(u128::from(self.rate_ppm));
        Instant::from_nanos(self.world.saturating_add(saturated(passed)))
    }

    /// Runs at another rate from the world's `now` on, without a jump.
    pub(crate) fn set_rate(&mut self, now: Instant, rate_ppm: u64) {
        *self = Self { local: self.local(now).as_nanos(), world: now.as_nanos(), rate_ppm };
    }
}

/// The end of time stays the end of time.
fn saturated(nanos: u128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
