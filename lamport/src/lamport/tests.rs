use core::num::NonZeroU32;

use super::{JUMP_MAX, Lamport, Stamp, Time};
use crate::{ClockError, Side};

fn t(time: u64) -> Time {
    Time::new(time)
}

#[test]
fn the_end_is_an_error_and_nothing_wraps() {
    let end = ClockError::Exhausted { last: u64::MAX };
    let mut clock = Lamport::resume(t(u64::MAX - 1));
    assert_eq!(clock.tick(), Ok(Lamport::LAST));
    for _ in 0..3 {
        assert_eq!(clock.tick(), Err(end));
        assert_eq!(clock.observe(t(0)), Err(end));
        assert_eq!(clock.tick_n(NonZeroU32::MIN), Err(end));
        assert_eq!(clock.now(), Lamport::LAST);
    }
    let mut clock = Lamport::new();
    assert_eq!(clock.observe_bounded(Lamport::LAST, u64::MAX), Err(end), "nothing lies above it");
    assert_eq!(clock.now(), Time::ZERO);
}

#[test]
fn one_hostile_stamp_cannot_spend_the_space() {
    let mut clock = Lamport::resume(t(10));
    let ahead = ClockError::TooFarAhead { side: Side::Remote, ahead: JUMP_MAX + 1, limit: JUMP_MAX };
    assert_eq!(clock.observe(t(10 + JUMP_MAX + 1)), Err(ahead));
    assert_eq!(clock.now(), t(10));
    assert_eq!(clock.observe(t(10 + JUMP_MAX)), Ok(t(11 + JUMP_MAX)), "as far as it may be");
    assert_eq!(clock.observe_bounded(t(u64::MAX - 1), u64::MAX), Ok(Lamport::LAST), "whoever wants it");
}

#[test]
fn a_block_is_all_or_nothing() {
    let three = NonZeroU32::new(3).expect("not zero");
    let mut clock = Lamport::resume(t(7));
    assert_eq!(clock.tick_n(three), Ok(t(8)..=t(10)));
    assert_eq!(clock.tick(), Ok(t(11)));
    let mut clock = Lamport::resume(t(u64::MAX - 2));
    assert!(clock.tick_n(three).is_err());
    assert_eq!(clock.now(), t(u64::MAX - 2), "two would have been left");
}

#[test]
fn stamps_are_ordered_by_time_then_node() {
    let stamp = |time, node| Stamp { time: t(time), node };
    let sorted = [stamp(1, 9), stamp(2, 1), stamp(2, 3), stamp(3, 0)];
    assert!(sorted.is_sorted_by(|a, b| a < b));
}
