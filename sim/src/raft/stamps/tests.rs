use bytes::Bytes;
use machine_core::Instant;
use raft_core::{Index, Run, Stamp, Term};

use super::Stamper;

fn run(stamp: Stamp) -> Run {
    let mut body = vec![0, 0, 0, 0, 2];
    body.extend_from_slice(&stamp.get().to_le_bytes());
    Run::decode(Term::new(1), Index::new(1), 1, Bytes::from(body)).expect("an entry with a stamp")
}

#[test]
fn a_stamp_is_above_all_that_was_observed_whatever_the_wall_shows() {
    let (mut fast, mut slow) = (Stamper::new(), Stamper::new());
    let before = fast.stamp(Instant::from_millis(90_000)).expect("a stamp");
    slow.observe(&run(before), Instant::from_millis(10)).expect("it leads by less than an hour");
    assert!(slow.stamp(Instant::from_millis(11)).expect("a stamp") > before);
}

#[test]
fn a_restart_forgets_no_stamp_given() {
    let mut stamper = Stamper::new();
    let before = stamper.stamp(Instant::from_millis(5_000)).expect("a stamp");
    stamper.forget();
    assert!(stamper.stamp(Instant::ZERO).expect("a stamp") > before);
}
