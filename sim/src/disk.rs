//! A node's disk: the real write-ahead log over a medium in memory, syncs that take their time, and a model of what was
//! written, against which everything that comes back is held.

use std::{collections::VecDeque, sync::MutexGuard, time::Duration};

use machine_core::{Instant, NodeId, Rng, WriteId};
use raft_core::{HardState, Index, Recovered, RecoveredRun, Run, Term, Write};
use storage::{AppendError, LogStore, OpenError, Options, ReadError, State, StoredRun, Wal};

use crate::{
    faults::{Faults, Kind, Place},
    raft::Violation,
};

mod damage;
mod ledger;
mod medium;

use self::{ledger::is_same, medium::Plug};
pub(crate) use self::{
    ledger::{Image, Ledger},
    medium::{Medium, MediumProfile, Struck},
};

const PREFIX: &str = "a log holds all that was synced, and of the rest a prefix of whole writes";
const SAME: &str = "a log gives back what it was given";
const LOUD: &str = "a log that has failed says so, and writes nothing more";
const SOUND: &str = "a log is not damaged by itself";
const TAKES: &str = "a log takes what a dutiful host writes";

/// What the disk is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DiskProfile {
    pub(crate) sync_min: Duration,
    pub(crate) sync_max: Duration,
    /// How many syncs of 1,000 take up to `stall_max` longer.
    pub(crate) stall_per_mille: u64,
    pub(crate) stall_max: Duration,
    /// How often of 1,000 the power fails within what the log does: in a sync, in a change of segment, while opening.
    pub(crate) power_per_mille: u64,
    /// How often of 1,000 an idle host leaves proof of the last sync.
    pub(crate) mark_per_mille: u64,
    /// The size of the log's files.
    pub(crate) segment_bytes: u32,
    pub(crate) medium: MediumProfile,
}

impl DiskProfile {
    /// A fast disk.
    pub(crate) const HEALTHY: Self = Self {
        sync_min: Duration::from_micros(50),
        sync_max: Duration::from_micros(500),
        stall_per_mille: 0,
        stall_max: Duration::ZERO,
        power_per_mille: 0,
        mark_per_mille: 0,
        segment_bytes: 64 << 10,
        medium: MediumProfile::HEALTHY,
    };
}

impl DiskProfile {
    /// With segments that hold a run of so many bytes.
    pub(crate) fn with_room_for(self, run_bytes_max: usize) -> Self {
        let bytes = (run_bytes_max + OVERHEAD_BYTES).next_multiple_of(SEGMENT_STEP_BYTES);
        let least = u32::try_from(bytes).expect("runs are far smaller than 4 GiB");
        Self { segment_bytes: self.segment_bytes.max(least), ..self }
    }
}

/// What a write takes in the log beside its entries, at most, and what a segment takes beside its records.
const OVERHEAD_BYTES: usize = 1024;

/// The smallest segment, and the step of their sizes.
const SEGMENT_STEP_BYTES: usize = 4096;

/// Why a node does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The power failed within what the log was doing.
    Power,
    /// The disk failed and the log said so.
    Failed(String),
    /// The log found damage and said so.
    Damaged(String),
    /// The log broke a law.
    Unlawful(Violation),
}

/// What a log that was opened has said.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) recovered: Recovered,
    /// Hard states of writes that were not known to be durable, oldest first.
    pub(crate) survived: Vec<HardState>,
    /// Whether a torn end was trimmed.
    pub(crate) trimmed: bool,
}

/// The disk of one node.
#[derive(Debug)]
pub(crate) struct Disk {
    node: NodeId,
    ledger: Ledger,
    medium: Plug,
    /// Open while the node is up.
    log: Option<Wal<Plug>>,
    /// Written, but not yet appended: they wait for the sync under way, as on a disk thread.
    queue: VecDeque<storage::Write>,
    /// When the newest sync ends.
    busy_until: Instant,
    profile: DiskProfile,
    rng: Rng,
    faults: Faults,
}

impl Disk {
    pub(crate) fn new(node: NodeId, profile: DiskProfile, mut rng: Rng, faults: Faults) -> Self {
        let medium = Medium::new(profile.medium, rng.fork(), Place::Node(node), faults.clone());
        let medium = Plug::new(medium);
        Self {
            node,
            ledger: Ledger::default(),
            medium,
            log: None,
            queue: VecDeque::new(),
            busy_until: Instant::ZERO,
            profile,
            rng,
            faults,
        }
    }

    pub(crate) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) const fn durable(&self) -> &Image {
        self.ledger.durable()
    }

    pub(crate) const fn written(&self) -> &Image {
        self.ledger.written()
    }

    pub(crate) fn medium(&self) -> MutexGuard<'_, Medium> {
        self.medium.medium()
    }

    /// When the newest sync ends.
    pub(crate) const fn busy_until(&self) -> Instant {
        self.busy_until
    }

    /// Files of the log, while it is open.
    pub(crate) fn segments(&self) -> usize {
        self.log.as_ref().map_or(0, Wal::segments)
    }

    /// Takes a write; it is not durable yet.
    pub(crate) fn write(&mut self, id: WriteId, write: Write) {
        self.queue.push_back(stored(id, &write));
        self.ledger.write(id, write);
    }

    /// Appends all that was written and starts to sync it; when that ends, or `None` when a sync is under way or
    /// nothing is to be done.
    pub(crate) fn start_sync(&mut self, now: Instant) -> Result<Option<Instant>, Trouble> {
        if self.ledger.is_syncing() || self.queue.is_empty() {
            return Ok(None);
        }
        self.arm();
        while let Some(write) = self.queue.pop_front() {
            let appended = self.log().append(&write);
            self.judge(appended.map_err(|error| match error {
                AppendError::Stopped(_) | AppendError::NoSegment(_) => Trouble::Failed(error.to_string()),
                AppendError::OutOfOrder { .. }
                | AppendError::Malformed { .. }
                | AppendError::Gap { .. }
                | AppendError::Released { .. }
                | AppendError::TooLarge { .. }
                | _ => unlawful(TAKES, self.node, error),
            }))?;
        }
        self.ledger.sync_begins();
        let DiskProfile { sync_min, sync_max, stall_per_mille, stall_max, .. } = self.profile;
        let mut takes = self.rng.duration(sync_min, sync_max);
        if self.rng.per_mille(stall_per_mille) {
            let stall = self.rng.duration(Duration::ZERO, stall_max);
            if self.faults.strike(
                Kind::Stall,
                Place::Node(self.node),
                format_args!("has a sync that takes {stall:?} longer"),
            ) {
                takes += stall;
            }
        }
        self.busy_until = now + takes;
        Ok(Some(self.busy_until))
    }

    /// Ends the sync: the writes that it made durable, oldest first.
    pub(crate) fn finish_sync(&mut self) -> Result<&[(WriteId, HardState)], Trouble> {
        self.arm();
        let synced = self.log().sync();
        let durable = self.judge(synced.map_err(|stopped| Trouble::Failed(stopped.to_string())))?;
        if Some(durable) != self.ledger.covered() {
            let covered = self.ledger.covered();
            return Err(unlawful(
                SAME,
                self.node,
                format_args!("{durable} is durable instead of {covered:?}"),
            ));
        }
        self.ledger.sync_ends();
        if self.ledger.is_clean() && self.rng.per_mille(self.profile.mark_per_mille) {
            let marked = self.log().mark();
            self.judge(marked.map_err(|stopped| Trouble::Failed(stopped.to_string())))?;
        }
        Ok(self.ledger.synced())
    }

    /// Reads the stored run that holds this entry, whole, and those that follow it in its term, up to so many bytes;
    /// `None` while writes wait that a reader must find.
    pub(crate) fn read(&mut self, index: Index, bytes_max: usize) -> Result<Option<Run>, Trouble> {
        if !self.queue.is_empty() {
            return Ok(None);
        }
        let read = self.log().read(index.get(), bytes_max);
        let runs = self.judge(read.map_err(|error| match error {
            ReadError::Disk(_) | ReadError::Stopped(_) => Trouble::Failed(error.to_string()),
            ReadError::Damaged(_) => self.refused(SOUND, error),
            ReadError::Released { .. } | ReadError::Beyond { .. } | _ => unlawful(SAME, self.node, error),
        }))?;
        let mut joined: Vec<Run> = Vec::with_capacity(runs.len());
        for StoredRun { run: found, live } in runs {
            let at = joined.last().map_or(index, |before| before.last().next());
            let wrong =
                |what: &dyn std::fmt::Debug| unlawful(SAME, self.node, format_args!("{what:?} at {at}"));
            match self.ledger.written().fetch(at) {
                Some(written) if is_same(written, &found) => {}
                _ => return Err(wrong(&found)),
            }
            let storage::Run { first, count, mark, body } = found;
            joined.push(
                Run::decode(Term::new(mark), Index::new(first), count, body)
                    .map_err(|error| wrong(&error))?,
            );
            if live < count {
                break; // what was overwritten may come along, but nothing behind it
            }
        }
        match Run::joined(&joined) {
            Some(run) => Ok(Some(run)),
            None => Err(unlawful(SAME, self.node, format_args!("nothing at {index}"))),
        }
    }

    /// Opens the log, as a process does that starts; the state machine has `applied` so much.
    pub(crate) fn open(&mut self, applied: Index) -> Result<Opened, Trouble> {
        self.queue.clear();
        self.medium().opened();
        self.arm();
        let options = self.options();
        let opened = Wal::open(self.medium.clone(), options);
        let (mut log, found) = self.judge(opened.map_err(|error| match error {
            OpenError::Disk(_) => Trouble::Failed(error.to_string()),
            OpenError::Damaged(_) => self.refused(SOUND, error),
            OpenError::Options(_)
            | OpenError::Locked { .. }
            | OpenError::OtherCluster { .. }
            | OpenError::OtherNode { .. }
            | OpenError::OtherVersion { .. }
            | _ => self.refused(TAKES, error),
        }))?;
        let read = if found.last == 0 { Ok(Vec::new()) } else { log.read(1, usize::MAX) };
        let runs = self.judge(read.map_err(|error| match error {
            ReadError::Disk(_) | ReadError::Stopped(_) => Trouble::Failed(error.to_string()),
            ReadError::Damaged(_) | ReadError::Released { .. } | ReadError::Beyond { .. } | _ => {
                unlawful(SAME, self.node, error)
            }
        }))?;
        let hard_state = match &found.state {
            None => Ok(HardState::default()),
            Some(state) => HardState::decode(state.as_bytes()),
        };
        let hard_state = hard_state.map_err(|error| unlawful(SAME, self.node, error))?;
        let survived = self.ledger.recovered(hard_state, &runs).ok_or_else(|| {
            let last = runs.last().map(|stored| (stored.run.mark, stored.run.last(), stored.live));
            unlawful(PREFIX, self.node, format_args!("it holds {hard_state:?} and ends with {last:?}"))
        })?;
        self.judge_summary(&found)?;
        self.log = Some(log);
        let runs = found.runs.iter().map(|run| RecoveredRun {
            first: Index::new(run.first),
            count: run.count,
            term: Term::new(run.mark),
        });
        let recovered = Recovered { hard_state, runs: runs.collect(), applied };
        Ok(Opened { recovered, survived, trimmed: found.trimmed.is_some() })
    }

    /// The process ends, maybe within a sync. What it wrote is still there for the next one.
    pub(crate) fn process_ends(&mut self) {
        if let Some(mut log) = self.log.take() {
            if self.ledger.is_syncing() && self.rng.per_mille(500) {
                let operations = self.rng.below(3);
                self.medium().power_for(operations);
                let _unheard = log.sync();
            }
        }
        let _none_left = self.medium().has_power_failed();
        self.ledger.sync_is_lost();
        self.queue.clear();
    }

    /// The power fails: of what was not synced the medium keeps what it likes.
    pub(crate) fn power_fails(&mut self) {
        self.process_ends();
        self.medium().crash();
    }

    /// Damages something at rest that the log can prove to be damaged; says what, if there was anything.
    pub(crate) fn damage(&mut self) -> Option<String> {
        self.medium().damage(self.log.is_some())
    }

    /// Takes away all faults; a sync under way ends by `latest`.
    pub(crate) fn heal(&mut self, latest: Instant) {
        self.busy_until = self.busy_until.min(latest);
        self.profile = DiskProfile { segment_bytes: self.profile.segment_bytes, ..DiskProfile::HEALTHY };
        self.medium().heal();
    }

    fn options(&mut self) -> Options {
        let segment_bytes = self.profile.segment_bytes;
        Options::new(1, self.node, self.rng.next_u64())
            .with_segment_bytes(segment_bytes)
            .with_record_bytes_max(Options::record_bytes_limit(segment_bytes))
    }

    fn log(&mut self) -> &mut Wal<Plug> {
        self.log.as_mut().expect("the log is open while the node is up")
    }

    /// Now and then the power will fail within the next few operations.
    fn arm(&mut self) {
        if self.rng.per_mille(self.profile.power_per_mille) {
            let operations = self.rng.below(12);
            self.medium().power_for(operations);
        }
    }

    /// What became of something that the log was asked for.
    fn judge<T>(&self, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
        let mut medium = self.medium();
        if medium.has_power_failed() {
            return Err(Trouble::Power);
        }
        if let Some(operation) = medium.offence() {
            return Err(unlawful(LOUD, self.node, format_args!("{operation} after a failure")));
        }
        match (outcome, medium.failed()) {
            (Ok(_), Some(operation)) => {
                Err(unlawful(LOUD, self.node, format_args!("it goes on after it could not {operation}")))
            }
            (outcome, _) => outcome,
        }
    }

    /// The log refuses what it finds: rightly, if it was damaged.
    fn refused(&self, law: &'static str, error: impl std::fmt::Display) -> Trouble {
        if self.medium().struck.damaged == 0 {
            return unlawful(law, self.node, error);
        }
        Trouble::Damaged(error.to_string())
    }

    /// The summary that a log gives when it is opened agrees with what it then reads.
    fn judge_summary(&self, found: &storage::Recovered) -> Result<(), Trouble> {
        let image = self.ledger.durable();
        let mut next = 1;
        for run in &found.runs {
            let end = run.first + u64::from(run.count);
            let term = Some(Term::new(run.mark));
            let same = [run.first, end - 1].iter().all(|index| image.term_at(Index::new(*index)) == term);
            if run.first != next || !same {
                return Err(unlawful(SAME, self.node, format_args!("{run:?} after {}", next - 1)));
            }
            next = end;
        }
        let last = image.last().index.get();
        if next - 1 == last && found.last == last {
            return Ok(());
        }
        Err(unlawful(
            SAME,
            self.node,
            format_args!("it says it ends with {}, and {last} is last", found.last),
        ))
    }
}

/// The core's write, in the words of the log.
fn stored(id: WriteId, write: &Write) -> storage::Write {
    let state = State::new(&write.hard_state.encode()).expect("a hard state has 26 bytes");
    let run = write.run.as_ref().map(|run| storage::Run {
        first: run.first().get(),
        count: run.count(),
        mark: run.term().get(),
        body: run.body().clone(),
    });
    storage::Write { id, state, run }
}

fn unlawful(law: &'static str, node: NodeId, what: impl std::fmt::Display) -> Trouble {
    Trouble::Unlawful(Violation { law, detail: format!("{node}: {what}") })
}

#[cfg(test)]
mod tests;
