use machine_core::WriteId;
use std::{
    collections::VecDeque,
    io::{self, IoSlice},
};

use crate::{
    AppendError, DiskError, LiveRun, LogStore, Options, ReadError, ReleaseError, Run, State, Stopped,
    StoredRun, Write,
    disk::{Disk, Operation, whole},
    format::{self, Content, MARK_BYTES_MAX, Place, Record, RunHeader, SEGMENT_HEADER_BYTES, SegmentHeader},
    index::Index,
};

mod open;
mod read;
mod segments;

use read::Found;
use segments::NewSegment;

/// A write-ahead log in a folder of segment files: the [`LogStore`] that survives a crash.
///
/// Records are appended to the newest segment with a checksum over their content and their place. When it is full, it
/// is synced and the next one begins, so that only the newest segment can hold anything that is not durable. Each
/// record tells up to where the log was durable when it was written. From that, [`Wal::open`] can tell a *torn end*,
/// which a crash leaves and which is trimmed, from *damage* to something durable, which is reported and never trimmed.
/// `docs/wal-format.md` has the bytes, the invariants and the reasons.
///
/// # Memory
///
/// An index item of 48 bytes for every live run, where neighbours of the same mark share one, up to 16 KiB of records; 16
/// bytes for every segment; nothing that grows with the bytes stored. Opening reads one segment at a time. Two files are
/// open at most, and the lock.
///
/// # Costs
///
/// [`append`](LogStore::append): a record above 4 KiB is one vectored write of header and body, without a copy of the
/// body; smaller ones are gathered, 64 KiB at most, since a system call costs more than their copy. No allocation but
/// the index's growth. [`sync`](LogStore::sync): at most one write and one `fdatasync`, however many writes were
/// appended. Ahead of the records zeros are written, 256 KiB at a time, so that a sync has no allocation of the file
/// system to make durable as well. The example `cost` measures all that on a disk of yours.
#[derive(Debug)]
pub struct Wal<D: Disk> {
    disk: D,
    options: Options,
    generation: u32,
    /// There was no generation left for this opening.
    generations_used_up: bool,
    active: Active<D::File>,
    /// The segments before the active one, oldest first.
    sealed: VecDeque<Sealed>,
    /// Names of files that the next segments can be made of.
    spares: Vec<String>,
    /// The sealed segment that was read last.
    reader: Option<(u64, D::File)>,
    /// What neighbouring records are read into.
    neighbours: Vec<u8>,
    /// The last records, if they are small: not written yet, to be written with one call.
    buffer: Vec<u8>,
    index: Index<Location>,
    state: Option<State>,
    appended: WriteId,
    durable: WriteId,
    stopped: Option<Stopped>,
}

/// The segment that is written.
#[derive(Clone, Debug)]
struct Active<F> {
    file: F,
    sequence: u64,
    tag: u64,
    /// Its size.
    bytes: u32,
    /// Where the next record begins.
    end: u32,
    /// Everything before it is durable.
    durable_end: u32,
    /// The highest watermark that a record in this segment carries: what is durable before it can be proven.
    proven_end: u32,
    /// Where the last record that is not a mark ends.
    write_end: u32,
    /// Up to here the file system has really written blocks, not only reserved ones.
    written_end: u32,
}

/// A segment before the active one.
#[derive(Clone, Copy, Debug)]
struct Sealed {
    sequence: u64,
    tag: u64,
}

/// Where a run, or several that follow each other, are stored.
#[derive(Clone, Copy, Debug)]
struct Location {
    sequence: u64,
    offset: u32,
    /// Bytes of all its records.
    length: u32,
    /// Entries of all its records, live or not.
    entries: u32,
}

/// Up to so many bytes of neighbouring records share an item of the index: what is read to find one of them.
const JOINED_BYTES_MAX: u32 = 16 << 10;

/// Zeros to write ahead of the records.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
/// How many times [`ZEROS`] are written at once: 256 KiB, which no sync notices, and rarely enough.
const ZEROS_AT_ONCE: usize = 4;
/// Records up to this size are copied and gathered; in small segments, up to a sixteenth of one.
const GATHERED_BYTES_MAX: u32 = 4 << 10;
/// So much is gathered; in small segments, up to a quarter of one.
const BUFFER_BYTES: u32 = 64 << 10;

impl<D: Disk> LogStore for Wal<D> {
    fn append(&mut self, write: &Write) -> Result<(), AppendError> {
        self.going()?;
        let length = self.admit(write)?;
        if !self.active.has_room(length, MARK_BYTES_MAX) {
            self.rotate(self.index.released(), self.oldest())?;
        }
        let run = write.run.as_ref();
        let content =
            Content::Write(run.map(|run| RunHeader { first: run.first, count: run.count, mark: run.mark }));
        let body = run.map_or(&[][..], |run| &run.body);
        let offset = self.write_record(write.id, Some(write.state), content, body, length)?;
        self.active.write_end = self.active.end;
        self.appended = write.id;
        self.state = Some(write.state);
        if let Some(run) = run {
            let location = Location { sequence: self.active.sequence, offset, length, entries: run.count };
            location.add_to(&mut self.index, LiveRun { first: run.first, count: run.count, mark: run.mark });
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<WriteId, Stopped> {
        self.going()?;
        if self.active.durable_end < self.active.end {
            self.flush()?;
            if let Err(error) = whole::uninterrupted(|| self.disk.sync(&self.active.file)) {
                return Err(self.stop(Operation::Sync, self.active.sequence, &error));
            }
            self.active.durable_end = self.active.end;
            self.durable = self.appended;
        }
        Ok(self.durable)
    }

    fn mark(&mut self) -> Result<(), Stopped> {
        self.going()?;
        let Active { durable_end, proven_end, write_end, .. } = self.active;
        let news = proven_end < durable_end.min(write_end);
        let length = self.mark_bytes();
        if news && self.active.has_room(length, 0) {
            self.write_mark(self.index.released(), self.oldest())?;
            self.flush()?;
        }
        Ok(())
    }

    fn read(&mut self, first: u64, bytes_max: usize) -> Result<Vec<StoredRun>, ReadError> {
        self.going().and_then(|()| self.flush()).map_err(ReadError::Stopped)?;
        let mut found = Found::new(first, bytes_max);
        while !found.full && (found.first <= self.index.last() || found.runs.is_empty()) {
            let joined = self.index.from(found.first)?.next().copied();
            let (live, location) =
                joined.expect("every position that is neither released nor beyond the last is held");
            self.read_runs(live, location, &mut found)?;
        }
        Ok(found.runs)
    }

    fn release(&mut self, up_to: u64) -> Result<(), ReleaseError> {
        self.going()?;
        if up_to == u64::MAX {
            return Err(ReleaseError::Malformed);
        }
        if up_to <= self.index.released() {
            return Ok(());
        }
        if self.is_used_up() {
            return Err(ReleaseError::UsedUp);
        }
        let kept = self.index.iter().find(|(live, _)| live.first + u64::from(live.count) - 1 > up_to);
        let oldest = kept.map_or(self.active.sequence, |(_, location)| location.sequence);
        if self.active.has_room(self.mark_bytes(), 0) {
            // Synced before, so that this mark is proof of everything before it.
            self.sync()?;
            self.write_mark(up_to, oldest)?;
            self.sync()?;
        } else {
            // The header of the next segment says it too.
            self.rotate(up_to, oldest)?;
        }
        self.index.release(up_to);
        self.recycle(oldest).map_err(ReleaseError::Stopped)
    }

    fn state(&self) -> Option<State> {
        self.state
    }

    fn last(&self) -> u64 {
        self.index.last()
    }

    fn released(&self) -> u64 {
        self.index.released()
    }
}

impl<D: Disk> Wal<D> {
    /// Syncs what was appended, leaves proof of it, syncs that, and lets go of the folder.
    ///
    /// A log that is dropped instead loses nothing that was synced; see [`LogStore::mark`] for what it lacks.
    ///
    /// # Errors
    ///
    /// [`Stopped`]: a write or sync failed, now or earlier.
    pub fn close(mut self) -> Result<(), Stopped> {
        self.sync()?;
        self.mark()?;
        self.sync()?;
        Ok(())
    }

    /// The disk under the log.
    pub const fn disk(&self) -> &D {
        &self.disk
    }

    /// The disk under the log, for a simulator that changes its faults. Changing its files breaks the log.
    pub const fn disk_mut(&mut self) -> &mut D {
        &mut self.disk
    }

    /// Lets go of the log as a crash would, without a last word to the disk.
    #[must_use]
    pub fn into_disk(self) -> D {
        self.disk
    }

    /// Counts the openings of this log, this one included.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Segment files that are part of the log, the one being written included.
    pub fn segments(&self) -> usize {
        self.sealed.len() + 1
    }

    fn going(&self) -> Result<(), Stopped> {
        self.stopped.clone().map_or(Ok(()), Err)
    }

    /// Stops for good.
    fn stop(&mut self, operation: Operation, sequence: u64, error: &io::Error) -> Stopped {
        let cause = self.disk_error(operation, &segments::name(sequence), error);
        self.stop_for(cause)
    }

    fn stop_for(&mut self, cause: DiskError) -> Stopped {
        let stopped = Stopped { cause };
        self.stopped = Some(stopped.clone());
        stopped
    }

    fn disk_error(&self, operation: Operation, name: &str, error: &io::Error) -> DiskError {
        DiskError::new(operation, segments::path(&self.disk, name), error)
    }

    /// Only files made by hand lead here. What was written from here on, in a generation that is not new or in a
    /// segment without a number, would be acknowledged and never be opened again.
    const fn is_used_up(&self) -> bool {
        self.generations_used_up || self.active.sequence >= format::SEQUENCE_MAX
    }

    fn oldest(&self) -> u64 {
        self.sealed.front().map_or(self.active.sequence, |sealed| sealed.sequence)
    }

    /// Judges a write before anything changes; returns the bytes of its record.
    fn admit(&self, write: &Write) -> Result<u32, AppendError> {
        if self.is_used_up() {
            return Err(AppendError::UsedUp);
        }
        if write.id <= self.appended {
            return Err(AppendError::OutOfOrder { id: write.id, last: self.appended });
        }
        let run = write.run.as_ref();
        if let Some(run) = run {
            admit_run(&self.index, run)?;
        }
        let bytes = format::record_bytes(Some(write.state), run.map_or(0, |run| run.body.len()));
        let bytes_max = u64::from(self.options.record_bytes_max);
        let too_large = AppendError::TooLarge { bytes, bytes_max };
        u32::try_from(bytes).ok().filter(|_| bytes <= bytes_max).ok_or(too_large)
    }

    fn mark_bytes(&self) -> u32 {
        u32::try_from(format::record_bytes(self.state, 0)).expect("a mark has at most 128 bytes")
    }

    fn write_mark(&mut self, released: u64, oldest: u64) -> Result<(), Stopped> {
        let length = self.mark_bytes();
        self.write_record(self.appended, self.state, Content::Mark { released, oldest }, &[], length)?;
        Ok(())
    }

    /// Puts one record at the end of the active segment, which has room for it; returns its offset.
    fn write_record(
        &mut self,
        id: WriteId,
        state: Option<State>,
        content: Content,
        body: &[u8],
        length: u32,
    ) -> Result<u32, Stopped> {
        let Active { sequence, tag, end: offset, durable_end: durable, bytes: segment_bytes, .. } =
            self.active;
        let record = Record { durable, generation: self.generation, id, state, content };
        let head = record.encode(Place { sequence, tag, offset }, length, body);
        let padding = &ZEROS[..format::padding(head.as_bytes().len() + body.len())];
        let gathered = self.buffer.len() + length as usize;
        if length <= GATHERED_BYTES_MAX.min(segment_bytes / 16)
            && gathered <= BUFFER_BYTES.min(segment_bytes / 4) as usize
        {
            for part in [head.as_bytes(), body, padding] {
                self.buffer.extend_from_slice(part);
            }
        } else {
            self.write_behind(offset, [head.as_bytes(), body, padding])?;
        }
        self.active.end = offset + length;
        self.active.proven_end = durable;
        Ok(offset)
    }

    /// Writes what was gathered.
    fn flush(&mut self) -> Result<(), Stopped> {
        if self.buffer.is_empty() { Ok(()) } else { self.write_behind(self.active.end, [&[]; 3]) }
    }

    /// Writes what was gathered up to `offset`, behind it the parts of a record, and zeros ahead.
    fn write_behind(&mut self, offset: u32, parts: [&[u8]; 3]) -> Result<(), Stopped> {
        let bytes = |parts: &[&[u8]]| {
            let sum = parts.iter().map(|part| part.len()).sum::<usize>();
            u32::try_from(sum).expect("no more than a segment, at most 1 GiB")
        };
        let start = offset - bytes(&[&self.buffer]);
        let end = offset + bytes(&parts);
        let ahead = self.zeros_ahead(end);
        let mut buffers = [IoSlice::new(&[]); 4 + ZEROS_AT_ONCE];
        let parts = core::iter::once(self.buffer.as_slice()).chain(parts).chain(zeros(ahead));
        for (buffer, part) in buffers.iter_mut().zip(parts) {
            *buffer = IoSlice::new(part);
        }
        if let Err(error) = whole::write_all_at(&mut self.disk, &self.active.file, &mut buffers, start.into())
        {
            return Err(self.stop(Operation::Write, self.active.sequence, &error));
        }
        self.buffer.clear();
        self.active.written_end = self.active.written_end.max(end + ahead);
        Ok(())
    }

    /// How many zeros to write after a record that ends there: none while it ends where blocks are written already.
    fn zeros_ahead(&self, end: u32) -> u32 {
        if end <= self.active.written_end {
            return 0;
        }
        let most = u32::try_from(ZEROS.len() * ZEROS_AT_ONCE).expect("256 KiB");
        most.min(self.active.bytes - end)
    }

    /// Ends the active segment and begins the next one, whose header says what is released and which segment is the
    /// oldest. Everything appended is durable then.
    fn rotate(&mut self, released: u64, oldest: u64) -> Result<(), NewSegment> {
        self.sync()?;
        let sequence = self.active.sequence + 1;
        let header = SegmentHeader {
            cluster: self.options.cluster,
            node: self.options.node,
            sequence,
            tag: format::tag(self.options.seed, sequence),
            segment_bytes: self.options.segment_bytes,
            generation: self.generation,
            previous_end: self.active.end,
            oldest,
            released,
            last: self.index.last().max(released),
            reused: !self.spares.is_empty(),
            state: self.state,
        };
        let spare = self.spares.last().map(String::as_str);
        let active = match segments::begin(&mut self.disk, &header, spare) {
            Ok(active) => active,
            Err(NewSegment::Stopped(Stopped { cause })) => {
                return Err(NewSegment::Stopped(self.stop_for(cause)));
            }
            Err(no_room @ NewSegment::NoRoom(_)) => return Err(no_room),
        };
        self.spares.pop();
        self.sealed.push_back(Sealed { sequence: self.active.sequence, tag: self.active.tag });
        self.active = active;
        Ok(())
    }

    /// Takes the segments before `oldest` out of the log: some become spares, the rest are removed.
    fn recycle(&mut self, oldest: u64) -> Result<(), Stopped> {
        let first = self.oldest();
        if first >= oldest {
            return Ok(());
        }
        self.reader = None;
        while self.sealed.front().is_some_and(|sealed| sealed.sequence < oldest) {
            self.sealed.pop_front();
        }
        let released = first..oldest;
        segments::recycle(&mut self.disk, released, &self.options, &mut self.spares)
            .map_err(|cause| self.stop_for(cause))
    }
}

impl Location {
    /// Adds a run that is stored here to the index. It shares the item of the one before it in the file when nothing of
    /// that one is overwritten: an item's records are then exactly its runs, without a gap.
    fn add_to(self, index: &mut Index<Self>, run: LiveRun) {
        index.push(run, self, |live, before| {
            let behind = before.sequence == self.sequence && before.offset + before.length == self.offset;
            let joined = behind && before.entries == live && before.length + self.length <= JOINED_BYTES_MAX;
            if joined {
                before.length += self.length;
                before.entries += self.entries;
            }
            joined
        });
    }
}

impl<F> Active<F> {
    /// Whether a record of so many bytes fits, and leaves `reserve` bytes.
    const fn has_room(&self, length: u32, reserve: u32) -> bool {
        self.end as u64 + length as u64 + reserve as u64 <= self.bytes as u64
    }

    /// A segment that holds its header and nothing else, all of it durable.
    const fn empty(file: F, header: &SegmentHeader) -> Self {
        let end = SEGMENT_HEADER_BYTES;
        Self {
            file,
            sequence: header.sequence,
            tag: header.tag,
            bytes: header.segment_bytes,
            end,
            durable_end: end,
            proven_end: end,
            write_end: end,
            written_end: if header.reused { header.segment_bytes } else { end },
        }
    }
}

/// Whether a run may be appended to what is indexed.
pub(crate) fn admit_run<T>(index: &Index<T>, run: &Run) -> Result<(), AppendError> {
    let Run { first, count, .. } = *run;
    if !run.is_sound() {
        return Err(AppendError::Malformed { first, count });
    }
    if first <= index.released() {
        return Err(AppendError::Released { first, released: index.released() });
    }
    if !index.admits(first) {
        return Err(AppendError::Gap { first, last: index.last() });
    }
    Ok(())
}

/// So many zeros, in pieces.
fn zeros<'a>(mut count: u32) -> impl Iterator<Item = &'a [u8]> {
    core::iter::from_fn(move || {
        let piece = ZEROS.get(..count as usize).unwrap_or(&ZEROS);
        count -= u32::try_from(piece.len()).expect("at most 64 KiB");
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests;
