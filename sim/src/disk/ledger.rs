//! What a node's disk was told, and what it said: the model that the real log is held against.

use std::collections::VecDeque;

use machine_core::WriteId;
use raft_core::{Entry, HardState, Index, LogPos, Run, Term, Write};
use storage::StoredRun;

/// Two images: what is durable, since a sync has said so, and what a reader must find; and the writes between them.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    durable: Image,
    written: Image,
    unsynced: VecDeque<(WriteId, Write)>,
    /// How many of `unsynced` the sync under way covers.
    syncing: usize,
    /// What the newest sync that ended well covered.
    synced: Vec<(WriteId, HardState)>,
}

impl Ledger {
    pub(crate) const fn durable(&self) -> &Image {
        &self.durable
    }

    pub(crate) const fn written(&self) -> &Image {
        &self.written
    }

    /// A write was handed over; it is not durable yet.
    pub(crate) fn write(&mut self, id: WriteId, write: Write) {
        self.written.apply(write.clone());
        self.unsynced.push_back((id, write));
    }

    /// Whether a sync is under way.
    pub(crate) const fn is_syncing(&self) -> bool {
        self.syncing > 0
    }

    /// Whether there is anything to sync.
    pub(crate) fn is_clean(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// A sync of everything written begins.
    pub(crate) fn sync_begins(&mut self) {
        self.syncing = self.unsynced.len();
    }

    /// The newest write that the sync under way covers.
    pub(crate) fn covered(&self) -> Option<WriteId> {
        self.unsynced.get(self.syncing.checked_sub(1)?).map(|(id, _)| *id)
    }

    /// The sync has ended well.
    pub(crate) fn sync_ends(&mut self) {
        self.synced.clear();
        for (id, write) in self.unsynced.drain(..self.syncing) {
            self.synced.push((id, write.hard_state));
            self.durable.apply(write);
        }
        self.syncing = 0;
    }

    /// The writes that the newest sync made durable, oldest first, by their hard states.
    pub(crate) fn synced(&self) -> &[(WriteId, HardState)] {
        &self.synced
    }

    /// The node has ended, and with it the sync under way: nobody knows what became of it.
    pub(crate) fn sync_is_lost(&mut self) {
        self.syncing = 0;
    }

    /// The log was opened anew and holds this: everything durable, and the first few of the writes that were not, each
    /// whole. Returns the hard states that became durable so, oldest first; `None` when it holds anything else.
    pub(crate) fn recovered(&mut self, hard_state: HardState, runs: &[StoredRun]) -> Option<Vec<HardState>> {
        let mut image = self.durable.clone();
        let mut survived = Vec::new();
        let mut unsynced = self.unsynced.iter();
        while !image.is(hard_state, runs) {
            let (_, write) = unsynced.next()?;
            image.apply(write.clone());
            survived.push(write.hard_state);
        }
        self.unsynced.clear();
        self.durable = image;
        self.written = self.durable.clone();
        Some(survived)
    }
}

/// The contents of a disk: the newest hard state, and stored runs of which later ones may have replaced the tail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    hard_state: HardState,
    runs: Vec<Stored>,
}

/// Runs among which one is sought before it is sought among all.
const NEWEST: usize = 8;

#[derive(Clone, Debug)]
struct Stored {
    /// As it was written, replaced tail included: a log does not rewrite its records.
    run: Run,
    live: u32,
}

impl Stored {
    fn live(&self) -> impl Iterator<Item = (Term, Entry<'_>)> {
        let (term, last) = (self.run.term(), self.last());
        let entries = self.run.entries().take_while(move |entry| entry.index <= last);
        entries.map(move |entry| (term, entry))
    }

    fn last(&self) -> Index {
        Index::new(self.run.first().get() + u64::from(self.live) - 1)
    }
}

impl Image {
    pub(crate) const fn hard_state(&self) -> HardState {
        self.hard_state
    }

    /// The last entry; zero when there is none.
    pub(crate) fn last(&self) -> LogPos {
        self.runs
            .last()
            .map_or(LogPos::ZERO, |stored| LogPos { term: stored.run.term(), index: stored.last() })
    }

    /// The term of a live entry; zero before the first, `None` beyond the last.
    pub(crate) fn term_at(&self, index: Index) -> Option<Term> {
        if index == Index::ZERO {
            return Some(Term::ZERO);
        }
        self.holding(index).map(|stored| stored.run.term())
    }

    /// The whole stored run that holds a live entry.
    pub(crate) fn fetch(&self, index: Index) -> Option<&Run> {
        self.holding(index).map(|stored| &stored.run)
    }

    /// The live entries from this one on, with their terms.
    pub(crate) fn entries_from(&self, from: Index) -> impl Iterator<Item = (Term, Entry<'_>)> {
        let skipped = self.runs.partition_point(|stored| stored.last() < from);
        self.runs[skipped..].iter().flat_map(Stored::live).filter(move |(_, entry)| entry.index >= from)
    }

    /// Whether exactly this is in it.
    pub(crate) fn is(&self, hard_state: HardState, runs: &[StoredRun]) -> bool {
        let same = |(stored, found): (&Stored, &StoredRun)| {
            stored.live == found.live && is_same(&stored.run, &found.run)
        };
        hard_state == self.hard_state && runs.len() == self.runs.len() && self.runs.iter().zip(runs).all(same)
    }

    fn apply(&mut self, write: Write) {
        self.hard_state = write.hard_state;
        let Some(run) = write.run else { return };
        while self.runs.last().is_some_and(|stored| stored.run.first() >= run.first()) {
            self.runs.pop();
        }
        if let Some(stored) = self.runs.last_mut() {
            if stored.last() >= run.first() {
                let live = run.first().get() - stored.run.first().get();
                stored.live = u32::try_from(live).expect("fewer than the run's own count");
            }
        }
        let live = run.count();
        self.runs.push(Stored { run, live });
    }

    fn holding(&self, index: Index) -> Option<&Stored> {
        // Most that is asked is about one of the newest runs.
        let newest = self.runs.len().saturating_sub(NEWEST);
        let among = self.runs.get(newest).is_some_and(|stored| stored.run.first() <= index);
        let from = if among { newest } else { 0 };
        let after = from + self.runs[from..].partition_point(|stored| stored.run.first() <= index);
        let stored = self.runs.get(after.checked_sub(1)?)?;
        (index <= stored.last()).then_some(stored)
    }
}

/// Whether the log gives back what it was given.
pub(crate) fn is_same(written: &Run, found: &storage::Run) -> bool {
    let storage::Run { first, count, mark, body } = found;
    let place = (written.first().get(), written.count(), written.term().get());
    place == (*first, *count, *mark) && written.body() == body
}

#[cfg(test)]
mod tests;
