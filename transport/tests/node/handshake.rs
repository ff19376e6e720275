//! Who does not belong here is told so, and so is whoever reads our log.

use std::{net::TcpListener, time::Duration};

use machine_core::NodeId;
use transport::{
    Clock, ClusterId, Config, Counters, Driver, DriverError, FrameError, HandshakeError, LinkEvent,
};

use crate::{
    common::{CLUSTER, Platter, Started, anywhere, config, start, start_with},
    raw::{HELLO, REFUSED, Raw, WELCOME, frame, hello, seal, words},
};

/// Two nodes that cannot shake hands say the same at both ends, and count it.
fn both_ends_say(dialler: Config, error: HandshakeError, counter: fn(&Counters) -> u64) {
    let listener = start(1);
    let dialler = dialler.with_peer(NodeId::of(1), listener.address());
    let dialler = start_with(9, dialler, Platter::default());
    both_say(&listener, &dialler, error, counter);
    listener.stop();
    dialler.stop();
}

fn both_say(listener: &Started, dialler: &Started, error: HandshakeError, counter: fn(&Counters) -> u64) {
    let heard = listener.event(refused);
    assert_eq!((heard.0, heard.1), (None, error), "at the listener");
    let heard = dialler.event(refused);
    assert!(heard.0.is_some(), "the dialler knows whom it wanted");
    assert_eq!(heard.1, error, "at the dialler");
    listener.counted(|counters| counter(counters) > 0);
    dialler.counted(|counters| counters.dial_failures > 0);
}

fn refused(event: &LinkEvent) -> Option<(Option<NodeId>, HandshakeError)> {
    if let LinkEvent::Refused { peer, error, .. } = event { Some((*peer, *error)) } else { None }
}

#[test]
fn another_cluster() {
    let other = ClusterId::new(8);
    both_ends_say(
        Config::new(other, NodeId::of(9), anywhere()),
        HandshakeError::OtherCluster { listener: CLUSTER, dialler: other },
        |counters| counters.refused_cluster,
    );
}

#[test]
fn a_node_that_is_not_known() {
    both_ends_say(
        config(9, anywhere()),
        HandshakeError::UnknownNode { listener: NodeId::of(1), dialler: NodeId::of(9) },
        |counters| counters.refused_unknown_node,
    );
}

#[test]
fn another_node_than_was_wanted() {
    let listener = start(1);
    let dialler = config(9, anywhere()).with_peer(NodeId::of(2), listener.address());
    let dialler = start_with(9, dialler, Platter::default());
    let error = HandshakeError::WrongNode { listener: NodeId::of(1), wanted: NodeId::of(2) };
    both_say(&listener, &dialler, error, |counters| counters.refused_wrong_node);
    listener.stop();
    dialler.stop();
}

#[test]
fn two_nodes_with_one_id() {
    let listener = start(1);
    let dialler = config(1, anywhere()).with_peer(NodeId::of(2), listener.address());
    let dialler = start_with(1, dialler, Platter::default());
    let error = HandshakeError::SameNode { id: NodeId::of(1) };
    both_say(&listener, &dialler, error, |counters| counters.refused_same_node);
    listener.stop();
    dialler.stop();
}

#[test]
fn a_dialler_of_another_version_whatever_its_header_looks_like() {
    let node = start(1);
    let mut raw = Raw::dial(node.address());
    // Nothing but magic and version is ours; and more than fits into a handshake follows.
    raw.say(&[&b"Qrt\xa5\x02"[..], &[0xee; 500]].concat());
    assert_eq!(raw.hear(), (REFUSED, words([1, 1, 2])), "version: listener 1, dialler 2");
    assert_eq!(node.event(refused), (None, HandshakeError::OtherVersion { listener: 1, dialler: 2 }));
    raw.finish();
    assert!(raw.rest().is_empty());
    node.counted(|counters| counters.refused_version == 1);
    node.stop();
}

#[test]
fn a_listener_of_another_version() {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let node = config(1, anywhere()).with_peer(NodeId::of(2), listener.local_addr().unwrap());
    let node = start_with(1, node, Platter::default());
    let mut raw = Raw::accept(&listener);
    assert_eq!(raw.hear(), (HELLO, words([CLUSTER.get(), 1, 2])));
    raw.say(b"Qrt\xa5\x09 anything");
    assert_eq!(
        node.event(refused),
        (Some(NodeId::of(2)), HandshakeError::OtherVersion { listener: 9, dialler: 1 })
    );
    node.stop();
}

#[test]
fn a_listener_that_lies_or_talks_nonsense() {
    let lies = [
        (frame(1, WELCOME, &words([8, 2, 1])), "cluster"),
        (frame(1, WELCOME, &words([CLUSTER.get(), 3, 1])), "correct the dialler's address"),
        (frame(1, WELCOME, &words([CLUSTER.get(), 2, 5])), "no place"),
        (frame(1, WELCOME, &words([CLUSTER.get(), 0, 1])), "no place"),
        (frame(1, WELCOME, b"short"), "no place"),
        (frame(1, 3, b""), "no place"),
        (frame(1, REFUSED, b"short"), "no place"),
        (frame(1, REFUSED, &words([99, 1, 1])), "no place"),
        (frame(1, REFUSED, &words([1, 1000, 1])), "no place"),
        (frame(1, REFUSED, &words([3, 0, 0])), "no place"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "no frame"),
        (frame(1, WELCOME, &[0; 25]), "longer than"),
    ];
    for (lie, words) in lies {
        let listener = TcpListener::bind(anywhere()).unwrap();
        let node = config(1, anywhere()).with_peer(NodeId::of(2), listener.local_addr().unwrap());
        let node = start_with(1, node, Platter::default());
        let mut raw = Raw::accept(&listener);
        raw.hear();
        raw.say(&lie);
        let (peer, error) = node.event(refused);
        assert_eq!(peer, Some(NodeId::of(2)));
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(node.handle.counters().connected, 0);
        node.stop();
    }
}

#[test]
fn strangers_are_refused_after_their_first_bytes() {
    let node = start(1);
    for (count, greeting) in
        [&b"GET / HTTP/1.1\r\n"[..], b"\x16\x03\x01\x02\x00", b"Q\n", b"\0"].iter().enumerate()
    {
        let mut raw = Raw::dial(node.address());
        // The write side stays open: it is the node that closes.
        raw.shout(greeting);
        assert!(raw.rest().is_empty(), "a stranger hears nothing");
        let (_, error) = node.event(refused);
        assert!(matches!(error, HandshakeError::Frame(FrameError::NotAFrame { .. })), "{error}");
        node.counted(|counters| counters.refused_stranger == count as u64 + 1);
    }
    node.stop();
}

#[test]
fn a_hello_that_is_damaged_oversized_or_out_of_place_is_refused() {
    let node = start(1);
    let mut flipped = hello(CLUSTER.get(), 2, 1);
    flipped[20] ^= 1;
    let mut longer = hello(CLUSTER.get(), 2, 1);
    longer[8] ^= 1;
    let mut reserved = hello(CLUSTER.get(), 2, 1);
    reserved[6] = 1;
    seal(&mut reserved);
    let mut endless = frame(1, HELLO, b"");
    endless[8..12].fill(0xff);
    seal(&mut endless);
    let greetings = [
        flipped,
        longer,
        reserved,
        hello(CLUSTER.get(), 0, 1),
        hello(CLUSTER.get(), 2, 0),
        frame(1, HELLO, b""),
        frame(1, HELLO, &[1; 25]),
        frame(1, 5, &words([CLUSTER.get(), 2, 1])),
        endless,
    ];
    for greeting in greetings {
        let mut raw = Raw::dial(node.address());
        raw.shout(&greeting);
        assert!(raw.rest().is_empty());
        node.event(refused);
    }
    let counters = node.handle.counters();
    assert_eq!(counters.refused_stranger + counters.refused_malformed, 9, "{counters:#?}");
    assert_eq!(counters.checksum_failures, 2);
    // Half a Hello, and away.
    let mut raw = Raw::dial(node.address());
    raw.say(&hello(CLUSTER.get(), 2, 1)[..30]);
    drop(raw);
    node.counted(|counters| counters.refused_stranger + counters.refused_malformed == 10);
    node.stop();
}

#[test]
fn a_silent_dialler_is_not_waited_for() {
    let limit = Duration::from_millis(50);
    let node = start_with(1, config(1, anywhere()).with_handshakes(4, limit), Platter::default());
    let mut silent = Raw::dial(node.address());
    silent.say(b"Qrt\xa5");
    assert_eq!(node.event(refused), (None, HandshakeError::Timeout { limit }));
    assert!(silent.rest().is_empty());
    node.stop();
}

#[test]
fn a_silent_listener_is_not_waited_for() {
    let limit = Duration::from_millis(50);
    let listener = TcpListener::bind(anywhere()).unwrap();
    let node = config(1, anywhere())
        .with_handshakes(4, limit)
        .with_peer(NodeId::of(2), listener.local_addr().unwrap());
    let node = start_with(1, node, Platter::default());
    let _silent = Raw::accept(&listener);
    assert_eq!(node.event(refused), (Some(NodeId::of(2)), HandshakeError::Timeout { limit }));
    let _again = Raw::accept(&listener);
    node.stop();
}

#[test]
fn a_crowd_of_silent_diallers_does_not_keep_a_peer_out() {
    let node = config(1, anywhere())
        .with_handshakes(3, crate::common::HANG)
        .with_peer(NodeId::of(2), "127.0.0.1:1".parse().unwrap());
    let node = start_with(1, node, Platter::default());
    let mut crowd: Vec<_> = (0..10).map(|_| Raw::dial(node.address())).collect();
    let _peer = Raw::join(node.address(), 2, 1);
    for _ in 0..7 {
        assert_eq!(
            node.event(|event| refused(event).filter(|(peer, _)| peer.is_none())).1,
            HandshakeError::Crowded { handshakes_max: 3 }
        );
    }
    assert!(crowd[0].rest().is_empty(), "the oldest gave way");
    let counters = node.handle.counters();
    assert!((7..=8).contains(&counters.refused_crowded), "{counters:#?}");
    node.stop();
}

#[test]
fn an_occupied_port_is_named() {
    let node = start(1);
    let occupied = config(2, node.address());
    let Err(error) = Driver::new(occupied, Clock::start(), crate::common::idle_node(), Platter::default())
    else {
        panic!("two nodes listen at one address");
    };
    let DriverError::Listen(listen) = &error else { panic!("{error}") };
    assert_eq!(listen.address, node.address());
    assert_eq!(listen.kind, std::io::ErrorKind::AddrInUse);
    let said = error.to_string();
    assert!(said.contains(&node.address().to_string()) && said.contains("choose another port"), "{said}");
    node.stop();
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused() {
    let base = || config(1, anywhere());
    let zero = Duration::ZERO;
    let wrong = [
        (base().with_peer(NodeId::of(1), anywhere()), "among its own peers"),
        (base().with_peer(NodeId::of(2), anywhere()).with_peer(NodeId::of(2), anywhere()), "given twice"),
        (base().with_frame_bytes_max(0), "frame_bytes_max"),
        (base().with_send_queue(0, 1 << 30), "frames_max"),
        (base().with_send_queue(1, 8 << 20), "a header of 20"),
        (base().with_mailbox_len_max(0), "mailbox_len_max"),
        (base().with_disk_queue_bytes_max(0), "disk_queue_bytes_max"),
        (base().with_handshakes(0, Duration::from_secs(1)), "handshakes max"),
        (base().with_handshakes(1, zero), "handshakes timeout"),
        (base().with_backoff(zero, zero), "backoff min"),
        (base().with_backoff(Duration::from_secs(2), Duration::from_secs(1)), "must not exceed"),
        (base().with_stall_timeout(zero), "stall_timeout"),
        (base().with_shutdown_timeout(zero), "shutdown_timeout"),
        (base().with_frame_bytes_max(1 << 33).with_send_queue(1, 1 << 34), "4294967295"),
    ];
    for (config, words) in wrong {
        let Err(error) = Driver::new(config, Clock::start(), crate::common::idle_node(), Platter::default())
        else {
            panic!("accepted, though: {words}");
        };
        assert!(matches!(&error, DriverError::Config(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}
