//! The medium under a node's log: a folder in memory, sector by sector, that fails as drawn.

use std::{
    io::{self, IoSlice},
    sync::{Arc, Mutex, MutexGuard},
};

use machine_core::Rng;
use storage::{
    Disk, Fate, MemoryDisk,
    disk::{DropDirty, MemoryFile, Operation, Pending},
};

use super::damage;
use crate::faults::{Faults, Kind, Place};

/// How often the operations of a medium fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MediumProfile {
    /// How many operations of 100,000 fail for good: EIO.
    pub(crate) broken_per_100k: u64,
    /// How many syncs of 100,000 fail, drop what was dirty, and leave it readable (Rebello et al., ATC 2020).
    pub(crate) sync_lost_per_100k: u64,
    /// How many new files of 1,000 find no room: ENOSPC.
    pub(crate) full_per_mille: u64,
    /// How many operations of 1,000 are interrupted before they begin: EINTR.
    pub(crate) interrupted_per_mille: u64,
    /// How many reads and writes of 1,000 do only a part.
    pub(crate) short_per_mille: u64,
    /// How many unsynced sectors of 1,000 a loss of power keeps; the rest are lost, torn, or as they were in between.
    pub(crate) kept_per_mille: u64,
}

impl MediumProfile {
    /// A medium on which nothing fails but the power.
    pub(crate) const HEALTHY: Self = Self {
        broken_per_100k: 0,
        sync_lost_per_100k: 0,
        full_per_mille: 0,
        interrupted_per_mille: 0,
        short_per_mille: 0,
        kept_per_mille: 500,
    };
}

/// Bytes of a sector.
const SECTOR_BYTES: usize = 512;

/// Interruptions in a row come to an end.
const INTERRUPTED_MAX: u32 = 3;

/// The medium of one node.
#[derive(Clone, Debug)]
pub(crate) struct Medium {
    disk: MemoryDisk,
    pub(crate) profile: MediumProfile,
    rng: Rng,
    /// Operations that are still carried out before the power fails.
    power: Option<u64>,
    /// An operation came after the power had failed.
    dark: bool,
    interrupted: u32,
    /// The first operation that failed for good since the log was opened.
    failed: Option<Operation>,
    /// What was done to the disk after that.
    offence: Option<Operation>,
    pub(crate) struck: Struck,
    place: Place,
    faults: Faults,
}

/// What faults did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Struck {
    /// Operations that failed for good.
    pub(crate) broken: u64,
    /// Syncs that failed and dropped what was dirty.
    pub(crate) syncs_lost: u64,
    /// New files for which there was no room.
    pub(crate) full: u64,
    /// Operations that were interrupted, reads and writes that did only a part.
    pub(crate) partial: u64,
    /// Sectors that a loss of power tore, lost or set back.
    pub(crate) sectors_lost: u64,
    /// Times that something at rest was damaged.
    pub(crate) damaged: u64,
}

impl Medium {
    pub(crate) fn new(profile: MediumProfile, rng: Rng, place: Place, faults: Faults) -> Self {
        Self {
            disk: MemoryDisk::new(),
            profile,
            rng,
            power: None,
            dark: false,
            interrupted: 0,
            failed: None,
            offence: None,
            struck: Struck::default(),
            place,
            faults,
        }
    }

    /// The power will fail after so many operations.
    pub(crate) const fn power_for(&mut self, operations: u64) {
        self.power = Some(operations);
    }

    /// The power does not fail any more within what is done; whether it has failed.
    pub(crate) fn has_power_failed(&mut self) -> bool {
        self.power = None;
        std::mem::take(&mut self.dark)
    }

    /// Another process opens the log: what an earlier one saw fail does not concern it.
    pub(crate) const fn opened(&mut self) {
        self.failed = None;
        self.offence = None;
    }

    /// The first write or sync that failed since the log was opened.
    pub(crate) const fn failed(&self) -> Option<Operation> {
        self.failed
    }

    /// What was written or synced after that.
    pub(crate) const fn offence(&self) -> Option<Operation> {
        self.offence
    }

    /// The power has failed: each sector and each change of the folder that was not synced is kept, lost or, for a
    /// sector, torn or as it was in between.
    pub(crate) fn crash(&mut self) {
        self.power = None;
        let Self { rng, profile, struck, faults, place, .. } = self;
        self.disk.crash(|pending| {
            if rng.per_mille(profile.kept_per_mille) {
                return Fate::Kept;
            }
            let fate = match pending {
                Pending::Sector { versions, .. } => match rng.below(4) {
                    0 => Fate::Torn(small(rng.below(SECTOR_BYTES as u64))),
                    1 => Fate::Older(small(rng.below(versions as u64))),
                    _ => Fate::Lost,
                },
                Pending::Length { .. } | Pending::Directory(_) => Fate::Lost,
            };
            if !faults.strike(Kind::Sector, *place, format_args!("finds {pending:?} {fate:?}")) {
                return Fate::Kept;
            }
            struck.sectors_lost += 1;
            fate
        });
    }

    /// Damages something at rest; says what, if there was anything. While the log is `open` only what is sealed, and
    /// while anything may still be lost, too: a crash could take the proof.
    pub(crate) fn damage(&mut self, open: bool) -> Option<String> {
        let spare_newest = open || self.disk.pending() > 0;
        let hit = damage::draw(&self.disk, spare_newest, &mut self.rng)?;
        if !self.strikes(Kind::Damage, format_args!("has its disk damaged: {hit}")) {
            return None;
        }
        let file = self.disk.open(&hit.file).ok()?;
        self.disk.write_at(&file, &[IoSlice::new(&hit.bytes)], hit.offset as u64).ok()?;
        self.disk.sync(&file).ok()?;
        self.struck.damaged += 1;
        Some(hit.to_string())
    }

    /// Nothing fails any more.
    pub(crate) const fn heal(&mut self) {
        self.profile = MediumProfile::HEALTHY;
        self.power = None;
    }

    /// What goes wrong with the operation.
    fn next(&mut self, operation: Operation) -> io::Result<Fault> {
        match self.power {
            None => {}
            Some(0) => {
                // Once dark, it stays dark.
                self.dark = self.dark
                    || self.strikes(Kind::Power, format_args!("stops before its log can {operation}"));
                if self.dark {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                self.power = None;
            }
            Some(left) => self.power = Some(left - 1),
        }
        if self.failed.is_some() && self.offence.is_none() && changes_bytes(operation) {
            self.offence = Some(operation);
        }
        if self.profile == MediumProfile::HEALTHY {
            return Ok(Fault::None);
        }
        self.draw(operation)
    }

    fn draw(&mut self, operation: Operation) -> io::Result<Fault> {
        let MediumProfile {
            broken_per_100k,
            sync_lost_per_100k,
            full_per_mille,
            interrupted_per_mille,
            short_per_mille,
            ..
        } = self.profile;
        let interrupted = self.interrupted < INTERRUPTED_MAX && self.rng.per_mille(interrupted_per_mille);
        if interrupted && self.strikes(Kind::Part, format_args!("is interrupted in {operation}")) {
            self.interrupted += 1;
            self.struck.partial += 1;
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.interrupted = 0;
        let needs_room = matches!(operation, Operation::Create | Operation::Allocate);
        if needs_room
            && self.rng.per_mille(full_per_mille)
            && self.strikes(Kind::Full, format_args!("has no room to {operation}"))
        {
            self.struck.full += 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        if operation == Operation::Sync
            && self.rng.below(100_000) < sync_lost_per_100k
            && self.strikes(Kind::Sync, format_args!("has a sync that fails and drops what was dirty"))
        {
            self.struck.syncs_lost += 1;
            self.failed.get_or_insert(operation);
            return Ok(Fault::Broken);
        }
        if self.rng.below(100_000) < broken_per_100k
            && self.strikes(Kind::Broken, format_args!("cannot {operation}"))
        {
            self.struck.broken += 1;
            if changes_bytes(operation) {
                self.failed.get_or_insert(operation);
            }
            return Ok(Fault::Broken);
        }
        let splits = matches!(operation, Operation::Read | Operation::Write);
        if splits
            && self.rng.per_mille(short_per_mille)
            && self.strikes(Kind::Part, format_args!("does only a part of a {operation}"))
        {
            self.struck.partial += 1;
            return Ok(Fault::Short);
        }
        Ok(Fault::None)
    }

    fn strikes(&self, kind: Kind, what: std::fmt::Arguments<'_>) -> bool {
        self.faults.strike(kind, self.place, what)
    }

    /// For operations that happen as a whole or not at all.
    fn whole<T>(
        &mut self,
        operation: Operation,
        act: impl FnOnce(&mut MemoryDisk) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.next(operation)? {
            Fault::None | Fault::Short => act(&mut self.disk),
            Fault::Broken => Err(broken()),
        }
    }

    /// At least one byte of so many.
    fn part(&mut self, bytes: usize) -> usize {
        1 + small(self.rng.below(bytes.saturating_sub(1) as u64))
    }

    fn write_part(&mut self, file: MemoryFile, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        let all: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        if all == 0 {
            return Ok(0);
        }
        let part = self.part(all);
        let mut bytes = Vec::with_capacity(part);
        for buffer in buffers {
            let left = part - bytes.len();
            bytes.extend_from_slice(&buffer[..left.min(buffer.len())]);
        }
        self.disk.write_at(&file, &[IoSlice::new(&bytes)], offset)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Broken,
    Short,
}

/// What a log must not do any more after it has failed.
const fn changes_bytes(operation: Operation) -> bool {
    matches!(operation, Operation::Write | Operation::Sync)
}

fn broken() -> io::Error {
    io::Error::other("the medium fails")
}

fn small(number: u64) -> usize {
    usize::try_from(number).expect("below the size of a buffer")
}

/// A medium to which a log is plugged in. It stays when the log goes.
#[derive(Clone, Debug)]
pub(crate) struct Plug(Arc<Mutex<Medium>>);

impl Plug {
    pub(crate) fn new(medium: Medium) -> Self {
        Self(Arc::new(Mutex::new(medium)))
    }

    /// The lock is never waited for: log and disk belong to one run, which one thread at a time plays.
    pub(crate) fn medium(&self) -> MutexGuard<'_, Medium> {
        self.0.lock().expect("a run ends with its first panic")
    }
}

impl Disk for Plug {
    type File = MemoryFile;

    fn place(&self) -> String {
        "disk".to_owned()
    }

    fn lock(&mut self) -> io::Result<()> {
        self.medium().whole(Operation::Lock, MemoryDisk::lock)
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        self.medium().whole(Operation::List, MemoryDisk::list)
    }

    fn create(&mut self, name: &str) -> io::Result<MemoryFile> {
        self.medium().whole(Operation::Create, |disk| disk.create(name))
    }

    fn open(&mut self, name: &str) -> io::Result<MemoryFile> {
        self.medium().whole(Operation::Open, |disk| disk.open(name))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.medium().whole(Operation::Rename, |disk| disk.rename(from, to))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.medium().whole(Operation::Remove, |disk| disk.remove(name))
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        self.medium().whole(Operation::SyncDir, MemoryDisk::sync_dir)
    }

    fn length(&mut self, file: &MemoryFile) -> io::Result<u64> {
        self.medium().whole(Operation::Length, |disk| disk.length(file))
    }

    fn allocate(&mut self, file: &MemoryFile, bytes: u64) -> io::Result<()> {
        self.medium().whole(Operation::Allocate, |disk| disk.allocate(file, bytes))
    }

    fn read_at(&mut self, file: &MemoryFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut medium = self.medium();
        match medium.next(Operation::Read)? {
            Fault::None => medium.disk.read_at(file, buffer, offset),
            Fault::Short if buffer.is_empty() => Ok(0),
            Fault::Short => {
                let part = medium.part(buffer.len());
                medium.disk.read_at(file, &mut buffer[..part], offset)
            }
            Fault::Broken => Err(broken()),
        }
    }

    fn write_at(&mut self, file: &MemoryFile, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        let mut medium = self.medium();
        match medium.next(Operation::Write)? {
            Fault::None => medium.disk.write_at(file, buffers, offset),
            Fault::Short => medium.write_part(*file, buffers, offset),
            Fault::Broken => {
                medium.write_part(*file, buffers, offset)?;
                Err(broken())
            }
        }
    }

    fn sync(&mut self, file: &MemoryFile) -> io::Result<()> {
        let mut medium = self.medium();
        match medium.next(Operation::Sync)? {
            Fault::None | Fault::Short => medium.disk.sync(file),
            Fault::Broken => {
                medium.disk.drop_dirty(file);
                Err(broken())
            }
        }
    }
}

#[cfg(test)]
mod tests;
