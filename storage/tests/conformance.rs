//! The suite that third parties run, run over all stores of this crate.

use common::{Folder, open, options};
use storage::{
    LogStore, MemoryDisk, MemoryLog, RealDisk, Recovered, Stopped, StoredRun, Wal, Write,
    conformance::{self, Place},
};

mod common;

struct OverMemory(MemoryDisk);

impl Place for OverMemory {
    type Log<'a> = Wal<&'a mut MemoryDisk>;

    fn open(&mut self) -> (Wal<&mut MemoryDisk>, Recovered) {
        open(&mut self.0)
    }
}

struct OverFolder(Folder);

impl Place for OverFolder {
    type Log<'a> = Wal<RealDisk>;

    fn open(&mut self) -> (Wal<RealDisk>, Recovered) {
        open(RealDisk::new(self.0.path()))
    }
}

#[derive(Default)]
struct Model(MemoryLog);

impl Place for Model {
    type Log<'a> = &'a mut MemoryLog;

    fn open(&mut self) -> (&mut MemoryLog, Recovered) {
        let recovered = self.0.crash(usize::MAX);
        (&mut self.0, recovered)
    }
}

#[test]
fn wal_over_memory() {
    conformance::run(|| OverMemory(MemoryDisk::new())).expect("conforms");
}

#[test]
fn wal_over_a_folder() {
    conformance::run(|| OverFolder(Folder::new("conformance"))).expect("conforms");
}

#[test]
fn wal_over_memory_in_one_large_segment() {
    struct Large(MemoryDisk);
    impl Place for Large {
        type Log<'a> = Wal<&'a mut MemoryDisk>;

        fn open(&mut self) -> (Wal<&mut MemoryDisk>, Recovered) {
            Wal::open(&mut self.0, options().with_segment_bytes(1 << 20)).expect("opens")
        }
    }
    conformance::run(|| Large(MemoryDisk::new())).expect("conforms");
}

#[test]
fn memory_log() {
    conformance::run(Model::default).expect("conforms");
}

/// The suite must be able to fail: each of these stores breaks one rule.
#[test]
fn broken_stores_are_caught() {
    for (rule, check) in [
        (Broken::ForgetsState, "reads see what was appended"),
        (Broken::ForgetsLive, "a run overwrites from its first position on"),
        (Broken::ReadsWithoutBound, "reading is bounded, but gives at least one run"),
        (Broken::AcksNothing, "sync names the last write, and costs nothing twice"),
        (Broken::NeverReleases, "released positions are gone for good"),
    ] {
        let failed = conformance::run(|| BrokenPlace(rule, MemoryLog::new())).expect_err("caught");
        assert_eq!(failed.check, check, "{failed}");
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Broken {
    ForgetsState,
    ForgetsLive,
    ReadsWithoutBound,
    AcksNothing,
    NeverReleases,
}

struct BrokenPlace(Broken, MemoryLog);

impl Place for BrokenPlace {
    type Log<'a> = &'a mut Self;

    fn open(&mut self) -> (&mut Self, Recovered) {
        let recovered = self.1.crash(usize::MAX);
        (self, recovered)
    }
}

impl LogStore for BrokenPlace {
    fn append(&mut self, write: &Write) -> Result<(), storage::AppendError> {
        self.1.append(write)
    }

    fn sync(&mut self) -> Result<machine_core::WriteId, Stopped> {
        let id = self.1.sync()?;
        Ok(if self.0 == Broken::AcksNothing { machine_core::WriteId::NONE } else { id })
    }

    fn mark(&mut self) -> Result<(), Stopped> {
        self.1.mark()
    }

    fn read(&mut self, first: u64, bytes_max: usize) -> Result<Vec<StoredRun>, storage::ReadError> {
        let bytes_max = if self.0 == Broken::ReadsWithoutBound { usize::MAX } else { bytes_max };
        let mut runs = self.1.read(first, bytes_max)?;
        if self.0 == Broken::ForgetsLive {
            for stored in &mut runs {
                stored.live = stored.run.count;
            }
        }
        Ok(runs)
    }

    fn release(&mut self, up_to: u64) -> Result<(), storage::ReleaseError> {
        if self.0 == Broken::NeverReleases && up_to < u64::MAX { Ok(()) } else { self.1.release(up_to) }
    }

    fn state(&self) -> Option<storage::State> {
        self.1.state().filter(|_| self.0 != Broken::ForgetsState)
    }

    fn last(&self) -> u64 {
        self.1.last()
    }

    fn released(&self) -> u64 {
        self.1.released()
    }
}
