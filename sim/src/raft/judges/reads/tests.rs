use raft_core::ReadId;

use super::{
    super::testing::{i, law},
    APPLIED, FRESH, ONCE, Reads,
};

fn r(id: u64) -> ReadId {
    ReadId::new(id)
}

/// Node 0 was asked twice: when 3 was committed, and when 5 was.
fn asked() -> Reads {
    let mut reads = Reads::new(2);
    reads.asked(0, r(1), i(3)).expect("new");
    reads.asked(0, r(2), i(5)).expect("new");
    reads
}

#[test]
fn a_read_is_not_older_than_what_was_committed_before_it() {
    assert_eq!(asked().ready(0, (r(1), r(2)), i(5), i(6)), Ok(()));
    assert_eq!(asked().ready(0, (r(1), r(1)), i(3), i(3)), Ok(()));
    assert_eq!(law(asked().ready(0, (r(1), r(2)), i(4), i(6))), FRESH);
}

#[test]
fn a_read_waits_for_the_state_machine() {
    assert_eq!(law(asked().ready(0, (r(1), r(1)), i(4), i(3))), APPLIED);
}

#[test]
fn a_read_is_answered_once_and_where_it_was_asked() {
    let mut reads = asked();
    assert_eq!(law(reads.asked(0, r(2), i(9))), ONCE, "an id given twice");
    assert_eq!(reads.lost(0, (r(1), r(1))), Ok(()));
    assert_eq!(law(reads.ready(0, (r(1), r(1)), i(9), i(9))), ONCE, "after it was lost");
    assert_eq!(law(reads.lost(1, (r(2), r(2)))), ONCE, "by another node");
    assert_eq!((reads.unanswered(), reads.waits(0, r(2))), (Some((0, r(2))), true));
    assert_eq!(reads.ready(0, (r(2), r(2)), i(9), i(9)), Ok(()));
    assert_eq!((reads.unanswered(), reads.answered(), reads.was_answered(0, r(2))), (None, 1, true));
}

#[test]
fn a_crash_ends_all_waiting() {
    let mut reads = asked();
    reads.crashed(0);
    assert_eq!(reads.unanswered(), None);
    assert_eq!(reads.asked(0, r(1), i(9)), Ok(()), "ids start anew");
}
