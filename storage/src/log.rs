//! What a log stores, and what any log store must do.

use bytes::Bytes;
use core::fmt;
use machine_core::WriteId;

use crate::{AppendError, ReadError, ReleaseError, Stopped};

/// A log of entries at consecutive positions, with a small state beside it: what any store must do.
///
/// Positions start at 1. A store holds the positions after [`released`](Self::released) up to [`last`](Self::last), in
/// runs; each [`Write`] may add one run, which overwrites everything from its first position on, and always replaces
/// the state. [`crate::conformance`] checks a store against this page.
///
/// # Durability
///
/// 1. A write is *appended* when [`append`](Self::append) returns `Ok`, and *durable* when [`sync`](Self::sync) returns
///    an id that is not below its own. Only a durable write may be acknowledged to anyone.
/// 2. After a crash the store holds the writes up to some point, in order and without a gap: all that were durable,
///    and perhaps some that were only appended. No write is ever found in part.
/// 3. What a store hands back when it is opened is durable at that moment: it may be acknowledged without a new sync.
/// 4. After a failed write or a failed sync the store is stopped for good: every later call returns the same
///    [`Stopped`], nothing is tried again, and nothing is acknowledged any more. The way out is to open it anew.
///
/// # Threads
///
/// None: calls block until they are done. Who must not block runs the store on a thread of its own.
pub trait LogStore {
    /// Appends one write, all of it or nothing. It is not durable before the next [`sync`](Self::sync).
    ///
    /// Reads see it at once.
    ///
    /// # Errors
    ///
    /// [`AppendError`]. Except for [`AppendError::Stopped`], nothing has changed and the log goes on.
    fn append(&mut self, write: &Write) -> Result<(), AppendError>;

    /// Makes every appended write durable with one sync, and names the last of them: [`WriteId::NONE`] when none was
    /// appended since the store was opened. Free of cost when there is nothing to sync.
    ///
    /// # Errors
    ///
    /// [`Stopped`]: the sync failed, now or earlier. What was not durable yet may be lost or not; see rule 4.
    fn sync(&mut self) -> Result<WriteId, Stopped>;

    /// Leaves proof of what is durable, for a store that can use it to tell a damaged end from a torn one.
    ///
    /// To be called when there is nothing else to do. It does not sync; a store without such proof does nothing.
    ///
    /// # Errors
    ///
    /// [`Stopped`]: writing failed, now or earlier.
    fn mark(&mut self) -> Result<(), Stopped>;

    /// Reads consecutive runs, beginning with the one that holds `first`: as many as together take `bytes_max` bytes
    /// ([`Run::cost`]), but always at least one.
    ///
    /// The first one may begin before `first`, and any of them may have entries at its end that were overwritten:
    /// see [`StoredRun`]. Their live parts leave no gap.
    ///
    /// # Errors
    ///
    /// [`ReadError`]. Nothing changes, and but for [`ReadError::Stopped`] the log goes on.
    fn read(&mut self, first: u64, bytes_max: usize) -> Result<Vec<StoredRun>, ReadError>;

    /// Lets go of every position up to `up_to`: they can no longer be read or overwritten. Durable when it returns, and
    /// with it every write appended before.
    ///
    /// A position beyond [`last`](Self::last) is allowed: then the log becomes empty and goes on at `up_to + 1`, which
    /// is what a snapshot from elsewhere needs. Does nothing when `up_to` is already released.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`]. But for [`ReleaseError::Stopped`] nothing has changed and the log goes on.
    fn release(&mut self, up_to: u64) -> Result<(), ReleaseError>;

    /// The state of the newest appended write; `None` before the first one ever.
    fn state(&self) -> Option<State>;

    /// The last position, or [`released`](Self::released) when no position is held.
    fn last(&self) -> u64;

    /// The position up to which everything was released; 0 when nothing was.
    fn released(&self) -> u64;
}

impl<L: LogStore + ?Sized> LogStore for &mut L {
    fn append(&mut self, write: &Write) -> Result<(), AppendError> {
        (**self).append(write)
    }

    fn sync(&mut self) -> Result<WriteId, Stopped> {
        (**self).sync()
    }

    fn mark(&mut self) -> Result<(), Stopped> {
        (**self).mark()
    }

    fn read(&mut self, first: u64, bytes_max: usize) -> Result<Vec<StoredRun>, ReadError> {
        (**self).read(first, bytes_max)
    }

    fn release(&mut self, up_to: u64) -> Result<(), ReleaseError> {
        (**self).release(up_to)
    }

    fn state(&self) -> Option<State> {
        (**self).state()
    }

    fn last(&self) -> u64 {
        (**self).last()
    }

    fn released(&self) -> u64 {
        (**self).released()
    }
}

/// One atomic write: after a crash the log holds all of it or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Names the write; above the id of every write appended since the store was opened.
    pub id: WriteId,
    /// Replaces the state as a whole.
    pub state: State,
    /// Entries to put at their positions; everything from the first of them on is overwritten.
    pub run: Option<Run>,
}

/// A small blob that every write carries in full, and of which the last one counts: whatever the user of the log must
/// know beside the entries (for Raft: term, vote, commit hint). At most [`State::BYTES_MAX`] bytes, held inline.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    length: u8,
    bytes: [u8; Self::BYTES_MAX],
}

impl State {
    /// The most bytes a state can have.
    pub const BYTES_MAX: usize = 64;

    /// The state with these bytes; `None` when there are more than [`State::BYTES_MAX`].
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut state = Self::default();
        state.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        state.length = u8::try_from(bytes.len()).ok()?;
        Some(state)
    }

    /// The bytes it was made of.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl Default for State {
    fn default() -> Self {
        Self { length: 0, bytes: [0; Self::BYTES_MAX] }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({})", self.as_bytes().escape_ascii())
    }
}

/// A block of entries at the consecutive positions `first` to `first + count - 1`.
///
/// The store neither knows nor cares where one entry ends in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Position of the first entry, from 1.
    pub first: u64,
    /// Number of entries, at least 1.
    pub count: u32,
    /// A number that the user of the log gives to all entries of the run (for Raft: their term).
    pub mark: u64,
    /// The entries' bytes, shared and not copied.
    pub body: Bytes,
}

impl Run {
    /// What a run counts beside its body when bytes are limited: runs without a body are bounded too.
    pub const OVERHEAD_BYTES: usize = 64;

    /// Position of the last entry. Saturates; a store refuses a run for which that matters.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count)).saturating_sub(1)
    }

    /// What the run counts when bytes are limited: its body and [`Run::OVERHEAD_BYTES`].
    #[must_use]
    pub fn cost(&self) -> usize {
        Self::cost_of(self.body.len())
    }

    /// What a run with a body of so many bytes counts.
    pub(crate) const fn cost_of(body_bytes: usize) -> usize {
        body_bytes.saturating_add(Self::OVERHEAD_BYTES)
    }

    /// Whether it has at least one entry, starts at 1 or later, and ends below the largest number.
    pub(crate) fn is_sound(&self) -> bool {
        self.first > 0 && self.count > 0 && self.first.checked_add(u64::from(self.count)).is_some()
    }
}

/// A run as it was appended, and how much of it still counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRun {
    /// The whole run as appended.
    pub run: Run,
    /// How many of its entries, from the first, are live. The rest was overwritten by a later run, and since the body
    /// is opaque it is for the caller to leave them out. From 1 to `run.count`.
    pub live: u32,
}

/// The live part of one run, or of neighbours of the same mark, without the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LiveRun {
    /// Position of the first entry.
    pub first: u64,
    /// Entries that are live, at least 1.
    pub count: u32,
    /// The run's mark.
    pub mark: u64,
}

/// What a store holds when it is opened. All of it is durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The state of the last write; `None` when there was no write yet.
    pub state: Option<State>,
    /// The live runs in order, without a gap; neighbours of the same mark may be told as one. The first may begin at or
    /// before `released`.
    pub runs: Vec<LiveRun>,
    /// The last position, or `released` when there is no run.
    pub last: u64,
    /// The position up to which everything was released; 0 when nothing was.
    pub released: u64,
    /// What a crash left at the end in part, and what was therefore dropped: never anything durable.
    pub trimmed: Option<Trimmed>,
}

/// The torn end of a log, dropped when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trimmed {
    /// The file, with its folder.
    pub file: String,
    /// Where the first incomplete record began, in bytes from the file's start.
    pub offset: u64,
    /// How many bytes were replaced by zeros.
    pub bytes: u64,
}

impl fmt::Display for Trimmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, offset, bytes } = self;
        write!(
            f,
            "{file}: {bytes} bytes at offset {offset} were written in part before a crash; never durable, dropped"
        )
    }
}

#[cfg(test)]
mod tests;
