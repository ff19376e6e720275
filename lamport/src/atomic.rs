use core::{num::NonZeroU32, ops::RangeInclusive};

use crate::{
    ClockError, Time,
    lamport::{JUMP_MAX, check_jump},
    seam::{AtomicU64, Ordering},
};

/// A [`Lamport`](crate::Lamport) clock for many threads: `tick` is one `fetch_add` and waits for nobody.
///
/// Its space ends at a line in the middle of the number's, [`AtomicLamport::LAST`]. A `fetch_add` cannot look before it
/// leaps; above the line there is so much room that those which fail there never come to the end of it. So nothing
/// wraps, and yet no compare-and-swap loop is needed.
///
/// **Publication.** Each stamp is also a release and an acquire: what a thread wrote before it took a stamp is seen by
/// a thread that takes a later one.
///
/// ```
/// use lamport::AtomicLamport;
///
/// static CLOCK: AtomicLamport = AtomicLamport::new();
/// let before = CLOCK.tick()?;
/// let received = CLOCK.observe(before)?;
/// assert!(CLOCK.tick()? > received);
/// # Ok::<(), lamport::ClockError>(())
/// ```
#[derive(Debug)]
pub struct AtomicLamport(AtomicU64);

impl AtomicLamport {
    /// The last stamp that this clock can give: 2^63. At a billion stamps a second that is 292 years away.
    pub const LAST: Time = Time::new(1 << 63);

    /// A clock that has seen nothing.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// A clock that has seen nothing.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// A clock that goes on behind `now`: after a restart, the newest stamp that it may have given before. Above
    /// [`AtomicLamport::LAST`] it is exhausted.
    #[must_use]
    pub fn resume(now: Time) -> Self {
        Self(AtomicU64::new(now.min(Self::LAST).get()))
    }

    /// The newest stamp given or observed by any thread.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::new(self.0.load(Ordering::Acquire)).min(Self::LAST)
    }

    /// A local event, or a message about to be sent: the next stamp, which no other thread gets.
    ///
    /// # Errors
    ///
    /// [`ClockError::Exhausted`] at [`AtomicLamport::LAST`], from then on always.
    pub fn tick(&self) -> Result<Time, ClockError> {
        within(self.0.fetch_add(1, Ordering::AcqRel).checked_add(1))
    }

    /// `count` stamps in a row, from the first to the last of the range, in one step: for hot paths that hand them out
    /// themselves.
    ///
    /// # Errors
    ///
    /// [`ClockError::Exhausted`] when so many are not left. Those that were left are lost then: the clock stands at
    /// its end.
    pub fn tick_n(&self, count: NonZeroU32) -> Result<RangeInclusive<Time>, ClockError> {
        let count = u64::from(count.get());
        // Failing calls must not use up the room above the line, which large counts could: they stop here. Only as
        // many as there are threads can be between this line and the next.
        within(self.0.load(Ordering::Relaxed).checked_add(1))?;
        let before = self.0.fetch_add(count, Ordering::AcqRel);
        let last = within(before.checked_add(count))?;
        Ok(Time::new(last.get() - (count - 1))..=last)
    }

    /// A message with the stamp `remote` arrives: a stamp above it and above all that this thread has seen, which no
    /// other thread gets.
    ///
    /// # Errors
    ///
    /// As [`AtomicLamport::observe_bounded`] with [`JUMP_MAX`].
    pub fn observe(&self, remote: Time) -> Result<Time, ClockError> {
        self.observe_bounded(remote, JUMP_MAX)
    }

    /// Like [`AtomicLamport::observe`], with a leap of at most `jump_max` ticks.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooFarAhead`] when `remote` leads by more, [`ClockError::Exhausted`] when it is at or above
    /// [`AtomicLamport::LAST`]; nothing has changed then. [`ClockError::Exhausted`] also when the clock is at its end.
    pub fn observe_bounded(&self, remote: Time, jump_max: u64) -> Result<Time, ClockError> {
        // A stamp that is already behind, the common case, costs no more than a tick. Other threads can only raise
        // the clock after this look, which makes the leap smaller.
        let now = Time::new(self.0.load(Ordering::Relaxed));
        if remote > now {
            check_jump(now, remote, jump_max)?;
            if remote >= Self::LAST {
                return Err(ClockError::Exhausted { last: Self::LAST.get() });
            }
            // Two steps suffice: only the addition gives stamps. To give out `remote + 1` here instead would give it
            // to every thread that observes the same message.
            self.0.fetch_max(remote.get(), Ordering::AcqRel);
        }
        self.tick()
    }
}

impl Default for AtomicLamport {
    fn default() -> Self {
        Self::new()
    }
}

fn within(stamp: Option<u64>) -> Result<Time, ClockError> {
    match stamp {
        Some(stamp) if stamp <= AtomicLamport::LAST.get() => Ok(Time::new(stamp)),
        _ => Err(ClockError::Exhausted { last: AtomicLamport::LAST.get() }),
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
