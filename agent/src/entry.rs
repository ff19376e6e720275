//! What an entry of the replicated log says to the list: one line of one client.

use std::fmt;

/// Bytes before the line in a payload: format (u8), client (u64, little endian), sequence (u64, little endian).
pub const ENTRY_HEADER_BYTES: usize = 1 + 8 + 8;

/// The longest line, in bytes: 64 KiB.
pub const LINE_BYTES_MAX: usize = 64 << 10;

/// The only format so far: a line.
const FORMAT_LINE: u8 = 1;

/// Names one session of one client: drawn at random, so that no two clients share one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(u64);

impl ClientId {
    /// The id with this number.
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{:016x}", self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One line as one client sent it, borrowed from a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineEntry<'a> {
    /// Who sent it.
    pub client: ClientId,
    /// Its number among the lines of that client; the first has 1.
    pub sequence: u64,
    /// The line, without its line feed; any bytes.
    pub line: &'a [u8],
}

impl<'a> LineEntry<'a> {
    /// Appends the payload to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(ENTRY_HEADER_BYTES + self.line.len());
        out.push(FORMAT_LINE);
        out.extend_from_slice(&self.client.0.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(self.line);
    }

    /// Reads a payload. It came through the log, hence from a peer or a disk: nothing is taken for granted.
    ///
    /// # Errors
    ///
    /// When it is too short, too long, or of a format that this version does not know.
    pub fn decode(payload: &'a [u8]) -> Result<Self, EntryError> {
        let Some((header, line)) = payload.split_first_chunk::<ENTRY_HEADER_BYTES>() else {
            return Err(EntryError::TooShort { bytes: payload.len() });
        };
        let [format, c0, c1, c2, c3, c4, c5, c6, c7, s0, s1, s2, s3, s4, s5, s6, s7] = *header;
        if format != FORMAT_LINE {
            return Err(EntryError::UnknownFormat { format });
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(EntryError::TooLong { bytes: line.len() });
        }
        let client = ClientId(u64::from_le_bytes([c0, c1, c2, c3, c4, c5, c6, c7]));
        let sequence = u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
        Ok(Self { client, sequence, line })
    }
}

/// Why a payload is not a line. Every node of the same version judges alike, and skips the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryError {
    /// Shorter than its header.
    TooShort {
        /// Its bytes.
        bytes: usize,
    },
    /// A line above [`LINE_BYTES_MAX`].
    TooLong {
        /// The line's bytes.
        bytes: usize,
    },
    /// A format of a later version.
    UnknownFormat {
        /// The format.
        format: u8,
    },
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { bytes } => {
                write!(f, "an entry of {bytes} bytes is shorter than its header of {ENTRY_HEADER_BYTES}")
            }
            Self::TooLong { bytes } => {
                write!(f, "a line of {bytes} bytes, but at most {LINE_BYTES_MAX} are allowed")
            }
            Self::UnknownFormat { format } => {
                write!(f, "an entry of format {format}; this version knows format {FORMAT_LINE} only")
            }
        }
    }
}

impl std::error::Error for EntryError {}

#[cfg(test)]
mod tests;
