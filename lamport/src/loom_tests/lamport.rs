use std::{vec, vec::Vec};

use core::num::NonZeroU32;

use loom::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{
    Search::{ThreePreemptions, Unbounded},
    check_stamps, explore,
};
use crate::{AtomicLamport, ClockError, Time};

const NO_PANIC: &str = "the thread does nothing that panics";

fn t(time: u64) -> Time {
    Time::new(time)
}

/// A thread that takes two stamps for itself and one for a message that it has got.
fn calls(clock: &AtomicLamport, remote: Time) -> Vec<Time> {
    let first = clock.tick().expect("far from the end");
    let observed = clock.observe(remote).expect("a small leap");
    assert!(observed > remote, "{observed} for a message of {remote}");
    vec![first, observed, clock.tick().expect("far from the end")]
}

#[test]
fn one_thread_and_the_main_one() {
    explore("AtomicLamport, 1 thread of 3 calls", Unbounded, || {
        let clock = Arc::new(AtomicLamport::new());
        let other = clock.clone();
        let thread = thread::spawn(move || calls(&other, t(5)));
        let mine = clock.tick().expect("far from the end");
        let theirs = thread.join().expect(NO_PANIC);
        let after = clock.tick().expect("far from the end");
        assert!(theirs.iter().all(|stamp| *stamp < after), "a stamp after the join is above all");
        check_stamps(&[vec![mine, after], theirs]);
    });
}

#[test]
fn two_threads_and_the_main_one() {
    explore("AtomicLamport, 2 threads of 3 calls", ThreePreemptions, || {
        let clock = Arc::new(AtomicLamport::new());
        let threads = [5, 7].map(|remote| {
            let clock = clock.clone();
            thread::spawn(move || calls(&clock, t(remote)))
        });
        let mine = clock.tick().expect("far from the end");
        let mut all: Vec<_> = threads.into_iter().map(|thread| thread.join().expect(NO_PANIC)).collect();
        let after = clock.tick().expect("far from the end");
        assert!(all.concat().iter().all(|stamp| *stamp < after), "a stamp after the join is above all");
        all.push(vec![mine, after]);
        check_stamps(&all);
    });
}

#[test]
fn two_threads_observe_the_same_message() {
    explore("AtomicLamport, 2 threads of 2 calls", Unbounded, || {
        let clock = Arc::new(AtomicLamport::new());
        let threads = [(); 2].map(|()| {
            let clock = clock.clone();
            thread::spawn(move || {
                let observed = clock.observe(t(9)).expect("a small leap");
                assert!(observed > t(9));
                vec![observed, clock.tick().expect("far from the end")]
            })
        });
        check_stamps(&threads.map(|thread| thread.join().expect(NO_PANIC)));
    });
}

#[test]
fn blocks_do_not_overlap() {
    explore("AtomicLamport, 2 threads with a block", Unbounded, || {
        let clock = Arc::new(AtomicLamport::new());
        let count = NonZeroU32::new(3).expect("not zero");
        let threads = [(); 2].map(|()| {
            let clock = clock.clone();
            thread::spawn(move || {
                let block = clock.tick_n(count).expect("far from the end");
                let all: Vec<_> = (block.start().get()..=block.end().get()).map(t).collect();
                assert_eq!(all.len(), 3);
                all
            })
        });
        let mine = vec![clock.tick().expect("far from the end")];
        let [a, b] = threads.map(|thread| thread.join().expect(NO_PANIC));
        check_stamps(&[mine, a, b]);
    });
}

#[test]
fn the_last_stamp_is_given_once() {
    explore("AtomicLamport, the last stamp", Unbounded, || {
        let last = AtomicLamport::LAST;
        let clock = Arc::new(AtomicLamport::resume(t(last.get() - 1)));
        let threads = [false, true].map(|block| {
            let clock = clock.clone();
            thread::spawn(move || {
                let one = NonZeroU32::MIN;
                if block { clock.tick_n(one).map(|block| *block.end()) } else { clock.tick() }
            })
        });
        let mut outcomes = vec![clock.tick()];
        outcomes.extend(threads.map(|thread| thread.join().expect(NO_PANIC)));
        let got: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.ok()).collect();
        assert_eq!(got, [last], "{outcomes:?}");
        let refused = outcomes.iter().filter(|outcome| outcome.is_err());
        assert!(refused.clone().all(|error| *error == Err(ClockError::Exhausted { last: last.get() })));
        assert_eq!((clock.now(), clock.tick()), (last, Err(ClockError::Exhausted { last: last.get() })));
    });
}

#[test]
fn a_refused_observe_leaves_no_trace() {
    explore("AtomicLamport, refused", Unbounded, || {
        let clock = Arc::new(AtomicLamport::new());
        let other = clock.clone();
        let thread = thread::spawn(move || {
            assert!(other.observe(AtomicLamport::LAST).is_err());
            assert!(other.observe_bounded(AtomicLamport::LAST, u64::MAX).is_err());
            assert!(other.observe_bounded(t(1_000), 10).is_err());
        });
        clock.tick().expect("far from the end");
        thread.join().expect(NO_PANIC);
        assert_eq!(clock.tick(), Ok(t(2)));
    });
}

#[test]
fn what_is_written_before_a_stamp_is_seen_behind_a_later_one() {
    explore("AtomicLamport, publication", Unbounded, || {
        let clock = Arc::new(AtomicLamport::new());
        let data = Arc::new(AtomicU64::new(0));
        let (their_clock, their_data) = (clock.clone(), data.clone());
        let thread = thread::spawn(move || {
            their_data.store(1, Ordering::Relaxed);
            their_clock.tick().expect("far from the end")
        });
        let mine = clock.tick().expect("far from the end");
        let seen = data.load(Ordering::Relaxed);
        let theirs = thread.join().expect(NO_PANIC);
        assert!(theirs > mine || seen == 1, "{mine} is later than {theirs}, and has not seen its data");
    });
}
