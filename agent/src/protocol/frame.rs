use std::{
    fmt,
    io::{self, Read, Write},
};

use bytes::Bytes;

use super::{FRAME_BYTES_MAX, VERSION};

/// Length (u32) and CRC-32C (u32), both little endian, of the content that follows.
const HEADER_BYTES: usize = 8;
/// The first bytes of both directions: `quorate` and the version.
pub const GREETING_BYTES: usize = 8;
const NAME: &[u8; 7] = b"quorate";

/// The first words of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The version of the protocol that the sender speaks.
    pub version: u8,
}

impl Greeting {
    /// This release's own.
    pub const OWN: Self = Self { version: VERSION };

    /// Its bytes.
    #[must_use]
    pub fn encode(self) -> [u8; GREETING_BYTES] {
        let mut bytes = [0; GREETING_BYTES];
        bytes[..NAME.len()].copy_from_slice(NAME);
        bytes[NAME.len()] = self.version;
        bytes
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// When the sender speaks something else.
    pub fn decode(bytes: [u8; GREETING_BYTES]) -> Result<Self, FrameError> {
        let [name @ .., version] = bytes;
        if &name == NAME { Ok(Self { version }) } else { Err(FrameError::Stranger { greeting: bytes }) }
    }
}

/// Writes one frame.
///
/// # Errors
///
/// When the content is longer than [`FRAME_BYTES_MAX`] (nothing is written), or the stream fails.
pub fn write_frame(stream: &mut impl Write, content: &[u8]) -> Result<(), FrameError> {
    let too_long = FrameError::TooLong { bytes: content.len() as u64 };
    let length =
        u32::try_from(content.len()).ok().filter(|_| content.len() <= FRAME_BYTES_MAX).ok_or(too_long)?;
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4..].copy_from_slice(&crc32c::crc32c(content).to_le_bytes());
    stream.write_all(&header)?;
    stream.write_all(content)?;
    Ok(())
}

/// Reads one frame; `None` at the end of the stream, if it ends between frames.
///
/// # Errors
///
/// When the frame is too long (nothing was allocated for it), damaged or cut short, or the stream fails.
pub fn read_frame(stream: &mut impl Read) -> Result<Option<Bytes>, FrameError> {
    let mut header = [0; HEADER_BYTES];
    let mut filled = 0;
    while filled < HEADER_BYTES {
        match stream.read(&mut header[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let [l0, l1, l2, l3, c0, c1, c2, c3] = header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    let checksum = u32::from_le_bytes([c0, c1, c2, c3]);
    let bytes = length as usize;
    if bytes > FRAME_BYTES_MAX {
        return Err(FrameError::TooLong { bytes: length.into() });
    }
    let mut content = vec![0; bytes];
    stream.read_exact(&mut content)?;
    let found = crc32c::crc32c(&content);
    if found != checksum {
        return Err(FrameError::Checksum { expected: checksum, found });
    }
    Ok(Some(content.into()))
}

/// The content of the frame, if these bytes are one that [`read_frame`] would take, and nothing else.
pub(crate) fn sole_frame(bytes: &[u8]) -> Option<&[u8]> {
    let ([l0, l1, l2, l3, c0, c1, c2, c3], content) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
    let checksum = u32::from_le_bytes([*c0, *c1, *c2, *c3]);
    let whole = length == content.len() && length <= FRAME_BYTES_MAX;
    (whole && crc32c::crc32c(content) == checksum).then_some(content)
}

/// Why a frame was not read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum FrameError {
    /// The other side does not speak this protocol.
    Stranger {
        /// Its first bytes.
        greeting: [u8; GREETING_BYTES],
    },
    /// More bytes than a frame may have.
    TooLong {
        /// The bytes claimed.
        bytes: u64,
    },
    /// The content is not what was sent.
    Checksum {
        /// What the header says.
        expected: u32,
        /// What the content gives.
        found: u32,
    },
    /// The stream failed.
    Io(io::Error),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stranger { greeting } => write!(
                f,
                "the other side does not speak the client protocol (it began with \"{}\"); is this a client address?",
                greeting.escape_ascii()
            ),
            Self::TooLong { bytes } => {
                write!(f, "a frame of {bytes} bytes, but at most {FRAME_BYTES_MAX} are allowed")
            }
            Self::Checksum { expected, found } => {
                write!(f, "a frame was damaged on its way: checksum {expected:08x} sent, {found:08x} found")
            }
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FrameError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
