//! Bytes. One value has one encoding, and nothing else is accepted: no number in more bytes than it needs, no entry of
//! zero, nothing twice or out of order, nothing behind the end. What is counted is held against the bytes that are left
//! before anything is allocated.
//!
//! ```text
//! number           LEB128, the shortest form: 1 to 10 bytes
//! VersionVector    number of entries, then for each: id, counter
//! CausalContext    VersionVector, number of ids with dots apart, then for each: id, number of dots, the first as the
//!                  gap below it less one, each further one as its distance to the one before less one
//! id (u32, u64)    the first as a number, each further one as its distance to the one before less one
//! Dot              id, counter
//! Stamp            time, id
//! HlcTime          8 bytes, big endian, so that the order of bytes is the order of moments
//! ```

use alloc::{collections::BTreeSet, vec::Vec};
use core::num::NonZeroU64;

use crate::{CausalContext, ClockError, Defect, Dot, Stamp, Time, VersionVector, context::CLOUD_MAX};

/// How much a decoder takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Most entries of a version vector, and most ids with dots apart. Default 65,536.
    pub entries: usize,
    /// Most dots apart in a causal context. Default [`CLOUD_MAX`].
    pub cloud: usize,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self { entries: 1 << 16, cloud: CLOUD_MAX };

    /// At most so many entries; the rest as by default.
    #[must_use]
    pub const fn entries(entries: usize) -> Self {
        Self { entries, ..Self::DEFAULT }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// An id that can be written. Implemented for `u32`, `u64` and 16 bytes as of a UUID; write it for your own ids by
/// going through one of these.
///
/// An implementation must be canonical as the rest is: what it reads, it writes back to the same bytes, and
/// `decode_after` gives an id above `before`, or an error.
pub trait WireId: Ord + Clone {
    /// Appends the id. `before` is the id before it in an ascending list, so that only the distance need be written.
    fn encode_after(&self, before: Option<&Self>, out: &mut Vec<u8>);

    /// Reads what [`WireId::encode_after`] has written with the same `before`.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`].
    fn decode_after(before: Option<&Self>, input: &mut Reader<'_>) -> Result<Self, ClockError>;
}

/// Bytes being read, with the place of the next one for errors.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// All of the input is ahead.
    #[must_use]
    pub const fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0 }
    }

    /// Bytes that are left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.input.len() - self.at
    }

    /// The error that blames the byte ahead.
    #[must_use]
    pub const fn malformed(&self, defect: Defect) -> ClockError {
        ClockError::Malformed { at: self.at, defect }
    }

    /// One number, in its shortest form.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`], which blames the byte at fault.
    pub fn number(&mut self) -> Result<u64, ClockError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = *self.input.get(self.at).ok_or(self.malformed(Defect::Truncated))?;
            let bits = u64::from(byte & 0x7F);
            if bits << shift >> shift != bits {
                return Err(self.malformed(Defect::Overflow));
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(self.malformed(Defect::OverLong));
                }
                self.at += 1;
                return Ok(number);
            }
            self.at += 1;
        }
        Err(self.malformed(Defect::Overflow))
    }

    /// One number that is not zero.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`].
    pub fn counter(&mut self) -> Result<NonZeroU64, ClockError> {
        let start = self.at;
        let zero = ClockError::Malformed { at: start, defect: Defect::Zero };
        NonZeroU64::new(self.number()?).ok_or(zero)
    }

    /// So many bytes.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ClockError> {
        let bytes = self.input.get(self.at..).and_then(|rest| rest.first_chunk());
        let bytes = *bytes.ok_or(self.malformed(Defect::Truncated))?;
        self.at += N;
        Ok(bytes)
    }

    /// The value is read: nothing may be left.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`] when something is.
    pub fn end(&self) -> Result<(), ClockError> {
        if self.left() == 0 { Ok(()) } else { Err(self.malformed(Defect::TrailingBytes)) }
    }

    /// How many of something follow: at most `limit`, and no more than can be in the bytes that are left when each
    /// takes at least `bytes_min` of them.
    fn count(&mut self, limit: usize, bytes_min: usize) -> Result<usize, ClockError> {
        let start = self.at;
        let count = self.number()?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > limit {
            return Err(ClockError::TooManyEntries { limit });
        }
        if count > self.left() / bytes_min {
            return Err(ClockError::Malformed { at: start, defect: Defect::Truncated });
        }
        Ok(count)
    }
}

/// Appends a number in its shortest form.
pub fn put_number(mut number: u64, out: &mut Vec<u8>) {
    if number <= PACKED_MAX {
        // All bytes at once, and those that it does not have taken off again: no branch depends on the number.
        let len = (u64::BITS - (number | 1).leading_zeros()).div_ceil(7);
        let continues = CONTINUES & !(u64::MAX << (8 * (len - 1)));
        out.extend_from_slice(&(spread(number) | continues).to_le_bytes());
        out.truncate(out.len() - (8 - len as usize));
        return;
    }
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// The largest number that takes at most 8 bytes.
const PACKED_MAX: u64 = (1 << 56) - 1;
/// In each byte, the bit that says that another follows.
const CONTINUES: u64 = 0x8080_8080_8080_8080;

/// Seven bits into each byte.
const fn spread(number: u64) -> u64 {
    let number = (number & 0x0FFF_FFFF) | (number & 0x00FF_FFFF_F000_0000) << 4;
    let number = (number & 0x0000_3FFF_0000_3FFF) | (number & 0x0FFF_C000_0FFF_C000) << 2;
    (number & 0x007F_007F_007F_007F) | (number & 0x3F80_3F80_3F80_3F80) << 1
}

impl<I: WireId> VersionVector<I> {
    /// Appends the encoding: the only one that this value has.
    pub fn encode(&self, out: &mut Vec<u8>) {
        // As much as it takes in memory, which is mostly enough, so that a long clock does not grow the vector step by step.
        out.reserve(size_of_val(self.entries()));
        put_number(self.len() as u64, out);
        let mut before = None;
        for (id, n) in self.entries() {
            id.encode_after(before, out);
            put_number(n.get(), out);
            before = Some(id);
        }
    }

    /// The value that all of the input encodes. Allocates at most a constant multiple of the input's length.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`], or [`ClockError::TooManyEntries`].
    pub fn decode(input: &[u8], limits: Limits) -> Result<Self, ClockError> {
        let mut input = Reader::new(input);
        let clock = Self::read(&mut input, limits)?;
        input.end()?;
        Ok(clock)
    }

    /// The value at the front of the input: for values inside of messages.
    ///
    /// # Errors
    ///
    /// As [`VersionVector::decode`].
    pub fn read(input: &mut Reader<'_>, limits: Limits) -> Result<Self, ClockError> {
        let count = input.count(limits.entries, 2)?;
        let mut entries: Vec<(I, NonZeroU64)> = Vec::with_capacity(count);
        for _ in 0..count {
            let before = entries.last().map(|(id, _)| id);
            let id = read_above(before, input)?;
            entries.push((id, input.counter()?));
        }
        Self::from_ascending(entries).ok_or(input.malformed(Defect::Order))
    }
}

impl<I: WireId> CausalContext<I> {
    /// Appends the encoding: the only one that this value has.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.base().encode(out);
        let dots: Vec<&Dot<I>> = self.cloud().collect();
        put_number(dots.chunk_by(|a, b| a.id == b.id).count() as u64, out);
        let mut before = None;
        for dots in dots.chunk_by(|a, b| a.id == b.id) {
            let id = &dots[0].id;
            id.encode_after(before, out);
            before = Some(id);
            put_number(dots.len() as u64, out);
            // The gap is at least one: what is just above the base is in the base.
            let mut below = self.base().get(id) + 1;
            for dot in dots {
                put_number(dot.n.get() - below - 1, out);
                below = dot.n.get();
            }
        }
    }

    /// The value that all of the input encodes; its limit is that of `limits`. Allocates at most a constant multiple of
    /// the input's length.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`], or [`ClockError::TooManyEntries`].
    pub fn decode(input: &[u8], limits: Limits) -> Result<Self, ClockError> {
        let mut input = Reader::new(input);
        let context = Self::read(&mut input, limits)?;
        input.end()?;
        Ok(context)
    }

    /// The value at the front of the input: for values inside of messages.
    ///
    /// # Errors
    ///
    /// As [`CausalContext::decode`].
    pub fn read(input: &mut Reader<'_>, limits: Limits) -> Result<Self, ClockError> {
        let base = VersionVector::read(input, limits)?;
        let mut cloud = BTreeSet::new();
        let mut before: Option<I> = None;
        for _ in 0..input.count(limits.entries, 3)? {
            let id = read_above(before.as_ref(), input)?;
            let start = input.at;
            let count = input.count(limits.cloud, 1)?;
            if count == 0 {
                return Err(ClockError::Malformed { at: start, defect: Defect::Zero });
            }
            if count > limits.cloud - cloud.len() {
                return Err(ClockError::TooManyEntries { limit: limits.cloud });
            }
            let mut below = base.get(&id).checked_add(1);
            for _ in 0..count {
                let n = below.and_then(|below| below.checked_add(1));
                let start = input.at;
                let n = n.zip(Some(input.number()?)).and_then(|(n, more)| n.checked_add(more));
                let dot = n.and_then(|n| Dot::new(id.clone(), n));
                cloud.insert(dot.ok_or(ClockError::Malformed { at: start, defect: Defect::Overflow })?);
                below = n;
            }
            before = Some(id);
        }
        let context = Self::from_parts(base, cloud, limits.cloud);
        context.ok_or(input.malformed(Defect::NotApart))
    }
}

impl<I: WireId> Dot<I> {
    /// Appends the encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.id.encode_after(None, out);
        put_number(self.n.get(), out);
    }

    /// The dot at the front of the input.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        Ok(Self { id: I::decode_after(None, input)?, n: input.counter()? })
    }
}

impl<I: WireId> Stamp<I> {
    /// Appends the encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_number(self.time.get(), out);
        self.node.encode_after(None, out);
    }

    /// The stamp at the front of the input.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        Ok(Self { time: Time::new(input.number()?), node: I::decode_after(None, input)? })
    }
}

/// An id, which is held to be above the one before it whoever has written its decoder.
fn read_above<I: WireId>(before: Option<&I>, input: &mut Reader<'_>) -> Result<I, ClockError> {
    let start = input.at;
    let id = I::decode_after(before, input)?;
    if before.is_some_and(|before| *before >= id) {
        return Err(ClockError::Malformed { at: start, defect: Defect::Order });
    }
    Ok(id)
}

impl WireId for u64 {
    fn encode_after(&self, before: Option<&Self>, out: &mut Vec<u8>) {
        // `wrapping` is for lists that do not ascend, which no value of this crate has.
        put_number(before.map_or(*self, |before| self.wrapping_sub(*before).wrapping_sub(1)), out);
    }

    fn decode_after(before: Option<&Self>, input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let start = input.at;
        let number = input.number()?;
        let Some(before) = before else { return Ok(number) };
        let id = before.checked_add(number).and_then(|id| id.checked_add(1));
        id.ok_or(ClockError::Malformed { at: start, defect: Defect::Overflow })
    }
}

impl WireId for u32 {
    fn encode_after(&self, before: Option<&Self>, out: &mut Vec<u8>) {
        u64::from(*self).encode_after(before.map(|before| u64::from(*before)).as_ref(), out);
    }

    fn decode_after(before: Option<&Self>, input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let start = input.at;
        let id = u64::decode_after(before.map(|before| u64::from(*before)).as_ref(), input)?;
        Self::try_from(id).map_err(|_| ClockError::Malformed { at: start, defect: Defect::Overflow })
    }
}

/// As they are: random ids have no distances worth writing.
impl WireId for [u8; 16] {
    fn encode_after(&self, _before: Option<&Self>, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode_after(_before: Option<&Self>, input: &mut Reader<'_>) -> Result<Self, ClockError> {
        input.array()
    }
}

#[cfg(test)]
mod tests;
