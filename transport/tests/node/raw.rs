//! A peer made of plain bytes, written from docs/wire-format.md and not from the crate.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::common::{CLUSTER, HANG};

pub(crate) const HELLO: u8 = 240;
pub(crate) const WELCOME: u8 = 241;
pub(crate) const REFUSED: u8 = 242;
/// The toy's own.
pub(crate) const DONE_KIND: u8 = 2;

/// magic, version, kind, reserved, length, checksum of the body, checksum of all that, body.
pub(crate) fn frame(version: u8, kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![b'Q', b'r', b't', 0xa5, version, kind, 0, 0];
    bytes.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    bytes.extend(crc32c::crc32c(body).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    seal(&mut bytes);
    bytes
}

/// Writes the right checksum into a header that was changed.
pub(crate) fn seal(frame: &mut [u8]) {
    let checksum = crc32c::crc32c(&frame[..16]);
    frame[16..20].copy_from_slice(&checksum.to_le_bytes());
}

pub(crate) fn words(words: [u64; 3]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

pub(crate) fn hello(cluster: u64, from: u64, to: u64) -> Vec<u8> {
    frame(1, HELLO, &words([cluster, from, to]))
}

pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) fn dial(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn accept(listener: &TcpListener) -> Self {
        listener.set_nonblocking(true).unwrap();
        let begin = Instant::now();
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    return Self::new(stream);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
            assert!(begin.elapsed() < HANG, "nobody dials");
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        Self(stream)
    }

    /// Dials as a peer that is known, and is welcome.
    pub(crate) fn join(address: SocketAddr, from: u64, to: u64) -> Self {
        let mut raw = Self::dial(address);
        raw.say(&hello(CLUSTER.get(), from, to));
        assert_eq!(raw.hear(), (WELCOME, words([CLUSTER.get(), to, from])));
        raw
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// As `say`, to someone who may have closed already.
    pub(crate) fn shout(&mut self, bytes: &[u8]) {
        let _closed = self.0.write_all(bytes);
    }

    /// The next frame: kind and body.
    pub(crate) fn hear(&mut self) -> (u8, Vec<u8>) {
        let mut header = [0; 20];
        self.0.read_exact(&mut header).unwrap();
        let len = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        let mut body = vec![0; len as usize];
        self.0.read_exact(&mut body).unwrap();
        assert_eq!(frame(1, header[5], &body)[..20], header);
        (header[5], body)
    }

    /// Reads until the other side closes; what came before.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("not closed: {error}"),
        }
        bytes
    }

    pub(crate) fn finish(&mut self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }
}
