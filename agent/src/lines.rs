//! The state machine of this version: an append-only list of lines, the same on every node.
//!
//! It does not hold the lines, only what proves that two lists are equal: their number and a running checksum. The
//! lines themselves stay in the log, from where `List` reads them.

use crate::{
    entry::{ClientId, LineEntry},
    sessions::{Sessions, Verdict},
};

/// The list, as far as it has been applied. Memory is bounded by the table of [`Sessions`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    sessions: Sessions,
    summary: Summary,
}

/// What two equal lists have in common, and two different ones hardly ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines in the list.
    pub count: u64,
    /// CRC-32C over all of them in order, each behind its length (u32, little endian).
    pub checksum: u32,
}

impl Summary {
    /// Takes one line more.
    pub fn push(&mut self, line: &[u8]) {
        // Lengths beyond 32 bits do not occur: a line is bounded, see `LINE_BYTES_MAX`.
        let length = u32::try_from(line.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.checksum = crc32c::crc32c_append(crc32c::crc32c_append(self.checksum, &length), line);
        self.count += 1;
    }
}

impl Lines {
    /// The empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies the payload of the log entry `index`. Indexes rise from call to call.
    pub fn apply(&mut self, index: u64, payload: &[u8]) -> Applied {
        // An entry that this version cannot read was never acknowledged by it either.
        let Ok(LineEntry { client, sequence, line }) = LineEntry::decode(payload) else {
            return Applied::Unreadable;
        };
        match self.sessions.admit(client, sequence, index) {
            Verdict::New => {
                self.summary.push(line);
                Applied::Appended
            }
            Verdict::Duplicate => Applied::Duplicate,
            Verdict::Gap { expected } => Applied::Gap { expected },
        }
    }

    /// Number and checksum of the lines.
    #[must_use]
    pub const fn summary(&self) -> Summary {
        self.summary
    }

    /// The last sequence taken of this client; zero if none.
    #[must_use]
    pub fn last_sequence(&self, client: ClientId) -> u64 {
        self.sessions.last(client)
    }
}

/// What an entry did to the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Its line is the last of the list.
    Appended,
    /// Its line was in the list before.
    Duplicate,
    /// A line before it never arrived; nothing was changed.
    Gap {
        /// The sequence that would have been taken.
        expected: u64,
    },
    /// It is no line; nothing was changed.
    Unreadable,
}

#[cfg(test)]
mod tests;
