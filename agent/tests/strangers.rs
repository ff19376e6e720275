//! Whatever strangers send to either port, the cluster goes on, and says what was wrong where that helps.

mod common;

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use agent::{
    client::{ClientError, Connection},
    protocol::{Refusal, Request, Response, read_frame, write_frame},
};
use common::{PATIENCE, Processes, lines_of, wait_for};
use machine_core::Rng;

/// Sends these bytes, then reads until the other side closes.
fn send(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the node listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
    // It may close before it has read everything.
    let _sent = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let _closed = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn garbage_to_both_ports_is_survived() {
    let processes = Processes::start(3);
    let mut rng = Rng::new(5);
    for round in 0..60_usize {
        let mut bytes: Vec<u8> = (0..rng.below(2000)).map(|_| rng.next_u64().to_le_bytes()[0]).collect();
        match round % 4 {
            0 => {}
            // As if it were a client, or a peer, and then nonsense.
            1 => bytes.splice(0..0, *b"quorate\x01").for_each(drop),
            2 => bytes.splice(0..0, transport::MAGIC).for_each(drop),
            _ => bytes.splice(0..0, *b"GET / HTTP/1.1\r\n\r\n").for_each(drop),
        }
        send(processes.peers[round % 3], &bytes);
        send(processes.clients[round % 3], &bytes);
    }
    let output = processes.append("after all that\n");
    assert!(output.status.success(), "{output:?}");
    let leader = processes.leader();
    assert_eq!(lines_of(processes.clients[leader]), ["after all that"]);
    for node in 0..3 {
        let log = processes.log(node);
        assert!(!log.contains("panicked"), "{log}");
        assert!(log.lines().count() < 60, "strangers must not fill the log:\n{log}");
    }
}

#[test]
fn a_client_of_another_version_is_told_ours() {
    let processes = Processes::start(1);
    assert_eq!(send(processes.clients[0], b"quorate\x09"), b"quorate\x01");
    assert_eq!(send(processes.clients[0], b"SSH-2.0-"), b"", "a stranger is told nothing");
}

#[test]
fn a_request_that_makes_no_sense_is_named_and_the_connection_closed() {
    let processes = Processes::start(1);
    let mut content = Vec::new();
    Request::Status.encode(1, &mut content);
    content[0] = 99;
    let mut bytes = b"quorate\x01".to_vec();
    write_frame(&mut bytes, &content).expect("a short frame into memory");
    let answer = send(processes.clients[0], &bytes);
    let frame = read_frame(&mut &answer[8..]).expect("a sound frame").expect("an answer");
    let (_, response) = Response::decode(frame).expect("a sound answer");
    assert_eq!(
        response,
        Response::Refused(Refusal::Malformed { reason: "kind 99 is not known in version 1".to_owned() })
    );
}

#[test]
fn one_connection_too_many_is_told_so_and_there_is_room_again_afterwards() {
    let processes = Processes::start(1);
    let open = || {
        Connection::open(processes.clients[0], PATIENCE).and_then(|mut connection| {
            connection.status()?;
            Ok(connection)
        })
    };
    let mut connections: Vec<Connection> = Vec::new();
    let refused = wait_for("refusal", || match open() {
        Ok(connection) => {
            connections.push(connection);
            None
        }
        Err(error) => Some(error),
    });
    let ClientError::Refused { refusal: Refusal::Crowded { connections_max }, .. } = refused else {
        panic!("another refusal: {refused}")
    };
    assert!(connections.len() <= connections_max as usize);
    drop(connections);
    wait_for("room", || open().ok());
}
