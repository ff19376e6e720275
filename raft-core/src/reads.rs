use core::hash::{Hash, Hasher};

use crate::{Event, Index, ReadId, Round, queue::Queue};

/// Linearizable reads without writes (thesis §6.4): remember the commit index, ask a majority "am I still the
/// leader?", wait until that much is applied. Reads asked between two polls share one question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    issued: ReadId,
    /// Ids issued and not yet told as ready or lost.
    open: usize,
    round: Round,
    /// Whether the current round has not been sent yet, so that another read may join it.
    joinable: bool,
    asking: Queue<Batch>,
    confirmed: Queue<Batch>,
    lost: Queue<Batch>,
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
    pub(crate) const fn open(&self) -> usize {
        self.open
    }

    /// Whether a question has not been answered by a majority.
    pub(crate) fn is_asking(&self) -> bool {
        !self.asking.is_empty()
    }

    /// The newest question.
    pub(crate) const fn round(&self) -> Round {
        self.round
    }

    /// Takes a read that needs `index` applied. Returns its id, and whether a new question must be sent.
    pub(crate) fn ask(&mut self, index: Index) -> (ReadId, bool) {
        let id = self.issued.next();
        self.issued = id;
        self.open += 1;
        if self.joinable {
            if let Some(batch) = self.asking.items().back_mut() {
                batch.last = id;
                batch.index = batch.index.max(index);
                return (id, false);
            }
        }
        self.round = self.round.next();
        self.joinable = true;
        self.asking.push_back(Batch { round: self.round, first: id, last: id, index });
        (id, true)
    }

    /// The current question is on its way: what is asked from here on needs a new one.
    pub(crate) const fn sent(&mut self) {
        self.joinable = false;
    }

    /// A majority has answered every question up to `round`.
    pub(crate) fn confirm(&mut self, round: Round) {
        while self.asking.front().is_some_and(|batch| batch.round <= round) {
            self.confirmed.items().extend(self.asking.pop_front());
        }
        if self.asking.is_empty() {
            self.joinable = false;
        }
    }

    /// Leadership is lost: what no majority has confirmed will not be answered here, nor what waits for an entry that
    /// is not committed and may never be.
    pub(crate) fn lose(&mut self, commit: Index) {
        let kept = self.confirmed.items().partition_point(|batch| batch.index <= commit);
        self.lost.items().extend(self.confirmed.items().drain(kept..));
        self.lost.items().append(self.asking.items());
        self.rest();
        self.joinable = false;
    }

    /// The next fact to tell, given how much is applied.
    pub(crate) fn poll(&mut self, applied: Index) -> Option<Event> {
        if let Some(Batch { first, last, .. }) = self.lost.pop_front() {
            self.told(first, last);
            return Some(Event::ReadsLost { first, last });
        }
        // Indexes ascend: the first that cannot be answered stops all after it.
        let Batch { first, last, index, .. } = *self.confirmed.front()?;
        if index > applied {
            return None;
        }
        self.confirmed.pop_front();
        self.told(first, last);
        Some(Event::ReadReady { first, last, index })
    }

    /// Nothing is going on: see [`Queue::rest`].
    pub(crate) fn rest(&mut self) {
        for batches in [&mut self.asking, &mut self.confirmed, &mut self.lost] {
            batches.rest();
        }
    }

    /// For [`Raft::hash_state`](crate::Raft::hash_state): reads by their order, not by their ids.
    pub(crate) fn hash_batches(&self, state: &mut impl Hasher) {
        let Self { issued, open, round, joinable, asking, confirmed, lost } = self;
        (open, round, joinable).hash(state);
        for batches in [asking, confirmed, lost] {
            batches.len().hash(state);
            for Batch { round, first, last, index } in batches.iter() {
                (round, issued.get() - first.get(), issued.get() - last.get(), index).hash(state);
            }
        }
    }

    fn told(&mut self, first: ReadId, last: ReadId) {
        let reads = usize::try_from(last.get() - first.get() + 1).expect("no more than were open");
        self.open -= reads;
    }
}

#[cfg(test)]
mod tests;
