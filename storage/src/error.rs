use core::fmt;
use machine_core::{NodeId, WriteId};
use std::io;

use crate::disk::Operation;

/// One operation on the disk that failed: what was tried, on which file, and what the system said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskError {
    /// What was tried.
    pub operation: Operation,
    /// The file or folder, with its path.
    pub file: String,
    /// The kind of failure.
    pub kind: io::ErrorKind,
    /// The system's own words.
    pub text: String,
}

impl DiskError {
    /// What `error` says about `operation` on `file`.
    #[must_use]
    pub fn new(operation: Operation, file: String, error: &io::Error) -> Self {
        Self { operation, file, kind: error.kind(), text: error.to_string() }
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.operation, self.file, self.text)
    }
}

impl core::error::Error for DiskError {}

/// The log has stopped for good: a write or a sync failed, and since then nobody knows what the disk holds.
///
/// A sync is not tried again: after one that failed the system may have dropped the data and report success (Rebello
/// et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020). What was durable before is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// The operation that failed first.
    pub cause: DiskError,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the log has stopped: {}; what was synced before is safe, nothing since then is acknowledged; mend the \
             disk and open the log anew",
            self.cause
        )
    }
}

impl core::error::Error for Stopped {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// What both kinds of writing say of a log at the end of its numbers.
const USED_UP: &str = "the log's numbers of openings or segments are used up, as only files made by hand can have it: it \
                       can be read, not written; copy what it holds into a log in a new folder";

/// Why a write was not appended. Except for `Stopped`, nothing has changed and the log goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendError {
    /// The log has stopped, by this call or before.
    Stopped(Stopped),
    /// The id is not above that of the last write: writes must be appended in the order of their ids.
    OutOfOrder {
        /// The id given.
        id: WriteId,
        /// The id of the last write.
        last: WriteId,
    },
    /// The run has no entries, starts at 0, or reaches beyond the largest position.
    Malformed {
        /// The position given.
        first: u64,
        /// The number of entries given.
        count: u32,
    },
    /// The run would leave a gap: its first position must be at most one beyond the last.
    Gap {
        /// The position given.
        first: u64,
        /// The last position of the log.
        last: u64,
    },
    /// The run would overwrite positions that were released.
    Released {
        /// The position given.
        first: u64,
        /// The position up to which everything was released.
        released: u64,
    },
    /// The record would be larger than the configured maximum.
    TooLarge {
        /// What it would take.
        bytes: u64,
        /// The maximum.
        bytes_max: u64,
    },
    /// No file could be made for another segment, most likely because the disk is full. Make room and append the same
    /// write again.
    NoSegment(DiskError),
    /// The log has no number left for an opening or for a segment: 2^32 and 2^63 of them, which only files made by
    /// hand name. It can be read, and nothing is written to it any more: what was written could not be told from
    /// older records.
    UsedUp,
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(stopped) => return stopped.fmt(f),
            Self::OutOfOrder { id, last } => {
                write!(f, "write {id} comes after {last}: append writes in the order of their ids")?;
            }
            Self::Malformed { first, count } => write!(
                f,
                "a run of {count} entries from position {first}: it needs at least one entry, a first position from 1, \
                 and an end below 2^64"
            )?,
            Self::Gap { first, last } => write!(
                f,
                "a run from position {first} leaves a gap after the last position {last}: start at {} or before",
                last.saturating_add(1)
            )?,
            Self::Released { first, released } => write!(
                f,
                "a run from position {first} overwrites what was released up to {released}: start after it"
            )?,
            Self::TooLarge { bytes, bytes_max } => write!(
                f,
                "a record of {bytes} bytes is above the limit of {bytes_max}: split the run or raise record_bytes_max"
            )?,
            Self::NoSegment(error) => {
                write!(
                    f,
                    "no room for another segment: {error}; free space, then append the same write again, or \
                     open the log anew"
                )?;
            }
            Self::UsedUp => f.write_str(USED_UP)?,
        }
        f.write_str("; nothing was changed")
    }
}

impl core::error::Error for AppendError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Stopped(stopped) => Some(stopped),
            Self::NoSegment(error) => Some(error),
            Self::OutOfOrder { .. }
            | Self::Malformed { .. }
            | Self::Gap { .. }
            | Self::Released { .. }
            | Self::TooLarge { .. }
            | Self::UsedUp => None,
        }
    }
}

impl From<Stopped> for AppendError {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

/// Why positions could not be read. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// The log has stopped before.
    Stopped(Stopped),
    /// The position was released.
    Released {
        /// The position asked for.
        first: u64,
        /// The position up to which everything was released.
        released: u64,
    },
    /// The position is beyond the last one.
    Beyond {
        /// The position asked for.
        first: u64,
        /// The last position of the log.
        last: u64,
    },
    /// What the disk gave back is not what was written.
    Damaged(Damaged),
    /// The disk gave nothing back.
    Disk(DiskError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(stopped) => stopped.fmt(f),
            Self::Released { first, released } => {
                write!(f, "position {first} was released: what is left starts after {released}")
            }
            Self::Beyond { first, last } => write!(f, "position {first} is beyond the last one, {last}"),
            Self::Damaged(damaged) => damaged.fmt(f),
            Self::Disk(error) => write!(f, "{error}; nothing was changed, the log goes on"),
        }
    }
}

impl core::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Stopped(stopped) => Some(stopped),
            Self::Damaged(damaged) => Some(damaged),
            Self::Disk(error) => Some(error),
            Self::Released { .. } | Self::Beyond { .. } => None,
        }
    }
}

/// Why positions could not be released.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The log has stopped, by this call or before. The positions may be released or not.
    Stopped(Stopped),
    /// The release itself must be written, which needs another segment, and no file could be made for it. Nothing has
    /// changed: make room and release again.
    NoSegment(DiskError),
    /// The largest number is no position: nothing could ever follow. Nothing has changed.
    Malformed,
    /// As for [`AppendError::UsedUp`]. Nothing has changed.
    UsedUp,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(stopped) => stopped.fmt(f),
            Self::NoSegment(error) => write!(
                f,
                "no new segment to write down what is released: {error}; nothing was changed; free space or mend the folder, \
                 then release again"
            ),
            Self::Malformed => {
                f.write_str("2^64 - 1 is no position: nothing could follow it; nothing was changed")
            }
            Self::UsedUp => write!(f, "{USED_UP}; nothing was changed"),
        }
    }
}

impl core::error::Error for ReleaseError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Stopped(stopped) => Some(stopped),
            Self::NoSegment(error) => Some(error),
            Self::Malformed | Self::UsedUp => None,
        }
    }
}

impl From<Stopped> for ReleaseError {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

/// Why a folder could not be opened as a log. Nothing durable was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// An option is out of its bounds.
    Options(OptionsError),
    /// Another process, or another log of this process, has the folder open.
    Locked {
        /// The folder.
        folder: String,
    },
    /// The folder belongs to another cluster.
    OtherCluster {
        /// The segment that says so.
        file: String,
        /// The cluster named in the file.
        found: u64,
        /// The cluster in the options.
        expected: u64,
    },
    /// The folder belongs to another node.
    OtherNode {
        /// The segment that says so.
        file: String,
        /// The node named in the file.
        found: NodeId,
        /// The node in the options.
        expected: NodeId,
    },
    /// The segment was written in another format.
    OtherVersion {
        /// The segment.
        file: String,
        /// The version of its format.
        found: u32,
        /// The version this program knows.
        expected: u32,
    },
    /// What was durable is damaged or missing.
    Damaged(Damaged),
    /// An operation on the disk failed.
    Disk(DiskError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(error) => error.fmt(f),
            Self::Locked { folder } => write!(
                f,
                "{folder}: another process has this log open; stop it, or give this one another folder; nothing was \
                 changed"
            ),
            Self::OtherCluster { file, found, expected } => write!(
                f,
                "{file}: belongs to cluster {found:#x}, this is cluster {expected:#x}; name the right folder or the \
                 right cluster; nothing was changed"
            ),
            Self::OtherNode { file, found, expected } => write!(
                f,
                "{file}: belongs to node {found}, this is node {expected}; name the right folder or the right node; \
                 nothing was changed"
            ),
            Self::OtherVersion { file, found, expected } => write!(
                f,
                "{file}: written in format version {found}, this program knows version {expected}; use a release that \
                 knows {found}; nothing was changed"
            ),
            Self::Damaged(damaged) => damaged.fmt(f),
            Self::Disk(error) => {
                write!(
                    f,
                    "{error}; nothing durable was changed; check the folder, its owner and the disk, then open again"
                )
            }
        }
    }
}

impl core::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Options(error) => Some(error),
            Self::Damaged(damaged) => Some(damaged),
            Self::Disk(error) => Some(error),
            Self::Locked { .. }
            | Self::OtherCluster { .. }
            | Self::OtherNode { .. }
            | Self::OtherVersion { .. } => None,
        }
    }
}

impl From<Damaged> for OpenError {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged)
    }
}

impl From<DiskError> for OpenError {
    fn from(error: DiskError) -> Self {
        Self::Disk(error)
    }
}

/// Something that was durable is not what it was. Never repaired here, and never trimmed: a store that cannot prove
/// what it once acknowledged must not go on as if it could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The file, with its folder.
    pub file: String,
    /// Where the damage was met, in bytes from the file's start.
    pub offset: u64,
    /// What is wrong there.
    pub damage: Damage,
}

/// What is wrong with a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The file does not begin with a sound segment header.
    Header,
    /// The header is that of another segment.
    OtherSegment {
        /// The sequence number in the header.
        found: u64,
    },
    /// The file is shorter than its header says.
    Short {
        /// Its length in bytes.
        found: u64,
        /// The length the header says.
        expected: u64,
    },
    /// The record there is not what was written, although it had been made durable.
    Record,
    /// The record there is sound, but cannot follow the one before it.
    Contradiction,
    /// The file is missing.
    Missing,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, offset, damage } = self;
        write!(f, "{file}: ")?;
        match damage {
            Damage::Header => f.write_str("no sound segment header at offset 0")?,
            Damage::OtherSegment { found } => {
                write!(f, "holds segment {found} instead of the one it is named for")?
            }
            Damage::Short { found, expected } => {
                write!(f, "{found} bytes long where {expected} were written")?
            }
            Damage::Record => write!(f, "the record at offset {offset} was durable and is damaged")?,
            Damage::Contradiction => {
                write!(f, "the record at offset {offset} contradicts what comes before it")?
            }
            Damage::Missing => f.write_str("missing, although it holds part of the log")?,
        }
        f.write_str(
            "; nothing was trimmed or changed; restore the folder from a copy of the same moment, or retire this node's \
             id and let it come back empty under a new one",
        )
    }
}

impl core::error::Error for Damaged {}

/// An option out of its bounds. Nothing was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionsError {
    /// The option's name.
    pub option: &'static str,
    /// Its value.
    pub value: u64,
    /// The least it can be.
    pub min: u64,
    /// The most it can be.
    pub max: u64,
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, value, min, max } = self;
        write!(f, "{option} is {value}: it must be from {min} to {max}; nothing was touched")
    }
}

impl core::error::Error for OptionsError {}

#[cfg(test)]
mod tests;
