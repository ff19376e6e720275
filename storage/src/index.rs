use std::collections::VecDeque;

use crate::{LiveRun, ReadError};

/// Which runs are live, and what is known about each, in the order of positions. Neighbours may be joined.
///
/// Later runs overwrite from their first position on, so the items are also in the order in which they were appended.
#[derive(Clone, Debug)]
pub(crate) struct Index<T> {
    live: VecDeque<(LiveRun, T)>,
    last: u64,
    released: u64,
}

impl<T> Index<T> {
    /// Nothing is held; the next position is `last + 1`.
    pub(crate) const fn new(last: u64, released: u64) -> Self {
        Self { live: VecDeque::new(), last, released }
    }

    /// Whether a run may begin here: after what is released, and without a gap.
    pub(crate) const fn admits(&self, first: u64) -> bool {
        first > self.released && first - 1 <= self.last
    }

    /// Whether every position from the first that is not released to the last is held. `admits` and `push` keep it so;
    /// only an index that was [begun](Self::new) with a last position beyond the released ones may lack some.
    pub(crate) fn is_whole(&self) -> bool {
        self.live.front().map_or(self.last, |(live, _)| live.first - 1) <= self.released
    }

    /// Adds a run that is [admitted](Self::admits); it overwrites everything from its first position on.
    ///
    /// If it follows a run of the same mark and `join` agrees, the two become one, and `item` is dropped: `join` is given
    /// how much of the earlier one is live, and makes its item cover both.
    pub(crate) fn push(&mut self, run: LiveRun, item: T, join: impl FnOnce(u32, &mut T) -> bool) {
        debug_assert!(self.admits(run.first), "checked by the caller");
        while self.live.back().is_some_and(|(live, _)| live.first >= run.first) {
            self.live.pop_back();
        }
        if let Some((live, _)) = self.live.back_mut() {
            // What is left of it ends right before the new run; the difference is at most its count.
            live.count =
                u32::try_from(run.first - live.first).map_or(live.count, |left| live.count.min(left));
        }
        self.last = last_of(&run);
        if let Some((live, joined)) = self.live.back_mut() {
            let follows = live.mark == run.mark && last_of(live) + 1 == run.first;
            let count = live.count.checked_add(run.count).filter(|_| follows);
            if let Some(count) = count.filter(|_| join(live.count, joined)) {
                live.count = count;
                return;
            }
        }
        self.live.push_back((run, item));
    }

    /// Lets go of the runs that hold nothing beyond `up_to`.
    pub(crate) fn release(&mut self, up_to: u64) {
        self.released = self.released.max(up_to);
        while self.live.front().is_some_and(|(live, _)| last_of(live) <= up_to) {
            self.live.pop_front();
        }
        self.last = self.last.max(up_to);
    }

    /// The run that holds `first`, and those after it.
    pub(crate) fn from(&self, first: u64) -> Result<impl Iterator<Item = &(LiveRun, T)>, ReadError> {
        if first <= self.released {
            return Err(ReadError::Released { first, released: self.released });
        }
        if first > self.last {
            return Err(ReadError::Beyond { first, last: self.last });
        }
        let after = self.live.partition_point(|(live, _)| live.first <= first);
        Ok(self.live.range(after.saturating_sub(1)..))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(LiveRun, T)> {
        self.live.iter()
    }

    pub(crate) const fn last(&self) -> u64 {
        self.last
    }

    pub(crate) const fn released(&self) -> u64 {
        self.released
    }
}

const fn last_of(run: &LiveRun) -> u64 {
    run.first + run.count as u64 - 1
}

#[cfg(test)]
mod tests;
