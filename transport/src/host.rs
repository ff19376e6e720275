//! What the driver needs to know about a machine, and what it gives in return.

use std::{error::Error, fmt, net::SocketAddr};

use bytes::Bytes;
use machine_core::{Instant, Machine, NodeId, WriteId};

use crate::{
    connection::LinkError,
    counters::Counters,
    disk::{Disk, DiskWorker},
    frame::Kind,
    handshake::HandshakeError,
    network::Network,
};

/// The message type of a host's machine.
pub type MessageOf<H> = <<H as Host>::Machine as Machine>::Message;
/// The output type of a host's machine.
pub type OutputOf<H> = <<H as Host>::Machine as Machine>::Output;
/// The peer error type of a host's machine.
pub type PeerErrorOf<H> = <<H as Host>::Machine as Machine>::PeerError;
/// The answer to a [`Io::read`] of this host.
pub type FetchedOf<H> =
    Result<<<H as Host>::Worker as DiskWorker>::Fetched, <<H as Host>::Worker as DiskWorker>::Error>;

/// Adapts one machine to the [`Driver`](crate::Driver): it translates the machine's outputs into disk and network,
/// and the domain's commands into calls of the machine. The machine itself needs nothing but its public API.
///
/// All methods run on the driver's thread, so a host needs no locks; one that blocks stops the node. `now` never goes
/// back. Outputs that a call causes are polled and executed in the same turn of the loop, or as soon as the disk queue
/// has room; a host polls none itself.
pub trait Host: Send + 'static {
    /// The machine that is driven.
    type Machine: Machine;
    /// What clients put into the [`Mailbox`](crate::Mailbox); carries its own [`Completer`](crate::Completer).
    type Command: Send + 'static;
    /// What runs on the disk thread.
    type Worker: DiskWorker;

    /// The machine.
    fn machine(&mut self) -> &mut Self::Machine;

    /// A frame came from a peer. Its bytes are hostile: bound before you allocate.
    ///
    /// # Errors
    ///
    /// When it is no message. Counted; the connection is closed, and what came before it stays.
    fn decode(&mut self, from: NodeId, kind: Kind, body: Bytes) -> Result<MessageOf<Self>, DecodeError>;

    /// The machine refused a message as none that an honest peer sends. Already counted.
    fn peer_error(&mut self, from: NodeId, error: PeerErrorOf<Self>);

    /// Everything that waited in the mailbox, at once and in order: this is the batching. Take all with
    /// `batch.drain(..)`; commands left in the batch are dropped, which abandons their completions.
    fn commands(&mut self, now: Instant, batch: &mut Vec<Self::Command>, io: &mut Io<Self::Worker>);

    /// The machine owes this to the world: translate it with [`Io::write`], [`Io::send`], [`Io::read`], or do it here.
    fn execute(&mut self, now: Instant, output: OutputOf<Self>, io: &mut Io<Self::Worker>);

    /// The answer to an [`Io::read`]; in the order of the questions. An error stops nothing by itself: say
    /// [`Io::halt`] if it must.
    fn fetched(&mut self, now: Instant, result: FetchedOf<Self>, io: &mut Io<Self::Worker>);

    /// The disk failed. The last call: nothing is acknowledged any more, and the driver ends with
    /// [`DriverError::Disk`](crate::DriverError::Disk). Tell whoever must know why; completers that are dropped say
    /// `Abandoned`.
    fn failed(&mut self, error: &<Self::Worker as DiskWorker>::Error);

    /// Something happened to a connection: for logs and for tests. Protocols need none of it.
    fn link(&mut self, now: Instant, event: LinkEvent);
}

/// What a host may ask of the outside, while it is being called.
///
/// Writes reach the disk thread and frames the sockets once per turn of the loop, the disk first: a leader's own
/// write and its followers' go on at the same time. They do so as well when the driver syncs a lone write itself: then
/// the frames go first.
pub struct Io<W: DiskWorker> {
    pub(crate) disk: Disk<W>,
    pub(crate) network: Network,
    pub(crate) halted: Option<String>,
}

impl<W: DiskWorker> Io<W> {
    /// Hands a write to the disk thread; the machine's `persisted` follows when it is durable. `bytes` is roughly
    /// what it holds in memory and counts against the queue's bound. Never refused and never dropped. Ids rise.
    pub fn write(&mut self, id: WriteId, bytes: usize, write: W::Write) {
        self.network.counters.disk_writes += 1;
        self.disk.write(id, bytes, write);
    }

    /// Asks the disk thread; [`Host::fetched`] follows, unless the driver stops first. The machine bounds how many
    /// questions are open.
    pub fn read(&mut self, read: W::Read) {
        self.disk.read(read);
    }

    /// Sends a message: `head` is this peer's own part, `body` what may be shared. A peer receives `head ‖ body` as
    /// one [`Host::decode`]. `body` is never copied: give the same `Bytes` for all peers, one after the other, and
    /// even its checksum is computed once.
    ///
    /// May be lost at any time, as everything on a network; when the queue is full or there is no connection it is
    /// dropped here and counted.
    pub fn send(&mut self, to: NodeId, kind: Kind, head: Bytes, body: Bytes) {
        self.network.send(to, kind, head, body);
    }

    /// Stops the driver: for a machine's `Halt`. Writes handed over before it are finished; `run` then returns
    /// [`DriverError::Halted`](crate::DriverError::Halted) with this reason. The first reason counts.
    pub fn halt(&mut self, reason: impl Into<String>) {
        self.halted.get_or_insert_with(|| reason.into());
    }

    /// Adds a peer, or gives it another address, which ends its connections. Ignored for the node's own id.
    pub fn set_peer(&mut self, peer: NodeId, address: SocketAddr) {
        self.network.set_peer(peer, address);
    }

    /// Removes a peer and ends its connections; nothing if it is not there.
    pub fn remove_peer(&mut self, peer: NodeId) {
        self.network.remove_peer(peer);
    }

    /// Whether messages to this peer go out at once: a hint, out of date as soon as it is given.
    #[must_use]
    pub fn is_connected(&self, peer: NodeId) -> bool {
        self.network.is_connected(peer)
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.network.counters
    }
}

impl<W: DiskWorker> fmt::Debug for Io<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io").field("disk", &self.disk).field("network", &self.network).finish_non_exhaustive()
    }
}

/// What happened to a connection. Each also has a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkEvent {
    /// Our connection to the peer is usable: what we send goes out.
    Connected {
        /// The peer.
        peer: NodeId,
    },
    /// The peer's connection to us is usable: what it sends comes in.
    Accepted {
        /// The peer.
        peer: NodeId,
        /// Where it dialled from.
        address: SocketAddr,
    },
    /// Our connection to the peer is over; it is dialled again after a pause.
    Disconnected {
        /// The peer.
        peer: NodeId,
        /// Why.
        why: LinkError,
    },
    /// The peer's connection to us is over; it dials again when it can.
    Departed {
        /// The peer.
        peer: NodeId,
        /// Why.
        why: LinkError,
    },
    /// A peer could not be reached; it is dialled again after a pause.
    Unreachable {
        /// The peer.
        peer: NodeId,
        /// Where it should be.
        address: SocketAddr,
        /// Why.
        why: LinkError,
    },
    /// A handshake failed. At the dialler `peer` is the node that it wanted; at the listener it is not known.
    Refused {
        /// The peer that was dialled; `None` where we listened.
        peer: Option<NodeId>,
        /// The other side's address.
        address: SocketAddr,
        /// Why, with the values of both sides.
        error: HandshakeError,
    },
}

impl fmt::Display for LinkEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { peer } => write!(f, "connected to {peer}"),
            Self::Accepted { peer, address } => write!(f, "{peer} connected from {address}"),
            Self::Disconnected { peer, why } => write!(f, "connection to {peer} lost: {why}"),
            Self::Departed { peer, why } => write!(f, "connection from {peer} lost: {why}"),
            Self::Unreachable { peer, address, why } => write!(f, "{peer} at {address} not reached: {why}"),
            Self::Refused { peer: Some(peer), address, error } => {
                write!(f, "no handshake with {peer} at {address}: {error}")
            }
            Self::Refused { peer: None, address, error } => {
                write!(f, "handshake with {address} refused: {error}")
            }
        }
    }
}

/// Why a peer's frame is no message, in the words of the host's codec.
#[derive(Debug)]
pub struct DecodeError(Box<dyn Error + Send + Sync>);

impl DecodeError {
    /// Wraps the codec's error.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for DecodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
