//! The bytes of segments: pure encoding and decoding, no disk. The layout is described in `docs/wal-format.md`.

use machine_core::{NodeId, WriteId};

use crate::State;

/// The version of the format. Magic, checksum and version stay where they are in every version.
pub(crate) const VERSION: u32 = 1;
/// What a segment begins with, so that no other file is taken for one.
const MAGIC: [u8; 8] = *b"QRTWAL\r\n";
/// Bytes before the first record: one sector.
pub(crate) const SEGMENT_HEADER_BYTES: u32 = 512;
/// Bytes of a record before its state.
pub(crate) const RECORD_HEADER_BYTES: usize = 64;
/// The most bytes of a mark: kept free at the end of each segment, so that the last write in it can be proven too.
pub(crate) const MARK_BYTES_MAX: u32 = 128;
/// The least that `record_bytes_max` can be: a header, a full state, some body.
pub(crate) const RECORD_BYTES_LEAST: u32 = 256;
/// The smallest segment.
pub(crate) const SEGMENT_BYTES_MIN: u32 = 4096;
/// The largest segment: offsets fit 32 bits with room to spare, and recovery holds one segment in memory.
pub(crate) const SEGMENT_BYTES_MAX: u32 = 1 << 30;
/// More segments than any honest log has: no header names a higher one, and the next number is always a number.
pub(crate) const SEQUENCE_MAX: u64 = u64::MAX / 2;
/// Records start at multiples of this.
pub(crate) const ALIGN: u32 = 8;
/// In the place of a state's length: there is no state yet.
const NO_STATE: u8 = 0xff;

const KIND_WRITE: u8 = 1;
const KIND_MARK: u8 = 2;

/// What a segment says about itself: everything needed to use it without the segments before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) cluster: u64,
    pub(crate) node: NodeId,
    pub(crate) sequence: u64,
    /// Ties records to this life of the file: no record with another tag counts.
    pub(crate) tag: u64,
    /// Size of the file.
    pub(crate) segment_bytes: u32,
    /// Counts the openings of the log.
    pub(crate) generation: u32,
    /// Where the records of the segment before end: all of them are durable since before this header was written.
    pub(crate) previous_end: u32,
    /// The oldest segment that is part of the log.
    pub(crate) oldest: u64,
    /// Positions up to here are released.
    pub(crate) released: u64,
    /// The last position before this segment.
    pub(crate) last: u64,
    /// The file was a segment before: beyond the records lies what is left of that one, and not zeros.
    pub(crate) reused: bool,
    pub(crate) state: Option<State>,
}

/// Why bytes are not a segment header of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// Not a header at all, or damaged.
    Unsound,
    /// A sound header of another version.
    Version(u32),
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES as usize] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES as usize];
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 12, VERSION.to_le_bytes());
        put(&mut bytes, 16, self.cluster.to_le_bytes());
        put(&mut bytes, 24, self.node.get().to_le_bytes());
        put(&mut bytes, 32, self.sequence.to_le_bytes());
        put(&mut bytes, 40, self.tag.to_le_bytes());
        put(&mut bytes, 48, self.segment_bytes.to_le_bytes());
        put(&mut bytes, 52, self.generation.to_le_bytes());
        put(&mut bytes, 56, self.previous_end.to_le_bytes());
        put(&mut bytes, 60, [state_length(self.state), u8::from(self.reused)]);
        put(&mut bytes, 64, self.oldest.to_le_bytes());
        put(&mut bytes, 72, self.released.to_le_bytes());
        put(&mut bytes, 80, self.last.to_le_bytes());
        let state = self.state.unwrap_or_default();
        bytes[88..88 + state.as_bytes().len()].copy_from_slice(state.as_bytes());
        let crc = header_crc(&bytes);
        put(&mut bytes, 8, crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; SEGMENT_HEADER_BYTES as usize]) -> Result<Self, HeaderError> {
        if bytes[..8] != MAGIC || u32_at(bytes, 8) != header_crc(bytes) {
            return Err(HeaderError::Unsound);
        }
        let version = u32_at(bytes, 12);
        if version != VERSION {
            return Err(HeaderError::Version(version));
        }
        let header = Self {
            cluster: u64_at(bytes, 16),
            node: NodeId::new(u64_at(bytes, 24)).ok_or(HeaderError::Unsound)?,
            sequence: u64_at(bytes, 32),
            tag: u64_at(bytes, 40),
            segment_bytes: u32_at(bytes, 48),
            generation: u32_at(bytes, 52),
            previous_end: u32_at(bytes, 56),
            oldest: u64_at(bytes, 64),
            released: u64_at(bytes, 72),
            last: u64_at(bytes, 80),
            reused: bytes[61] != 0,
            state: state_at(bytes, 88, bytes[60]).ok_or(HeaderError::Unsound)?,
        };
        let sizes = SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX;
        let sound = sizes.contains(&header.segment_bytes)
            && header.segment_bytes % ALIGN == 0
            && header.sequence <= SEQUENCE_MAX
            && (1..=header.sequence).contains(&header.oldest)
            && header.released <= header.last;
        if sound { Ok(header) } else { Err(HeaderError::Unsound) }
    }
}

/// Where a record is. All of it is inside the record's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) sequence: u64,
    pub(crate) tag: u64,
    pub(crate) offset: u32,
}

/// A record without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Everything in this segment below this offset was durable when the record was written.
    pub(crate) durable: u32,
    pub(crate) generation: u32,
    pub(crate) id: WriteId,
    pub(crate) state: Option<State>,
    pub(crate) content: Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Write(Option<RunHeader>),
    Mark {
        /// Positions up to here are released.
        released: u64,
        /// The oldest segment that is part of the log.
        oldest: u64,
    },
}

/// A run without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunHeader {
    pub(crate) first: u64,
    pub(crate) count: u32,
    pub(crate) mark: u64,
}

/// The bytes of a record before its body.
#[derive(Debug)]
pub(crate) struct Head {
    bytes: [u8; RECORD_HEADER_BYTES + State::BYTES_MAX],
    length: usize,
}

impl Head {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// How many zeros follow a body, so that the next record is aligned.
pub(crate) const fn padding(unpadded: usize) -> usize {
    unpadded.next_multiple_of(ALIGN as usize) - unpadded
}

/// The bytes a record takes, padding included.
pub(crate) fn record_bytes(state: Option<State>, body_bytes: usize) -> u64 {
    let state_bytes = state.map_or(0, |state| state.as_bytes().len());
    ((RECORD_HEADER_BYTES + state_bytes) as u64 + body_bytes as u64).next_multiple_of(u64::from(ALIGN))
}

impl Record {
    /// The bytes before the body; `length` is [`record_bytes`] of this state and body, and fits its field.
    pub(crate) fn encode(&self, place: Place, length: u32, body: &[u8]) -> Head {
        let state = self.state.unwrap_or_default();
        let state = state.as_bytes();
        let (kind, first, mark, count) = match self.content {
            Content::Write(None) => (KIND_WRITE, 0, 0, 0),
            Content::Write(Some(run)) => (KIND_WRITE, run.first, run.mark, run.count),
            Content::Mark { released, oldest } => (KIND_MARK, released, oldest, 0),
        };
        let mut head = Head {
            bytes: [0; RECORD_HEADER_BYTES + State::BYTES_MAX],
            length: RECORD_HEADER_BYTES + state.len(),
        };
        let bytes = &mut head.bytes;
        put(bytes, 4, length.to_le_bytes());
        put(bytes, 8, place.tag.to_le_bytes());
        put(bytes, 16, place.offset.to_le_bytes());
        put(bytes, 20, self.durable.to_le_bytes());
        put(bytes, 24, self.generation.to_le_bytes());
        put(bytes, 28, [kind, state_length(self.state)]);
        put(bytes, 32, self.id.get().to_le_bytes());
        put(bytes, 40, first.to_le_bytes());
        put(bytes, 48, mark.to_le_bytes());
        put(bytes, 56, count.to_le_bytes());
        let body_bytes =
            u32::try_from(body.len()).expect("a body is shorter than its record, whose length is 32 bits");
        put(bytes, 60, body_bytes.to_le_bytes());
        bytes[RECORD_HEADER_BYTES..RECORD_HEADER_BYTES + state.len()].copy_from_slice(state);
        let zeros = [0; ALIGN as usize];
        let padding = &zeros[..padding(head.length + body.len())];
        let crc = crc32c::crc32c(&place.sequence.to_le_bytes());
        let crc = crc32c::crc32c_append(crc, &head.bytes[4..head.length]);
        let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc, body), padding);
        put(&mut head.bytes, 0, crc.to_le_bytes());
        head
    }
}

/// A record as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) record: Record,
    /// Bytes in all, a multiple of [`ALIGN`].
    pub(crate) length: u32,
    /// Where the body begins, from the record's start.
    pub(crate) body_start: usize,
    pub(crate) body_bytes: usize,
}

/// How many bytes a record at the start of `bytes` would have, if it is one that may be at `place`. Cheap: no checksum.
pub(crate) fn plausible(bytes: &[u8], place: Place) -> Option<u32> {
    if bytes.len() < RECORD_HEADER_BYTES {
        return None;
    }
    let length = u32_at(bytes, 4);
    let sound = length as usize >= RECORD_HEADER_BYTES
        && length as usize <= bytes.len()
        && length % ALIGN == 0
        && u64_at(bytes, 8) == place.tag
        && u32_at(bytes, 16) == place.offset;
    sound.then_some(length)
}

/// The run of the record at the start of `bytes`, and the record's length, at its own word: no checksum.
pub(crate) fn claimed(bytes: &[u8], place: Place) -> Option<(RunHeader, u32)> {
    let length = plausible(bytes, place)?;
    let run = RunHeader { first: u64_at(bytes, 40), count: u32_at(bytes, 56), mark: u64_at(bytes, 48) };
    (bytes[28] == KIND_WRITE && run.count > 0).then_some((run, length))
}

/// The record at the start of `bytes`, if there is a sound one that was written at `place`.
pub(crate) fn decode(bytes: &[u8], place: Place) -> Option<Found> {
    let length = plausible(bytes, place)?;
    let bytes = &bytes[..length as usize];
    let crc = crc32c::crc32c_append(crc32c::crc32c(&place.sequence.to_le_bytes()), &bytes[4..]);
    if crc != u32_at(bytes, 0) {
        return None;
    }
    let state = state_at(bytes, RECORD_HEADER_BYTES, bytes[29])?;
    let body_bytes = u32_at(bytes, 60) as usize;
    let (first, mark, count) = (u64_at(bytes, 40), u64_at(bytes, 48), u32_at(bytes, 56));
    let content = match (bytes[28], count) {
        (KIND_WRITE, 0) => Content::Write(None),
        (KIND_WRITE, _) => Content::Write(Some(RunHeader { first, count, mark })),
        (KIND_MARK, _) => Content::Mark { released: first, oldest: mark },
        _ => return None,
    };
    let record = Record {
        durable: u32_at(bytes, 20),
        generation: u32_at(bytes, 24),
        id: WriteId::new(u64_at(bytes, 32)),
        state,
        content,
    };
    let fits = record_bytes(state, body_bytes) == u64::from(length) && record.durable <= place.offset;
    let body_start = RECORD_HEADER_BYTES + state.map_or(0, |state| state.as_bytes().len());
    fits.then_some(Found { record, length, body_start, body_bytes })
}

/// The tag of a segment: differs between segments of one seed, and cannot be guessed without the seed.
pub(crate) const fn tag(seed: u64, sequence: u64) -> u64 {
    // SplitMix64's finalizer, twice with the seed between: a bijection of the sequence number for every seed.
    mix(mix(sequence.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ mix(seed))
}

const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn header_crc(bytes: &[u8; SEGMENT_HEADER_BYTES as usize]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..8]), &bytes[12..])
}

fn state_length(state: Option<State>) -> u8 {
    state
        .map_or(NO_STATE, |state| u8::try_from(state.as_bytes().len()).expect("a state has at most 64 bytes"))
}

/// `None` when the length is none that a state can have, or reaches beyond the bytes.
fn state_at(bytes: &[u8], offset: usize, length: u8) -> Option<Option<State>> {
    if length == NO_STATE {
        return Some(None);
    }
    State::new(bytes.get(offset..offset + usize::from(length))?).map(Some)
}

fn put<const N: usize>(bytes: &mut [u8], offset: usize, value: [u8; N]) {
    bytes[offset..offset + N].copy_from_slice(&value);
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, offset))
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, offset))
}

fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    bytes[offset..offset + N].try_into().expect("a slice of N bytes makes an array of N bytes")
}

#[cfg(test)]
mod tests;
