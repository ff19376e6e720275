//! A second reader of the log's files, written from `docs/wal-format.md` and as plain as can be: what is in a folder.

use std::collections::BTreeMap;

use bytes::Bytes;
use storage::State;

use super::{CLUSTER, Dump};

/// A segment's header takes so much.
const HEADER_BYTES: usize = 512;
/// A record before its state takes so much.
const RECORD_BYTES: usize = 64;
/// In the place of a state's length: no write was made yet.
const NO_STATE: u8 = 255;

/// A folder as the page reads it.
pub(super) struct Reading {
    /// What the log holds.
    pub(super) dump: Dump,
    /// Whether anything but zeros lies behind the last record.
    pub(super) is_dirty: bool,
}

/// What the files say, or the rule of the page that they break.
pub(super) fn read(files: &[(String, Vec<u8>)]) -> Result<Reading, &'static str> {
    let segments: BTreeMap<u64, &[u8]> =
        files.iter().filter_map(|(name, bytes)| segment(name, bytes)).collect();
    let Some((&newest, bytes)) = segments.last_key_value() else {
        if files.iter().any(|(name, _)| is_named(name, ".spare")) {
            return Err("spares come from segments, of which the newest stays");
        }
        let empty = Dump { released: 0, last: 0, state: None, runs: BTreeMap::new() };
        return Ok(Reading { dump: empty, is_dirty: false });
    };
    let head = Header::read(newest, bytes)?;
    let records = head.chain(bytes, head.size);
    let told = records.iter().rev().find(|record| record.is_mark).map_or(head.oldest, |mark| mark.second);
    let oldest = told.clamp(1, newest);
    let mut log: Option<Log> = None;
    for sequence in oldest..=newest {
        let bytes = segments.get(&sequence).ok_or("every segment from the oldest on exists")?;
        let header = Header::read(sequence, bytes)?;
        let log = log.get_or_insert_with(|| Log::before(&header));
        if sequence > oldest {
            log.agrees(&header)?;
        }
        let next = segments.get(&(sequence + 1)).filter(|_| sequence < newest);
        let end = next.map(|bytes| word(bytes, 56) as usize);
        if end.is_some_and(|end| end > header.size) {
            return Err("a segment's records end within it");
        }
        let records = header.chain(bytes, end.unwrap_or(header.size));
        for record in &records {
            log.replay(sequence, record)?;
        }
        let found = records.last().map_or(HEADER_BYTES, |record| record.end);
        if end.is_some_and(|end| end != found) {
            return Err("records fill a segment up to where the next one says");
        }
    }
    let log = log.ok_or("there is a newest segment")?;
    let end = records.last().map_or(HEADER_BYTES, |record| record.end);
    if head.proof_behind(bytes, end) {
        return Err("no record behind the end says that more was durable");
    }
    if log.first().is_some_and(|first| first > log.released + 1)
        || log.first().is_none() && log.last > log.released
    {
        return Err("every position that is not released is held");
    }
    let is_dirty = bytes[end..head.size].iter().any(|byte| *byte != 0);
    Ok(Reading { dump: log.dump(), is_dirty })
}

fn segment<'a>(name: &str, bytes: &'a [u8]) -> Option<(u64, &'a [u8])> {
    let sequence = name.strip_suffix(".wal")?.parse().ok()?;
    is_named(name, ".wal").then_some((sequence, bytes))
}

/// Whether a name is one that the log gives: a number from 1 on, of at least 12 digits, and a kind.
fn is_named(name: &str, kind: &str) -> bool {
    let sequence: Option<u64> = name.strip_suffix(kind).and_then(|digits| digits.parse().ok());
    sequence.is_some_and(|sequence| sequence > 0 && format!("{sequence:012}{kind}") == name)
}

/// What a segment's header says.
struct Header {
    sequence: u64,
    tag: u64,
    size: usize,
    generation: u32,
    oldest: u64,
    released: u64,
    last: u64,
    state: Option<State>,
}

impl Header {
    fn read(sequence: u64, bytes: &[u8]) -> Result<Self, &'static str> {
        let head = bytes.get(..HEADER_BYTES).ok_or("a segment has a header")?;
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&head[..8]), &head[12..]);
        let state = state(head, 88, head[60]).ok_or("a header's state has a length that it can have")?;
        let header = Self {
            sequence: long(head, 32),
            tag: long(head, 40),
            size: word(head, 48) as usize,
            generation: word(head, 52),
            oldest: long(head, 64),
            released: long(head, 72),
            last: long(head, 80),
            state,
        };
        let ours = head[..8] == *b"QRTWAL\r\n"
            && word(head, 8) == checksum
            && (word(head, 12), long(head, 16), long(head, 24)) == (1, CLUSTER, 1);
        let sound = header.sequence == sequence
            && (4096..=1 << 30).contains(&header.size)
            && header.size % 8 == 0
            && (1..=sequence).contains(&header.oldest)
            && header.released <= header.last
            && bytes.len() >= header.size;
        if ours && sound { Ok(header) } else { Err("a header is sound and ours") }
    }

    /// The records from the start of the segment on, none of which ends behind `limit`.
    fn chain(&self, bytes: &[u8], limit: usize) -> Vec<Record> {
        let (mut at, mut generation) = (HEADER_BYTES, self.generation);
        let mut records = Vec::new();
        while let Some(record) = self.record(&bytes[..limit], at) {
            if record.generation < generation {
                break;
            }
            (at, generation) = (record.end, record.generation);
            records.push(record);
        }
        records
    }

    fn proof_behind(&self, bytes: &[u8], end: usize) -> bool {
        let dirty =
            bytes[end..self.size].iter().rposition(|byte| *byte != 0).map_or(end, |last| end + last + 1);
        let places = (end..dirty).step_by(8);
        places.filter_map(|at| self.record(&bytes[..self.size], at)).any(|record| record.durable > end)
    }

    /// The record at this place, if it is sound.
    fn record(&self, bytes: &[u8], at: usize) -> Option<Record> {
        let rest = bytes.get(at..)?;
        let head = rest.get(..RECORD_BYTES)?;
        let length = word(head, 4) as usize;
        let here = long(head, 8) == self.tag && word(head, 16) as usize == at;
        let record = rest.get(..length).filter(|_| here && length >= RECORD_BYTES && length % 8 == 0)?;
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&self.sequence.to_le_bytes()), &record[4..]);
        let state = state(record, RECORD_BYTES, head[29])?;
        let start = RECORD_BYTES + state.map_or(0, |state| state.as_bytes().len());
        let body = word(head, 60) as usize;
        let sound = word(head, 0) == checksum
            && word(head, 20) as usize <= at
            && matches!(head[28], 1 | 2)
            && (start + body).next_multiple_of(8) == length;
        sound.then(|| Record {
            end: at + length,
            durable: word(head, 20) as usize,
            generation: word(head, 24),
            is_mark: head[28] == 2,
            id: long(head, 32),
            first: long(head, 40),
            second: long(head, 48),
            count: word(head, 56),
            state,
            body: Bytes::copy_from_slice(&record[start..start + body]),
        })
    }
}

struct Record {
    end: usize,
    durable: usize,
    generation: u32,
    is_mark: bool,
    id: u64,
    /// A run's first position; of a mark, what is released.
    first: u64,
    /// A run's mark; of a mark, the oldest segment.
    second: u64,
    count: u32,
    state: Option<State>,
    body: Bytes,
}

/// What the records say so far.
struct Log {
    released: u64,
    last: u64,
    state: Option<State>,
    written: (u32, u64),
    /// By first position: the position behind the last one that counts, mark, and body.
    runs: BTreeMap<u64, (u64, u64, Bytes)>,
}

impl Log {
    const fn before(header: &Header) -> Self {
        let Header { released, last, state, .. } = *header;
        Self { released, last, state, written: (0, 0), runs: BTreeMap::new() }
    }

    /// A header repeats what the records before it have said.
    fn agrees(&mut self, header: &Header) -> Result<(), &'static str> {
        self.release(header.released);
        let same = self.last == header.last && self.state == header.state;
        if same { Ok(()) } else { Err("a header says what the records before it say") }
    }

    fn replay(&mut self, sequence: u64, record: &Record) -> Result<(), &'static str> {
        if record.is_mark {
            let sound = record.first < u64::MAX && (1..=sequence).contains(&record.second);
            if !sound || record.state != self.state {
                return Err("a mark repeats the state");
            }
            self.release(record.first);
            return Ok(());
        }
        let written = (record.generation, record.id);
        if written <= self.written || record.state.is_none() {
            return Err("generations and ids of writes ascend, and each has a state");
        }
        self.written = written;
        self.state = record.state;
        if record.count == 0 {
            return Ok(());
        }
        let first = record.first;
        let end = first.checked_add(record.count.into()).ok_or("positions end")?;
        if first <= self.released || first - 1 > self.last {
            return Err("a run leaves no gap and spares what is released");
        }
        self.runs.split_off(&first);
        if let Some(mut before) = self.runs.last_entry() {
            let cut = &mut before.get_mut().0;
            *cut = first.min(*cut);
        }
        self.runs.insert(first, (end, record.second, record.body.clone()));
        self.last = end - 1;
        Ok(())
    }

    fn release(&mut self, up_to: u64) {
        self.released = self.released.max(up_to);
        self.last = self.last.max(up_to);
        while self.runs.first_key_value().is_some_and(|(_, (end, _, _))| *end - 1 <= up_to) {
            self.runs.pop_first();
        }
    }

    fn first(&self) -> Option<u64> {
        self.runs.first_key_value().map(|(first, _)| *first)
    }

    fn dump(self) -> Dump {
        let Self { released, last, state, runs, .. } = self;
        let live = runs.into_iter().map(|(first, (end, mark, body))| {
            let first = first.max(released + 1);
            (first, (end - first, mark, body))
        });
        Dump { released, last, state, runs: live.collect() }
    }
}

fn state(bytes: &[u8], at: usize, length: u8) -> Option<Option<State>> {
    if length == NO_STATE {
        return Some(None);
    }
    State::new(bytes.get(at..at + usize::from(length))?).map(Some)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from(word(bytes, at)) | u64::from(word(bytes, at + 4)) << 32
}
