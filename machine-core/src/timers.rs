use crate::Instant;

/// A timer of a protocol: an enum whose variants say why each timer fires (compare quinn-proto's `timer.rs`).
pub trait Row: Copy {
    /// The variant's place in the table, below the table's size.
    fn row(self) -> usize;
}

/// A fixed table of named deadlines: no allocation, and everything a machine waits for in one place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Timers<const ROWS: usize> {
    /// [`Instant::MAX`] where none is set.
    deadlines: [Instant; ROWS],
}

impl<const ROWS: usize> Default for Timers<ROWS> {
    fn default() -> Self {
        Self { deadlines: [Instant::MAX; ROWS] }
    }
}

impl<const ROWS: usize> Timers<ROWS> {
    /// Sets the timer, replacing an earlier deadline. At the end of time it is due a nanosecond before.
    ///
    /// # Panics
    ///
    /// When [`Row::row`] is not below `ROWS`: a mistake in the protocol's enum.
    pub fn set(&mut self, timer: impl Row, at: Instant) {
        self.deadlines[timer.row()] = at.min(LATEST);
    }

    /// Stops the timer; nothing if it is not set.
    ///
    /// # Panics
    ///
    /// When [`Row::row`] is not below `ROWS`: a mistake in the protocol's enum.
    pub fn cancel(&mut self, timer: impl Row) {
        self.deadlines[timer.row()] = Instant::MAX;
    }

    /// When the timer is due, if it is set.
    ///
    /// # Panics
    ///
    /// When [`Row::row`] is not below `ROWS`: a mistake in the protocol's enum.
    #[must_use]
    pub fn deadline(&self, timer: impl Row) -> Option<Instant> {
        set(self.deadlines[timer.row()])
    }

    /// The earliest deadline of all.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        set(self.deadlines.iter().copied().fold(Instant::MAX, Instant::min))
    }

    /// Stops the timer if it is due at `now` (its deadline is `now` or earlier), and says whether it was.
    ///
    /// # Panics
    ///
    /// When [`Row::row`] is not below `ROWS`: a mistake in the protocol's enum.
    pub fn expire(&mut self, timer: impl Row, now: Instant) -> bool {
        let due = self.deadline(timer).is_some_and(|at| at <= now);
        if due {
            self.cancel(timer);
        }
        due
    }
}

/// The latest deadline; what comes behind it stands for none.
const LATEST: Instant = Instant::from_nanos(u64::MAX - 1);

fn set(deadline: Instant) -> Option<Instant> {
    (deadline <= LATEST).then_some(deadline)
}

#[cfg(test)]
mod tests;
