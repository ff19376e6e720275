//! Damage to data at rest, where a log can prove that it is damage: behind every byte that is hit lies a durable record
//! that says how far the log was durable (`docs/wal-format.md`, "What stays unprovable"). Beyond that, damage looks like
//! the torn end that a crash leaves, and no log can tell.

use std::fmt;

use machine_core::Rng;
use storage::MemoryDisk;

/// Bytes of a sector.
const SECTOR_BYTES: usize = 512;

/// Offsets in a segment's header and in a record's, as `docs/wal-format.md` has them: the judge reads them for itself.
const TAG: usize = 40;
const PREVIOUS_END: usize = 56;
const HEADER_BYTES: usize = 512;
const RECORD_LENGTH: usize = 4;
const RECORD_TAG: usize = 8;
const RECORD_DURABLE: usize = 20;
const RECORD_BYTES_LEAST: usize = 64;

/// How bytes at rest become others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One bit is turned round.
    BitFlip,
    /// A sector reads as zeros.
    Zeroed,
    /// A sector is as it was when only its beginning had been written.
    Stale,
    /// What was meant for another place was written here.
    Misdirected,
}

impl Kind {
    const ALL: [Self; 4] = [Self::BitFlip, Self::Zeroed, Self::Stale, Self::Misdirected];
}

/// What was damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) kind: Kind,
    pub(crate) file: String,
    pub(crate) offset: usize,
    /// The bytes that are there now.
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, file, offset, bytes } = self;
        write!(f, "{kind:?}: {} bytes at {offset} of {file}", bytes.len())
    }
}

/// Draws damage to one sector; `None` when there is nothing that may be hit, or when the bytes would stay the same. The
/// newest segment is spared while anything may still be lost by itself.
pub(crate) fn draw(disk: &MemoryDisk, spare_newest: bool, rng: &mut Rng) -> Option<Hit> {
    let segments: Vec<(String, Vec<u8>)> = disk
        .names()
        .filter(|name| name.ends_with(".wal"))
        .filter_map(|name| Some((name.to_owned(), disk.contents(name)?)))
        .collect();
    let among = segments.len() - usize::from(spare_newest).min(segments.len());
    let place = below(rng, among)?;
    let (file, bytes) = &segments[place];
    let end = match segments.get(place + 1) {
        Some((_, next)) => number(next, PREVIOUS_END)?,
        None => proven_end(bytes),
    };
    let at = below(rng, end.min(bytes.len()))?;
    let sector = at - at % SECTOR_BYTES..end.min(at - at % SECTOR_BYTES + SECTOR_BYTES);
    let kind = Kind::ALL[below(rng, Kind::ALL.len())?];
    let (offset, new) = match kind {
        Kind::BitFlip => (at, vec![bytes[at] ^ (1 << rng.below(8))]),
        Kind::Zeroed => (sector.start, vec![0; sector.len()]),
        Kind::Stale => (at, vec![0; sector.end - at]),
        Kind::Misdirected => {
            let (_, other) = &segments[below(rng, segments.len())?];
            let from = below(rng, other.len() / SECTOR_BYTES)? * SECTOR_BYTES;
            (sector.start, other[from..from + sector.len()].to_vec())
        }
    };
    let changed = bytes[offset..offset + new.len()] != new;
    changed.then(|| Hit { kind, file: file.clone(), offset, bytes: new })
}

/// Up to where the newest segment is proven: the highest watermark in a record that a watermark covers itself, so that
/// the record is durable, and sound.
fn proven_end(segment: &[u8]) -> usize {
    let mut records = Vec::new();
    let mut offset = HEADER_BYTES;
    while let (Some(length), Some(durable)) =
        (number(segment, offset + RECORD_LENGTH), number(segment, offset + RECORD_DURABLE))
    {
        let tag = offset + RECORD_TAG..offset + RECORD_TAG + 8;
        let ours = segment.get(tag) == segment.get(TAG..TAG + 8);
        if !ours || length < RECORD_BYTES_LEAST || offset + length > segment.len() {
            break;
        }
        offset += length;
        records.push((offset, durable));
    }
    let durable = records.iter().map(|(_, durable)| *durable).max().unwrap_or(0);
    let proofs = records.iter().filter(|(end, _)| *end <= durable).map(|(_, durable)| *durable);
    proofs.max().unwrap_or(0)
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*field)).ok()
}

fn below(rng: &mut Rng, limit: usize) -> Option<usize> {
    if limit == 0 { None } else { usize::try_from(rng.below(limit as u64)).ok() }
}

#[cfg(test)]
mod tests;
