//! Reading runs back.

use bytes::Bytes;
use std::{io, ops::Range};

use super::{JOINED_BYTES_MAX, Location, Wal, segments};
use crate::{
    Damage, Damaged, LiveRun, ReadError, Run, StoredRun,
    disk::{Disk, Operation, whole},
    format::{self, Content, Place, RunHeader},
};

/// What a read has gathered.
pub(super) struct Found {
    /// The next position that is wanted.
    pub(super) first: u64,
    /// Bytes that may still be taken.
    left: usize,
    pub(super) runs: Vec<StoredRun>,
    /// There was no room for another run.
    pub(super) full: bool,
}

impl Found {
    /// Nothing yet, of what begins with `first`.
    pub(super) const fn new(first: u64, bytes_max: usize) -> Self {
        Self { first, left: bytes_max, runs: Vec::new(), full: false }
    }

    /// Takes a run, of which the entries before `end` are live, if it holds what is wanted and there is room.
    fn take(&mut self, run: RunHeader, body_bytes: usize, end: u64, body: impl FnOnce() -> Bytes) {
        let RunHeader { first, count, mark } = run;
        let after = end.min(first.saturating_add(u64::from(count)));
        if after <= self.first {
            return;
        }
        let cost = Run::cost_of(body_bytes);
        self.full = !self.runs.is_empty() && cost > self.left;
        if self.full {
            return;
        }
        self.left = self.left.saturating_sub(cost);
        self.first = after;
        let live = u32::try_from(after - first).expect("no more than the run's count");
        self.runs.push(StoredRun { run: Run { first, count, mark, body: body() }, live });
    }
}

impl<D: Disk> Wal<D> {
    /// Reads joined runs, and takes those from `found.first` on while there is room for them.
    pub(super) fn read_runs(
        &mut self,
        live: LiveRun,
        location: Location,
        found: &mut Found,
    ) -> Result<(), ReadError> {
        let length = location.length as usize;
        // Neighbours are read into a buffer that stays, and of them the wanted ones are copied: a slice would keep them all
        // in memory. What is longer is one record, and is not copied.
        let joined = location.length <= JOINED_BYTES_MAX;
        let mut bytes = if joined { core::mem::take(&mut self.neighbours) } else { Vec::new() };
        if bytes.len() < length {
            bytes.resize(length, 0);
        }
        if let Err((operation, error)) = self.read_bytes(location, &mut bytes[..length]) {
            let name = segments::name(location.sequence);
            return Err(ReadError::Disk(self.disk_error(operation, &name, &error)));
        }
        if joined {
            let body = |at| Bytes::copy_from_slice(&bytes[at]);
            self.take_runs(live, location, &bytes[..length], body, found)?;
            self.neighbours = bytes;
            return Ok(());
        }
        let bytes = Bytes::from(bytes);
        self.take_runs(live, location, &bytes, |at| bytes.slice(at), found)
    }

    /// Takes from the records what is wanted; `body` makes a run's own bytes of a part of them.
    fn take_runs(
        &self,
        live: LiveRun,
        location: Location,
        records: &[u8],
        body: impl Fn(Range<usize>) -> Bytes,
        found: &mut Found,
    ) -> Result<(), ReadError> {
        let sealed = self.sealed.binary_search_by_key(&location.sequence, |sealed| sealed.sequence);
        let tag = sealed.map_or(self.active.tag, |place| self.sealed[place].tag);
        let (mut start, mut first) = (0, live.first);
        let end = live.first + u64::from(live.count);
        while first < end && !found.full {
            let offset = location.offset + start;
            let place = Place { sequence: location.sequence, tag, offset };
            let expected = |run: &RunHeader| run.first == first && run.mark == live.mark;
            let rest = &records[start as usize..];
            // What lies before is passed over at its own word: should that be false, what follows does not prove itself by its
            // checksum, its place and its position.
            let before = |run: &RunHeader| first.saturating_add(u64::from(run.count)) <= found.first;
            if let Some((run, length)) =
                format::claimed(rest, place).filter(|(run, _)| expected(run) && before(run))
            {
                start += length;
                first += u64::from(run.count);
                continue;
            }
            let Some((run, at, length)) = run_at(rest, place).filter(|(run, ..)| expected(run)) else {
                let file = segments::path(&self.disk, &segments::name(location.sequence));
                return Err(ReadError::Damaged(Damaged {
                    file,
                    offset: offset.into(),
                    damage: Damage::Record,
                }));
            };
            let at = start as usize + at.start..start as usize + at.end;
            start += length;
            first = first.saturating_add(u64::from(run.count));
            found.take(run, at.len(), end, || body(at));
        }
        Ok(())
    }

    fn read_bytes(&mut self, location: Location, bytes: &mut [u8]) -> Result<(), (Operation, io::Error)> {
        let Location { sequence, offset, .. } = location;
        let disk = &mut self.disk;
        if sequence == self.active.sequence {
            let read = whole::read_exact_at(disk, &self.active.file, bytes, offset.into());
            return read.map_err(|error| (Operation::Read, error));
        }
        let file = match self.reader.take().filter(|(open, _)| *open == sequence) {
            Some((_, file)) => file,
            None => whole::uninterrupted(|| disk.open(&segments::name(sequence)))
                .map_err(|error| (Operation::Open, error))?,
        };
        let read = whole::read_exact_at(disk, &file, bytes, offset.into());
        self.reader = Some((sequence, file));
        read.map_err(|error| (Operation::Read, error))
    }
}

/// The run at the start of the bytes, where its body is, and the length of its record.
fn run_at(bytes: &[u8], place: Place) -> Option<(RunHeader, Range<usize>, u32)> {
    let found = format::decode(bytes, place)?;
    match found.record.content {
        Content::Write(Some(run)) => {
            Some((run, found.body_start..found.body_start + found.body_bytes, found.length))
        }
        Content::Write(None) | Content::Mark { .. } => None,
    }
}
