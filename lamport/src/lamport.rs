use core::{fmt, num::NonZeroU32, ops::RangeInclusive};

use crate::{ClockError, Side};

/// How far a stamp from outside may lead before [`Lamport::observe`] refuses it: 2^48 ticks.
///
/// One hostile stamp near the end would otherwise end the clock. At 2^48 it takes 65,536 of them in a row, and honest
/// clocks drift apart so far only after 2^48 events that one has seen and the other has not heard of.
pub const JUMP_MAX: u64 = 1 << 48;

/// A moment of Lamport time; no unit but "events".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// The moment with this number.
    #[must_use]
    pub const fn new(time: u64) -> Self {
        Self(time)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}

/// A time and who gave it: a total order of all events, by time, then by node (Lamport 1978, the relation ⇒).
///
/// The order extends happened-before, and says nothing else: of two events that do not know of each other, one still
/// comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp<I> {
    /// Compared first.
    pub time: Time,
    /// Compared second; no two nodes share one.
    pub node: I,
}

/// Lamport's clock: if one event can have caused another, its stamp is smaller (Lamport 1978, IR1 and IR2).
///
/// The converse does not hold: `a < b` does not say that `a` caused `b`. Who needs that takes a
/// [`VersionVector`](crate::VersionVector). The example `lecture` shows both.
///
/// ```
/// use lamport::Lamport;
///
/// let (mut alice, mut bob) = (Lamport::new(), Lamport::new());
/// let sent = alice.tick()?; // goes with the message
/// let received = bob.observe(sent)?;
/// assert!(received > sent);
/// # Ok::<(), lamport::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Lamport(Time);

impl Lamport {
    /// The last stamp that this clock can give.
    pub const LAST: Time = Time(u64::MAX);

    /// A clock that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Time::ZERO)
    }

    /// A clock that goes on behind `now`: after a restart, the newest stamp that it may have given before.
    #[must_use]
    pub const fn resume(now: Time) -> Self {
        Self(now)
    }

    /// The stamp of the last event.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.0
    }

    /// A local event, or a message about to be sent: the next stamp.
    ///
    /// # Errors
    ///
    /// [`ClockError::Exhausted`] at [`Lamport::LAST`]. Nothing has changed.
    pub fn tick(&mut self) -> Result<Time, ClockError> {
        self.0 = after(self.0.0, 1, Self::LAST.0)?;
        Ok(self.0)
    }

    /// `count` stamps at once, from the first to the last of the range.
    ///
    /// # Errors
    ///
    /// [`ClockError::Exhausted`] when so many are not left. Nothing has changed.
    pub fn tick_n(&mut self, count: NonZeroU32) -> Result<RangeInclusive<Time>, ClockError> {
        let last = after(self.0.0, count.get().into(), Self::LAST.0)?;
        let first = Time(self.0.0 + 1); // no overflow: it is not above `last`
        self.0 = last;
        Ok(first..=last)
    }

    /// A message with the stamp `remote` arrives: a stamp above it and above all before.
    ///
    /// # Errors
    ///
    /// As [`Lamport::observe_bounded`] with [`JUMP_MAX`].
    pub fn observe(&mut self, remote: Time) -> Result<Time, ClockError> {
        self.observe_bounded(remote, JUMP_MAX)
    }

    /// Like [`Lamport::observe`], with a leap of at most `jump_max` ticks.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooFarAhead`] when `remote` leads by more; [`ClockError::Exhausted`] when no stamp lies above
    /// both. Nothing has changed.
    pub fn observe_bounded(&mut self, remote: Time, jump_max: u64) -> Result<Time, ClockError> {
        check_jump(self.0, remote, jump_max)?;
        self.0 = after(self.0.max(remote).0, 1, Self::LAST.0)?;
        Ok(self.0)
    }
}

/// The moment `count` after `time`, unless that is above `last`.
fn after(time: u64, count: u64, last: u64) -> Result<Time, ClockError> {
    match time.checked_add(count) {
        Some(sum) if sum <= last => Ok(Time(sum)),
        _ => Err(ClockError::Exhausted { last }),
    }
}

/// Whether `remote` leads `now` by at most `jump_max`.
pub(crate) fn check_jump(now: Time, remote: Time, jump_max: u64) -> Result<(), ClockError> {
    let ahead = remote.0.saturating_sub(now.0);
    if ahead > jump_max {
        return Err(ClockError::TooFarAhead { side: Side::Remote, ahead, limit: jump_max });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
