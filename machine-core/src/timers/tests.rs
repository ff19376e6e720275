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
