use std::{net::TcpListener, thread};

use super::*;

/// A server that has written this once it has heard the preface, and then listens until the client goes.
fn server(frames: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client comes");
        let mut preface = [0; PREFACE.len()];
        stream.read_exact(&mut preface).expect("a client speaks first");
        assert_eq!(preface, PREFACE);
        stream.write_all(&frames).expect("a client listens");
        let _gone = std::io::copy(&mut stream, &mut std::io::sink());
    });
    address
}

fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len()).expect("short").to_be_bytes()[1..].to_vec();
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Settings, and then these frames.
fn after_settings(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = frame(kind::SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 9]);
    bytes.extend(frames.concat());
    bytes
}

fn call(frames: &[Vec<u8>]) -> Result<Vec<u8>, String> {
    let address = server(after_settings(frames));
    let answer = Connection::open(address, "/a/B").and_then(|mut connection| connection.call(b"ask"));
    answer.map_err(|failure| failure.text)
}

#[test]
fn an_answer_is_its_message_however_it_is_cut() {
    let answer = call(&[
        frame(kind::PING, 0, 0, &[7; 8]),
        frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]),
        frame(kind::HEADERS, END_HEADERS, 1, &[0x88]),
        frame(kind::DATA, 0, 1, &[0, 0, 0, 0]),
        frame(kind::DATA, PADDED, 1, &[2, 3, b'y', b'e', 0, 0]),
        frame(kind::DATA, 0, 1, b"s"),
        frame(99, 0, 1, b"kinds to come"),
        frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &[]),
    ]);
    assert_eq!(answer.as_deref(), Ok(b"yes".as_slice()));
}

#[test]
fn what_is_no_answer_is_an_error_with_a_reason() {
    let head = frame(kind::HEADERS, END_HEADERS, 1, &[0x88]);
    let end = frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &[]);
    let cases = [
        (vec![end.clone()], "refuses a call"),
        (vec![head, frame(kind::DATA, 0, 1, &[0, 0, 0, 0, 9, 1]), end], "refuses a call"),
        (vec![frame(kind::DATA, 0, 3, b"x")], "no call of ours"),
        (vec![frame(kind::RST_STREAM, 0, 1, &[0, 0, 0, 8])], "code 8"),
        (vec![frame(kind::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 2])], "code 2"),
        (vec![frame(kind::PUSH_PROMISE, 0, 1, &[])], "declined"),
        (vec![vec![0xff; 9]], "more than we allowed"),
        (vec![frame(kind::SETTINGS, 0, 0, &[0, 1, 0, 0, 0, 0])], "memory for headers"),
    ];
    for (frames, reason) in cases {
        let said = call(&frames).expect_err(reason);
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn somebody_else_is_noticed_at_once() {
    let said = Connection::open(server(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), "/a/B").err();
    assert!(said.is_some_and(|failure| failure.text.contains("more than we allowed")));
}

#[test]
fn no_more_is_sent_than_there_is_room_for() {
    // A window of 6 bytes on a stream holds a message of one.
    let address = server(frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 6]));
    let mut connection = Connection::open(address, "/a/B").expect("it speaks");
    assert!(connection.ask(b"x").is_ok());
    let said = connection.ask(b"xy").expect_err("two are too many").text;
    assert!(said.contains("--size"), "{said}");
}

#[test]
fn later_headers_are_the_first_ones_by_number() {
    let first = first_headers("/a/B", "h:1");
    let text = b"\x83\x86\x44\x04/a/B\x41\x03h:1\x5f\x10application/grpc\x40\x02te\x08trailers";
    assert_eq!(first, text, "RFC 7541: :path is 4, :authority 1 and content-type 31 of the static table");
}
