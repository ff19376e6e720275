//! A scripted stream: the k-th call misbehaves, for every k and every way of misbehaving, until none is left.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use bytes::Bytes;

use super::*;
use crate::{
    frame::{self, HEADER_BYTES},
    send_queue::Outgoing,
};

const LIMITS: QueueLimits = QueueLimits { frames_max: 100, bytes_max: 1 << 20 };

#[derive(Clone, Copy, Debug, PartialEq)]
enum Misbehaviour {
    /// One byte instead of all.
    Short,
    Error(ErrorKind),
    /// Zero: the end of a read, and nothing written.
    Zero,
}

const ALL: [Misbehaviour; 6] = [
    Misbehaviour::Short,
    Misbehaviour::Error(ErrorKind::WouldBlock),
    Misbehaviour::Error(ErrorKind::Interrupted),
    Misbehaviour::Error(ErrorKind::ConnectionReset),
    Misbehaviour::Error(ErrorKind::BrokenPipe),
    Misbehaviour::Zero,
];

impl Misbehaviour {
    /// Whether a connection survives it.
    fn is_survived(self) -> bool {
        matches!(self, Self::Short | Self::Error(ErrorKind::WouldBlock) | Self::Error(ErrorKind::Interrupted))
    }
}

/// Gives `input`, takes output, in pieces of at most `piece` bytes; misbehaves at call `at`.
#[derive(Debug)]
struct Script {
    input: VecDeque<u8>,
    output: Rc<RefCell<Vec<u8>>>,
    piece: usize,
    calls: usize,
    at: usize,
    how: Misbehaviour,
}

impl Script {
    /// How many bytes this call moves at most.
    fn call(&mut self) -> io::Result<usize> {
        self.calls += 1;
        if self.calls != self.at {
            return Ok(self.piece);
        }
        match self.how {
            Misbehaviour::Short => Ok(1),
            Misbehaviour::Zero => Ok(0),
            Misbehaviour::Error(kind) => Err(kind.into()),
        }
    }
}

impl Stream for Script {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = self.call()?;
        if self.input.is_empty() && most > 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = most.min(into.len()).min(self.input.len());
        for (place, byte) in into.iter_mut().zip(self.input.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }

    fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        let most = self.call()?;
        let all: Vec<u8> = from.iter().flat_map(|slice| slice.iter().copied()).collect();
        let count = most.min(all.len());
        self.output.borrow_mut().extend(&all[..count]);
        Ok(count)
    }
}

fn script(
    input: &[u8],
    piece: usize,
    at: usize,
    how: Misbehaviour,
) -> (Connection<Script>, Rc<RefCell<Vec<u8>>>) {
    let output = Rc::new(RefCell::new(Vec::new()));
    let input = input.iter().copied().collect();
    let stream = Script { input, output: output.clone(), piece, calls: 0, at, how };
    (Connection::new(stream, Decoder::new(1000, 64), LIMITS), output)
}

/// Frames around every boundary of a decoder with a chunk of 64 bytes.
fn bodies() -> Vec<Vec<u8>> {
    [0, 1, 43, 44, 45, 64, 150_u8].iter().map(|len| vec![*len; usize::from(*len)]).collect()
}

#[test]
fn whatever_the_kth_read_does_frames_come_whole_and_in_order_or_the_connection_ends() {
    let sent = bodies();
    let input: Vec<u8> = sent.iter().flat_map(|body| frame::encode(9, body).expect("short enough")).collect();
    for how in ALL {
        for piece in [16, 64, 4096] {
            let mut at = 1;
            loop {
                let (mut connection, _) = script(&input, piece, at, how);
                let mut counters = Counters::default();
                let mut frames = Vec::new();
                let mut outcome = Ok(());
                // As the event loop would: again whenever the kernel says that there is more.
                while outcome.is_ok() && (connection.readable || !connection.stream.input.is_empty()) {
                    connection.readable = true;
                    outcome = connection.receive(100, &mut counters, &mut frames);
                }
                let hit = connection.stream.calls >= at;
                for (frame, body) in frames.iter().zip(&sent) {
                    assert_eq!((frame.kind, &frame.body[..]), (9, &body[..]));
                }
                match outcome {
                    Ok(()) => {
                        assert!(!hit || how.is_survived(), "{how:?} at call {at} went unnoticed");
                        assert_eq!(frames.len(), sent.len(), "{how:?} at call {at} lost a frame");
                        assert_eq!(counters.bytes_received, input.len() as u64);
                    }
                    Err(why) => assert!(!how.is_survived(), "{how:?} at call {at} ended it: {why}"),
                }
                if !hit {
                    break;
                }
                at += 1;
            }
            assert!(at > 2, "the script was followed");
        }
    }
}

#[test]
fn whatever_the_kth_write_does_bytes_go_out_whole_and_in_order_or_the_connection_ends() {
    for how in ALL {
        for piece in [16, 100, 4096] {
            let mut at = 1;
            loop {
                let (mut connection, output) = script(&[], piece, at, how);
                let mut expected = Vec::new();
                for body in bodies() {
                    let frame = frame::encode(9, &body).expect("short enough");
                    let header = *frame.first_chunk().expect("a frame has a header");
                    let (head, rest) = body.split_at(body.len() / 3);
                    let (head, body) = (Bytes::copy_from_slice(head), Bytes::copy_from_slice(rest));
                    connection.queue().push(Outgoing { header, head, body });
                    expected.extend(frame);
                }
                let mut counters = Counters::default();
                let mut outcome = Ok(());
                while outcome.is_ok() && !connection.queue().is_empty() {
                    connection.writable = true;
                    outcome = connection.flush(&mut counters);
                    let waits = outcome.is_err() || connection.queue().is_empty() || !connection.writable;
                    assert!(waits, "it stops only where the kernel says so");
                }
                let hit = connection.stream.calls >= at;
                let output = output.borrow();
                match outcome {
                    Ok(()) => {
                        assert!(!hit || how.is_survived(), "{how:?} at call {at} went unnoticed");
                        assert!(*output == expected, "{how:?} at call {at} changed the bytes");
                        assert_eq!(counters.frames_sent, bodies().len() as u64);
                        assert_eq!(counters.bytes_sent, expected.len() as u64);
                    }
                    Err(why) => {
                        assert!(!how.is_survived(), "{how:?} at call {at} ended it: {why}");
                        assert!(expected.starts_with(&output), "what went out is a beginning");
                    }
                }
                if !hit {
                    break;
                }
                at += 1;
            }
            assert!(at > 1, "the script was followed");
        }
    }
}

#[test]
fn a_handshake_frame_goes_out_at_once_or_not_at_all() {
    let hello = frame::encode(240, &[1; 24]).expect("short enough");
    for how in ALL {
        let (mut connection, output) = script(&[], 4096, 1, how);
        let outcome = connection.write_now(&hello);
        assert_eq!(outcome.is_ok(), how == Misbehaviour::Error(ErrorKind::Interrupted), "{how:?}");
        assert!(outcome.is_err() || *output.borrow() == hello);
    }
}

#[test]
fn a_busy_peer_gives_the_others_their_turn() {
    let body = [7; 100];
    let input: Vec<u8> = (0..100).flat_map(|_| frame::encode(1, &body).expect("short enough")).collect();
    let (mut connection, _) = script(&input, 50, 0, Misbehaviour::Zero);
    connection.readable = true;
    let (mut counters, mut frames) = (Counters::default(), Vec::new());
    connection.receive(500, &mut counters, &mut frames).expect("the stream is well");
    assert!((500..550).contains(&counters.bytes_received), "about the budget");
    assert!(connection.readable, "and it comes back for the rest");
}

#[test]
fn what_a_refused_dialler_sends_is_read_and_dropped() {
    for how in ALL {
        let (mut connection, _) = script(&[1; 10_000], 4096, 2, how);
        connection.readable = true;
        let mut counters = Counters::default();
        let mut outcome = connection.discard(1 << 20, &mut counters);
        if outcome.is_ok() {
            connection.readable = true;
            outcome = connection.discard(1 << 20, &mut counters);
        }
        assert_eq!(outcome.is_ok(), how.is_survived(), "{how:?}");
        assert_eq!(connection.stream.input.is_empty(), how.is_survived());
    }
    let (mut connection, _) = script(&[1; 10_000], 4096, 0, Misbehaviour::Zero);
    connection.readable = true;
    connection.discard(5_000, &mut Counters::default()).expect("the stream is well");
    assert!(connection.readable && !connection.stream.input.is_empty(), "no more than the budget");
}

#[test]
fn the_header_of_a_frame_in_pieces_is_the_header_of_a_frame() {
    let header = frame::header(9, 3, crc32c::crc32c(b"abc"));
    let whole = frame::encode(9, b"abc").expect("short enough");
    assert_eq!(whole[..HEADER_BYTES], header);
    assert_eq!(whole[HEADER_BYTES..], *b"abc");
}
