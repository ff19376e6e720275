//! The unit of the log: a block of consecutive entries of one term, encoded once and shared ever after.

use core::fmt;

use bytes::{Buf, Bytes, BytesMut};

use crate::{Index, LogPos, Stamp, Term};

/// Bytes before each payload: its length (u32, little endian) and its kind (u8). A stamp comes on top.
pub const ENTRY_HEADER_BYTES: usize = 5;

/// Bytes between the header and the payload of a stamped entry.
const STAMP_BYTES: usize = 8;

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Proposed by the application: the state machine applies it.
    Normal,
    /// The same, with a stamp of its proposer.
    Stamped(Stamp),
    /// The empty entry with which a leader opens its term (Raft §8): the state machine skips it.
    Blank,
}

impl EntryKind {
    const fn code(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::Blank => 1,
            Self::Stamped(_) => 2,
        }
    }

    /// Whether the state machine applies it.
    #[must_use]
    pub const fn is_proposal(self) -> bool {
        !matches!(self, Self::Blank)
    }

    /// What its proposer has attached.
    #[must_use]
    pub const fn stamp(self) -> Option<Stamp> {
        match self {
            Self::Stamped(stamp) => Some(stamp),
            Self::Normal | Self::Blank => None,
        }
    }

    /// Bytes before the payload.
    #[must_use]
    pub const fn header_bytes(self) -> usize {
        match self {
            Self::Normal | Self::Blank => ENTRY_HEADER_BYTES,
            Self::Stamped(_) => ENTRY_HEADER_BYTES + STAMP_BYTES,
        }
    }
}

/// One entry, borrowed from its [`Run`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its place in the log.
    pub index: Index,
    /// What it is for.
    pub kind: EntryKind,
    /// The proposed bytes; empty for a blank entry.
    pub payload: &'a [u8],
}

/// Consecutive entries of one term, at least one, as one shared block of bytes.
///
/// The block is made once, when the leader seals what was proposed since the last poll, or when a follower receives
/// it. The log, the write to disk and the messages to all followers hold the same block: none copies or allocates per
/// entry. The bytes are those of the wire and of the disk: per entry a u32 length (little endian), a u8 kind, and the
/// payload, a stamp (u64, little endian) before it when the kind says so.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Run {
    term: Term,
    first: Index,
    /// No more than 2^32 - 2 entries behind the first.
    last: Index,
    body: Bytes,
}

impl Run {
    /// Takes bytes that came from a peer or a disk, after looking at every entry's header.
    ///
    /// # Errors
    ///
    /// When the bytes are not exactly `count` well-formed entries, when `count`, `first` or `term` is zero, or when an
    /// index would exceed 2^64 - 1.
    pub fn decode(term: Term, first: Index, count: u32, body: Bytes) -> Result<Self, RunError> {
        if count == 0 || first == Index::ZERO || term == Term::ZERO {
            return Err(RunError::Zero);
        }
        let Some(end) = first.get().checked_add(u64::from(count)) else {
            return Err(RunError::IndexOverflow { first });
        };
        let mut rest = &body[..];
        for entry in 0..count {
            let (_, _, after) = split_entry(rest).map_err(|flaw| RunError::Entry { entry, flaw })?;
            rest = after;
        }
        if !rest.is_empty() {
            return Err(RunError::TrailingBytes { bytes: rest.len() });
        }
        Ok(Self { term, first, last: Index::new(end).prev(), body })
    }

    /// The term of all its entries.
    #[must_use]
    pub const fn term(&self) -> Term {
        self.term
    }

    /// The index of its first entry.
    #[must_use]
    pub const fn first(&self) -> Index {
        self.first
    }

    /// The index of its last entry.
    #[must_use]
    pub const fn last(&self) -> Index {
        self.last
    }

    /// Term and index of its last entry.
    #[must_use]
    pub const fn last_pos(&self) -> LogPos {
        LogPos { term: self.term, index: self.last }
    }

    /// How many entries it holds; at least 1.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a run is made of at most 2^32 - 1 entries")]
    pub const fn count(&self) -> u32 {
        (self.last.get() - self.first.get() + 1) as u32
    }

    /// All entries as bytes, headers included: what goes to disk and to peers.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> Entries<'_> {
        Entries { next: self.first, rest: &self.body }
    }

    /// The payloads that the state machine is to apply, with their indexes; blank entries are left out.
    pub fn payloads(&self) -> impl Iterator<Item = (Index, &[u8])> {
        self.entries().filter(|entry| entry.kind.is_proposal()).map(|entry| (entry.index, entry.payload))
    }

    /// An owned handle on a payload borrowed from this run: shares the block, copies nothing.
    ///
    /// # Panics
    ///
    /// When `payload` is not a slice of this run's body: a mistake of the caller.
    #[must_use]
    pub fn share(&self, payload: &[u8]) -> Bytes {
        self.body.slice_ref(payload)
    }

    /// The entries up to and including `last`, in the same block; `None` when that leaves nothing.
    ///
    /// Walks the headers up to there.
    #[must_use]
    pub fn up_to(&self, last: Index) -> Option<Self> {
        if last >= self.last {
            return Some(self.clone());
        }
        if last < self.first {
            return None;
        }
        let body = self.body.slice(..self.offset_of(last.next()));
        Some(Self { last, body, ..*self })
    }

    /// The entries from `first` on, in the same block; `None` when that leaves nothing.
    ///
    /// Walks the headers up to there.
    #[must_use]
    pub fn starting_at(&self, first: Index) -> Option<Self> {
        if first <= self.first {
            return Some(self.clone());
        }
        if first > self.last {
            return None;
        }
        let body = self.body.slice(self.offset_of(first)..);
        Some(Self { first, body, ..*self })
    }

    /// The leading entries whose encoding takes at most `bytes_max`, but at least one, in the same block.
    ///
    /// Walks the headers up to there.
    #[must_use]
    pub fn fit(&self, bytes_max: usize) -> Self {
        if self.body.len() <= bytes_max {
            return self.clone();
        }
        let (mut last, mut bytes) = (self.first, 0);
        for entry in self.entries() {
            let longer = bytes + entry.kind.header_bytes() + entry.payload.len();
            if bytes > 0 && longer > bytes_max {
                break;
            }
            (last, bytes) = (entry.index, longer);
        }
        Self { last, body: self.body.slice(..bytes), ..*self }
    }

    /// The entries from `first` to at most `last` whose encoding takes at most `bytes_max`, but at least one; `None` when
    /// that leaves nothing. Mostly it is the whole run, and costs one handle on the block.
    #[inline]
    pub(crate) fn part(&self, first: Index, last: Index, bytes_max: usize) -> Option<Self> {
        if first <= self.first && self.last <= last && self.body.len() <= bytes_max {
            Some(self.clone())
        } else {
            self.cut(first, last, bytes_max)
        }
    }

    #[inline(never)]
    fn cut(&self, first: Index, last: Index, bytes_max: usize) -> Option<Self> {
        self.starting_at(first)?.fit(bytes_max).up_to(last)
    }

    /// Copies the entries out of a block of `block_bytes` if they are less than half of it: a slice keeps its whole
    /// block in memory, and is counted by its own length.
    #[must_use]
    pub(crate) fn without_slack(self, block_bytes: usize) -> Self {
        if self.body.len() >= block_bytes / 2 {
            return self;
        }
        Self { body: Bytes::copy_from_slice(&self.body), ..self }
    }

    /// The leading runs that follow each other in one term, as one; `None` when there is none. One alone is not copied.
    ///
    /// For an answer to [`Output::Fetch`](crate::Output::Fetch) from storage that keeps many small runs: one answer
    /// then stands for many questions.
    #[must_use]
    pub fn joined(runs: &[Self]) -> Option<Self> {
        let front = runs.first()?;
        let (mut joined, mut count) = (1, front.count());
        for pair in runs.windows(2) {
            let follows = pair[1].term == front.term && pair[1].first == pair[0].last.next();
            let Some(more) = count.checked_add(pair[1].count()).filter(|_| follows) else { break };
            (joined, count) = (joined + 1, more);
        }
        if joined == 1 { Some(front.clone()) } else { Self::join(runs[..joined].iter()) }
    }

    /// One run from several that follow each other in one term: the only place where entries are copied, used when a
    /// follower that lags is sent many small runs.
    pub(crate) fn join<'a>(runs: impl Iterator<Item = &'a Self> + Clone) -> Option<Self> {
        let first = runs.clone().next()?;
        let mut body = BytesMut::with_capacity(runs.clone().map(|run| run.body.len()).sum());
        let mut last = first.first.prev();
        for run in runs {
            assert_eq!(run.term, first.term, "a run has one term");
            assert_eq!(run.first, last.next(), "runs follow each other");
            body.extend_from_slice(&run.body);
            last = run.last;
        }
        Some(Self { last, body: body.freeze(), ..*first })
    }

    /// Where the entry begins, one of this run's or the next.
    fn offset_of(&self, index: Index) -> usize {
        let mut entries = self.entries();
        for _ in self.first.get()..index.get() {
            entries.next();
        }
        self.body.len() - entries.rest.len()
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}@{}({}B)", self.first, self.last, self.term, self.body.len())
    }
}

/// The entries of a [`Run`], in order.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    next: Index,
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (kind, payload, rest) = split_entry(self.rest).expect("a run is looked at whole when it is made");
        let index = self.next;
        self.next = index.next();
        self.rest = rest;
        Some(Entry { index, kind, payload })
    }
}

/// Entries proposed since the last poll: the leader's block in the making, or, while it is empty, the room for the next.
#[derive(Clone, Debug)]
pub(crate) struct OpenRun {
    term: Term,
    first: Index,
    /// What the next entry will be.
    next: Index,
    /// Bytes that still fit, without moving what is already there.
    room: usize,
    buffer: BytesMut,
}

impl OpenRun {
    pub(crate) fn new(term: Term, first: Index, buffer: BytesMut, bytes_max: usize) -> Self {
        let room = buffer.capacity().min(bytes_max);
        Self { term, first, next: first, room, buffer }
    }

    pub(crate) const fn term(&self) -> Term {
        self.term
    }

    /// Whether an entry of so many bytes, its header included, still fits.
    pub(crate) const fn has_room(&self, bytes: usize) -> bool {
        bytes <= self.room
    }

    /// Adds an entry that fits.
    #[inline]
    pub(crate) fn push(&mut self, kind: EntryKind, payload: &[u8]) -> Index {
        let length = u32::try_from(payload.len()).expect("a payload is below append_bytes_max");
        let mut header = [kind.code(); ENTRY_HEADER_BYTES];
        header[..4].copy_from_slice(&length.to_le_bytes());
        self.buffer.extend_from_slice(&header);
        if let EntryKind::Stamped(stamp) = kind {
            self.buffer.extend_from_slice(&stamp.get().to_le_bytes());
        }
        self.buffer.extend_from_slice(payload);
        self.room -= kind.header_bytes() + payload.len();
        let index = self.next;
        self.next = index.next();
        index
    }

    pub(crate) const fn first(&self) -> Index {
        self.first
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The encoded entries so far; they end the log, so their number and first index are known from it.
    pub(crate) fn written(&self) -> &[u8] {
        &self.buffer
    }

    /// The finished run. The next one of the same term follows on, in the rest of the buffer.
    pub(crate) fn seal(&mut self, bytes_max: usize) -> Run {
        let body = self.buffer.split().freeze();
        self.room = self.buffer.capacity().min(bytes_max);
        let run = Run { term: self.term, first: self.first, last: self.next.prev(), body };
        self.first = self.next;
        run
    }
}

/// Why bytes are not a run. Nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunError {
    /// No entries, or index or term zero.
    Zero,
    /// The last entry's index would not fit 64 bits.
    IndexOverflow {
        /// The first index claimed.
        first: Index,
    },
    /// An entry is malformed.
    Entry {
        /// Which one, counted from zero.
        entry: u32,
        /// What is wrong with it.
        flaw: EntryFlaw,
    },
    /// Bytes are left after the last entry.
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
}

/// What is wrong with an encoded entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryFlaw {
    /// The bytes end before the entry does.
    Truncated,
    /// No entry kind has this code.
    UnknownKind(u8),
    /// A blank entry with a payload.
    BlankWithPayload,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => write!(f, "a run without entries, or with index or term zero"),
            Self::IndexOverflow { first } => {
                write!(f, "a run that starts at {first} ends beyond the last index")
            }
            Self::Entry { entry, flaw } => match flaw {
                EntryFlaw::Truncated => write!(f, "entry {entry} of a run ends beyond the bytes given"),
                EntryFlaw::UnknownKind(code) => {
                    write!(f, "entry {entry} of a run has the unknown kind {code}")
                }
                EntryFlaw::BlankWithPayload => {
                    write!(f, "entry {entry} of a run is blank and yet has a payload")
                }
            },
            Self::TrailingBytes { bytes } => {
                write!(f, "{bytes} bytes are left after the last entry of a run")
            }
        }
    }
}

impl core::error::Error for RunError {}

fn split_entry(mut bytes: &[u8]) -> Result<(EntryKind, &[u8], &[u8]), EntryFlaw> {
    if bytes.len() < ENTRY_HEADER_BYTES {
        return Err(EntryFlaw::Truncated);
    }
    let length = bytes.get_u32_le() as usize;
    let code = bytes.get_u8();
    let kind = match code {
        0 => EntryKind::Normal,
        1 => EntryKind::Blank,
        2 => EntryKind::Stamped(Stamp::new(bytes.try_get_u64_le().map_err(|_| EntryFlaw::Truncated)?)),
        _ => return Err(EntryFlaw::UnknownKind(code)),
    };
    if length > bytes.len() {
        return Err(EntryFlaw::Truncated);
    }
    if kind == EntryKind::Blank && length > 0 {
        return Err(EntryFlaw::BlankWithPayload);
    }
    let (payload, rest) = bytes.split_at(length);
    Ok((kind, payload, rest))
}

#[cfg(test)]
mod tests;
