use core::time::Duration;

use super::{BoundedClock, Interval};
use crate::{ClockError, Wall};

fn interval(earliest: u64, latest: u64) -> Interval {
    Interval::new(Wall::from_ms(earliest), Wall::from_ms(latest)).expect("in order")
}

#[test]
fn touching_intervals_are_not_ordered() {
    assert!(interval(1, 4).definitely_before(&interval(5, 9)));
    assert!(interval(1, 5).overlaps(&interval(5, 9)), "both may have been at 5");
    assert_eq!(Interval::new(Wall::from_ms(2), Wall::from_ms(1)), None);
}

#[test]
fn commit_wait_is_until_the_latest_moment_is_past() {
    let commit = interval(10, 20);
    assert_eq!(commit.commit_wait(&interval(15, 25)), Some(Duration::from_millis(6)));
    assert_eq!(commit.commit_wait(&interval(20, 30)), Some(Duration::from_millis(1)));
    assert_eq!(commit.commit_wait(&interval(21, 31)), None);
    let never = interval(0, u64::MAX);
    assert_eq!(never.commit_wait(&interval(0, 0)), Some(Duration::from_millis(u64::MAX)), "saturates");
}

#[test]
fn what_is_past_stays_past() {
    let mut clock = BoundedClock::new();
    let read = |clock: &mut BoundedClock, ms, error_ms| clock.now(Wall::from_ms(ms), error_ms);
    assert_eq!(read(&mut clock, 100, 5), Ok(interval(95, 105)));
    assert_eq!(read(&mut clock, 92, 5), Ok(interval(95, 97)), "the wall went back");
    let refused = Err(ClockError::BeforeFloor { floor: 95, latest: 94 });
    assert_eq!(read(&mut clock, 89, 5), refused);
    assert_eq!(read(&mut clock, 0, u64::MAX), Ok(interval(95, u64::MAX)), "both ends of time saturate");
}
