//! What clients and nodes say to each other; `docs/client-protocol.md` has the bytes.
//!
//! ```text
//!   client                                   node
//!     │ greeting ──────────────────────────▶  │
//!     │  ◀────────────────────────── greeting │  its own version, whatever was offered
//!     │ Request{id}, Request{id}, … ────────▶ │  pipelined, as many as the client likes
//!     │  ◀──────────── Response{id}, … ────── │  in the order of the requests
//! ```
//!
//! A frame is its length, a CRC-32C and its content; every count is checked against what is left before anything is
//! allocated. The protocol has no secrets and no identities: whoever reaches the port may append.

mod codec;
mod frame;
mod refusal;

use std::net::SocketAddr;

use bytes::Bytes;
use machine_core::NodeId;

pub use codec::ProtocolError;
pub(crate) use frame::sole_frame;
pub use frame::{FrameError, GREETING_BYTES, Greeting, read_frame, write_frame};
pub use refusal::Refusal;

use crate::{entry::ClientId, lines::Summary, memory::Memory};

/// The version of the client protocol that this release speaks.
pub const VERSION: u8 = 1;

/// The longest content of a frame, in bytes: 1 MiB.
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// The most lines in one append.
pub const BATCH_LINES_MAX: usize = 16 * 1024;

/// Ties a response to its request; chosen by the client.
pub type RequestId = u64;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Append these lines: all of them become durable on a majority, in order.
    Append(Batch),
    /// How are you?
    Status,
    /// Give me applied entries of the log, from the index `from` on, as many as `bytes_max` allows and at least one.
    List {
        /// The first index wanted, from 1.
        from: u64,
        /// The most bytes of entries; the node has a maximum of its own.
        bytes_max: u32,
    },
    /// Tell me when everything that was acknowledged to anyone before this request is applied at the leader.
    Barrier,
}

/// What a node answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// All lines of the batch are in the list, durably.
    Appended(Appended),
    /// How the node is.
    Status(Box<NodeStatus>),
    /// Entries of the log.
    Entries(Chunk),
    /// The list as it is at the leader.
    BarrierPassed {
        /// The index that had to be applied.
        index: u64,
        /// The list.
        summary: Summary,
    },
    /// No, and why.
    Refused(Refusal),
}

/// All lines of a batch are in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The sequence of the last line of the batch.
    pub last_sequence: u64,
    /// The log index of its entry.
    pub index: u64,
}

/// Consecutive lines of one client; never empty.
///
/// Held as they came over the wire, checked once: each line behind its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    client: ClientId,
    first_sequence: u64,
    count: u32,
    body: Bytes,
}

/// A stretch of a node's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where to go on: one above the last index that this chunk covers. Equal to `from` when nothing is there yet.
    pub next: u64,
    /// The last index applied at this node.
    pub applied: u64,
    /// The entries, by rising index. Blank entries of leaders are left out.
    pub entries: Vec<ListedEntry>,
}

/// One entry of the log, as the node has it on its disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEntry {
    /// Its index.
    pub index: u64,
    /// Its payload: see [`LineEntry`](crate::entry::LineEntry).
    pub payload: Bytes,
}

/// A node's state, for people and for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// The node.
    pub id: NodeId,
    /// Its cluster.
    pub cluster: u64,
    /// What it is at the moment.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// The leader of that term, when known.
    pub leader: Option<NodeId>,
    /// The last index in its log.
    pub last: u64,
    /// The last index that is durable here.
    pub durable: u64,
    /// The last index known to be committed.
    pub commit: u64,
    /// The last index applied.
    pub applied: u64,
    /// Whether a majority has been heard within an election timeout.
    pub quorum_heard: bool,
    /// The list as applied here.
    pub summary: Summary,
    /// Bytes of entries that the core holds in memory.
    pub cached_bytes: u64,
    /// Memory of the process; zeros where the system does not say.
    pub memory: Memory,
    /// The sum of all bounds that the node was configured with, in bytes.
    pub memory_bytes_max: u64,
    /// Messages to peers that were dropped, for whatever reason.
    pub dropped: u64,
    /// Writes handed to the disk.
    pub disk_writes: u64,
    /// Syncs that made them durable.
    pub disk_syncs: u64,
    /// The other nodes, by rising id.
    pub peers: Vec<PeerStatus>,
}

/// Another node, as this one sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// The other node.
    pub id: NodeId,
    /// Whether a connection to it is usable.
    pub connected: bool,
    /// The last index known to be durable there; zero unless this node leads.
    pub matched: u64,
}

/// What a node is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It follows a leader, or waits for one.
    Follower,
    /// It asks whether it would be elected.
    PreCandidate,
    /// It stands for election.
    Candidate,
    /// It leads.
    Leader,
}

/// Where the leader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderHint {
    /// The leader.
    pub id: NodeId,
    /// Where it answers clients, if the node was told.
    pub client_address: Option<SocketAddr>,
}

impl Batch {
    /// The lines from `first_sequence` on.
    ///
    /// # Errors
    ///
    /// When there are none, too many, or one is too long, or when all together do not fit a frame.
    pub fn new(
        client: ClientId,
        first_sequence: u64,
        lines: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Self, ProtocolError> {
        codec::build_batch(client, first_sequence, lines)
    }

    /// Who sends it.
    #[must_use]
    pub const fn client(&self) -> ClientId {
        self.client
    }

    /// The sequence of the first line.
    #[must_use]
    pub const fn first_sequence(&self) -> u64 {
        self.first_sequence
    }

    /// The sequence of the last line.
    #[must_use]
    pub const fn last_sequence(&self) -> u64 {
        self.first_sequence + (self.count - 1) as u64
    }

    /// How many lines; at least one.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Bytes of the lines, each with its length of 4 bytes.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        self.body.len()
    }

    /// The lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        codec::split_lines(&self.body)
    }
}

#[cfg(test)]
mod tests;
