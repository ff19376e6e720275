use bytes::Bytes;
use machine_core::NodeId;
use raft_core::{Index, Run, Term};

use super::{LAW, Stamps};
use crate::raft::judges::testing::law;

fn run(first: u64, stamps: &[Option<u64>]) -> Run {
    let mut body = Vec::new();
    for stamp in stamps {
        body.extend_from_slice(&[0, 0, 0, 0, if stamp.is_some() { 2 } else { 0 }]);
        body.extend(stamp.iter().flat_map(|stamp| stamp.to_le_bytes()));
    }
    let count = u32::try_from(stamps.len()).expect("few");
    Run::decode(Term::new(1), Index::new(first), count, Bytes::from(body)).expect("entries")
}

#[test]
fn stamps_ascend_along_the_log() {
    let mut stamps = Stamps::default();
    let one = NodeId::of(1);
    assert_eq!(stamps.applied(one, &run(1, &[Some(5), None, Some(6)])), Ok(()));
    assert_eq!(stamps.applied(one, &run(4, &[None, Some(7)])), Ok(()));
    assert_eq!(law(stamps.applied(one, &run(6, &[Some(7)]))), LAW, "the same stamp twice");
}

#[test]
fn entries_are_looked_at_once() {
    let mut stamps = Stamps::default();
    assert_eq!(stamps.applied(NodeId::of(1), &run(1, &[Some(5), Some(9)])), Ok(()));
    assert_eq!(stamps.applied(NodeId::of(2), &run(1, &[Some(5)])), Ok(()), "others apply them later");
    assert_eq!(stamps.applied(NodeId::of(2), &run(2, &[Some(9), Some(10)])), Ok(()));
    assert_eq!(law(stamps.applied(NodeId::of(2), &run(3, &[Some(10), Some(8)]))), LAW);
}
