//! A node's disk, as far as a core can tell: writes in order, a sync that makes a prefix of them durable after a
//! while, and a crash after which only a prefix is left.

use std::{collections::VecDeque, time::Duration};

use machine_core::{Instant, Rng, WriteId};
use raft_core::{HardState, Index, LogPos, Recovered, RecoveredRun, Run, Term, Write};

/// How slow the disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DiskProfile {
    pub(crate) sync_min: Duration,
    pub(crate) sync_max: Duration,
    /// How many syncs of 1,000 take up to `stall_max` longer.
    pub(crate) stall_per_mille: u64,
    pub(crate) stall_max: Duration,
}

impl DiskProfile {
    /// A fast disk.
    pub(crate) const HEALTHY: Self = Self {
        sync_min: Duration::from_micros(50),
        sync_max: Duration::from_micros(500),
        stall_per_mille: 0,
        stall_max: Duration::ZERO,
    };
}

/// The disk of one node.
#[derive(Debug)]
pub(crate) struct Disk {
    /// What a restart finds.
    durable: Image,
    /// What a read finds: the page cache.
    written: Image,
    unsynced: VecDeque<(WriteId, Write)>,
    /// How many of `unsynced` the sync under way covers.
    syncing: usize,
    profile: DiskProfile,
    rng: Rng,
}

impl Disk {
    pub(crate) fn new(profile: DiskProfile, rng: Rng) -> Self {
        let (durable, written) = (Image::default(), Image::default());
        Self { durable, written, unsynced: VecDeque::new(), syncing: 0, profile, rng }
    }

    pub(crate) const fn durable(&self) -> &Image {
        &self.durable
    }

    pub(crate) const fn written(&self) -> &Image {
        &self.written
    }

    /// Takes a write; it is not durable yet.
    pub(crate) fn write(&mut self, id: WriteId, write: Write) {
        self.written.apply(&write);
        self.unsynced.push_back((id, write));
    }

    /// Starts a sync of all that is written; when it ends, or `None` when one is under way or nothing is to be done.
    pub(crate) fn start_sync(&mut self, now: Instant) -> Option<Instant> {
        if self.syncing > 0 || self.unsynced.is_empty() {
            return None;
        }
        self.syncing = self.unsynced.len();
        let DiskProfile { sync_min, sync_max, stall_per_mille, stall_max } = self.profile;
        let mut takes = self.rng.duration(sync_min, sync_max);
        if self.rng.per_mille(stall_per_mille) {
            takes += self.rng.duration(Duration::ZERO, stall_max);
        }
        Some(now + takes)
    }

    /// Ends the sync: the writes that it made durable, oldest first.
    pub(crate) fn finish_sync(&mut self) -> Vec<(WriteId, Write)> {
        let synced: Vec<_> = self.unsynced.drain(..self.syncing).collect();
        self.syncing = 0;
        for (_, write) in &synced {
            self.durable.apply(write);
        }
        synced
    }

    /// The power fails: of what was not synced a prefix is left, by chance anything from nothing to all. Returns the
    /// hard states that became durable so, oldest first.
    pub(crate) fn crash(&mut self) -> Vec<HardState> {
        let pending = self.unsynced.len() as u64;
        let kept = match self.rng.below(4) {
            0 => 0,
            1 => pending,
            _ => self.rng.below(pending + 1),
        };
        let mut survived = Vec::new();
        for (place, (_, write)) in self.unsynced.drain(..).enumerate() {
            if (place as u64) < kept {
                self.durable.apply(&write);
                survived.push(write.hard_state);
            }
        }
        self.syncing = 0;
        self.written = self.durable.clone();
        survived
    }

    /// Takes away all faults.
    pub(crate) fn heal(&mut self) {
        self.profile = DiskProfile::HEALTHY;
    }
}

/// The contents of a disk: the newest hard state, and stored runs of which later ones may have replaced the tail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    hard_state: HardState,
    runs: Vec<Stored>,
}

#[derive(Clone, Debug)]
struct Stored {
    /// As it was written, replaced tail included: a log does not rewrite its records.
    run: Run,
    live: u32,
}

impl Stored {
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
    pub(crate) fn fetch(&self, index: Index) -> Option<Run> {
        self.holding(index).map(|stored| stored.run.clone())
    }

    /// What a restart is told.
    pub(crate) fn recovered(&self, applied: Index) -> Recovered {
        let live = |stored: &Stored| RecoveredRun {
            first: stored.run.first(),
            count: stored.live,
            term: stored.run.term(),
        };
        Recovered { hard_state: self.hard_state, runs: self.runs.iter().map(live).collect(), applied }
    }

    fn apply(&mut self, write: &Write) {
        self.hard_state = write.hard_state;
        let Some(run) = &write.run else { return };
        while self.runs.last().is_some_and(|stored| stored.run.first() >= run.first()) {
            self.runs.pop();
        }
        if let Some(stored) = self.runs.last_mut() {
            if stored.last() >= run.first() {
                let live = run.first().get() - stored.run.first().get();
                stored.live = u32::try_from(live).expect("fewer than the run's own count");
            }
        }
        self.runs.push(Stored { run: run.clone(), live: run.count() });
    }

    fn holding(&self, index: Index) -> Option<&Stored> {
        let after = self.runs.partition_point(|stored| stored.run.first() <= index);
        let stored = self.runs.get(after.checked_sub(1)?)?;
        (index <= stored.last()).then_some(stored)
    }
}

#[cfg(test)]
mod tests;
