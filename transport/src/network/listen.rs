//! The listener's side: accept, hear Hello, say Welcome or why not.

use std::{
    error::Error,
    fmt,
    io::{self, ErrorKind},
    net::{Shutdown, SocketAddr},
    time::Duration,
};

use machine_core::{Instant, NodeId};
use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::{CHUNK_BYTES, Dial, Network, Phase};
use crate::{
    connection::LinkError,
    frame::{self, FrameError, Kind},
    handshake::{self, HandshakeError, Hello},
    host::LinkEvent,
};

/// Connections accepted before anything else has its turn.
const TURN_ACCEPTS: usize = 64;
/// Connections that the kernel holds for us.
const BACKLOG: i32 = 1024;
/// After a failure to accept, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// When a silent peer is asked whether it is there; the kernel asks, not we.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// What a refused dialler may still send before its connection is simply closed.
const LINGER_BYTES: usize = 64 * 1024;

/// Opens the listening socket.
pub(crate) fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let opened = || -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // On Unix: a restart need not wait for connections of the last run to be forgotten. Elsewhere the option
        // would let two programs share a port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(TcpListener::from_std(socket.into()))
    };
    opened().map_err(|error| ListenError { address, kind: error.kind() })
}

/// The node cannot listen at its address. Nothing was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// Why not.
    pub kind: ErrorKind,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, kind } = self;
        write!(f, "cannot listen at {address}: ")?;
        #[expect(clippy::wildcard_enum_match_arm, reason = "ErrorKind is not exhaustive; the rest speaks for itself")]
        match kind {
            ErrorKind::AddrInUse => f.write_str(
                "another program, perhaps another run of this node, listens there; stop it or choose another port",
            ),
            ErrorKind::AddrNotAvailable => f.write_str("no interface of this host has that address; choose one of its own"),
            ErrorKind::PermissionDenied => f.write_str("not permitted; choose a port above 1023"),
            kind => kind.fmt(f),
        }
    }
}

impl Error for ListenError {}

impl Network {
    pub(super) fn accept(&mut self, now: Instant) {
        if !self.acceptable || now < self.accept_at {
            return;
        }
        for _ in 0..TURN_ACCEPTS {
            match self.listener.accept() {
                Ok((stream, address)) => self.accepted(now, stream, address),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.acceptable = false;
                    return;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A dialler that gave up while it waited.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {
                    self.counters.accept_errors += 1
                }
                Err(_) => {
                    self.counters.accept_errors += 1;
                    self.accept_at = now + ACCEPT_PAUSE;
                    return;
                }
            }
        }
    }

    fn accepted(&mut self, now: Instant, stream: TcpStream, address: SocketAddr) {
        self.counters.accepted += 1;
        self.make_room();
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
        let tuned =
            stream.set_nodelay(true).and_then(|()| SockRef::from(&stream).set_tcp_keepalive(&keepalive));
        let deadline = now + self.config.handshakes.timeout;
        let opened = tuned.and_then(|()| self.open(stream, address, Phase::Accepted, deadline));
        match opened {
            // The Hello may have come before the socket was registered.
            Ok(slot) => {
                if let Some(link) = &mut self.links[slot] {
                    link.connection.readable = true;
                }
            }
            Err(_) => self.counters.accept_errors += 1,
        }
    }

    /// Lets the oldest unfinished handshake go when there are too many: whoever means it is done within a round trip,
    /// so the oldest is the least likely to mean it.
    fn make_room(&mut self) {
        let handshakes_max = self.config.handshakes.max;
        let unfinished = || {
            self.links.iter().enumerate().filter_map(|(slot, link)| {
                let link = link.as_ref()?;
                matches!(link.phase, Phase::Accepted | Phase::Lingering).then_some((link.deadline, slot))
            })
        };
        if unfinished().count() < handshakes_max {
            return;
        }
        let Some((_, slot)) = unfinished().min() else { return };
        self.reject(slot, HandshakeError::Crowded { handshakes_max });
    }

    /// A dialler may have said Hello.
    pub(super) fn greeted(&mut self, now: Instant, slot: usize) {
        let Some(link) = &mut self.links[slot] else { return };
        let verdict = match link.connection.receive_one(&mut self.counters) {
            Ok(None) => return,
            Ok(Some(frame)) => Hello::decode(&frame, Kind::HELLO).and_then(|hello| {
                let knows = |id| self.peers.iter().any(|peer| peer.id == id);
                hello.judge(self.config.cluster, self.config.node, knows)
            }),
            Err(LinkError::Frame(FrameError::OtherVersion { ours, theirs })) => {
                Err(HandshakeError::OtherVersion { listener: ours, dialler: theirs })
            }
            Err(LinkError::Frame(error)) => Err(HandshakeError::Frame(error)),
            Err(_) => {
                // Someone knocked and went away: a port scan, a health check.
                self.counters.refused_malformed += 1;
                drop(self.close(slot));
                return;
            }
        };
        match verdict {
            Ok(peer) => self.welcome(now, slot, peer),
            Err(error) => self.reject(slot, error),
        }
    }

    fn welcome(&mut self, now: Instant, slot: usize, peer: NodeId) {
        let body = Hello { cluster: self.config.cluster, from: self.config.node, to: peer }.encode();
        let frame_bytes_max = self.config.frame_bytes_max;
        let Some(link) = &mut self.links[slot] else { return };
        let said = frame::encode(Kind::WELCOME, &body)
            .map_err(LinkError::Frame)
            .and_then(|frame| link.connection.write_now(&frame));
        if said.is_err() {
            drop(self.close(slot));
            return;
        }
        link.connection.widen(frame_bytes_max, CHUNK_BYTES);
        link.phase = Phase::Inbound { peer };
        link.deadline = None;
        let address = link.address;
        self.expel(peer, LinkError::Replaced);
        if let Some(known) = self.peer_mut(peer) {
            known.inbound = Some(slot);
            // Whoever dials us is there: no need to wait out the pause.
            if let Dial::Waiting { until } = &mut known.dial {
                *until = now.min(*until);
            }
        }
        self.events.push_back(LinkEvent::Accepted { peer, address });
    }

    pub(super) fn accept_timeout(&mut self, slot: usize) {
        self.reject(slot, HandshakeError::Timeout { limit: self.config.handshakes.timeout });
    }

    /// Counts, tells the host, and tells the dialler if it is one of us.
    fn reject(&mut self, slot: usize, error: HandshakeError) {
        let Some(link) = &mut self.links[slot] else { return };
        if link.phase == Phase::Lingering {
            // It was told and counted before.
            drop(self.close(slot));
            return;
        }
        let address = link.address;
        let told = handshake::encode_refusal(&error)
            .and_then(|body| frame::encode(Kind::REFUSED, &body).ok())
            .is_some_and(|frame| link.connection.write_now(&frame).is_ok());
        if told {
            // Closing with unread bytes in the socket would reset the connection and could take the refusal with it.
            link.phase = Phase::Lingering;
            let _best_effort = link.connection.stream.shutdown(Shutdown::Write);
            self.linger(slot);
        } else {
            drop(self.close(slot));
        }
        self.count_refusal(&error);
        self.events.push_back(LinkEvent::Refused { peer: None, address, error });
    }

    /// Waits for a refused dialler to close; its deadline still stands.
    pub(super) fn linger(&mut self, slot: usize) {
        let Some(link) = &mut self.links[slot] else { return };
        if link.connection.discard(LINGER_BYTES, &mut self.counters).is_err() || link.connection.readable {
            drop(self.close(slot));
        }
    }

    fn count_refusal(&mut self, error: &HandshakeError) {
        let counters = &mut self.counters;
        let counter = match error {
            HandshakeError::Frame(FrameError::Checksum { .. } | FrameError::HeaderChecksum { .. }) => {
                counters.checksum_failures += 1;
                &mut counters.refused_malformed
            }
            HandshakeError::Frame(_) => &mut counters.refused_stranger,
            HandshakeError::OtherVersion { .. } => &mut counters.refused_version,
            HandshakeError::OtherCluster { .. } => &mut counters.refused_cluster,
            HandshakeError::WrongNode { .. } => &mut counters.refused_wrong_node,
            HandshakeError::SameNode { .. } => &mut counters.refused_same_node,
            HandshakeError::UnknownNode { .. } => &mut counters.refused_unknown_node,
            HandshakeError::Malformed { .. } => &mut counters.refused_malformed,
            HandshakeError::Timeout { .. } => &mut counters.refused_timeout,
            HandshakeError::Crowded { .. } => &mut counters.refused_crowded,
        };
        *counter += 1;
    }
}
