//! The little of HTTP/2 and gRPC that a unary call needs: many calls under way on one connection, all of one method.
//!
//! Lighter than any library, for both sides: a request is 15 bytes of headers and its message. What is left out is left
//! out because the other side cannot notice: no priorities, no padding, no push; of the answers' headers nothing is read,
//! since gRPC sends a message only with a success.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    io::{BufReader, BufWriter, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::Failure;

const SILENCE_MAX: Duration = Duration::from_secs(20);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// RFC 9113, section 6.5.2: what holds before settings say otherwise.
const WINDOW_BYTES: u32 = 65_535;
const FRAME_BYTES_MAX: usize = 16_384;
/// How much the other side may send before we give it more.
const OUR_WINDOW_BYTES: u32 = 1 << 30;
/// An answer to a put has some 40 bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// A flag of one byte and a length of four.
const GRPC_HEADER_BYTES: usize = 5;

mod kind {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const PRIORITY: u8 = 2;
    pub(super) const RST_STREAM: u8 = 3;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PUSH_PROMISE: u8 = 5;
    pub(super) const PING: u8 = 6;
    pub(super) const GOAWAY: u8 = 7;
    pub(super) const WINDOW_UPDATE: u8 = 8;
    pub(super) const CONTINUATION: u8 = 9;
}

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

/// A connection for calls of one method.
pub(crate) struct Connection {
    address: SocketAddr,
    reader: BufReader<TcpStream>,
    writer: BufWriter<TcpStream>,
    /// What the first call tells, and the later ones refer to.
    headers: Vec<u8>,
    next_stream: u32,
    /// Answers that are not whole yet, by their stream.
    open: BTreeMap<u32, Vec<u8>>,
    answered: VecDeque<(u32, Vec<u8>)>,
    /// What may still be sent on all streams together.
    send_window: i64,
    /// What may be sent on a stream of its own.
    stream_window: u32,
    /// How many calls the other side takes at a time.
    calls_max: u32,
    /// What was received since the other side was last given more.
    received: u32,
    frame: Vec<u8>,
}

/// The head of a frame; its body is in `Connection::frame`.
#[derive(Clone, Copy, Debug)]
struct Head {
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Connection {
    /// Connects, and hears the other side's settings.
    pub(crate) fn open(address: SocketAddr, method: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)
            .map_err(|error| Failure::new(format!("etcd at {address} cannot be reached: {error}")))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        stream.set_write_timeout(Some(SILENCE_MAX))?;
        let mut connection = Self {
            address,
            reader: BufReader::with_capacity(64 << 10, stream.try_clone()?),
            writer: BufWriter::with_capacity(64 << 10, stream),
            headers: first_headers(method, &address.to_string()),
            next_stream: 1,
            open: BTreeMap::new(),
            answered: VecDeque::new(),
            send_window: WINDOW_BYTES.into(),
            stream_window: WINDOW_BYTES,
            calls_max: u32::MAX,
            received: 0,
            frame: Vec::new(),
        };
        connection.writer.write_all(PREFACE)?;
        // No push, please; everything else as it is.
        connection.send(kind::SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 0])?;
        connection.send(kind::WINDOW_UPDATE, 0, 0, &(OUR_WINDOW_BYTES - WINDOW_BYTES).to_be_bytes())?;
        connection.writer.flush()?;
        if connection.receive()?.kind != kind::SETTINGS {
            return Err(connection.failed(&"does not speak HTTP/2"));
        }
        Ok(connection)
    }

    /// Asks, and waits for the answer.
    pub(crate) fn call(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let asked = self.ask(message)?;
        let (stream, answer) = self.answer()?;
        if stream == asked { Ok(answer) } else { Err(self.failed(&"answers what was not asked")) }
    }

    /// Puts a call into the buffer; returns what its answer will be known by.
    pub(crate) fn ask(&mut self, message: &[u8]) -> Result<u32, Failure> {
        let bytes = message.len() + GRPC_HEADER_BYTES;
        if bytes > self.stream_window as usize {
            return Err(Failure::new(format!(
                "a put to etcd of {bytes} bytes does not fit its window of {}; take a smaller --size, or --no-etcd",
                self.stream_window
            )));
        }
        while self.send_window < bytes as i64 || self.open.len() >= self.calls_max as usize {
            self.writer.flush()?;
            self.receive()?;
        }
        self.send_window -= bytes as i64;
        let stream = self.next_stream;
        self.next_stream = stream.checked_add(2).ok_or_else(|| self.failed(&"has no stream left"))?;
        let headers = std::mem::replace(&mut self.headers, LATER_HEADERS.to_vec());
        self.send(kind::HEADERS, END_HEADERS, stream, &headers)?;
        let mut body = Vec::with_capacity(bytes);
        body.push(0); // not compressed
        body.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
        body.extend_from_slice(message);
        let pieces = body.len().div_ceil(FRAME_BYTES_MAX);
        for (at, piece) in body.chunks(FRAME_BYTES_MAX).enumerate() {
            let flags = if at + 1 == pieces { END_STREAM } else { 0 };
            self.send(kind::DATA, flags, stream, piece)?;
        }
        self.open.insert(stream, Vec::new());
        Ok(stream)
    }

    /// The next answer, with what `ask` returned. Before it waits, what is in the buffer is sent.
    pub(crate) fn answer(&mut self) -> Result<(u32, Vec<u8>), Failure> {
        loop {
            if let Some(answer) = self.answered.pop_front() {
                return Ok(answer);
            }
            if self.reader.buffer().is_empty() {
                self.writer.flush()?;
            }
            self.receive()?;
        }
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, body: &[u8]) -> Result<(), Failure> {
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut head = [0; 9];
        head[..3].copy_from_slice(&length[1..]);
        head[3..5].copy_from_slice(&[kind, flags]);
        head[5..].copy_from_slice(&stream.to_be_bytes());
        self.writer.write_all(&head)?;
        Ok(self.writer.write_all(body)?)
    }

    /// Takes one frame in.
    fn receive(&mut self) -> Result<Head, Failure> {
        let mut head = [0; 9];
        self.reader.read_exact(&mut head).map_err(|error| self.failed(&error))?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(self.failed(&format_args!("sends a frame of {length} bytes, more than we allowed")));
        }
        self.frame.resize(length, 0);
        self.reader.read_exact(&mut self.frame).map_err(|error| self.failed(&error))?;
        let head = Head { kind, flags, stream: u32::from_be_bytes(stream) & (u32::MAX >> 1) };
        self.take(head)?;
        Ok(head)
    }

    fn take(&mut self, head: Head) -> Result<(), Failure> {
        match head.kind {
            kind::DATA => self.take_data(head)?,
            // Nothing is read of them: that a message came and the stream ended says it all.
            kind::HEADERS | kind::CONTINUATION | kind::PRIORITY => {}
            kind::SETTINGS if head.flags & ACK == 0 => {
                self.take_settings()?;
                self.send(kind::SETTINGS, ACK, 0, &[])?;
            }
            kind::PING if head.flags & ACK == 0 => {
                let body = std::mem::take(&mut self.frame);
                self.send(kind::PING, ACK, 0, &body)?;
            }
            kind::WINDOW_UPDATE if head.stream == 0 => self.send_window += i64::from(self.word(0)),
            kind::RST_STREAM => {
                return Err(self.failed(&format_args!("breaks a call off (code {})", self.word(0))));
            }
            kind::GOAWAY => {
                return Err(self.failed(&format_args!("ends the connection (code {})", self.word(4))));
            }
            kind::PUSH_PROMISE => return Err(self.failed(&"pushes, which we declined")),
            // Acknowledgements, windows of streams that are sent already, and kinds to be ignored by the specification.
            _ => {}
        }
        let ends = matches!(head.kind, kind::DATA | kind::HEADERS) && head.flags & END_STREAM != 0;
        if ends { self.end(head.stream) } else { Ok(()) }
    }

    fn take_data(&mut self, head: Head) -> Result<(), Failure> {
        let length = u32::try_from(self.frame.len()).unwrap_or(u32::MAX);
        self.received += length;
        if self.received > OUR_WINDOW_BYTES / 4 {
            let received = std::mem::take(&mut self.received).to_be_bytes();
            self.send(kind::WINDOW_UPDATE, 0, 0, &received)?;
        }
        let mut data = self.frame.as_slice();
        if head.flags & PADDED != 0 {
            let (padding, rest) = data.split_first().unwrap_or((&0, &[]));
            data = &rest[..rest.len().saturating_sub(usize::from(*padding))];
        }
        let answer = self.open.get_mut(&head.stream);
        let room = |answer: &&mut Vec<u8>| answer.len() + data.len() <= ANSWER_BYTES_MAX;
        if let Some(answer) = answer.filter(room) {
            answer.extend_from_slice(data);
            return Ok(());
        }
        Err(self.failed(&"sends data for no call of ours, or too much"))
    }

    fn take_settings(&mut self) -> Result<(), Failure> {
        for setting in self.frame.chunks_exact(6) {
            let value = u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
            match u16::from_be_bytes([setting[0], setting[1]]) {
                // Our later headers refer to what the first have told; that takes some 200 bytes of its memory.
                1 if value < 4096 => return Err(self.failed(&"wants no memory for headers")),
                3 => self.calls_max = value.max(1),
                4 => self.stream_window = value,
                _ => {}
            }
        }
        Ok(())
    }

    fn end(&mut self, stream: u32) -> Result<(), Failure> {
        let answer = self.open.remove(&stream).ok_or_else(|| self.failed(&"ends what was not asked"))?;
        let message = answer.get(GRPC_HEADER_BYTES..).filter(|message| {
            let length = answer[1..GRPC_HEADER_BYTES].try_into().map(u32::from_be_bytes);
            answer[0] == 0 && length.is_ok_and(|length| length as usize == message.len())
        });
        let message = message.ok_or_else(|| self.failed(&"refuses a call"))?.to_vec();
        self.answered.push_back((stream, message));
        Ok(())
    }

    fn word(&self, at: usize) -> u32 {
        let bytes = self.frame.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes) & (u32::MAX >> 1)
    }

    fn failed(&self, what: &dyn fmt::Display) -> Failure {
        Failure::new(format!("etcd at {}: {what}", self.address))
    }
}

/// The headers of a call, told so that the other side remembers them (RFC 7541, 6.2.1): method and scheme from the static
/// table; then path, authority, content type and te.
fn first_headers(method: &str, authority: &str) -> Vec<u8> {
    let mut headers = vec![0x83, 0x86];
    let mut text = |index: &[u8], parts: &[&str]| {
        headers.extend_from_slice(index);
        for part in parts {
            // Below 127 bytes the length is one byte.
            headers.push(u8::try_from(part.len()).unwrap_or(0));
            headers.extend_from_slice(part.as_bytes());
        }
    };
    text(&[0x44], &[method]);
    text(&[0x41], &[authority]);
    text(&[0x5f], &["application/grpc"]);
    text(&[0x40], &["te", "trailers"]);
    headers
}

/// The same again: the dynamic table begins at 62 with what was told last.
const LATER_HEADERS: [u8; 6] = [0x83, 0x86, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62];

#[cfg(test)]
mod tests;
