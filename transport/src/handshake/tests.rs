use bytes::Bytes;

use super::*;

const CLUSTER: ClusterId = ClusterId::new(7);

fn frame(kind: u8, body: &[u8]) -> Frame {
    Frame { kind, body: Bytes::copy_from_slice(body) }
}

fn hello(cluster: u64, from: u64, to: u64) -> Hello {
    Hello { cluster: ClusterId::new(cluster), from: NodeId::of(from), to: NodeId::of(to) }
}

#[test]
fn the_listener_judges_cluster_then_ids_then_acquaintance() {
    let judge = |said: Hello| said.judge(CLUSTER, NodeId::of(1), |id| id == NodeId::of(2));
    assert_eq!(judge(hello(7, 2, 1)), Ok(NodeId::of(2)));
    assert_eq!(
        judge(hello(8, 1, 9)),
        Err(HandshakeError::OtherCluster { listener: CLUSTER, dialler: ClusterId::new(8) })
    );
    assert_eq!(judge(hello(7, 1, 9)), Err(HandshakeError::SameNode { id: NodeId::of(1) }));
    assert_eq!(
        judge(hello(7, 3, 9)),
        Err(HandshakeError::WrongNode { listener: NodeId::of(1), wanted: NodeId::of(9) })
    );
    assert_eq!(
        judge(hello(7, 3, 1)),
        Err(HandshakeError::UnknownNode { listener: NodeId::of(1), dialler: NodeId::of(3) })
    );
}

#[test]
fn every_truncation_and_extension_of_a_hello_is_malformed() {
    let body = [&hello(7, 2, 1).encode()[..], &[0]].concat();
    for len in 0..=body.len() {
        let heard = Hello::decode(&frame(Kind::HELLO, &body[..len]), Kind::HELLO);
        if len == 24 {
            assert_eq!(heard, Ok(hello(7, 2, 1)));
        } else {
            assert_eq!(heard, Err(HandshakeError::Malformed { kind: Kind::HELLO, len }));
        }
    }
}

#[test]
fn a_hello_is_no_welcome_and_a_welcome_no_hello() {
    let body = hello(7, 2, 1).encode();
    assert!(Hello::decode(&frame(Kind::WELCOME, &body), Kind::HELLO).is_err());
    assert!(judge_answer(&frame(Kind::HELLO, &body), hello(7, 1, 2)).is_err());
    assert_eq!(judge_answer(&frame(Kind::WELCOME, &body), hello(7, 1, 2)), Ok(()));
}

#[test]
fn every_error_that_the_dialler_is_told_it_also_understands() {
    let told = [
        HandshakeError::OtherVersion { listener: 3, dialler: 200 },
        HandshakeError::OtherCluster { listener: CLUSTER, dialler: ClusterId::new(0) },
        HandshakeError::WrongNode { listener: NodeId::of(1), wanted: NodeId::of(u64::MAX) },
        HandshakeError::SameNode { id: NodeId::of(4) },
        HandshakeError::UnknownNode { listener: NodeId::of(1), dialler: NodeId::of(2) },
    ];
    for error in told {
        let body = encode_refusal(&error).expect("the dialler is told");
        assert_eq!(judge_answer(&frame(Kind::REFUSED, &body), hello(7, 1, 2)), Err(error));
        assert!(error.to_string().len() > 40, "it says what to do: {error}");
    }
    for silent in [
        HandshakeError::Frame(FrameError::NotAFrame { found: *b"GET " }),
        HandshakeError::Malformed { kind: 1, len: 1 },
        HandshakeError::Timeout { limit: Duration::from_secs(1) },
        HandshakeError::Crowded { handshakes_max: 1 },
    ] {
        assert_eq!(encode_refusal(&silent), None);
    }
}

#[test]
fn a_refusal_of_a_kind_that_is_not_known_is_malformed_and_no_panic() {
    for why in [0, 6, u64::MAX] {
        let heard = judge_answer(&frame(Kind::REFUSED, &words([why, 1, 2])), hello(7, 1, 2));
        assert_eq!(heard, Err(HandshakeError::Malformed { kind: Kind::REFUSED, len: 24 }));
    }
}
