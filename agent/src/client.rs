//! The client's side: find the leader, keep many batches under way, send again after a fail-over without doubling.
//!
//! [`Connection`] is one connection to one node: ask, and get the answer. [`Appender`] is a session on a cluster: it
//! appends lines in order, exactly once. [`Lister`] reads back what one node has on its disk.

mod appender;
mod connection;
mod lister;

use std::{error::Error, fmt, io, net::SocketAddr};

pub use appender::{Ack, Appender, AppenderConfig};
pub use connection::{Connection, random_u64};
pub use lister::{ListedLine, Lister};

use crate::protocol::{FrameError, ProtocolError, Refusal};

/// Why something could not be done at one node. What was asked may have been done, unless the node refused it.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// No connection. Nothing was asked.
    Unreachable {
        /// Where the node should be.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// What answers there is no node, or the bytes were damaged on the way.
    Frame {
        /// Where.
        address: SocketAddr,
        /// What is wrong.
        error: FrameError,
    },
    /// The node speaks another version of the client protocol. Nothing was asked.
    OtherVersion {
        /// Where.
        address: SocketAddr,
        /// Its version.
        theirs: u8,
    },
    /// The answer makes no sense.
    Protocol {
        /// Where.
        address: SocketAddr,
        /// What is wrong with it.
        error: ProtocolError,
    },
    /// The answer is to another question.
    Mismatch {
        /// Where.
        address: SocketAddr,
    },
    /// The connection ended before the answer.
    Closed {
        /// Where.
        address: SocketAddr,
    },
    /// The node said no.
    Refused {
        /// Where.
        address: SocketAddr,
        /// Why.
        refusal: Refusal,
    },
    /// Lines are unanswered for too long: they may or may not be in the list.
    Uncertain {
        /// Lines of this session that are acknowledged.
        acknowledged: u64,
        /// Lines that were sent and not acknowledged.
        unanswered: u64,
        /// What happened last.
        last: Box<Self>,
    },
    /// Nobody took anything, and time is up. Nothing of what was not acknowledged is known to be in the list.
    GaveUp {
        /// Lines of this session that are acknowledged.
        acknowledged: u64,
        /// What happened last, if anything did.
        last: Option<Box<Self>>,
    },
    /// The cluster does not know this session any more.
    SessionLost {
        /// The sequence that was to be next.
        next: u64,
        /// The sequence that the cluster expects.
        expected: u64,
    },
    /// What was to be sent can never be sent.
    Invalid(ProtocolError),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { address, error } => write!(f, "{address}: no connection: {error}"),
            Self::Frame { address, error } => write!(f, "{address}: {error}"),
            Self::OtherVersion { address, theirs } => write!(
                f,
                "{address}: the node speaks version {theirs} of the client protocol, this program version {}; run the \
                 same release",
                crate::protocol::VERSION
            ),
            Self::Protocol { address, error } => {
                write!(f, "{address}: an answer that makes no sense: {error}")
            }
            Self::Mismatch { address } => write!(f, "{address}: an answer to another question"),
            Self::Closed { address } => write!(f, "{address}: the connection ended before the answer"),
            Self::Refused { address, refusal } => write!(f, "{address}: {refusal}"),
            Self::Uncertain { acknowledged, unanswered, last } => write!(
                f,
                "{acknowledged} lines acknowledged; {unanswered} more were sent without an answer and may or may not be \
                 in the list; last: {last}"
            ),
            Self::GaveUp { acknowledged, last: Some(last) } => {
                write!(f, "{acknowledged} lines acknowledged, then no node took any in time; last: {last}")
            }
            Self::GaveUp { acknowledged, last: None } => {
                write!(f, "{acknowledged} lines acknowledged, then no node took any in time")
            }
            Self::SessionLost { next, expected } => write!(
                f,
                "the cluster expects line {expected} of this session, line {next} was to be next: the session was \
                 forgotten, or lines were lost; look at the list before sending anything again"
            ),
            Self::Invalid(error) => error.fmt(f),
        }
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreachable { error, .. } => Some(error),
            Self::Frame { error, .. } => Some(error),
            Self::Protocol { error, .. } | Self::Invalid(error) => Some(error),
            Self::Refused { refusal, .. } => Some(refusal),
            Self::Uncertain { last, .. } | Self::GaveUp { last: Some(last), .. } => Some(&**last),
            Self::OtherVersion { .. }
            | Self::Mismatch { .. }
            | Self::Closed { .. }
            | Self::GaveUp { last: None, .. }
            | Self::SessionLost { .. } => None,
        }
    }
}
