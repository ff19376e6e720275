//! Bytes to words and back; the content of frames.

use std::{fmt, net::SocketAddr};

use bytes::{Buf, Bytes};
use machine_core::NodeId;

use super::{
    Appended, BATCH_LINES_MAX, Batch, Chunk, FRAME_BYTES_MAX, LeaderHint, ListedEntry, NodeStatus,
    PeerStatus, Refusal, Request, RequestId, Response, Role, VERSION,
};
use crate::{
    entry::{ClientId, LINE_BYTES_MAX},
    lines::Summary,
    memory::Memory,
};

/// Kind, request id, client, first sequence and count: what stands before the lines of an append.
const APPEND_HEADER_BYTES: usize = 1 + 8 + 8 + 8 + 4;
const TEXT_BYTES_MAX: usize = 1024;
const PEERS_MAX: usize = 31;

/// Kinds of frames; never renumbered.
mod kind {
    pub(super) const APPEND: u8 = 1;
    pub(super) const STATUS: u8 = 2;
    pub(super) const LIST: u8 = 3;
    pub(super) const BARRIER: u8 = 4;
    pub(super) const APPENDED: u8 = 0x81;
    pub(super) const STATUS_IS: u8 = 0x82;
    pub(super) const ENTRIES: u8 = 0x83;
    pub(super) const BARRIER_PASSED: u8 = 0x84;
    pub(super) const REFUSED: u8 = 0xff;
}

/// Reasons of a refusal; never renumbered.
mod reason {
    pub(super) const NOT_LEADER: u8 = 1;
    pub(super) const NO_QUORUM: u8 = 2;
    pub(super) const FULL: u8 = 3;
    pub(super) const TRANSFERRING: u8 = 4;
    pub(super) const SUPERSEDED: u8 = 5;
    pub(super) const GAP: u8 = 6;
    pub(super) const TOO_LARGE: u8 = 7;
    pub(super) const STOPPING: u8 = 8;
    pub(super) const CROWDED: u8 = 9;
    pub(super) const MALFORMED: u8 = 10;
    pub(super) const UNREADABLE: u8 = 11;
}

impl Request {
    /// The content of its frame, replacing what `out` held.
    pub fn encode(&self, id: RequestId, out: &mut Vec<u8>) {
        out.clear();
        let mut begin = |kind: u8| {
            out.push(kind);
            out.extend_from_slice(&id.to_le_bytes());
        };
        match self {
            Self::Append(batch) => {
                begin(kind::APPEND);
                put_u64(out, batch.client.get());
                put_u64(out, batch.first_sequence);
                put_u32(out, batch.count);
                out.extend_from_slice(&batch.body);
            }
            Self::Status => begin(kind::STATUS),
            Self::List { from, bytes_max } => {
                begin(kind::LIST);
                put_u64(out, *from);
                put_u32(out, *bytes_max);
            }
            Self::Barrier => begin(kind::BARRIER),
        }
    }

    /// Reads the content of a frame from a client, who may be anyone.
    ///
    /// # Errors
    ///
    /// When it is no request of this version.
    pub fn decode(content: Bytes) -> Result<(RequestId, Self), ProtocolError> {
        let mut rest = Reader { rest: content };
        let kind = rest.u8()?;
        let id = rest.u64()?;
        let request = match kind {
            kind::APPEND => {
                let (client, first_sequence, count) = (ClientId::new(rest.u64()?), rest.u64()?, rest.u32()?);
                return Ok((id, Self::Append(check_batch(client, first_sequence, count, rest.rest)?)));
            }
            kind::STATUS => Self::Status,
            kind::LIST => Self::List { from: rest.u64()?, bytes_max: rest.u32()? },
            kind::BARRIER => Self::Barrier,
            kind => return Err(ProtocolError::UnknownKind { kind }),
        };
        rest.finish()?;
        Ok((id, request))
    }
}

impl Response {
    /// The content of its frame, replacing what `out` held.
    pub fn encode(&self, id: RequestId, out: &mut Vec<u8>) {
        out.clear();
        let mut begin = |kind: u8| {
            out.push(kind);
            out.extend_from_slice(&id.to_le_bytes());
        };
        match self {
            Self::Appended(Appended { last_sequence, index }) => {
                begin(kind::APPENDED);
                put_u64(out, *last_sequence);
                put_u64(out, *index);
            }
            Self::Status(status) => {
                begin(kind::STATUS_IS);
                put_status(out, status);
            }
            Self::Entries(Chunk { next, applied, entries }) => {
                begin(kind::ENTRIES);
                put_u64(out, *next);
                put_u64(out, *applied);
                put_u32(out, length_u32(entries.len()));
                for ListedEntry { index, payload } in entries {
                    put_u64(out, *index);
                    put_bytes(out, payload);
                }
            }
            Self::BarrierPassed { index, summary } => {
                begin(kind::BARRIER_PASSED);
                put_u64(out, *index);
                put_summary(out, *summary);
            }
            Self::Refused(refusal) => {
                begin(kind::REFUSED);
                put_refusal(out, refusal);
            }
        }
    }

    /// Reads the content of a frame from a node.
    ///
    /// # Errors
    ///
    /// When it is no response of this version.
    pub fn decode(content: Bytes) -> Result<(RequestId, Self), ProtocolError> {
        let mut rest = Reader { rest: content };
        let kind = rest.u8()?;
        let id = rest.u64()?;
        let response = match kind {
            kind::APPENDED => Self::Appended(Appended { last_sequence: rest.u64()?, index: rest.u64()? }),
            kind::STATUS_IS => Self::Status(Box::new(rest.status()?)),
            kind::ENTRIES => {
                let (next, applied, count) = (rest.u64()?, rest.u64()?, rest.u32()?);
                Self::Entries(Chunk { next, applied, entries: rest.entries(count)? })
            }
            kind::BARRIER_PASSED => Self::BarrierPassed { index: rest.u64()?, summary: rest.summary()? },
            kind::REFUSED => Self::Refused(rest.refusal()?),
            kind => return Err(ProtocolError::UnknownKind { kind }),
        };
        rest.finish()?;
        Ok((id, response))
    }
}

pub(super) fn build_batch(
    client: ClientId,
    first_sequence: u64,
    lines: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Result<Batch, ProtocolError> {
    let mut body = Vec::new();
    let mut count = 0_u32;
    for line in lines {
        let line = line.as_ref();
        if line.len() > LINE_BYTES_MAX {
            return Err(ProtocolError::LineTooLong { line: count, bytes: line.len() });
        }
        put_bytes(&mut body, line);
        count = count.saturating_add(1);
    }
    check_batch(client, first_sequence, count, body.into())
}

pub(super) fn split_lines(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = body.split_first_chunk()?;
        let (line, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        body = rest;
        Some(line)
    })
}

fn check_batch(
    client: ClientId,
    first_sequence: u64,
    count: u32,
    body: Bytes,
) -> Result<Batch, ProtocolError> {
    if count == 0 || count as usize > BATCH_LINES_MAX {
        return Err(ProtocolError::BatchLines { lines: count });
    }
    if first_sequence == 0 || first_sequence.checked_add(count.into()).is_none() {
        return Err(ProtocolError::BadSequence { first: first_sequence, lines: count });
    }
    if body.len() > FRAME_BYTES_MAX - APPEND_HEADER_BYTES {
        return Err(ProtocolError::BatchBytes { bytes: body.len() });
    }
    let mut rest = &body[..];
    for line in 0..count {
        let (length, after) = rest.split_first_chunk().ok_or(ProtocolError::Truncated)?;
        let bytes = u32::from_le_bytes(*length) as usize;
        if bytes > LINE_BYTES_MAX {
            return Err(ProtocolError::LineTooLong { line, bytes });
        }
        rest = after.get(bytes..).ok_or(ProtocolError::Truncated)?;
    }
    if !rest.is_empty() {
        return Err(ProtocolError::TrailingBytes { bytes: rest.len() });
    }
    Ok(Batch { client, first_sequence, count, body })
}

/// What is left to read of a frame. Every method checks before it takes.
struct Reader {
    rest: Bytes,
}

impl Reader {
    fn u8(&mut self) -> Result<u8, ProtocolError> {
        self.rest.try_get_u8().map_err(|_| ProtocolError::Truncated)
    }

    fn u32(&mut self) -> Result<u32, ProtocolError> {
        self.rest.try_get_u32_le().map_err(|_| ProtocolError::Truncated)
    }

    fn u64(&mut self) -> Result<u64, ProtocolError> {
        self.rest.try_get_u64_le().map_err(|_| ProtocolError::Truncated)
    }

    fn bytes(&mut self, bytes_max: usize) -> Result<Bytes, ProtocolError> {
        let length = self.u32()? as usize;
        if length > bytes_max || length > self.rest.len() {
            return Err(ProtocolError::Truncated);
        }
        Ok(self.rest.split_to(length))
    }

    fn text(&mut self) -> Result<String, ProtocolError> {
        let bytes = self.bytes(TEXT_BYTES_MAX)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| ProtocolError::BadText)
    }

    fn flag(&mut self) -> Result<bool, ProtocolError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            value => Err(ProtocolError::BadValue { value: value.into() }),
        }
    }

    fn node(&mut self) -> Result<NodeId, ProtocolError> {
        NodeId::new(self.u64()?).ok_or(ProtocolError::BadValue { value: 0 })
    }

    fn maybe_node(&mut self) -> Result<Option<NodeId>, ProtocolError> {
        Ok(NodeId::new(self.u64()?))
    }

    fn summary(&mut self) -> Result<Summary, ProtocolError> {
        Ok(Summary { count: self.u64()?, checksum: self.u32()? })
    }

    fn entries(&mut self, count: u32) -> Result<Vec<ListedEntry>, ProtocolError> {
        // Nothing is reserved by a claimed count: each entry must be there before it is pushed.
        let mut entries = Vec::new();
        for _ in 0..count {
            let (index, payload) = (self.u64()?, self.bytes(FRAME_BYTES_MAX)?);
            entries.push(ListedEntry { index, payload });
        }
        Ok(entries)
    }

    fn leader(&mut self) -> Result<Option<LeaderHint>, ProtocolError> {
        let id = self.maybe_node()?;
        let address = self.text()?;
        let Some(id) = id else { return Ok(None) };
        let client_address = match address.as_str() {
            "" => None,
            text => Some(text.parse::<SocketAddr>().map_err(|_| ProtocolError::BadText)?),
        };
        Ok(Some(LeaderHint { id, client_address }))
    }

    fn refusal(&mut self) -> Result<Refusal, ProtocolError> {
        Ok(match self.u8()? {
            reason::NOT_LEADER => Refusal::NotLeader { leader: self.leader()? },
            reason::NO_QUORUM => Refusal::NoQuorum,
            reason::FULL => Refusal::Full,
            reason::TRANSFERRING => Refusal::Transferring { to: self.node()? },
            reason::SUPERSEDED => Refusal::Superseded,
            reason::GAP => Refusal::Gap { expected: self.u64()? },
            reason::TOO_LARGE => Refusal::TooLarge { bytes: self.u64()?, bytes_max: self.u64()? },
            reason::STOPPING => Refusal::Stopping { reason: self.text()? },
            reason::CROWDED => Refusal::Crowded { connections_max: self.u32()? },
            reason::MALFORMED => Refusal::Malformed { reason: self.text()? },
            reason::UNREADABLE => Refusal::Unreadable { reason: self.text()? },
            value => return Err(ProtocolError::BadValue { value: value.into() }),
        })
    }

    fn status(&mut self) -> Result<NodeStatus, ProtocolError> {
        Ok(NodeStatus {
            id: self.node()?,
            cluster: self.u64()?,
            role: self.role()?,
            term: self.u64()?,
            leader: self.maybe_node()?,
            last: self.u64()?,
            durable: self.u64()?,
            commit: self.u64()?,
            applied: self.u64()?,
            quorum_heard: self.flag()?,
            summary: self.summary()?,
            cached_bytes: self.u64()?,
            memory: Memory { resident_bytes: self.u64()?, peak_bytes: self.u64()? },
            memory_bytes_max: self.u64()?,
            dropped: self.u64()?,
            disk_writes: self.u64()?,
            disk_syncs: self.u64()?,
            peers: self.peers()?,
        })
    }

    fn role(&mut self) -> Result<Role, ProtocolError> {
        match self.u8()? {
            0 => Ok(Role::Follower),
            1 => Ok(Role::PreCandidate),
            2 => Ok(Role::Candidate),
            3 => Ok(Role::Leader),
            value => Err(ProtocolError::BadValue { value: value.into() }),
        }
    }

    fn peers(&mut self) -> Result<Vec<PeerStatus>, ProtocolError> {
        let count = self.u32()?;
        if count as usize > PEERS_MAX {
            return Err(ProtocolError::BadValue { value: count.into() });
        }
        (0..count)
            .map(|_| Ok(PeerStatus { id: self.node()?, connected: self.flag()?, matched: self.u64()? }))
            .collect()
    }

    fn finish(&self) -> Result<(), ProtocolError> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(ProtocolError::TrailingBytes { bytes }),
        }
    }
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(out, length_u32(bytes.len()));
    out.extend_from_slice(bytes);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    put_bytes(out, &text.as_bytes()[..end]);
}

fn put_summary(out: &mut Vec<u8>, summary: Summary) {
    put_u64(out, summary.count);
    put_u32(out, summary.checksum);
}

fn put_node(out: &mut Vec<u8>, node: Option<NodeId>) {
    put_u64(out, node.map_or(0, NodeId::get));
}

fn put_refusal(out: &mut Vec<u8>, refusal: &Refusal) {
    match refusal {
        Refusal::NotLeader { leader } => {
            out.push(reason::NOT_LEADER);
            put_node(out, leader.map(|leader| leader.id));
            let address = leader.and_then(|leader| leader.client_address);
            put_text(out, &address.map(|address| address.to_string()).unwrap_or_default());
        }
        Refusal::NoQuorum => out.push(reason::NO_QUORUM),
        Refusal::Full => out.push(reason::FULL),
        Refusal::Transferring { to } => {
            out.push(reason::TRANSFERRING);
            put_node(out, Some(*to));
        }
        Refusal::Superseded => out.push(reason::SUPERSEDED),
        Refusal::Gap { expected } => {
            out.push(reason::GAP);
            put_u64(out, *expected);
        }
        Refusal::TooLarge { bytes, bytes_max } => {
            out.push(reason::TOO_LARGE);
            put_u64(out, *bytes);
            put_u64(out, *bytes_max);
        }
        Refusal::Stopping { reason } => {
            out.push(reason::STOPPING);
            put_text(out, reason);
        }
        Refusal::Crowded { connections_max } => {
            out.push(reason::CROWDED);
            put_u32(out, *connections_max);
        }
        Refusal::Malformed { reason } => {
            out.push(reason::MALFORMED);
            put_text(out, reason);
        }
        Refusal::Unreadable { reason } => {
            out.push(reason::UNREADABLE);
            put_text(out, reason);
        }
    }
}

fn put_status(out: &mut Vec<u8>, status: &NodeStatus) {
    put_node(out, Some(status.id));
    put_u64(out, status.cluster);
    out.push(match status.role {
        Role::Follower => 0,
        Role::PreCandidate => 1,
        Role::Candidate => 2,
        Role::Leader => 3,
    });
    put_u64(out, status.term);
    put_node(out, status.leader);
    for index in [status.last, status.durable, status.commit, status.applied] {
        put_u64(out, index);
    }
    out.push(status.quorum_heard.into());
    put_summary(out, status.summary);
    put_u64(out, status.cached_bytes);
    put_u64(out, status.memory.resident_bytes);
    put_u64(out, status.memory.peak_bytes);
    put_u64(out, status.memory_bytes_max);
    for count in [status.dropped, status.disk_writes, status.disk_syncs] {
        put_u64(out, count);
    }
    put_u32(out, length_u32(status.peers.len()));
    for peer in &status.peers {
        put_node(out, Some(peer.id));
        out.push(peer.connected.into());
        put_u64(out, peer.matched);
    }
}

/// Lengths here are bounded far below 32 bits; one that were not would be refused as too long by `write_frame`.
fn length_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Why the content of a frame is not what this version understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The content ends before it should.
    Truncated,
    /// Bytes are left at the end.
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
    /// No such kind of frame.
    UnknownKind {
        /// The kind.
        kind: u8,
    },
    /// A field has a value it cannot have.
    BadValue {
        /// The value.
        value: u64,
    },
    /// A text is not UTF-8, or not the address it should be.
    BadText,
    /// A batch of no lines, or of too many.
    BatchLines {
        /// How many.
        lines: u32,
    },
    /// A batch that does not fit a frame.
    BatchBytes {
        /// Its bytes.
        bytes: usize,
    },
    /// A line that is too long.
    LineTooLong {
        /// Which one of the batch, counted from 0.
        line: u32,
        /// Its bytes.
        bytes: usize,
    },
    /// Sequences start at 1 and end below 2^64.
    BadSequence {
        /// The first sequence.
        first: u64,
        /// How many lines follow from there.
        lines: u32,
    },
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "a frame ends too early"),
            Self::TrailingBytes { bytes } => write!(f, "{bytes} bytes are left at the end of a frame"),
            Self::UnknownKind { kind } => write!(f, "kind {kind} is not known in version {VERSION}"),
            Self::BadValue { value } => write!(f, "a field cannot have the value {value}"),
            Self::BadText => write!(f, "a text is not what it should be"),
            Self::BatchLines { lines } => {
                write!(f, "a batch of {lines} lines; it must have 1 to {BATCH_LINES_MAX}")
            }
            Self::BatchBytes { bytes } => {
                write!(
                    f,
                    "a batch of {bytes} bytes does not fit a frame of {FRAME_BYTES_MAX}; send fewer lines at once"
                )
            }
            Self::LineTooLong { line, bytes } => {
                write!(
                    f,
                    "line {line} of the batch has {bytes} bytes, but at most {LINE_BYTES_MAX} are allowed; split it"
                )
            }
            Self::BadSequence { first, lines } => {
                write!(f, "{lines} lines from sequence {first} on; sequences start at 1 and end below 2^64")
            }
        }
    }
}

impl std::error::Error for ProtocolError {}
