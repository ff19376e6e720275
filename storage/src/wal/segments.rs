//! The files of a log: their names, their making and their second use.

use std::{io, io::IoSlice};

use super::Active;
use crate::{
    AppendError, DiskError, Options, ReleaseError, Stopped,
    disk::{Disk, Operation, whole},
    format::SegmentHeader,
};

/// A file's name: digits and what it is.
const SEGMENT: &str = ".wal";
/// A file that was a segment, is as large as one, and waits to be one again.
const SPARE: &str = ".spare";
/// A file that is being made.
const UNFINISHED: &str = ".new";

/// Why there is no new segment.
#[derive(Debug)]
pub(super) enum NewSegment {
    /// The log has stopped, by this or before.
    Stopped(Stopped),
    /// No file could be made, or not reserved whole. Nothing has changed.
    NoRoom(DiskError),
}

impl From<Stopped> for NewSegment {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl From<NewSegment> for AppendError {
    fn from(error: NewSegment) -> Self {
        match error {
            NewSegment::Stopped(stopped) => Self::Stopped(stopped),
            NewSegment::NoRoom(error) => Self::NoSegment(error),
        }
    }
}

impl From<NewSegment> for ReleaseError {
    fn from(error: NewSegment) -> Self {
        match error {
            NewSegment::Stopped(stopped) => Self::Stopped(stopped),
            NewSegment::NoRoom(error) => Self::NoSegment(error),
        }
    }
}

/// The name of this segment.
pub(super) fn name(sequence: u64) -> String {
    named(sequence, SEGMENT)
}

/// A file with its folder.
pub(super) fn path<D: Disk>(disk: &D, name: &str) -> String {
    format!("{}/{name}", disk.place())
}

/// Our files in a folder.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Sequence numbers of the segments, ascending.
    pub(super) segments: Vec<u64>,
    /// Names of the spares, in order.
    pub(super) spares: Vec<String>,
    /// Names of what was never finished.
    pub(super) unfinished: Vec<String>,
}

impl Survey {
    /// Sorts out the names; files of others are left alone.
    pub(super) fn new(mut names: Vec<String>) -> Self {
        names.sort_unstable();
        let mut survey = Self::default();
        for name in names {
            if let Some(sequence) = sequence(&name, SEGMENT) {
                survey.segments.push(sequence);
            } else if sequence(&name, SPARE).is_some() {
                survey.spares.push(name);
            } else if sequence(&name, UNFINISHED).is_some() {
                survey.unfinished.push(name);
            }
        }
        survey.segments.sort_unstable();
        survey
    }
}

/// Makes a segment durable, with its header and its name, before any record can be written to it: of the spare if
/// there is one, or else of a new file.
///
/// The order matters: a file that bears a segment's name always has that segment's header, whenever the power fails.
pub(super) fn begin<D: Disk>(
    disk: &mut D,
    header: &SegmentHeader,
    spare: Option<&str>,
) -> Result<Active<D::File>, NewSegment> {
    let unfinished = named(header.sequence, UNFINISHED);
    let (from, file) = match spare {
        Some(spare) => {
            let file = whole::uninterrupted(|| disk.open(spare));
            (spare, file.map_err(|error| stopped(disk, Operation::Open, spare, &error))?)
        }
        None => (unfinished.as_str(), create(disk, &unfinished, header.segment_bytes)?),
    };
    let bytes = header.encode();
    whole::write_all_at(disk, &file, &mut [IoSlice::new(&bytes)], 0)
        .map_err(|error| stopped(disk, Operation::Write, from, &error))?;
    whole::uninterrupted(|| disk.sync(&file))
        .map_err(|error| stopped(disk, Operation::Sync, from, &error))?;
    let to = name(header.sequence);
    whole::uninterrupted(|| disk.rename(from, &to))
        .map_err(|error| stopped(disk, Operation::Rename, from, &error))?;
    whole::uninterrupted(|| disk.sync_dir())
        .map_err(|error| stopped(disk, Operation::SyncDir, &to, &error))?;
    Ok(Active::empty(file, header))
}

/// Takes segments out of the log, oldest first: they become spares while there are too few, or are removed.
pub(super) fn recycle<D: Disk>(
    disk: &mut D,
    released: impl Iterator<Item = u64>,
    options: &Options,
    spares: &mut Vec<String>,
) -> Result<(), DiskError> {
    for sequence in released {
        let from = name(sequence);
        let room = spares.len() < options.spares_max as usize;
        if room && length(disk, &from)? == u64::from(options.segment_bytes) {
            let to = named(sequence, SPARE);
            whole::uninterrupted(|| disk.rename(&from, &to)).map_err(at(disk, Operation::Rename, &from))?;
            spares.push(to);
        } else {
            remove(disk, &from)?;
        }
    }
    sync_dir(disk)
}

pub(super) fn length<D: Disk>(disk: &mut D, name: &str) -> Result<u64, DiskError> {
    let file = whole::uninterrupted(|| disk.open(name)).map_err(at(disk, Operation::Open, name))?;
    whole::uninterrupted(|| disk.length(&file)).map_err(at(disk, Operation::Length, name))
}

pub(super) fn remove<D: Disk>(disk: &mut D, name: &str) -> Result<(), DiskError> {
    whole::uninterrupted(|| disk.remove(name)).map_err(at(disk, Operation::Remove, name))
}

pub(super) fn sync_dir<D: Disk>(disk: &mut D) -> Result<(), DiskError> {
    let place = disk.place();
    whole::uninterrupted(|| disk.sync_dir())
        .map_err(|error| DiskError::new(Operation::SyncDir, place, &error))
}

/// What to make of an error of this operation on this file.
pub(super) fn at<D: Disk>(
    disk: &D,
    operation: Operation,
    name: &str,
) -> impl FnOnce(io::Error) -> DiskError + use<D> {
    let path = path(disk, name);
    move |error| DiskError::new(operation, path, &error)
}

/// A new file with all its space reserved. When there is no room for it, nothing is left behind.
fn create<D: Disk>(disk: &mut D, name: &str, bytes: u32) -> Result<D::File, NewSegment> {
    let created = match whole::uninterrupted(|| disk.create(name)) {
        // Left behind when there was no room for it, and when it could not be removed either.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            whole::uninterrupted(|| disk.remove(name))
                .and_then(|()| whole::uninterrupted(|| disk.create(name)))
        }
        created => created,
    };
    let file = created.map_err(|error| NewSegment::NoRoom(at(disk, Operation::Create, name)(error)))?;
    match whole::uninterrupted(|| disk.allocate(&file, bytes.into())) {
        Ok(()) => Ok(file),
        Err(error) => {
            drop(file);
            // Best effort: what stays is removed at the next attempt, or when the log is opened.
            let _kept = whole::uninterrupted(|| disk.remove(name));
            Err(NewSegment::NoRoom(at(disk, Operation::Allocate, name)(error)))
        }
    }
}

fn stopped<D: Disk>(disk: &D, operation: Operation, name: &str, error: &io::Error) -> NewSegment {
    NewSegment::Stopped(Stopped { cause: DiskError::new(operation, path(disk, name), error) })
}

fn named(sequence: u64, kind: &str) -> String {
    format!("{sequence:012}{kind}")
}

/// The number in a name that we would give.
fn sequence(name: &str, kind: &str) -> Option<u64> {
    let sequence = name.strip_suffix(kind)?.parse().ok()?;
    (sequence > 0 && named(sequence, kind) == name).then_some(sequence)
}
