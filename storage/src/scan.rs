//! Walking over the bytes of a segment: what is sound, where it ends, and what lies beyond. Pure.

use crate::format::{self, ALIGN, Found, Place, SEGMENT_HEADER_BYTES, SegmentHeader};

/// The chain of sound records from the start of a segment.
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    bytes: &'a [u8],
    header: SegmentHeader,
    /// Where the next record would begin.
    pub(crate) end: u32,
    /// The generation of the last record, or of the segment: it never goes back.
    pub(crate) generation: u32,
    /// The highest watermark seen: everything before it was durable when its record was written.
    pub(crate) proven: u32,
}

impl<'a> Chain<'a> {
    /// `bytes` is the segment from its first byte, at most as long as its header says.
    pub(crate) const fn new(bytes: &'a [u8], header: SegmentHeader) -> Self {
        let (end, generation) = (SEGMENT_HEADER_BYTES, header.generation);
        Self { bytes, header, end, generation, proven: SEGMENT_HEADER_BYTES }
    }
}

impl Iterator for Chain<'_> {
    /// The record's offset and the record.
    type Item = (u32, Found);

    fn next(&mut self) -> Option<Self::Item> {
        let found = record_at(self.bytes, &self.header, self.end)?;
        // A record of an earlier opening after one of a later: left over from before the later one trimmed the end.
        if found.record.generation < self.generation {
            return None;
        }
        let offset = self.end;
        self.end += found.length;
        self.generation = found.record.generation;
        self.proven = self.proven.max(found.record.durable);
        Some((offset, found))
    }
}

/// What lies beyond the end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beyond {
    /// A record there proves that bytes after `end` were durable: the chain ends by damage, not by a crash.
    pub(crate) proof: bool,
    /// There are signs of a record of this segment, sound or torn.
    pub(crate) remnants: bool,
    /// The highest generation seen.
    pub(crate) generation: u32,
    /// After the last byte that is not zero; `end` when all are.
    pub(crate) dirty_end: u32,
}

/// Zeros compared at a time: most of a segment is unwritten.
const ZEROS: usize = 256;

/// Looks at everything from `end` on.
pub(crate) fn beyond(bytes: &[u8], header: &SegmentHeader, end: u32, generation: u32) -> Beyond {
    let rest = bytes.get(end as usize..).unwrap_or_default();
    let zeros = rest.rchunks(ZEROS).take_while(|chunk| *chunk == &[0; ZEROS][..chunk.len()]).count() * ZEROS;
    let rest = &rest[..rest.len().saturating_sub(zeros)];
    let dirty = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let dirty_end = end + u32::try_from(dirty).expect("a segment is at most 1 GiB long");
    let mut beyond = Beyond { proof: false, remnants: false, generation, dirty_end };
    // What a crash leaves does not overlap, so that checksums over twice the length are more than enough. More is
    // made by hand, to waste our time: no crash.
    let mut budget = 2 * bytes.len() as u64;
    let mut offset = end;
    while offset < dirty_end {
        let place = Place { sequence: header.sequence, tag: header.tag, offset };
        let Some(length) = format::plausible(&bytes[offset as usize..], place) else {
            offset += ALIGN;
            continue;
        };
        beyond.remnants = true;
        budget = budget.saturating_sub(u64::from(length));
        let Some(found) = record_at(bytes, header, offset) else {
            beyond.proof |= budget == 0;
            if beyond.proof {
                break;
            }
            offset += ALIGN;
            continue;
        };
        beyond.generation = beyond.generation.max(found.record.generation);
        beyond.proof |= found.record.durable > end;
        offset += found.length;
    }
    beyond
}

fn record_at(bytes: &[u8], header: &SegmentHeader, offset: u32) -> Option<Found> {
    let place = Place { sequence: header.sequence, tag: header.tag, offset };
    format::decode(bytes.get(offset as usize..)?, place)
}

#[cfg(test)]
mod tests;
