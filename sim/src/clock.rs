//! A node's own clock, which need not agree with anyone's.

use std::time::Duration;

use machine_core::Instant;

/// A clock that runs at its own rate from its own start, and goes on evenly unless it is told to jump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    local: u64,
    world: u64,
    /// Local nanoseconds per million of the world's.
    rate_ppm: u64,
}

/// How a clock, or the machine under it, goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jump {
    /// It is suddenly so much later: the machine slept, or its clock was set.
    Ahead(Duration),
    /// For so long by the world's clock it shows the same.
    Stands(Duration),
    /// It is suddenly so much earlier, though never before its start.
    Back(Duration),
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

    /// Jumps at the world's `now`, and then goes on at its rate.
    pub(crate) fn jump(&mut self, now: Instant, jump: Jump) {
        let (shown, world) = (self.local(now), now.as_nanos().max(self.world));
        let nanos = |by: Duration| saturated(by.as_nanos());
        (self.local, self.world) = match jump {
            Jump::Ahead(by) => ((shown + by).as_nanos(), world),
            Jump::Stands(by) => (shown.as_nanos(), world.saturating_add(nanos(by))),
            Jump::Back(by) => (shown.as_nanos().saturating_sub(nanos(by)), world),
        };
    }

    /// Is right from the world's `now` on: as fast as the world's, stands no more, and makes up for having gone back to
    /// before `latest`, which it has shown already.
    pub(crate) fn mend(&mut self, now: Instant, latest: Instant) {
        let local = self.local(now).max(latest).as_nanos();
        *self = Self { local, world: now.as_nanos(), rate_ppm: RATE_TRUE_PPM };
    }
}

/// The end of time stays the end of time.
fn saturated(nanos: u128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
