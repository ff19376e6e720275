//! Who is there? The first frames on a connection, and the only ones that name the cluster and the nodes.
//!
//! ```text
//!   dialler                                listener
//!     │ Hello{cluster, from, to} ─────────────▶ │  judges
//!     │ ◀───────────────────────────── Welcome  │  or Refused{why, expected, found}, and closes
//!     │ the machine's frames ─────────────────▶ │  only after Welcome
//! ```
//!
//! After it the connection is bound to the two nodes: frames carry no ids. Each side says in its own words, through
//! [`LinkEvent::Refused`](crate::LinkEvent::Refused), why a handshake failed, so that whoever reads either log finds
//! both values and what to do.

use std::{error::Error, fmt, time::Duration};

use machine_core::NodeId;

use crate::frame::{Frame, FrameError, Kind, VERSION};

/// Names a cluster: nodes of different clusters refuse each other, whatever addresses they were given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(u64);

impl ClusterId {
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

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why two programs do not talk. Both ends see the same values: "listener" and "dialler" are roles, not blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The other side speaks something else, or the wire damages bytes.
    Frame(FrameError),
    /// The two sides speak different versions of the frame layout.
    OtherVersion {
        /// The listener's version.
        listener: u8,
        /// The dialler's version.
        dialler: u8,
    },
    /// The two nodes belong to different clusters.
    OtherCluster {
        /// The listener's cluster.
        listener: ClusterId,
        /// The dialler's cluster.
        dialler: ClusterId,
    },
    /// The node that listens at the address is not the one that the dialler wants.
    WrongNode {
        /// The node that listens.
        listener: NodeId,
        /// The node that the dialler expects at this address.
        wanted: NodeId,
    },
    /// Both nodes have the same id, or a node dialled itself.
    SameNode {
        /// The id of both.
        id: NodeId,
    },
    /// The listener does not know the dialler.
    UnknownNode {
        /// The node that listens.
        listener: NodeId,
        /// The node that it does not know.
        dialler: NodeId,
    },
    /// A frame whose checksum is right and whose content is not: another program, or a bug of ours.
    Malformed {
        /// The kind of frame.
        kind: u8,
        /// The length of its body in bytes.
        len: usize,
    },
    /// The other side did not finish the handshake in time.
    Timeout {
        /// How long it had.
        limit: Duration,
    },
    /// More unfinished handshakes than are allowed; the oldest gave way.
    Crowded {
        /// The bound.
        handshakes_max: usize,
    },
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::OtherVersion { listener, dialler } => write!(
                f,
                "the listener speaks frame version {listener}, the dialler {dialler}; run the same release on both nodes"
            ),
            Self::OtherCluster { listener, dialler } => write!(
                f,
                "the listener belongs to cluster {listener}, the dialler to {dialler}; check the addresses, or the cluster id, of both nodes"
            ),
            Self::WrongNode { listener, wanted } => write!(
                f,
                "the listener is {listener}, but the dialler wants {wanted} at this address; correct the dialler's address of {wanted}"
            ),
            Self::SameNode { id } => {
                write!(
                    f,
                    "both sides are {id}; give each node an id of its own, and no node its own address as a peer"
                )
            }
            Self::UnknownNode { listener, dialler } => {
                write!(
                    f,
                    "{listener} does not know {dialler}; add {dialler} to the peers of {listener}, or stop it"
                )
            }
            Self::Malformed { kind, len } => {
                write!(
                    f,
                    "frame of kind {kind} with {len} bytes has no place in a handshake of version {VERSION}"
                )
            }
            Self::Timeout { limit } => {
                write!(
                    f,
                    "no handshake within {limit:?}; is something else listening there, or is the node overloaded?"
                )
            }
            Self::Crowded { handshakes_max } => {
                write!(
                    f,
                    "more than {handshakes_max} unfinished handshakes; who dials this port and says nothing?"
                )
            }
        }
    }
}

impl Error for HandshakeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Frame(error) = self { Some(error) } else { None }
    }
}

/// The longest body of a handshake frame, in bytes; a listener allocates no more before it knows who dials.
pub(crate) const BODY_BYTES_MAX: usize = HELLO_BYTES;

const HELLO_BYTES: usize = 24;
const REFUSED_BYTES: usize = 24;

/// The dialler's first frame; a Welcome returns it with `from` and `to` exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hello {
    pub(crate) cluster: ClusterId,
    /// Who speaks.
    pub(crate) from: NodeId,
    /// Who is meant.
    pub(crate) to: NodeId,
}

impl Hello {
    pub(crate) fn encode(self) -> [u8; HELLO_BYTES] {
        words([self.cluster.0, self.from.get(), self.to.get()])
    }

    /// `kind` is what is expected: Hello at the listener, Welcome at the dialler.
    pub(crate) fn decode(frame: &Frame, kind: u8) -> Result<Self, HandshakeError> {
        let malformed = HandshakeError::Malformed { kind: frame.kind, len: frame.body.len() };
        let body = frame.body.first_chunk().filter(|_| frame.kind == kind && frame.body.len() == HELLO_BYTES);
        let [cluster, from, to] = unwords(body.ok_or(malformed)?);
        let from = NodeId::new(from).ok_or(malformed)?;
        let to = NodeId::new(to).ok_or(malformed)?;
        Ok(Self { cluster: ClusterId(cluster), from, to })
    }

    /// What the listener says to this Hello.
    pub(crate) fn judge(
        self,
        cluster: ClusterId,
        own: NodeId,
        knows: impl FnOnce(NodeId) -> bool,
    ) -> Result<NodeId, HandshakeError> {
        if self.cluster != cluster {
            return Err(HandshakeError::OtherCluster { listener: cluster, dialler: self.cluster });
        }
        if self.from == own {
            return Err(HandshakeError::SameNode { id: own });
        }
        if self.to != own {
            return Err(HandshakeError::WrongNode { listener: own, wanted: self.to });
        }
        if !knows(self.from) {
            return Err(HandshakeError::UnknownNode { listener: own, dialler: self.from });
        }
        Ok(self.from)
    }
}

/// What the dialler makes of the listener's first frame: nothing when it is welcome.
pub(crate) fn judge_answer(frame: &Frame, said: Hello) -> Result<(), HandshakeError> {
    if frame.kind == Kind::REFUSED {
        return Err(decode_refusal(frame));
    }
    let welcome = Hello::decode(frame, Kind::WELCOME)?;
    if welcome.cluster != said.cluster {
        return Err(HandshakeError::OtherCluster { listener: welcome.cluster, dialler: said.cluster });
    }
    if welcome.from != said.to {
        return Err(HandshakeError::WrongNode { listener: welcome.from, wanted: said.to });
    }
    if welcome.to != said.from {
        return Err(HandshakeError::Malformed { kind: frame.kind, len: frame.body.len() });
    }
    Ok(())
}

/// The body of the Refused frame that tells the dialler; `None` for a failure that needs or deserves no answer.
pub(crate) fn encode_refusal(error: &HandshakeError) -> Option<[u8; REFUSED_BYTES]> {
    Some(words(match *error {
        HandshakeError::OtherVersion { listener, dialler } => {
            [code::VERSION, u64::from(listener), u64::from(dialler)]
        }
        HandshakeError::OtherCluster { listener, dialler } => [code::CLUSTER, listener.0, dialler.0],
        HandshakeError::WrongNode { listener, wanted } => [code::WRONG_NODE, listener.get(), wanted.get()],
        HandshakeError::SameNode { id } => [code::SAME_NODE, id.get(), id.get()],
        HandshakeError::UnknownNode { listener, dialler } => {
            [code::UNKNOWN_NODE, listener.get(), dialler.get()]
        }
        HandshakeError::Frame(_)
        | HandshakeError::Malformed { .. }
        | HandshakeError::Timeout { .. }
        | HandshakeError::Crowded { .. } => return None,
    }))
}

fn decode_refusal(frame: &Frame) -> HandshakeError {
    let malformed = HandshakeError::Malformed { kind: frame.kind, len: frame.body.len() };
    let Some(body) = frame.body.first_chunk().filter(|_| frame.body.len() == REFUSED_BYTES) else {
        return malformed;
    };
    let [why, a, b] = unwords(body);
    let nodes = NodeId::new(a).zip(NodeId::new(b));
    match (why, nodes) {
        (code::VERSION, _) => match (u8::try_from(a), u8::try_from(b)) {
            (Ok(listener), Ok(dialler)) => HandshakeError::OtherVersion { listener, dialler },
            _ => malformed,
        },
        (code::CLUSTER, _) => HandshakeError::OtherCluster { listener: ClusterId(a), dialler: ClusterId(b) },
        (code::WRONG_NODE, Some((listener, wanted))) => HandshakeError::WrongNode { listener, wanted },
        (code::SAME_NODE, Some((id, _))) => HandshakeError::SameNode { id },
        (code::UNKNOWN_NODE, Some((listener, dialler))) => HandshakeError::UnknownNode { listener, dialler },
        _ => malformed,
    }
}

/// Reasons on the wire; never renumbered.
mod code {
    pub(super) const VERSION: u64 = 1;
    pub(super) const CLUSTER: u64 = 2;
    pub(super) const WRONG_NODE: u64 = 3;
    pub(super) const SAME_NODE: u64 = 4;
    pub(super) const UNKNOWN_NODE: u64 = 5;
}

fn words(words: [u64; 3]) -> [u8; 24] {
    let mut bytes = [0; 24];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn unwords(bytes: &[u8; 24]) -> [u64; 3] {
    let mut words = [0; 3];
    for (word, place) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = place.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    }
    words
}

#[cfg(all(test, not(loom)))]
mod tests;
