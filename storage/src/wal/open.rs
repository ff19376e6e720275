//! Opening a folder: recovery.

use machine_core::WriteId;
use std::{
    collections::VecDeque,
    io::{self, IoSlice},
};

use super::{
    Active, Location, Sealed, Wal,
    segments::{self, NewSegment, Survey},
};
use crate::{
    Damage, Damaged, LiveRun, OpenError, Options, Recovered, State, Stopped, Trimmed,
    disk::{Disk, Operation, whole},
    format::{self, Content, Found, HeaderError, SEGMENT_HEADER_BYTES, SegmentHeader},
    index::Index,
    log::LogStore,
    scan::{self, Beyond, Chain},
};

impl<D: Disk> Wal<D> {
    /// Opens the log in a folder, or begins one in an empty folder, which is made if it is missing.
    ///
    /// What a crash left in part at the end is trimmed and reported in [`Recovered::trimmed`]. Everything in
    /// [`Recovered`] is durable: what is not proven to be is written and synced once more before it is handed out, since
    /// a process that died may have read its own unsynced writes back from the page cache.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; nothing durable has changed, and the disk is let go of. Pass `&mut disk` to keep it.
    pub fn open(mut disk: D, options: Options) -> Result<(Self, Recovered), OpenError> {
        options.check().map_err(OpenError::Options)?;
        whole::uninterrupted(|| disk.lock()).map_err(|error| {
            let locked = error.kind() == io::ErrorKind::WouldBlock;
            if locked {
                OpenError::Locked { folder: disk.place() }
            } else {
                failed(&disk, Operation::Lock, &error)
            }
        })?;
        let names =
            whole::uninterrupted(|| disk.list()).map_err(|error| failed(&disk, Operation::List, &error))?;
        let survey = Survey::new(names);
        if survey.segments.is_empty() {
            return Self::found(disk, options, &survey);
        }
        Self::recover(disk, options, survey)
    }

    /// The first opening.
    fn found(mut disk: D, options: Options, survey: &Survey) -> Result<(Self, Recovered), OpenError> {
        if !survey.spares.is_empty() {
            // Spares come from segments, and the newest segment is never given up.
            let file = segments::path(&disk, "*.wal");
            return Err(Damaged { file, offset: 0, damage: Damage::Missing }.into());
        }
        for name in &survey.unfinished {
            segments::remove(&mut disk, name)?;
        }
        let header = SegmentHeader {
            cluster: options.cluster,
            node: options.node,
            sequence: 1,
            tag: format::tag(options.seed, 1),
            segment_bytes: options.segment_bytes,
            generation: 1,
            previous_end: 0,
            oldest: 1,
            released: 0,
            last: 0,
            reused: false,
            state: None,
        };
        let active = segments::begin(&mut disk, &header, None).map_err(|error| match error {
            NewSegment::Stopped(Stopped { cause }) | NewSegment::NoRoom(cause) => OpenError::Disk(cause),
        })?;
        let wal = Self {
            disk,
            options,
            generation: 1,
            generations_used_up: false,
            active,
            sealed: VecDeque::new(),
            spares: Vec::new(),
            reader: None,
            neighbours: Vec::new(),
            buffer: Vec::new(),
            index: Index::new(0, 0),
            state: None,
            appended: WriteId::NONE,
            durable: WriteId::NONE,
            stopped: None,
        };
        Ok((wal, Recovered::default()))
    }

    fn recover(mut disk: D, options: Options, survey: Survey) -> Result<(Self, Recovered), OpenError> {
        let mut reading = Reading { disk: &mut disk, options: &options, bytes: Vec::new() };
        let newest = *survey.segments.last().expect("the caller saw a segment");
        let (file, header) = reading.header(newest)?;
        let oldest = reading.oldest(&file, &header)?;
        let present = survey.segments.partition_point(|sequence| *sequence < oldest);
        let (released, live) = survey.segments.split_at(present);
        let mut replay = reading.replay(oldest, newest, live)?;
        let end = reading.newest(&file, &header, &mut replay)?;
        let trimmed = end.trimmed(&disk, &header);
        let mut spares = survey.spares;
        tidy(&mut disk, &options, released, &survey.unfinished, &mut spares)?;
        let active = Active {
            file,
            sequence: newest,
            tag: header.tag,
            bytes: header.segment_bytes,
            end: end.end,
            durable_end: end.end,
            proven_end: end.proven,
            write_end: replay.write_end,
            written_end: if header.reused { header.segment_bytes } else { end.end },
        };
        let mut wal = Self {
            disk,
            options,
            generation: end.beyond.generation.saturating_add(1),
            generations_used_up: end.beyond.generation == u32::MAX,
            active,
            sealed: replay.sealed,
            spares,
            reader: None,
            neighbours: Vec::new(),
            buffer: Vec::new(),
            index: replay.index,
            state: replay.state,
            appended: WriteId::NONE,
            durable: WriteId::NONE,
            stopped: None,
        };
        wal.mark().map_err(|Stopped { cause }| OpenError::Disk(cause))?;
        let recovered = Recovered {
            state: wal.state,
            runs: wal.index.iter().map(|(live, _)| *live).collect(),
            last: wal.index.last(),
            released: wal.index.released(),
            trimmed,
        };
        Ok((wal, recovered))
    }
}

/// The end of the newest segment.
struct End {
    end: u32,
    proven: u32,
    beyond: Beyond,
}

impl End {
    /// What to tell of what was trimmed: in a file that was a segment before, something is always left of that one.
    fn trimmed<D: Disk>(&self, disk: &D, header: &SegmentHeader) -> Option<Trimmed> {
        let bytes = u64::from(self.beyond.dirty_end - self.end);
        let told = bytes > 0 && (self.beyond.remnants || !header.reused);
        let file = segments::path(disk, &segments::name(header.sequence));
        told.then(|| Trimmed { file, offset: self.end.into(), bytes })
    }
}

/// Reads segments, one at a time in one buffer.
struct Reading<'a, D> {
    disk: &'a mut D,
    options: &'a Options,
    bytes: Vec<u8>,
}

impl<D: Disk> Reading<'_, D> {
    /// Opens a segment and checks that it is ours and whole.
    fn header(&mut self, sequence: u64) -> Result<(D::File, SegmentHeader), OpenError> {
        let name = segments::name(sequence);
        let disk = &mut *self.disk;
        let at = |disk: &mut D, operation| segments::at(disk, operation, &name);
        let file = whole::uninterrupted(|| disk.open(&name)).map_err(at(disk, Operation::Open))?;
        let length = whole::uninterrupted(|| disk.length(&file)).map_err(at(disk, Operation::Length))?;
        let path = segments::path(disk, &name);
        let damaged = |damage| OpenError::Damaged(Damaged { file: path.clone(), offset: 0, damage });
        if length < SEGMENT_HEADER_BYTES.into() {
            return Err(damaged(Damage::Short { found: length, expected: SEGMENT_HEADER_BYTES.into() }));
        }
        let mut bytes = [0; SEGMENT_HEADER_BYTES as usize];
        whole::read_exact_at(disk, &file, &mut bytes, 0).map_err(at(disk, Operation::Read))?;
        let header = SegmentHeader::decode(&bytes).map_err(|error| match error {
            HeaderError::Unsound => damaged(Damage::Header),
            HeaderError::Version(found) => {
                OpenError::OtherVersion { file: path.clone(), found, expected: format::VERSION }
            }
        })?;
        let Options { cluster, node, .. } = *self.options;
        if header.cluster != cluster {
            return Err(OpenError::OtherCluster { file: path, found: header.cluster, expected: cluster });
        }
        if header.node != node {
            return Err(OpenError::OtherNode { file: path, found: header.node, expected: node });
        }
        if header.sequence != sequence {
            return Err(damaged(Damage::OtherSegment { found: header.sequence }));
        }
        if length < header.segment_bytes.into() {
            return Err(damaged(Damage::Short { found: length, expected: header.segment_bytes.into() }));
        }
        Ok((file, header))
    }

    /// Reads a segment up to `end`, which is not beyond the length that [`header`](Self::header) has checked.
    fn load(&mut self, file: &D::File, sequence: u64, end: u32) -> Result<(), OpenError> {
        self.bytes.resize(end as usize, 0);
        let read = whole::read_exact_at(self.disk, file, &mut self.bytes, 0);
        Ok(read.map_err(segments::at(self.disk, Operation::Read, &segments::name(sequence)))?)
    }

    /// The oldest segment of the log: the newest segment says so in its header and, later, in its marks.
    fn oldest(&mut self, file: &D::File, header: &SegmentHeader) -> Result<u64, OpenError> {
        self.load(file, header.sequence, header.segment_bytes)?;
        let marks = Chain::new(&self.bytes, *header).filter_map(|(_, found)| match found.record.content {
            Content::Mark { oldest, .. } => Some(oldest),
            Content::Write(_) => None,
        });
        // A mark that says something impossible is met again, and refused, when the segment is replayed.
        Ok(marks.last().unwrap_or(header.oldest).clamp(1, header.sequence))
    }

    /// Replays the segments before the newest: all their records are durable.
    fn replay(&mut self, oldest: u64, newest: u64, live: &[u64]) -> Result<Replay, OpenError> {
        let missing = (oldest..).zip(live).find(|(expected, sequence)| expected != *sequence);
        if let Some((sequence, _)) = missing {
            return Err(self.damaged(sequence, 0, Damage::Missing).into());
        }
        let mut next = self.header(oldest)?;
        let mut replay = Replay::new(&next.1);
        for sequence in oldest..newest {
            let (file, header) = next;
            next = self.header(sequence + 1)?;
            let end = next.1.previous_end;
            if end > header.segment_bytes {
                return Err(self.damaged(sequence + 1, 0, Damage::Contradiction).into());
            }
            self.load(&file, sequence, end)?;
            let mut chain = Chain::new(&self.bytes, header);
            for (offset, found) in &mut chain {
                replay
                    .record(sequence, offset, &found)
                    .map_err(|damage| self.damaged(sequence, offset, damage))?;
            }
            if chain.end != end {
                return Err(self.damaged(sequence, chain.end, Damage::Record).into());
            }
            replay.segment(&header, &next.1).map_err(|damage| self.damaged(sequence + 1, 0, damage))?;
        }
        Ok(replay)
    }

    /// Replays the newest segment, tells a torn end from damage, and makes durable what is not proven to be.
    fn newest(
        &mut self,
        file: &D::File,
        header: &SegmentHeader,
        replay: &mut Replay,
    ) -> Result<End, OpenError> {
        let sequence = header.sequence;
        self.load(file, sequence, header.segment_bytes)?;
        replay.write_end = SEGMENT_HEADER_BYTES;
        let mut chain = Chain::new(&self.bytes, *header);
        for (offset, found) in &mut chain {
            replay
                .record(sequence, offset, &found)
                .map_err(|damage| self.damaged(sequence, offset, damage))?;
        }
        let (end, proven) = (chain.end, chain.proven);
        let beyond = scan::beyond(&self.bytes, header, end, chain.generation);
        if beyond.proof {
            return Err(self.damaged(sequence, end, Damage::Record).into());
        }
        if !replay.index.is_whole() {
            // Only headers made by hand can promise positions before the first run.
            let oldest = replay.sealed.front().map_or(sequence, |sealed| sealed.sequence);
            return Err(self.damaged(oldest, 0, Damage::Contradiction).into());
        }
        self.bytes[end as usize..beyond.dirty_end as usize].fill(0);
        let doubtful = &self.bytes[proven as usize..beyond.dirty_end as usize];
        let name = segments::name(sequence);
        whole::write_all_at(self.disk, file, &mut [IoSlice::new(doubtful)], proven.into())
            .map_err(segments::at(self.disk, Operation::Write, &name))?;
        whole::uninterrupted(|| self.disk.sync(file)).map_err(segments::at(
            self.disk,
            Operation::Sync,
            &name,
        ))?;
        segments::sync_dir(self.disk)?;
        Ok(End { end, proven, beyond })
    }

    fn damaged(&self, sequence: u64, offset: u32, damage: Damage) -> Damaged {
        let file = segments::path(self.disk, &segments::name(sequence));
        Damaged { file, offset: offset.into(), damage }
    }
}

/// What the records say, up to some point.
struct Replay {
    index: Index<Location>,
    state: Option<State>,
    sealed: VecDeque<Sealed>,
    /// Generation and id of the last write: within one generation, ids ascend.
    written: (u32, WriteId),
    /// Where the last write in the current segment ends.
    write_end: u32,
}

impl Replay {
    /// Before the first record of the oldest segment.
    const fn new(header: &SegmentHeader) -> Self {
        Self {
            index: Index::new(header.last, header.released),
            state: header.state,
            sealed: VecDeque::new(),
            written: (0, WriteId::NONE),
            write_end: SEGMENT_HEADER_BYTES,
        }
    }

    /// Between two segments: the next one's header must say what the records have said.
    fn segment(&mut self, header: &SegmentHeader, next: &SegmentHeader) -> Result<(), Damage> {
        self.sealed.push_back(Sealed { sequence: header.sequence, tag: header.tag });
        self.index.release(next.released);
        let same = self.index.last() == next.last && self.state == next.state;
        if same { Ok(()) } else { Err(Damage::Contradiction) }
    }

    fn record(&mut self, sequence: u64, offset: u32, found: &Found) -> Result<(), Damage> {
        let record = &found.record;
        match record.content {
            Content::Write(run) => {
                let written = (record.generation, record.id);
                if written <= self.written || record.state.is_none() {
                    return Err(Damage::Contradiction);
                }
                self.written = written;
                if let Some(run) = run {
                    let sound =
                        run.first.checked_add(run.count.into()).is_some() && self.index.admits(run.first);
                    if !sound {
                        return Err(Damage::Contradiction);
                    }
                    let location = Location { sequence, offset, length: found.length, entries: run.count };
                    location.add_to(
                        &mut self.index,
                        LiveRun { first: run.first, count: run.count, mark: run.mark },
                    );
                }
                self.write_end = offset + found.length;
            }
            Content::Mark { released, oldest } => {
                let sound = released < u64::MAX && (1..=sequence).contains(&oldest);
                if !sound || record.state != self.state {
                    return Err(Damage::Contradiction);
                }
                self.index.release(released);
            }
        }
        self.state = record.state;
        Ok(())
    }
}

/// Removes what an interrupted opening, rotation or release left behind.
fn tidy<D: Disk>(
    disk: &mut D,
    options: &Options,
    released: &[u64],
    unfinished: &[String],
    spares: &mut Vec<String>,
) -> Result<(), OpenError> {
    let mut removed = !unfinished.is_empty();
    for name in unfinished {
        segments::remove(disk, name)?;
    }
    let mut kept = Vec::new();
    for name in spares.drain(..) {
        let fits = segments::length(disk, &name)? == u64::from(options.segment_bytes);
        if fits && kept.len() < options.spares_max as usize {
            kept.push(name);
        } else {
            segments::remove(disk, &name)?;
            removed = true;
        }
    }
    *spares = kept;
    if !released.is_empty() {
        segments::recycle(disk, released.iter().copied(), options, spares)?;
    } else if removed {
        segments::sync_dir(disk)?;
    }
    Ok(())
}

fn failed<D: Disk>(disk: &D, operation: Operation, error: &io::Error) -> OpenError {
    OpenError::Disk(crate::DiskError::new(operation, disk.place(), error))
}
