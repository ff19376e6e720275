//! Frames: what lies on a TCP connection, and nothing else does. `docs/wire-format.md` has the byte diagram.

mod decoder;

use std::{error::Error, fmt};

use bytes::Bytes;

pub use decoder::Decoder;

/// The first bytes of every frame. The last is not ASCII, so that no text protocol begins like this.
pub const MAGIC: [u8; 4] = *b"Qrt\xa5";

/// The version of the frame and handshake layout that this crate speaks.
///
/// It stands right behind the magic in every version there will ever be; the rest of the header belongs to the
/// version.
pub const VERSION: u8 = 1;

/// Bytes before the body: magic, version, kind, two reserved bytes, length, checksum of the body, checksum of all that.
pub const HEADER_BYTES: usize = 20;

/// Where the length of the body stands.
const LENGTH_AT: usize = 8;

/// Where the checksum of the body stands.
const BODY_CHECKSUM_AT: usize = 12;

/// Where the checksum of the header stands; it covers everything before it.
const HEADER_CHECKSUM_AT: usize = 16;

/// What a frame is for; the transport carries it and the [`Host`](crate::Host) gives it meaning.
///
/// Kinds from 240 upward belong to the transport's own handshake.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Kind(u8);

impl Kind {
    pub(crate) const HELLO: u8 = 240;
    pub(crate) const WELCOME: u8 = 241;
    pub(crate) const REFUSED: u8 = 242;

    /// The kind with this number; `None` for the transport's own, 240 and above.
    #[must_use]
    pub const fn new(kind: u8) -> Option<Self> {
        if kind < Self::HELLO { Some(Self(kind)) } else { None }
    }

    /// The kind with this number, for literals.
    ///
    /// # Panics
    ///
    /// When `kind` is 240 or above. Use [`Kind::new`] for numbers that come from outside.
    #[must_use]
    pub const fn of(kind: u8) -> Self {
        Self::new(kind).expect("kinds from 240 upward belong to the transport")
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A frame as it came out of a [`Decoder`]: header and checksums are right, the body is anybody's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Any number; those from 240 upward are the transport's.
    pub kind: u8,
    /// At most as long as the decoder's bound.
    pub body: Bytes,
}

/// The bytes of one frame in one piece: for tests, tools and other implementations. The driver itself writes header,
/// head and body from where they lie.
///
/// # Errors
///
/// [`FrameError::TooLong`] when the body is longer than a frame can say, 4 GiB.
pub fn encode(kind: u8, body: &[u8]) -> Result<Vec<u8>, FrameError> {
    let Ok(len) = u32::try_from(body.len()) else {
        return Err(FrameError::TooLong { len: body.len() as u64, len_max: u64::from(u32::MAX) });
    };
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(&header(kind, len, crc32c::crc32c(body)));
    bytes.extend_from_slice(body);
    Ok(bytes)
}

/// The header of a body with this length and checksum.
pub(crate) fn header(kind: u8, body_len: u32, body_checksum: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&MAGIC);
    header[4] = VERSION;
    header[5] = kind;
    header[LENGTH_AT..][..4].copy_from_slice(&body_len.to_le_bytes());
    header[BODY_CHECKSUM_AT..][..4].copy_from_slice(&body_checksum.to_le_bytes());
    let checksum = crc32c::crc32c(&header[..HEADER_CHECKSUM_AT]);
    header[HEADER_CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Why bytes are not a frame. The connection they came from cannot be used any further: where the next frame begins
/// is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameError {
    /// The first bytes are not the magic: a program that speaks something else.
    NotAFrame {
        /// What came instead; bytes not yet there are zero.
        found: [u8; 4],
    },
    /// A frame of another version of this layout.
    OtherVersion {
        /// The version this crate speaks.
        ours: u8,
        /// The version found.
        theirs: u8,
    },
    /// The header changed on the way: no length that it names is believed.
    HeaderChecksum {
        /// The checksum in the header.
        written: u32,
        /// The checksum of the header that came.
        computed: u32,
    },
    /// Bytes that must be zero in this version are not.
    Reserved {
        /// What was found.
        found: [u8; 2],
    },
    /// The body is longer than is allowed. Nothing was allocated for it.
    TooLong {
        /// The length in the header, in bytes.
        len: u64,
        /// The bound, in bytes.
        len_max: u64,
    },
    /// The body changed on the way.
    Checksum {
        /// The checksum in the header.
        written: u32,
        /// The checksum of the body that came.
        computed: u32,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFrame { found } => {
                write!(
                    f,
                    "starts with \"{}\", which is no frame: another program dialled this port?",
                    found.escape_ascii()
                )
            }
            Self::OtherVersion { ours, theirs } => write!(
                f,
                "frame version {theirs}, while this node speaks version {ours}; run the same release on all nodes"
            ),
            Self::HeaderChecksum { written, computed } => {
                write!(
                    f,
                    "frame header checksum {computed:08x} instead of {written:08x}: bytes changed on the way"
                )
            }
            Self::Reserved { found } => {
                write!(
                    f,
                    "reserved bytes are {:02x} {:02x}, but must be zero in version {VERSION}",
                    found[0], found[1]
                )
            }
            Self::TooLong { len, len_max } => write!(
                f,
                "frame body of {len} bytes is longer than {len_max}; give all nodes the same frame_bytes_max"
            ),
            Self::Checksum { written, computed } => {
                write!(f, "frame checksum {computed:08x} instead of {written:08x}: bytes changed on the way")
            }
        }
    }
}

impl Error for FrameError {}

#[cfg(all(test, not(loom)))]
mod tests;
