use super::{Row, Timers};
use crate::Instant;

#[derive(Clone, Copy)]
enum Timer {
    Election,
    Heartbeat,
}

impl Row for Timer {
    fn row(self) -> usize {
        self as usize
    }
}

#[test]
fn earliest_deadline_comes_first_and_fires_once() {
    let mut timers = Timers::<2>::default();
    assert_eq!(timers.next(), None);
    timers.set(Timer::Election, Instant::from_millis(30));
    timers.set(Timer::Heartbeat, Instant::from_millis(10));
    assert_eq!(timers.next(), Some(Instant::from_millis(10)));
    assert!(!timers.expire(Timer::Heartbeat, Instant::from_millis(9)), "early is a no-op");
    assert!(timers.expire(Timer::Heartbeat, Instant::from_millis(10)), "due at its deadline");
    assert!(!timers.expire(Timer::Heartbeat, Instant::from_millis(99)), "fires once");
    assert!(timers.expire(Timer::Election, Instant::MAX), "late is fine");
    assert_eq!(timers.next(), None);
}

#[test]
fn a_timer_set_to_the_end_of_time_is_set() {
    let mut timers = Timers::<2>::default();
    assert!(!timers.expire(Timer::Election, Instant::MAX), "never set, never due");
    timers.set(Timer::Election, Instant::MAX);
    let at = timers.deadline(Timer::Election).expect("it is set");
    assert!(at < Instant::MAX && timers.next() == Some(at) && timers.deadline(Timer::Heartbeat).is_none());
    assert!(timers.expire(Timer::Election, Instant::MAX));
    timers.set(Timer::Election, Instant::ZERO);
    timers.cancel(Timer::Election);
    assert_eq!((timers.next(), timers.deadline(Timer::Election)), (None, None));
}
