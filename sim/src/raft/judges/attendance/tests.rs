use std::time::Duration;

use machine_core::Instant;

use super::{super::testing::law, Attendance, LAW, REFUSES};

const MIN: Duration = Duration::from_millis(100);

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// Node 0 of five leads since 1,000 ms, and is answered by node 1 at 1,050 and by node 2 at 1,070.
fn answered() -> Attendance {
    let mut attendance = Attendance::new(5);
    attendance.restarted(0, at(900));
    attendance.called(0, at(1_000));
    attendance.leads(0);
    for (follower, millis) in [(1, 1_050), (2, 1_070)] {
        attendance.called(0, at(millis));
        attendance.answered(0, follower);
    }
    attendance
}

#[test]
fn a_leader_goes_on_as_long_as_a_majority_has_answered() {
    let mut attendance = answered();
    assert_eq!(attendance.ticked(0, at(1_149), MIN), Ok(()));
    assert_eq!(law(attendance.ticked(0, at(1_150), MIN)), LAW, "two of five and itself are a majority");
    attendance.called(0, at(1_150));
    attendance.answered(0, 4);
    assert_eq!(attendance.ticked(0, at(1_169), MIN), Ok(()));
    assert_eq!(law(attendance.ticked(0, at(1_170), MIN)), LAW);
}

#[test]
fn what_it_cannot_decide_it_refuses() {
    let attendance = answered();
    assert_eq!(attendance.took(0, at(1_149), MIN), Ok(()));
    assert_eq!(law(attendance.took(0, at(1_150), MIN)), REFUSES);
}

#[test]
fn a_single_voter_is_its_own_majority() {
    let mut attendance = Attendance::new(1);
    attendance.leads(0);
    assert_eq!(attendance.ticked(0, at(1_000_000), MIN), Ok(()));
}

#[test]
fn an_earlier_time_counts_as_the_latest_and_a_restart_forgets_it() {
    let mut attendance = answered();
    attendance.called(0, at(5));
    assert_eq!(attendance.latest(0), at(1_070));
    attendance.restarted(0, at(5));
    assert_eq!(attendance.latest(0), at(5));
}
