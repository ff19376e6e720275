//! Connections: streams of bytes between two nodes, with the real frames on them. A stream is cut into pieces at any
//! place; it breaks in mid-frame; bytes on it change below the checksum. What comes out must be what went in, in order,
//! or nothing.

use std::collections::VecDeque;

use bytes::Bytes;
use machine_core::{Instant, Rng};
use transport::{Decoder, FrameError};

use crate::{
    Digest,
    faults::{Faults, Kind, Place},
};

/// The kind of frame that carries messages.
const KIND: u8 = 1;

/// Room for small frames; larger ones take the decoder's other path.
const CHUNK_BYTES: usize = 256;

/// How bad connections are; the links below them have their own faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamProfile {
    /// How many pieces of 1,000 are the last that the receiver gets of a connection.
    pub(crate) reset_per_mille: u64,
    /// How many pieces of 1,000 have a bit turned round.
    pub(crate) corrupt_per_mille: u64,
}

impl StreamProfile {
    /// Connections that stay.
    pub(crate) const HEALTHY: Self = Self { reset_per_mille: 0, corrupt_per_mille: 0 };
}

/// What faults did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Broken {
    /// Connections that broke, at any place of the stream.
    pub(crate) resets: u64,
    /// Pieces of which a bit was turned round.
    pub(crate) corrupted: u64,
    /// Frames that were refused for it.
    pub(crate) refused: u64,
}

/// A piece of a connection's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Counts the connections between the two.
    connection: u64,
    bytes: Bytes,
}

/// Why what came out is a bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong(pub(crate) String);

/// All connections between two nodes in one direction: one at a time, but what was sent on an old one may still arrive.
#[derive(Debug)]
pub(crate) struct Stream {
    profile: StreamProfile,
    rng: Rng,
    body_bytes_max: usize,
    connections: u64,
    /// The sender's connection.
    open: Option<u64>,
    /// When the newest piece of the sender's connection arrives: the next one does not overtake it.
    arrives: Instant,
    /// The receiver's ends.
    ends: VecDeque<End>,
    pub(crate) broken: Broken,
    place: Place,
    faults: Faults,
}

/// The receiver's end of a connection.
struct End {
    connection: u64,
    decoder: Decoder,
    /// Digests of the frames that were sent and have not come out.
    sent: VecDeque<Digest>,
    /// Whether bytes on it were changed: then, and only then, may a frame be refused.
    corrupted: bool,
}

/// Old connections that a receiver keeps beside the newest.
const ENDS_MAX: usize = 4;

impl Stream {
    pub(crate) const fn new(
        body_bytes_max: usize,
        profile: StreamProfile,
        rng: Rng,
        place: Place,
        faults: Faults,
    ) -> Self {
        Self {
            profile,
            rng,
            body_bytes_max,
            connections: 0,
            open: None,
            arrives: Instant::ZERO,
            ends: VecDeque::new(),
            broken: Broken { resets: 0, corrupted: 0, refused: 0 },
            place,
            faults,
        }
    }

    /// Puts a message into a frame and onto the connection, or onto a new one. Returns its pieces, and when each
    /// arrives if it is sent so that it would arrive at `at`; the connection may break within.
    pub(crate) fn send(&mut self, body: &[u8], at: Instant) -> Result<Vec<(Instant, Piece)>, Wrong> {
        let frame = transport::encode(KIND, body).map_err(|error| Wrong(error.to_string()))?;
        let connection = self.connect();
        if let Some(end) = self.ends.back_mut() {
            end.sent.push_back(digest(body));
        }
        self.arrives = self.arrives.max(at);
        let mut rest = Bytes::from(frame);
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let cut = if self.rng.per_mille(300) { self.below(rest.len()) + 1 } else { rest.len() };
            let mut bytes = rest.split_to(cut);
            if self.rng.per_mille(self.profile.corrupt_per_mille) {
                bytes = self.corrupt(&bytes);
            }
            pieces.push((self.arrives, Piece { connection, bytes }));
            let breaks = self.rng.per_mille(self.profile.reset_per_mille);
            let left = rest.len();
            if breaks && self.strikes(Kind::Reset, format_args!("breaks with {left} bytes of a frame unsent"))
            {
                self.reset();
                break;
            }
        }
        Ok(pieces)
    }

    /// The sender's connection breaks; what is on its way may still arrive.
    pub(crate) fn reset(&mut self) {
        self.broken.resets += u64::from(self.open.take().is_some());
    }

    /// The receiver is another process than before: it knows of no connection.
    pub(crate) fn forget(&mut self) {
        self.reset();
        self.ends.clear();
    }

    /// A piece arrives: the bodies of the frames that it completes.
    pub(crate) fn arrive(&mut self, piece: &Piece) -> Result<Vec<Bytes>, Wrong> {
        let Some(end) = self.ends.iter_mut().find(|end| end.connection == piece.connection) else {
            return Ok(Vec::new());
        };
        let mut rest = &piece.bytes[..];
        let mut bodies = Vec::new();
        loop {
            match end.next() {
                Ok(Some(body)) => bodies.push(body),
                Ok(None) if rest.is_empty() => return Ok(bodies),
                Ok(None) => {
                    let spare = end.decoder.spare();
                    let count = spare.len().min(rest.len());
                    spare[..count].copy_from_slice(&rest[..count]);
                    end.decoder.filled(count);
                    rest = &rest[count..];
                }
                Err(Bad::Frame(error)) if end.corrupted => {
                    // As the real one does, the receiver closes: nothing behind it can be understood.
                    let _expected = error;
                    self.broken.refused += 1;
                    self.ends.retain(|end| end.connection != piece.connection);
                    if self.open == Some(piece.connection) {
                        self.reset();
                    }
                    return Ok(bodies);
                }
                Err(Bad::Frame(error)) => return Err(Wrong(format!("a sound frame is refused: {error}"))),
                Err(Bad::Body(wrong)) => return Err(wrong),
            }
        }
    }

    /// Takes away all faults; what is on its way arrives until `leftovers`.
    pub(crate) fn heal(&mut self, leftovers: Instant) {
        self.profile = StreamProfile::HEALTHY;
        self.arrives = leftovers;
        // A length that was changed makes the receiver wait for as many bytes: that is a fault which goes on.
        if self.ends.back().is_some_and(|end| end.corrupted) {
            self.reset();
        }
    }

    fn connect(&mut self) -> u64 {
        if let Some(connection) = self.open {
            return connection;
        }
        self.connections += 1;
        self.open = Some(self.connections);
        if self.ends.len() >= ENDS_MAX {
            self.ends.pop_front();
        }
        let decoder = Decoder::new(self.body_bytes_max, CHUNK_BYTES);
        self.ends.push_back(End {
            connection: self.connections,
            decoder,
            sent: VecDeque::new(),
            corrupted: false,
        });
        self.connections
    }

    fn corrupt(&mut self, bytes: &[u8]) -> Bytes {
        let at = self.below(bytes.len());
        let bit = self.rng.below(8);
        if !self.strikes(Kind::Flip, format_args!("has bit {bit} of byte {at} of a piece turned round")) {
            return Bytes::copy_from_slice(bytes);
        }
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1 << bit;
        self.broken.corrupted += 1;
        if let Some(end) = self.ends.back_mut() {
            end.corrupted = true;
        }
        bytes.into()
    }

    fn strikes(&self, kind: Kind, what: std::fmt::Arguments<'_>) -> bool {
        self.faults.strike(kind, self.place, what)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.rng.below(limit as u64)).expect("below a length")
    }
}

/// Why a receiver's end gives no frame.
enum Bad {
    Frame(FrameError),
    Body(Wrong),
}

impl End {
    /// The next frame's body, which must be the next that was sent.
    fn next(&mut self) -> Result<Option<Bytes>, Bad> {
        let Some(frame) = self.decoder.next().map_err(Bad::Frame)? else { return Ok(None) };
        let sent = self.sent.pop_front();
        if frame.kind != KIND || sent != Some(digest(&frame.body)) {
            let wrong =
                format!("a frame of {} bytes comes out that was not the next one sent", frame.body.len());
            return Err(Bad::Body(Wrong(wrong)));
        }
        Ok(Some(frame.body))
    }
}

fn digest(body: &[u8]) -> Digest {
    let mut digest = Digest::default();
    digest.bytes(body);
    digest
}

impl std::fmt::Debug for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("End")
            .field("connection", &self.connection)
            .field("corrupted", &self.corrupted)
            .finish()
    }
}

#[cfg(test)]
mod tests;
