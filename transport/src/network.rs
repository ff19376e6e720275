//! All connections of one node: who is dialled, who is accepted, and what waits for whom.
//!
//! Two nodes share two connections: each dials the other, sends on the connection that it dialled and receives on
//! the one that it accepted. So there is no tie to break when both dial at once.
//!
//! ```text
//!   dial:    Waiting ─▶ Dialling ─▶ Greeting ─▶ Outbound       any failure: back to Waiting, after a pause
//!   listen:  Accepted ─▶ Inbound                               any failure: closed
//!                └─────▶ Lingering: was refused, may read why
//! ```

mod dial;
mod listen;

use std::{collections::VecDeque, io, net::SocketAddr};

use bytes::Bytes;
use machine_core::{Instant, NodeId, Rng};
use mio::{
    Interest, Registry, Token,
    event::Event,
    net::{TcpListener, TcpStream},
};

use crate::{
    backoff::Backoff,
    checksum::Remembered,
    config::Config,
    connection::{Connection, LinkError},
    counters::Counters,
    frame::{self, Decoder, Frame, FrameError, HEADER_BYTES, Kind},
    handshake::BODY_BYTES_MAX,
    host::LinkEvent,
    send_queue::Outgoing,
};

pub use listen::ListenError;
pub(crate) use listen::listen;

/// Where the listener's readiness is reported; connections follow.
const LISTENER: Token = Token(0);
/// Where the driver's own waker reports.
pub(crate) const WAKER: Token = Token(1);
const FIRST_SLOT: usize = 2;

/// What a peer's connection holds in memory while nothing comes, and the longest frame that is copied.
const CHUNK_BYTES: usize = 64 * 1024;
/// The same before the handshake: a stranger costs no more.
const CHUNK_BYTES_HANDSHAKE: usize = HEADER_BYTES + BODY_BYTES_MAX;
/// How much is read from one connection before the others have their turn.
const TURN_BYTES: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) counters: Counters,
    config: Config,
    registry: Registry,
    listener: TcpListener,
    /// The listener may have connections to accept.
    acceptable: bool,
    /// After a failure to accept: not before this.
    accept_at: Instant,
    peers: Vec<Peer>,
    links: Vec<Option<Link>>,
    rng: Rng,
    remembered: Remembered,
    events: VecDeque<LinkEvent>,
}

#[derive(Debug)]
struct Peer {
    id: NodeId,
    address: SocketAddr,
    dial: Dial,
    backoff: Backoff,
    was_connected: bool,
    inbound: Option<usize>,
}

/// Our connection to a peer.
#[derive(Clone, Copy, Debug)]
enum Dial {
    Waiting { until: Instant },
    Link(usize),
}

#[derive(Debug)]
struct Link {
    phase: Phase,
    connection: Connection<TcpStream>,
    address: SocketAddr,
    /// Until when the phase must be over.
    deadline: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Dialling { peer: NodeId },
    Greeting { peer: NodeId },
    Outbound { peer: NodeId },
    Accepted,
    Inbound { peer: NodeId },
    Lingering,
}

impl Network {
    pub(crate) fn new(config: Config, listener: TcpListener, registry: Registry) -> io::Result<Self> {
        let mut network = Self {
            counters: Counters::default(),
            rng: Rng::new(config.seed),
            peers: Vec::new(),
            links: Vec::new(),
            registry,
            listener,
            acceptable: true,
            accept_at: Instant::ZERO,
            remembered: Remembered::default(),
            events: VecDeque::new(),
            config,
        };
        network.registry.register(&mut network.listener, LISTENER, Interest::READABLE)?;
        for (peer, address) in network.config.peers.clone() {
            network.set_peer(peer, address);
        }
        Ok(network)
    }

    /// Where the node listens, with the port that was found if 0 was asked for.
    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub(crate) fn set_peer(&mut self, peer: NodeId, address: SocketAddr) {
        if peer == self.config.node || self.peer(peer).is_some_and(|known| known.address == address) {
            return;
        }
        self.remove_peer(peer);
        let dial = Dial::Waiting { until: Instant::ZERO };
        self.peers.push(Peer {
            id: peer,
            address,
            dial,
            backoff: Backoff::default(),
            was_connected: false,
            inbound: None,
        });
    }

    pub(crate) fn remove_peer(&mut self, peer: NodeId) {
        let Some(place) = self.peers.iter().position(|known| known.id == peer) else { return };
        let Peer { dial, inbound, .. } = self.peers.remove(place);
        if let Dial::Link(slot) = dial {
            if let Some(link) = self.close(slot) {
                if matches!(link.phase, Phase::Outbound { .. }) {
                    self.events.push_back(LinkEvent::Disconnected { peer, why: LinkError::PeerRemoved });
                }
            }
        }
        if inbound.and_then(|slot| self.close(slot)).is_some() {
            self.events.push_back(LinkEvent::Departed { peer, why: LinkError::PeerRemoved });
        }
    }

    pub(crate) fn is_connected(&self, peer: NodeId) -> bool {
        let Some(Dial::Link(slot)) = self.peer(peer).map(|known| known.dial) else { return false };
        self.links[slot].as_ref().is_some_and(|link| matches!(link.phase, Phase::Outbound { .. }))
    }

    /// See [`Io::send`](crate::Io::send). While a connection is under way messages wait for it; between two attempts
    /// they are dropped, since what a peer missed for a second is of no use to it.
    pub(crate) fn send(&mut self, to: NodeId, kind: Kind, head: Bytes, body: Bytes) {
        let Some(peer) = self.peer(to) else {
            self.counters.dropped_unknown += 1;
            return;
        };
        let Dial::Link(slot) = peer.dial else {
            self.counters.dropped_unconnected += 1;
            return;
        };
        let Some(link) = &mut self.links[slot] else { return };
        let len = head.len().saturating_add(body.len());
        let sayable = u32::try_from(len).ok().filter(|_| len <= self.config.frame_bytes_max);
        let Some(body_len) = sayable else {
            self.counters.dropped_too_long += 1;
            return;
        };
        let queue = link.connection.queue();
        if !queue.has_room(HEADER_BYTES + len) {
            self.counters.dropped_full += 1;
            return;
        }
        let header = frame::header(kind.get(), body_len, self.remembered.checksum(&head, &body));
        queue.push(Outgoing { header, head, body });
    }

    /// Remembers what the kernel says is ready.
    pub(crate) fn ready(&mut self, event: &Event) {
        if event.token() == LISTENER {
            self.acceptable = true;
            return;
        }
        let slot = event.token().0.checked_sub(FIRST_SLOT);
        let Some(Some(link)) = slot.and_then(|slot| self.links.get_mut(slot)) else { return };
        let over = event.is_error() || event.is_read_closed() || event.is_write_closed();
        link.connection.readable |= event.is_readable() || over;
        link.connection.writable |= event.is_writable() || over;
    }

    /// Everything but the peers' messages: accepts, dials, shakes hands, notices what is over.
    pub(crate) fn turn(&mut self, now: Instant) {
        self.accept(now);
        for slot in 0..self.links.len() {
            let Some(link) = &self.links[slot] else { continue };
            match link.phase {
                Phase::Dialling { peer } => self.connected(now, slot, peer),
                Phase::Greeting { peer } => self.answered(now, slot, peer),
                Phase::Outbound { peer } => self.watch(now, slot, peer),
                Phase::Accepted => self.greeted(now, slot),
                Phase::Lingering => self.linger(slot),
                Phase::Inbound { .. } => {}
            }
        }
        self.expire(now);
        self.dial_due(now);
    }

    /// How many places for connections there are; [`receive`](Self::receive) is called for each of them.
    pub(crate) fn slots(&self) -> usize {
        self.links.len()
    }

    /// Moves what a peer has sent to `frames`, a turn's worth at most, and says who it was.
    pub(crate) fn receive(&mut self, slot: usize, frames: &mut Vec<Frame>) -> Option<NodeId> {
        let link = self.links.get_mut(slot)?.as_mut()?;
        let Phase::Inbound { peer } = link.phase else { return None };
        if !link.connection.readable {
            return None;
        }
        let outcome = link.connection.receive(TURN_BYTES, &mut self.counters, frames);
        self.counters.frames_received += frames.len() as u64;
        if let Err(why) = outcome {
            self.depart(slot, why);
        }
        Some(peer)
    }

    /// Closes the peer's connection to us, if it is still there.
    pub(crate) fn expel(&mut self, peer: NodeId, why: LinkError) {
        if let Some(slot) = self.peer(peer).and_then(|known| known.inbound) {
            self.depart(slot, why);
        }
    }

    /// Writes what waits, for each peer as much as its socket takes.
    pub(crate) fn flush(&mut self, now: Instant) {
        for slot in 0..self.links.len() {
            let Some(link) = &mut self.links[slot] else { continue };
            let Phase::Outbound { peer } = link.phase else { continue };
            if let Err(why) = link.connection.flush(&mut self.counters) {
                self.lost(now, slot, peer, why);
            }
        }
        self.remembered.forget();
    }

    pub(crate) fn next_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    /// When [`turn`](Self::turn) has something to do even if no socket becomes ready.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let dials = self.peers.iter().filter_map(|peer| match peer.dial {
            Dial::Waiting { until } => Some(until),
            Dial::Link(_) => None,
        });
        let phases = self.links.iter().flatten().filter_map(|link| link.deadline);
        let accept = self.acceptable.then_some(self.accept_at);
        dials.chain(phases).chain(accept).min()
    }

    /// Whether a peer has sent more than fitted into the last turn.
    pub(crate) fn has_more(&self) -> bool {
        let mut links = self.links.iter().flatten();
        links.any(|link| link.connection.readable && matches!(link.phase, Phase::Inbound { .. }))
    }

    fn peer(&self, id: NodeId) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.id == id)
    }

    fn peer_mut(&mut self, id: NodeId) -> Option<&mut Peer> {
        self.peers.iter_mut().find(|peer| peer.id == id)
    }

    /// Registers a socket in a free place.
    fn open(
        &mut self,
        mut stream: TcpStream,
        address: SocketAddr,
        phase: Phase,
        deadline: Instant,
    ) -> io::Result<usize> {
        let slot = self.links.iter().position(Option::is_none).unwrap_or(self.links.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry.register(&mut stream, Token(FIRST_SLOT + slot), interest)?;
        let decoder = Decoder::new(BODY_BYTES_MAX, CHUNK_BYTES_HANDSHAKE);
        let connection = Connection::new(stream, decoder, self.config.send_queue);
        let link = Some(Link { phase, connection, address, deadline: Some(deadline) });
        if slot == self.links.len() {
            self.links.push(link);
        } else {
            self.links[slot] = link;
        }
        Ok(slot)
    }

    /// Closes the socket and empties the place. What waited to be sent is counted as lost.
    fn close(&mut self, slot: usize) -> Option<Link> {
        let mut link = self.links.get_mut(slot)?.take()?;
        self.counters.dropped_disconnected += link.connection.queue().len() as u64;
        // Closing deregisters anyway; there is nothing to do about an error.
        let _deregistered = self.registry.deregister(&mut link.connection.stream);
        Some(link)
    }

    /// An established connection from a peer is over.
    fn depart(&mut self, slot: usize, why: LinkError) {
        let Some(Link { phase: Phase::Inbound { peer }, .. }) = self.close(slot) else { return };
        self.count_end(&why);
        if let Some(known) = self.peer_mut(peer) {
            known.inbound = None;
        }
        self.events.push_back(LinkEvent::Departed { peer, why });
    }

    fn count_end(&mut self, why: &LinkError) {
        match why {
            LinkError::Frame(FrameError::Checksum { .. } | FrameError::HeaderChecksum { .. }) => {
                self.counters.checksum_failures += 1;
            }
            LinkError::Frame(_) | LinkError::Kind(_) => self.counters.frame_errors += 1,
            LinkError::Content(_) => self.counters.decode_errors += 1,
            LinkError::Replaced => self.counters.replaced += 1,
            LinkError::Closed | LinkError::Io(_) | LinkError::PeerRemoved => {}
        }
    }

    /// Ends phases that took too long.
    fn expire(&mut self, now: Instant) {
        for slot in 0..self.links.len() {
            let Some(link) = &self.links[slot] else { continue };
            if link.deadline.is_none_or(|deadline| deadline > now) {
                continue;
            }
            match link.phase {
                Phase::Dialling { peer } | Phase::Greeting { peer } => self.dial_timeout(now, slot, peer),
                Phase::Accepted => self.accept_timeout(slot),
                Phase::Lingering => drop(self.close(slot)),
                Phase::Outbound { .. } | Phase::Inbound { .. } => {}
            }
        }
    }
}
