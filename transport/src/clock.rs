use std::time::Instant as WallInstant;

use machine_core::Instant;

/// The only clock: maps the machine's [`Instant`]s to the operating system's monotonic clock.
///
/// Make one before the machine, give `now()` to the machine's constructor, and the same clock to the driver.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: WallInstant,
}

impl Clock {
    /// A clock that reads [`Instant::ZERO`] at this moment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where time comes from outside")]
    pub fn start() -> Self {
        Self { start: WallInstant::now() }
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::ZERO + self.start.elapsed()
    }
}
