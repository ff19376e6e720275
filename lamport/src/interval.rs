use core::{fmt, time::Duration};

use crate::{ClockError, Wall};

/// A span that contains the true time of an event (Corbett et al. 2012, *Spanner*, TrueTime).
///
/// Two events are ordered if and only if their intervals are disjoint; otherwise the clock says that it does not know.
/// That is right as long as the error bounds are; where they come from (NTP's, PTP's, a constant) is the caller's affair.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    earliest: Wall,
    latest: Wall,
}

impl Interval {
    /// From the earliest to the latest moment that is possible, both included; `None` when they are the other way round.
    #[must_use]
    pub fn new(earliest: Wall, latest: Wall) -> Option<Self> {
        (earliest <= latest).then_some(Self { earliest, latest })
    }

    /// A reading that is wrong by at most `error_ms` milliseconds, either way. Saturates at both ends of time.
    #[must_use]
    pub const fn around(wall: Wall, error_ms: u64) -> Self {
        Self {
            earliest: Wall::from_ms(wall.ms().saturating_sub(error_ms)),
            latest: Wall::from_ms(wall.ms().saturating_add(error_ms)),
        }
    }

    /// It was not before this.
    #[must_use]
    pub const fn earliest(&self) -> Wall {
        self.earliest
    }

    /// It was not after this.
    #[must_use]
    pub const fn latest(&self) -> Wall {
        self.latest
    }

    /// Whether this was before `other`, whatever the true times were: a strict partial order.
    #[must_use]
    pub fn definitely_before(&self, other: &Self) -> bool {
        self.latest < other.earliest
    }

    /// Whether either may have been first.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        !self.definitely_before(other) && !other.definitely_before(self)
    }

    /// How long to wait at `now` until this is certainly past, so that whoever looks afterwards comes definitely behind
    /// (Spanner's commit wait). `None` when it is past already.
    ///
    /// True time runs on at least that long; when the local timer may run fast, wait longer by its drift, or ask again.
    #[must_use]
    pub fn commit_wait(&self, now: &Self) -> Option<Duration> {
        let short_ms = self.latest.ms().checked_sub(now.earliest.ms())?;
        Some(Duration::from_millis(short_ms.saturating_add(1)))
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}ms", self.earliest.ms(), self.latest.ms())
    }
}

/// Turns wall readings with their error bounds into intervals, and holds them against each other: what was certainly
/// past stays past.
///
/// ```
/// use lamport::{BoundedClock, Wall};
///
/// let mut clock = BoundedClock::new();
/// let commit = clock.now(Wall::from_ms(10_000), 4)?;
/// let wait = commit.commit_wait(&commit).expect("it may still be in the future");
/// assert_eq!(wait.as_millis(), 9);
/// let after = clock.now(Wall::from_ms(10_009), 4)?;
/// assert!(commit.definitely_before(&after));
/// # Ok::<(), lamport::ClockError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct BoundedClock {
    floor: Wall,
}

impl BoundedClock {
    /// Nothing is certain yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { floor: Wall::from_ms(0) }
    }

    /// The present, by a reading that is wrong by at most `error_ms` milliseconds. Its earliest moment never goes back,
    /// also when the wall does.
    ///
    /// # Errors
    ///
    /// [`ClockError::BeforeFloor`] when all of the reading lies before a moment that was certainly past: then this error
    /// bound or an earlier one was too small, and nothing that was ordered by them is certain. Nothing has changed.
    pub fn now(&mut self, wall: Wall, error_ms: u64) -> Result<Interval, ClockError> {
        let read = Interval::around(wall, error_ms);
        let floor = self.floor.max(read.earliest);
        let now = Interval::new(floor, read.latest)
            .ok_or(ClockError::BeforeFloor { floor: floor.ms(), latest: read.latest.ms() })?;
        self.floor = floor;
        Ok(now)
    }
}

#[cfg(test)]
mod tests;
