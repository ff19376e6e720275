use std::fmt;

use bytes::{Bytes, BytesMut};

use super::{
    BODY_CHECKSUM_AT, Frame, FrameError, HEADER_BYTES, HEADER_CHECKSUM_AT, LENGTH_AT, MAGIC, VERSION,
};

/// Bytes in, frames out; no socket inside.
///
/// The caller reads into [`spare`](Self::spare), says with [`filled`](Self::filled) how much came, and takes frames
/// with [`next`](Self::next) until there is none.
///
/// Memory: one chunk of fixed size, and, for a frame that does not fit into it, a buffer of exactly that frame's
/// size, allocated when its header has been judged, and its checksum found right. A large body is handed out without a copy; a small one is copied
/// out once, so that a few kept bytes never hold a whole chunk in memory.
///
/// ```
/// use transport::{Decoder, encode};
///
/// let mut decoder = Decoder::new(1024, 64 * 1024);
/// let sent = encode(7, b"hello").unwrap();
/// decoder.spare()[..sent.len()].copy_from_slice(&sent);
/// decoder.filled(sent.len());
/// assert_eq!(decoder.next().unwrap().unwrap().body, "hello");
/// assert_eq!(decoder.next(), Ok(None));
/// ```
pub struct Decoder {
    body_bytes_max: usize,
    chunk: Box<[u8]>,
    /// What has come and is not yet taken: `chunk[start..end]`.
    start: usize,
    end: usize,
    /// A frame that does not fit into the chunk; while it is being filled, nothing is in the chunk.
    large: Option<Large>,
    /// An error is final: where the next frame would begin is unknown.
    failed: Option<FrameError>,
}

struct Large {
    bytes: BytesMut,
    filled: usize,
}

impl Decoder {
    /// A decoder for bodies of at most `body_bytes_max` bytes, which holds `chunk_bytes` (at least one header) even
    /// when nothing comes.
    #[must_use]
    pub fn new(body_bytes_max: usize, chunk_bytes: usize) -> Self {
        let chunk = vec![0; chunk_bytes.max(HEADER_BYTES)].into_boxed_slice();
        Self { body_bytes_max, chunk, start: 0, end: 0, large: None, failed: None }
    }

    /// Where the next bytes go; never empty after [`next`](Self::next) returned `Ok(None)`.
    pub fn spare(&mut self) -> &mut [u8] {
        if let Some(large) = &mut self.large {
            return &mut large.bytes[large.filled..];
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.chunk.len() || self.start >= self.chunk.len() / 2 {
            // At least as many bytes were taken as are moved, or they are the one frame that the chunk ends in.
            self.chunk.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.chunk[self.end..]
    }

    /// The first `count` bytes of [`spare`](Self::spare) have been filled; more than there is room for count as all.
    pub fn filled(&mut self, count: usize) {
        match &mut self.large {
            Some(large) => large.filled = large.bytes.len().min(large.filled.saturating_add(count)),
            None => self.end = self.chunk.len().min(self.end.saturating_add(count)),
        }
    }

    /// The next frame; `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// When the bytes are not a frame, as soon as that is certain: a wrong first byte needs no second. The same
    /// error again on every later call.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would end at `None`; here it means: not yet"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let next = self.decode();
        self.failed = next.as_ref().err().copied();
        next
    }

    /// Bytes that came and are not yet part of a frame that was taken.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.large.as_ref().map_or(self.end - self.start, |large| large.filled)
    }

    fn decode(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(large) = self.large.take() {
            if large.filled < large.bytes.len() {
                self.large = Some(large);
                return Ok(None);
            }
            return open(&large.bytes.freeze()).map(Some);
        }
        let held = &self.chunk[self.start..self.end];
        let Some(body_len) = judge_header(held, self.body_bytes_max)? else { return Ok(None) };
        let frame_len = HEADER_BYTES + body_len;
        if held.len() >= frame_len {
            let frame = open_copied(&held[..frame_len])?;
            self.start += frame_len;
            return Ok(Some(frame));
        }
        if frame_len > self.chunk.len() {
            let mut bytes = BytesMut::zeroed(frame_len);
            bytes[..held.len()].copy_from_slice(held);
            self.large = Some(Large { bytes, filled: held.len() });
            (self.start, self.end) = (0, 0);
        }
        Ok(None)
    }

    /// The same stream under other bounds: from the handshake's tight ones to a peer's.
    pub(crate) fn widen(self, body_bytes_max: usize, chunk_bytes: usize) -> Self {
        debug_assert!(self.large.is_none(), "handshake frames fit into the handshake's chunk");
        let held = &self.chunk[self.start..self.end];
        let mut wide = Self::new(body_bytes_max, chunk_bytes.max(held.len()));
        wide.spare()[..held.len()].copy_from_slice(held);
        wide.filled(held.len());
        wide
    }
}

/// The body's length, once the header is complete; errors as early as they can be seen.
fn judge_header(held: &[u8], body_bytes_max: usize) -> Result<Option<usize>, FrameError> {
    let seen = held.len().min(MAGIC.len());
    if held[..seen] != MAGIC[..seen] {
        let mut found = [0; 4];
        found[..seen].copy_from_slice(&held[..seen]);
        return Err(FrameError::NotAFrame { found });
    }
    if held.len() > 4 && held[4] != VERSION {
        return Err(FrameError::OtherVersion { ours: VERSION, theirs: held[4] });
    }
    let Some(header) = held.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    // Before the length is believed: a damaged one would swallow every frame behind it.
    let (written, computed) =
        (word(header, HEADER_CHECKSUM_AT), crc32c::crc32c(&header[..HEADER_CHECKSUM_AT]));
    if written != computed {
        return Err(FrameError::HeaderChecksum { written, computed });
    }
    if header[6..8] != [0, 0] {
        return Err(FrameError::Reserved { found: [header[6], header[7]] });
    }
    let len = word(header, LENGTH_AT);
    match usize::try_from(len) {
        Ok(len) if len <= body_bytes_max => Ok(Some(len)),
        _ => Err(FrameError::TooLong { len: u64::from(len), len_max: body_bytes_max as u64 }),
    }
}

fn open(bytes: &Bytes) -> Result<Frame, FrameError> {
    let kind = verify(bytes)?;
    Ok(Frame { kind, body: bytes.slice(HEADER_BYTES..) })
}

fn open_copied(bytes: &[u8]) -> Result<Frame, FrameError> {
    let kind = verify(bytes)?;
    Ok(Frame { kind, body: Bytes::copy_from_slice(&bytes[HEADER_BYTES..]) })
}

/// The kind of a whole frame whose header has been judged.
fn verify(frame: &[u8]) -> Result<u8, FrameError> {
    let (header, body) = frame.split_first_chunk().expect("a whole frame has a header");
    let (written, computed) = (word(header, BODY_CHECKSUM_AT), crc32c::crc32c(body));
    if written == computed { Ok(header[5]) } else { Err(FrameError::Checksum { written, computed }) }
}

fn word(header: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("body_bytes_max", &self.body_bytes_max)
            .field("held_bytes", &self.held_bytes())
            .finish_non_exhaustive()
    }
}
