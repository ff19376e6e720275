//! Nodes on real sockets that talk to each other, lose each other and find each other again.

use crate::common::{Command, Started, answer, config, introduce, start, start_with};
use bytes::Bytes;
use machine_core::NodeId;
use transport::LinkEvent;

#[test]
fn three_nodes_answer_each_other_durably() {
    let nodes = [start(1), start(2), start(3)];
    introduce(&nodes.each_ref());
    let mut told = Vec::new();
    for node in &nodes {
        for other in nodes.iter().filter(|other| other.id != node.id) {
            told.extend((1..=50).map(|value| (value, node.tell(other.id, value))));
        }
    }
    for (value, completion) in told {
        assert_eq!(answer(completion), value);
    }
    for node in &nodes {
        let durable = node.platter.durable();
        for value in 1..=50 {
            assert!(
                durable.iter().filter(|found| **found == value).count() >= 2,
                "from each of the other two"
            );
        }
        let counters = node.handle.counters();
        assert_eq!(counters.connected, 2);
        assert_eq!(counters.checksum_failures + counters.frame_errors + counters.decode_errors, 0);
    }
    nodes.into_iter().for_each(Started::stop);
}

#[test]
fn a_restarted_peer_is_found_again() {
    let first = start(1);
    let second = start(2);
    introduce(&[&first, &second]);
    assert_eq!(answer(first.tell(second.id, 5)), 5);
    let (address, platter) = (second.address(), second.platter.clone());
    second.stop();
    first.event(|event| matches!(event, LinkEvent::Disconnected { .. }).then_some(()));

    // Asked while nobody is there; the machine repeats it.
    let asked = first.tell(NodeId::of(2), 6);
    let second = start_with(2, config(2, address).with_peer(first.id, first.address()), platter);
    assert_eq!(answer(asked), 6);
    assert_eq!(answer(second.tell(first.id, 7)), 7);
    assert!(first.handle.counters().reconnected >= 1);
    first.stop();
    second.stop();
}

#[test]
fn a_peer_that_is_removed_is_disconnected_and_one_that_moves_is_followed() {
    let first = start(1);
    let second = start(2);
    introduce(&[&first, &second]);
    assert_eq!(answer(first.tell(second.id, 1)), 1);
    first.send(Command::Forget(second.id));
    second.event(|event| matches!(event, LinkEvent::Disconnected { .. }).then_some(()));
    first.ping();
    let before = first.handle.counters().dropped_unknown;
    first.send(Command::Flood { to: vec![second.id], frames: 3, body: Bytes::new() });
    first.counted(|counters| counters.dropped_unknown == before + 3);

    second.stop();
    let moved = start(2);
    introduce(&[&first, &moved]);
    assert_eq!(answer(first.tell(moved.id, 2)), 2);
    first.stop();
    moved.stop();
}

#[test]
fn one_body_reaches_all_peers_whole() {
    let nodes = [start(1), start(2), start(3)];
    introduce(&nodes.each_ref());
    let [first, second, third] = &nodes;
    assert_eq!(answer(first.tell(second.id, 1)), 1);
    assert_eq!(answer(first.tell(third.id, 1)), 1);
    let mut bodies = Vec::new();
    // Larger than a chunk, and than the largest socket write; then smaller than what is remembered.
    for (fill, len) in [(1, 3 << 20), (2, 70_000), (3, 16 << 10), (4, 100), (5, 1)] {
        let body = Bytes::from(vec![fill; len]);
        bodies.push(body.clone());
        first.send(Command::Flood { to: vec![second.id, third.id], frames: 2, body });
    }
    let bytes = 2 * ((3 << 20) + 70_000 + (16 << 10) + 100 + 1);
    for node in [second, third] {
        node.counted(|_| node.seen.lock().unwrap().blobs == 10);
        assert_eq!(node.seen.lock().unwrap().blob_bytes, bytes);
        assert_eq!(node.handle.counters().checksum_failures, 0);
    }
    // What has been sent is held by nobody.
    first.counted(|_| bodies.iter().all(Bytes::is_unique));
    nodes.into_iter().for_each(Started::stop);
}

#[test]
fn a_turn_s_frames_share_system_calls() {
    let first = start(1);
    let second = start(2);
    introduce(&[&first, &second]);
    assert_eq!(answer(first.tell(second.id, 1)), 1);
    let before = first.handle.counters();
    first.send(Command::Flood { to: vec![second.id], frames: 1000, body: Bytes::from_static(b"small") });
    second.counted(|_| second.seen.lock().unwrap().blobs == 1000);
    let after = first.counted(|counters| counters.frames_sent >= before.frames_sent + 1000);
    assert!(after.socket_writes - before.socket_writes < 100, "{} writes", after.socket_writes);
    first.stop();
    second.stop();
}
