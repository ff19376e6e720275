//! A peer that got past the handshake and then misbehaves, by damage, by design or by not reading.

use std::io::Read;

use bytes::Bytes;
use machine_core::NodeId;
use transport::{FrameError, LinkError, LinkEvent};

use crate::{
    common::{CLUSTER, Command, Message, Platter, Started, anywhere, config, encode, start_with},
    raw::{DONE_KIND, Raw, frame, seal, words},
};

const NOWHERE: &str = "127.0.0.1:1";

/// A node that knows a peer 2, which only the test plays.
fn with_raw_peer() -> Started {
    start_with(
        1,
        config(1, anywhere()).with_peer(NodeId::of(2), NOWHERE.parse().unwrap()),
        Platter::default(),
    )
}

fn departed(event: &LinkEvent) -> Option<LinkError> {
    if let LinkEvent::Departed { why, .. } = event { Some(why.clone()) } else { None }
}

fn add(value: u64) -> Vec<u8> {
    let (kind, body) = encode(&Message::Add { token: value, value });
    frame(1, kind.get(), &body)
}

#[test]
fn frames_that_come_byte_by_byte_are_whole() {
    let node = with_raw_peer();
    let mut raw = Raw::join(node.address(), 2, 1);
    for byte in [add(1), add(2)].concat() {
        raw.say(&[byte]);
    }
    node.counted(|_| node.platter.durable() == [1, 2]);
    node.stop();
}

#[test]
fn damage_ends_the_connection_and_keeps_what_came_before() {
    let mut oversized = add(9);
    oversized[8..12].copy_from_slice(&(9_u32 << 20).to_le_bytes());
    seal(&mut oversized);
    let mut longer = add(9);
    longer[9] ^= 1;
    let mut flipped = add(9);
    flipped[20 + 9] ^= 0x10;
    let mut reserved = add(9);
    reserved[7] = 1;
    seal(&mut reserved);
    let mut version = add(9);
    version[4] = 2;
    let too_long = FrameError::TooLong { len: 9 << 20, len_max: 8 << 20 };
    let cases = [
        (oversized, Some(LinkError::Frame(too_long))),
        (longer, None),
        (flipped, None),
        (reserved, Some(LinkError::Frame(FrameError::Reserved { found: [0, 1] }))),
        (version, Some(LinkError::Frame(FrameError::OtherVersion { ours: 1, theirs: 2 }))),
        (b"garbage that goes on".to_vec(), None),
        (frame(1, 240, &words([CLUSTER.get(), 2, 1])), Some(LinkError::Kind(240))),
        (frame(1, 255, b""), Some(LinkError::Kind(255))),
        (frame(1, 77, b""), Some(LinkError::Content("unknown kind 77".into()))),
        (frame(1, DONE_KIND, b"short"), Some(LinkError::Content("too short".into()))),
    ];
    let node = with_raw_peer();
    let mut value = 0;
    for (bad, why) in cases {
        value += 1;
        let mut raw = Raw::join(node.address(), 2, 1);
        // What stands behind the bad frame is not looked at.
        raw.shout(&[add(value), bad, add(1000)].concat());
        let heard = node.event(departed);
        assert!(why.is_none_or(|why| why == heard), "{heard}");
        assert!(raw.rest().is_empty());
        node.counted(|_| node.platter.durable().len() as u64 == value);
    }
    assert_eq!(node.platter.durable(), (1..=value).collect::<Vec<_>>());
    let counters = node.handle.counters();
    assert_eq!(counters.checksum_failures, 2);
    assert_eq!(counters.frame_errors, 6);
    assert_eq!(counters.decode_errors, 2);
    node.stop();
}

#[test]
fn a_message_that_no_honest_peer_sends_is_counted_and_the_next_one_heard() {
    let node = with_raw_peer();
    let mut raw = Raw::join(node.address(), 2, 1);
    raw.say(&[add(0), add(3)].concat());
    node.counted(|counters| counters.peer_errors == 1 && node.platter.durable() == [3]);
    assert_eq!(node.seen.lock().unwrap().peer_errors, 1);
    node.stop();
}

#[test]
fn a_connection_that_ends_in_the_middle_of_a_frame_leaves_nothing_behind() {
    let node = with_raw_peer();
    let whole = add(5);
    for cut in 1..whole.len() {
        let mut raw = Raw::join(node.address(), 2, 1);
        raw.say(&whole[..cut]);
        if cut % 2 == 0 {
            // Unread bytes of ours, or this option, make the close a reset.
            socket2::SockRef::from(&raw.0).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        }
        drop(raw);
        let why = node.event(departed);
        assert!(matches!(why, LinkError::Closed | LinkError::Io(_)), "{why}");
    }
    let mut raw = Raw::join(node.address(), 2, 1);
    raw.say(&whole);
    node.counted(|_| node.platter.durable() == [5]);
    node.stop();
}

#[test]
fn a_newer_connection_replaces_the_older() {
    let node = with_raw_peer();
    let mut old = Raw::join(node.address(), 2, 1);
    let mut new = Raw::join(node.address(), 2, 1);
    assert_eq!(node.event(departed), LinkError::Replaced);
    assert!(old.rest().is_empty());
    new.say(&add(4));
    node.counted(|counters| counters.replaced == 1 && node.platter.durable() == [4]);
    node.stop();
}

#[test]
fn what_a_dialler_says_before_it_is_welcome_is_heard_after() {
    let node = with_raw_peer();
    let mut raw = Raw::dial(node.address());
    // All in one piece, after the node has begun to listen to it.
    node.counted(|counters| counters.accepted == 1);
    raw.say(&[crate::raw::hello(CLUSTER.get(), 2, 1), add(6)].concat());
    node.counted(|_| node.platter.durable() == [6]);
    node.stop();
}

#[test]
fn a_peer_that_stops_reading_costs_its_queue_and_no_more() {
    let (frames_max, bytes_max) = (100, 9 << 20);
    let listener = std::net::TcpListener::bind(anywhere()).unwrap();
    let node = config(1, anywhere())
        .with_send_queue(frames_max, bytes_max)
        .with_peer(NodeId::of(2), listener.local_addr().unwrap());
    let node = start_with(1, node, Platter::default());
    let mut peer = Raw::accept(&listener);
    peer.hear();
    peer.say(&frame(1, 241, &words([CLUSTER.get(), 2, 1])));
    node.event(|event| matches!(event, LinkEvent::Connected { .. }).then_some(()));

    // Far more than the kernel's buffers and the queue hold.
    let body = Bytes::from(vec![7; 1 << 20]);
    let mut sent = 0;
    while node.handle.counters().dropped_full < 200 {
        node.send(Command::Flood { to: vec![NodeId::of(2)], frames: 50, body: body.clone() });
        sent += 50;
        node.ping();
        assert!(sent < 100_000, "nothing is ever dropped");
    }
    // The loop goes on, and commands are served.
    assert_eq!(crate::common::answer(node.add(1)), 1);
    let counters = node.handle.counters();
    let queued = sent - counters.frames_sent - counters.dropped_full;
    assert!(queued * ((1 << 20) + 20) <= bytes_max as u64, "{queued} frames wait");

    // It reads again: what waited comes whole and in order.
    let mut bytes = vec![0; (1 << 20) + 20];
    let expected = frame(1, 3, &body);
    for _ in 0..counters.frames_sent + queued {
        peer.0.read_exact(&mut bytes).unwrap();
        assert!(bytes == expected, "a frame came damaged");
    }
    node.counted(|counters| counters.frames_sent + counters.dropped_full == sent);
    node.stop();
}

#[test]
fn messages_for_nobody_are_dropped_and_counted() {
    let node = with_raw_peer();
    node.send(Command::Flood { to: vec![NodeId::of(77)], frames: 2, body: Bytes::new() });
    node.counted(|counters| counters.dropped_unknown == 2);
    node.event(|event| matches!(event, LinkEvent::Unreachable { .. }).then_some(()));
    let mut sent = 0;
    // A dial may be under way at any moment; between two, messages are dropped.
    while node.handle.counters().dropped_unconnected < 3 {
        node.send(Command::Flood { to: vec![NodeId::of(2)], frames: 1, body: Bytes::new() });
        sent += 1;
        node.ping();
        assert!(sent < 1_000_000, "no message to nobody is dropped");
    }
    node.stop();
}

#[test]
fn a_message_longer_than_a_frame_is_dropped_and_the_connection_stays() {
    let nodes = [crate::common::start(1), crate::common::start(2)];
    crate::common::introduce(&nodes.each_ref());
    let [first, second] = &nodes;
    assert_eq!(crate::common::answer(first.tell(second.id, 1)), 1);
    let long = Bytes::from(vec![0; (8 << 20) + 1]);
    first.send(Command::Flood { to: vec![second.id], frames: 2, body: long.clone() });
    first.send(Command::Flood { to: vec![second.id], frames: 1, body: long.slice(1..) });
    second.counted(|_| second.seen.lock().unwrap().blob_bytes == 8 << 20);
    first.counted(|counters| counters.dropped_too_long == 2);
    assert_eq!(first.handle.counters().connected, 1);
    nodes.into_iter().for_each(Started::stop);
}
