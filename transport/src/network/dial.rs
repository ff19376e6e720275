//! The dialler's side: connect, say Hello, wait for Welcome; after a failure wait, longer each time.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use machine_core::{Instant, NodeId};
use mio::net::TcpStream;

use super::{CHUNK_BYTES_HANDSHAKE, Dial, Network, Phase};
use crate::{
    connection::LinkError,
    frame::{self, FrameError, Kind},
    handshake::{self, HandshakeError, Hello},
    host::LinkEvent,
};

impl Network {
    /// Dials every peer whose pause is over.
    pub(super) fn dial_due(&mut self, now: Instant) {
        for place in 0..self.peers.len() {
            let peer = &self.peers[place];
            let (id, address) = (peer.id, peer.address);
            if matches!(peer.dial, Dial::Waiting { until } if until <= now) {
                self.dial(now, id, address);
            }
        }
    }

    fn dial(&mut self, now: Instant, peer: NodeId, address: SocketAddr) {
        self.counters.dials += 1;
        let deadline = now + self.config.handshakes.timeout;
        let opened = TcpStream::connect(address)
            .and_then(|stream| self.open(stream, address, Phase::Dialling { peer }, deadline));
        match opened {
            Ok(slot) => {
                if let Some(known) = self.peer_mut(peer) {
                    known.dial = Dial::Link(slot);
                }
            }
            Err(error) => {
                let why = LinkError::Io(error.kind());
                self.pause(now, peer);
                self.events.push_back(LinkEvent::Unreachable { peer, address, why });
            }
        }
    }

    /// The kernel may have an answer to `connect`.
    pub(super) fn connected(&mut self, now: Instant, slot: usize, peer: NodeId) {
        let hello = self.hello(peer);
        let stall = self.config.timeouts.stall;
        let Some(link) = &mut self.links[slot] else { return };
        if !link.connection.writable {
            return;
        }
        let stream = &link.connection.stream;
        let outcome = match (stream.take_error(), stream.peer_addr()) {
            (Ok(Some(error)) | Err(error), _) => Err(LinkError::Io(error.kind())),
            (Ok(None), Err(error)) if error.kind() == ErrorKind::NotConnected => {
                // A spurious event; the real one follows.
                link.connection.writable = false;
                return;
            }
            (Ok(None), Err(error)) => Err(LinkError::Io(error.kind())),
            // TCP connects a socket to itself when the kernel happens to choose the dialled port as our own, which it
            // can while nobody listens there; and then nobody could.
            (Ok(None), Ok(theirs)) if stream.local_addr().ok() == Some(theirs) => {
                Err(LinkError::Io(ErrorKind::ConnectionRefused))
            }
            (Ok(None), Ok(_)) => tune(stream, stall).and_then(|()| {
                let body = hello.encode();
                let frame = frame::encode(Kind::HELLO, &body).map_err(LinkError::Frame)?;
                link.connection.write_now(&frame)
            }),
        };
        match outcome {
            Ok(()) => link.phase = Phase::Greeting { peer },
            Err(why) => self.lost(now, slot, peer, why),
        }
    }

    /// The listener may have answered our Hello.
    pub(super) fn answered(&mut self, now: Instant, slot: usize, peer: NodeId) {
        let hello = self.hello(peer);
        let Some(link) = &mut self.links[slot] else { return };
        let verdict = match link.connection.receive_one(&mut self.counters) {
            Ok(None) => return,
            Ok(Some(frame)) => handshake::judge_answer(&frame, hello),
            Err(LinkError::Frame(FrameError::OtherVersion { ours, theirs })) => {
                Err(HandshakeError::OtherVersion { listener: theirs, dialler: ours })
            }
            Err(LinkError::Frame(error)) => Err(HandshakeError::Frame(error)),
            Err(why) => return self.lost(now, slot, peer, why),
        };
        match verdict {
            Ok(()) => self.welcomed(slot, peer),
            Err(error) => self.refused(now, slot, peer, error),
        }
    }

    fn welcomed(&mut self, slot: usize, peer: NodeId) {
        if let Some(link) = &mut self.links[slot] {
            link.phase = Phase::Outbound { peer };
            link.deadline = None;
        }
        let Some(known) = self.peer_mut(peer) else { return };
        known.backoff.reset();
        let again = std::mem::replace(&mut known.was_connected, true);
        self.counters.connected += 1;
        self.counters.reconnected += u64::from(again);
        self.events.push_back(LinkEvent::Connected { peer });
    }

    /// Notices the end of a connection on which nothing is ever received.
    pub(super) fn watch(&mut self, now: Instant, slot: usize, peer: NodeId) {
        let Some(link) = &mut self.links[slot] else { return };
        match link.connection.receive_one(&mut self.counters) {
            Ok(None) => {}
            Ok(Some(frame)) => self.lost(now, slot, peer, LinkError::Kind(frame.kind)),
            Err(why) => self.lost(now, slot, peer, why),
        }
    }

    pub(super) fn dial_timeout(&mut self, now: Instant, slot: usize, peer: NodeId) {
        let limit = self.config.handshakes.timeout;
        let connecting =
            self.links[slot].as_ref().is_some_and(|link| matches!(link.phase, Phase::Dialling { .. }));
        if connecting {
            self.lost(now, slot, peer, LinkError::Io(ErrorKind::TimedOut));
        } else {
            self.refused(now, slot, peer, HandshakeError::Timeout { limit });
        }
    }

    /// A connection of ours is over, whether or not it was usable.
    pub(super) fn lost(&mut self, now: Instant, slot: usize, peer: NodeId, why: LinkError) {
        let Some(link) = self.close(slot) else { return };
        self.count_end(&why);
        if matches!(link.phase, Phase::Outbound { .. }) {
            self.pause_after(now, peer);
            self.events.push_back(LinkEvent::Disconnected { peer, why });
        } else {
            self.pause(now, peer);
            self.events.push_back(LinkEvent::Unreachable { peer, address: link.address, why });
        }
    }

    fn refused(&mut self, now: Instant, slot: usize, peer: NodeId, error: HandshakeError) {
        let Some(link) = self.close(slot) else { return };
        self.pause(now, peer);
        self.events.push_back(LinkEvent::Refused { peer: Some(peer), address: link.address, error });
    }

    /// A dial failed.
    fn pause(&mut self, now: Instant, peer: NodeId) {
        self.counters.dial_failures += 1;
        self.pause_after(now, peer);
    }

    fn pause_after(&mut self, now: Instant, peer: NodeId) {
        let limits = self.config.backoff;
        let Some(known) = self.peers.iter_mut().find(|known| known.id == peer) else { return };
        let pause = known.backoff.pause(limits, &mut self.rng);
        known.dial = Dial::Waiting { until: now + pause };
    }

    fn hello(&self, peer: NodeId) -> Hello {
        Hello { cluster: self.config.cluster, from: self.config.node, to: peer }
    }
}

/// Small frames go out at once, and a peer that vanished without a word is noticed.
fn tune(stream: &TcpStream, stall: Duration) -> Result<(), LinkError> {
    let broken = |error: std::io::Error| LinkError::Io(error.kind());
    stream.set_nodelay(true).map_err(broken)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(stall)).map_err(broken)?;
    #[cfg(not(target_os = "linux"))]
    let _kernel_default = stall;
    Ok(())
}

const _: () =
    assert!(CHUNK_BYTES_HANDSHAKE >= 40, "Hello, Welcome and Refused fit into the handshake's chunk");
