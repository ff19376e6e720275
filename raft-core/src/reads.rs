use alloc::{boxed::Box, collections::VecDeque};
use core::hash::{Hash, Hasher};

use crate::{Event, Index, ReadId, Round};

/// Linearizable reads without writes (thesis §6.4): remember the commit index, ask a majority "am I still the
/// leader?", wait until that much is applied. Reads asked between two polls share one question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    issued: ReadId,
    round: Round,
    /// One word where nothing waits.
    waiting: Option<Box<Waiting>>,
}

#[derive(Clone, Debug, Default)]
struct Waiting {
    /// Ids issued and not yet told as ready or lost.
    open: usize,
    /// Whether the current round has not been sent yet, so that another read may join it.
    joinable: bool,
    asking: VecDeque<Batch>,
    confirmed: VecDeque<Batch>,
    lost: VecDeque<Batch>,
}

/// Reads that share their fate.
#[derive(Clone, Copy, Debug)]
struct Batch {
    round: Round,
    first: ReadId,
    last: ReadId,
    index: Index,
}

impl Reads {
    pub(crate) fn open(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.open)
    }

    /// Whether a question has not been answered by a majority.
    pub(crate) fn is_asking(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| !waiting.asking.is_empty())
    }

    /// The newest question.
    pub(crate) const fn round(&self) -> Round {
        self.round
    }

    /// Takes a read that needs `index` applied. Returns its id, and whether a new question must be sent.
    pub(crate) fn ask(&mut self, index: Index) -> (ReadId, bool) {
        let id = self.issued.next();
        self.issued = id;
        let waiting = self.waiting.get_or_insert_default();
        waiting.open += 1;
        if waiting.joinable {
            if let Some(batch) = waiting.asking.back_mut() {
                batch.last = id;
                batch.index = batch.index.max(index);
                return (id, false);
            }
        }
        self.round = self.round.next();
        waiting.joinable = true;
        waiting.asking.push_back(Batch { round: self.round, first: id, last: id, index });
        (id, true)
    }

    /// The current question is on its way: what is asked from here on needs a new one.
    pub(crate) fn sent(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.joinable = false;
        }
    }

    /// A majority has answered every question up to `round`.
    pub(crate) fn confirm(&mut self, round: Round) {
        let Some(waiting) = &mut self.waiting else { return };
        while waiting.asking.front().is_some_and(|batch| batch.round <= round) {
            waiting.confirmed.extend(waiting.asking.pop_front());
        }
        waiting.joinable &= !waiting.asking.is_empty();
    }

    /// Leadership is lost: what no majority has confirmed will not be answered here, nor what waits for an entry that
    /// is not committed and may never be.
    pub(crate) fn lose(&mut self, commit: Index) {
        let Some(waiting) = &mut self.waiting else { return };
        let Waiting { open: _, joinable, asking, confirmed, lost } = &mut **waiting;
        *joinable = false;
        let kept = confirmed.partition_point(|batch| batch.index <= commit);
        lost.extend(confirmed.drain(kept..));
        lost.append(asking);
    }

    /// The next fact to tell, given how much is applied.
    pub(crate) fn poll(&mut self, applied: Index) -> Option<Event> {
        let waiting = self.waiting.as_mut()?;
        if let Some(Batch { first, last, .. }) = waiting.lost.pop_front() {
            waiting.told(first, last);
            return Some(Event::ReadsLost { first, last });
        }
        // Indexes ascend: the first that cannot be answered stops all after it.
        let Batch { first, last, index, .. } = *waiting.confirmed.front()?;
        if index > applied {
            return None;
        }
        waiting.confirmed.pop_front();
        waiting.told(first, last);
        Some(Event::ReadReady { first, last, index })
    }

    /// Nothing is going on: gives back memory that holds nothing.
    pub(crate) fn rest(&mut self) {
        self.waiting.take_if(|waiting| waiting.open == 0);
    }

    /// For [`Raft::hash_state`](crate::Raft::hash_state): reads by their order, not by their ids.
    pub(crate) fn hash_batches(&self, state: &mut impl Hasher) {
        let Self { issued, round, waiting } = self;
        (self.open(), round).hash(state);
        let Some(waiting) = waiting.as_ref().filter(|waiting| waiting.open > 0) else { return };
        let Waiting { open: _, joinable, asking, confirmed, lost } = &**waiting;
        joinable.hash(state);
        for batches in [asking, confirmed, lost] {
            batches.len().hash(state);
            for Batch { round, first, last, index } in batches {
                (round, issued.get() - first.get(), issued.get() - last.get(), index).hash(state);
            }
        }
    }
}

impl Waiting {
    fn told(&mut self, first: ReadId, last: ReadId) {
        let reads = usize::try_from(last.get() - first.get() + 1).expect("no more than were open");
        self.open -= reads;
    }
}

#[cfg(test)]
mod tests;
