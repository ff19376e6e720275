use super::{
    super::testing::{N1, N2, disk, law, pos, run, t},
    APPEND_ONLY, LAW, LogMatching, NO_GAP,
};

#[test]
fn one_position_has_one_content() {
    let (mut log, empty) = (LogMatching::default(), disk(&[]));
    assert_eq!(log.written(N1, &run(1, 1, &[7, 8]), empty.written(), None), Ok(()));
    assert_eq!(log.written(N2, &run(1, 1, &[7]), empty.written(), None), Ok(()), "the same again");
    assert_eq!(law(log.written(N2, &run(1, 1, &[7, 9]), empty.written(), None)), LAW);
}

#[test]
fn one_position_has_one_past() {
    let mut log = LogMatching::default();
    let (one, two) = (disk(&[run(1, 1, &[7])]), disk(&[run(2, 1, &[8])]));
    assert_eq!(log.written(N1, &run(3, 2, &[9]), one.written(), None), Ok(()));
    assert_eq!(log.before(pos(2, 3)), Some(t(1)));
    assert_eq!(law(log.written(N2, &run(3, 2, &[9]), two.written(), None)), LAW);
}

#[test]
fn terms_do_not_fall_along_a_log() {
    let (mut log, held) = (LogMatching::default(), disk(&[run(3, 1, &[7])]));
    assert_eq!(law(log.written(N1, &run(2, 2, &[8]), held.written(), None)), LAW);
}

#[test]
fn a_write_leaves_no_gap() {
    let (mut log, held) = (LogMatching::default(), disk(&[run(1, 1, &[7])]));
    assert_eq!(law(log.written(N1, &run(1, 3, &[8]), held.written(), None)), NO_GAP);
}

#[test]
fn a_leader_only_appends() {
    let (mut log, held) = (LogMatching::default(), disk(&[run(2, 1, &[7, 8])]));
    let again = run(2, 2, &[8]);
    assert_eq!(law(log.written(N1, &again, held.written(), Some(t(2)))), APPEND_ONLY);
    assert_eq!(log.written(N1, &again, held.written(), None), Ok(()), "a follower may write it again");
}
