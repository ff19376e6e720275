use core::num::NonZeroU32;

use std::vec::Vec;

use crate::{AtomicLamport, ClockError, JUMP_MAX, Lamport, Time};

fn t(time: u64) -> Time {
    Time::new(time)
}

const LAST: u64 = AtomicLamport::LAST.get();
const END: ClockError = ClockError::Exhausted { last: LAST };

#[test]
fn it_does_what_the_plain_clock_does() {
    let (atomic, mut plain) = (AtomicLamport::new(), Lamport::new());
    let five = NonZeroU32::new(5).expect("not zero");
    for remote in [0, 3, 1, 100, 100, 1 << 40, JUMP_MAX * 2, u64::MAX >> 1] {
        assert_eq!(atomic.tick(), plain.tick());
        assert_eq!(atomic.observe(t(remote)), plain.observe(t(remote)));
        assert_eq!(atomic.observe_bounded(t(remote), 50), plain.observe_bounded(t(remote), 50));
        assert_eq!(atomic.tick_n(five), plain.tick_n(five));
        assert_eq!(atomic.now(), plain.now());
    }
}

#[test]
fn nothing_wraps_at_the_line() {
    let clock = AtomicLamport::resume(t(LAST - 1));
    assert_eq!(clock.tick(), Ok(AtomicLamport::LAST));
    let most = NonZeroU32::MAX;
    for _ in 0..1_000 {
        assert_eq!(clock.tick(), Err(END));
        assert_eq!(clock.tick_n(most), Err(END));
        assert_eq!(clock.observe(t(5)), Err(END));
        assert_eq!(clock.now(), AtomicLamport::LAST);
    }
    // Blocks beyond the line do not use up the room above it: only the ticks have counted.
    let above = clock.0.load(crate::seam::Ordering::Relaxed);
    assert!(above < LAST + 10_000, "{above}");
}

#[test]
fn a_stamp_at_or_above_the_line_is_refused_without_a_trace() {
    let clock = AtomicLamport::resume(t(9));
    for remote in [LAST, LAST + 1, u64::MAX] {
        assert_eq!(clock.observe_bounded(t(remote), u64::MAX), Err(END));
        assert_eq!(clock.now(), t(9));
    }
    assert_eq!(clock.observe_bounded(t(LAST - 1), u64::MAX), Ok(AtomicLamport::LAST));
    assert_eq!(AtomicLamport::resume(t(u64::MAX)).now(), AtomicLamport::LAST);
}

#[test]
fn a_block_beyond_the_line_is_refused() {
    let clock = AtomicLamport::resume(t(LAST - 2));
    assert_eq!(clock.tick_n(NonZeroU32::new(3).expect("not zero")), Err(END));
    assert_eq!(clock.tick(), Err(END), "what was left is lost, and nothing is given twice");
}

#[test]
fn real_threads_get_different_stamps() {
    let clock = AtomicLamport::new();
    let mut all: Vec<Time> = std::thread::scope(|scope| {
        let take = || (0..1_000).map(|_| clock.tick().expect("far from the end")).collect::<Vec<_>>();
        let threads = [scope.spawn(take), scope.spawn(take)];
        threads.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).collect()
    });
    all.sort_unstable();
    assert!(all.into_iter().map(Time::get).eq(1..=2_000));
}
