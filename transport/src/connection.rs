//! One TCP connection, seen as frames. Generic over the byte stream, so that tests can script every way in which a
//! socket disappoints.

use std::{
    error::Error,
    fmt,
    io::{self, ErrorKind, IoSlice, Read, Write},
};

use crate::{
    config::QueueLimits,
    counters::Counters,
    frame::{Decoder, Frame, FrameError},
    send_queue::SendQueue,
};

/// What a connection needs of a non-blocking socket.
pub(crate) trait Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;
    fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl Stream for mio::net::TcpStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Read::read(self, into)
    }

    fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        Write::write_vectored(self, from)
    }
}

/// A stream, what came from it and is not yet a frame, and what waits to be written to it.
///
/// Readiness is edge-triggered: `readable` and `writable` are set by events and cleared when the kernel says that
/// it would block, and by nothing else.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    pub(crate) stream: S,
    decoder: Decoder,
    queue: SendQueue,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl<S: Stream> Connection<S> {
    pub(crate) fn new(stream: S, decoder: Decoder, limits: QueueLimits) -> Self {
        Self { stream, decoder, queue: SendQueue::new(limits), readable: false, writable: false }
    }

    /// The handshake is over: frames may be as long as a peer's.
    pub(crate) fn widen(&mut self, body_bytes_max: usize, chunk_bytes: usize) {
        let narrow = std::mem::replace(&mut self.decoder, Decoder::new(0, 0));
        self.decoder = narrow.widen(body_bytes_max, chunk_bytes);
    }

    /// The next frame, reading if need be; `None` when the stream has nothing more for now.
    pub(crate) fn receive_one(&mut self, counters: &mut Counters) -> Result<Option<Frame>, LinkError> {
        loop {
            if let Some(frame) = self.decoder.next()? {
                return Ok(Some(frame));
            }
            if self.fill(counters)? == 0 {
                return Ok(None);
            }
        }
    }

    /// Moves frames to `frames` until the stream has nothing more for now, or about `budget` bytes were read: one
    /// busy peer must not keep the loop from the others. Frames before an error are good.
    pub(crate) fn receive(
        &mut self,
        budget: usize,
        counters: &mut Counters,
        frames: &mut Vec<Frame>,
    ) -> Result<(), LinkError> {
        let mut read = 0;
        loop {
            while let Some(frame) = self.decoder.next()? {
                frames.push(frame);
            }
            if read >= budget {
                return Ok(());
            }
            match self.fill(counters)? {
                0 => return Ok(()),
                bytes => read += bytes,
            }
        }
    }

    /// Reads and drops up to `budget` bytes: from a dialler that was refused, so that closing does not reset the
    /// connection under the refusal.
    pub(crate) fn discard(&mut self, budget: usize, counters: &mut Counters) -> Result<(), LinkError> {
        let mut trash = [0; 4096];
        let mut read = 0;
        while self.readable && read < budget {
            read += read_once(&mut self.stream, &mut trash, &mut self.readable)?;
        }
        counters.bytes_received += read as u64;
        Ok(())
    }

    /// What waits to be written.
    pub(crate) fn queue(&mut self) -> &mut SendQueue {
        &mut self.queue
    }

    /// Writes what is queued until it is empty or the stream would block.
    pub(crate) fn flush(&mut self, counters: &mut Counters) -> Result<(), LinkError> {
        while self.writable && !self.queue.is_empty() {
            match self.queue.write(|slices| self.stream.write_vectored(slices)) {
                Ok(written) if written.bytes == 0 => return Err(LinkError::Closed),
                Ok(written) => {
                    counters.socket_writes += 1;
                    counters.bytes_sent += written.bytes as u64;
                    counters.frames_sent += written.frames as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(LinkError::Io(error.kind())),
            }
        }
        Ok(())
    }

    /// Writes a handshake frame, at once or not at all: it is the first on its connection, and smaller than any
    /// socket's buffer.
    pub(crate) fn write_now(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        loop {
            match self.stream.write_vectored(&[IoSlice::new(bytes)]) {
                Ok(count) if count == bytes.len() => return Ok(()),
                Ok(_) => return Err(LinkError::Io(ErrorKind::WriteZero)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(LinkError::Io(error.kind())),
            }
        }
    }

    /// Reads once into the decoder; 0 when the stream has nothing for now.
    fn fill(&mut self, counters: &mut Counters) -> Result<usize, LinkError> {
        if !self.readable {
            return Ok(0);
        }
        let count = read_once(&mut self.stream, self.decoder.spare(), &mut self.readable)?;
        self.decoder.filled(count);
        counters.bytes_received += count as u64;
        Ok(count)
    }
}

/// Reads at least a byte, or clears `readable` and returns 0.
fn read_once(stream: &mut impl Stream, into: &mut [u8], readable: &mut bool) -> Result<usize, LinkError> {
    loop {
        match stream.read(into) {
            Ok(0) => return Err(LinkError::Closed),
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                *readable = false;
                return Ok(0);
            }
            Err(error) => return Err(LinkError::Io(error.kind())),
        }
    }
}

/// Why a connection is over. The peer is dialled again, or dials again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// The other side closed it.
    Closed,
    /// The operating system says so.
    Io(ErrorKind),
    /// What came is not a frame.
    Frame(FrameError),
    /// A frame whose kind has no place here.
    Kind(u8),
    /// A frame whose content the host could not decode; with the host's own words.
    Content(String),
    /// A newer connection from the same peer took its place.
    Replaced,
    /// The peer was taken out of the table, or its address changed.
    PeerRemoved,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the other side closed the connection"),
            Self::Io(kind) => write!(f, "the connection broke: {kind}"),
            Self::Frame(error) => error.fmt(f),
            Self::Kind(kind) => write!(f, "a frame of kind {kind} has no place here"),
            Self::Content(why) => write!(f, "a frame could not be decoded: {why}"),
            Self::Replaced => f.write_str("a newer connection from the same peer took its place"),
            Self::PeerRemoved => f.write_str("the peer was removed, or its address changed"),
        }
    }
}

impl Error for LinkError {}

impl From<FrameError> for LinkError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
