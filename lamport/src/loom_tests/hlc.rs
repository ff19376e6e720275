use std::{vec, vec::Vec};

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
use crate::{AtomicHlc, ClockError, HlcConfig, HlcTime, Side, Wall};

const NO_PANIC: &str = "the thread does nothing that panics";
const WALL: Wall = Wall::from_ms(1_000);

fn volatile() -> HlcConfig {
    HlcConfig::new().with_max_ahead_ms(10).with_persist_window_ms(None)
}

fn clock(config: HlcConfig, floor: HlcTime) -> Arc<AtomicHlc> {
    Arc::new(AtomicHlc::new(config, floor).expect("the fields agree"))
}

fn at(ms: u64, counter: u16) -> HlcTime {
    HlcTime::new(ms, counter).expect("in this era")
}

/// A thread that takes two stamps for itself and one for a message that it has got.
fn calls(clock: &AtomicHlc, remote: HlcTime, wall: Wall) -> Vec<HlcTime> {
    let first = clock.tick(wall).expect("near the wall");
    let observed = clock.observe(remote, wall).expect("near the wall");
    assert!(observed > remote, "{observed} for a message of {remote}");
    let stamps = vec![first, observed, clock.tick(wall).expect("near the wall")];
    assert!(stamps.iter().all(|stamp| stamp.ms() >= wall.ms()), "{stamps:?} is before the wall");
    stamps
}

#[test]
fn one_thread_and_the_main_one() {
    explore("AtomicHlc, 1 thread of 3 calls", Unbounded, || {
        let clock = clock(volatile(), HlcTime::ZERO);
        let other = clock.clone();
        let thread = thread::spawn(move || calls(&other, at(1_002, 0), WALL));
        let mine = clock.tick(WALL).expect("near the wall");
        let theirs = thread.join().expect(NO_PANIC);
        let after = clock.tick(WALL).expect("near the wall");
        assert!(theirs.iter().all(|stamp| *stamp < after), "a stamp after the join is above all");
        check_stamps(&[vec![mine, after], theirs]);
    });
}

#[test]
fn two_threads_and_the_main_one() {
    explore("AtomicHlc, 2 threads of 3 calls", ThreePreemptions, || {
        let clock = clock(volatile(), HlcTime::ZERO);
        // One wall lies back: it lowers nobody.
        let threads = [(at(1_002, 7), WALL), (at(1_001, 0), Wall::from_ms(995))].map(|(remote, wall)| {
            let clock = clock.clone();
            thread::spawn(move || calls(&clock, remote, wall))
        });
        let mine = clock.tick(WALL).expect("near the wall");
        let mut all: Vec<_> = threads.into_iter().map(|thread| thread.join().expect(NO_PANIC)).collect();
        let after = clock.tick(WALL).expect("near the wall");
        assert!(all.concat().iter().all(|stamp| *stamp < after), "a stamp after the join is above all");
        all.push(vec![mine, after]);
        check_stamps(&all);
    });
}

#[test]
fn two_threads_observe_the_same_message() {
    explore("AtomicHlc, 2 threads of 2 calls", Unbounded, || {
        let clock = clock(volatile(), HlcTime::ZERO);
        let threads = [(); 2].map(|()| {
            let clock = clock.clone();
            thread::spawn(move || {
                let observed = clock.observe(at(1_003, 4), WALL).expect("near the wall");
                vec![observed, clock.tick(WALL).expect("near the wall")]
            })
        });
        check_stamps(&threads.map(|thread| thread.join().expect(NO_PANIC)));
    });
}

#[test]
fn two_threads_carry_and_stay_within_the_lead() {
    explore("AtomicHlc, carry at the limit", Unbounded, || {
        // Two stamps are left below the limit, on both sides of the carry.
        let clock = clock(volatile(), at(1_009, u16::MAX - 1));
        let threads = [(); 2].map(|()| {
            let clock = clock.clone();
            thread::spawn(move || clock.tick(WALL))
        });
        let mine = clock.tick(WALL);
        let [a, b] = threads.map(|thread| thread.join().expect(NO_PANIC));
        let mut got: Vec<_> = [mine, a, b].iter().filter_map(|outcome| outcome.ok()).collect();
        got.sort_unstable();
        assert_eq!(got, [at(1_009, u16::MAX), at(1_010, 0), at(1_010, 1)], "the counter carries");
        // And at its very end.
        let end = AtomicHlc::new(volatile(), at(1_010, u16::MAX)).expect("the fields agree");
        let error = ClockError::TooFarAhead { side: Side::Local, ahead: 11, limit: 10 };
        assert_eq!(end.tick(WALL), Err(error));
    });
}

#[test]
fn the_last_stamp_below_the_limit_is_given_once() {
    explore("AtomicHlc, the last stamp of the lead", Unbounded, || {
        let clock = clock(volatile(), at(1_010, u16::MAX - 1));
        let threads = [(); 2].map(|()| {
            let clock = clock.clone();
            thread::spawn(move || clock.tick(WALL))
        });
        let outcomes = threads.map(|thread| thread.join().expect(NO_PANIC));
        let got: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.ok()).collect();
        assert_eq!(got, [at(1_010, u16::MAX)]);
        let error = ClockError::TooFarAhead { side: Side::Local, ahead: 11, limit: 10 };
        assert!(outcomes.contains(&Err(error)), "{outcomes:?}");
        assert_eq!(clock.peek(), at(1_010, u16::MAX));
    });
}

#[test]
fn a_refused_observe_leaves_no_trace() {
    explore("AtomicHlc, refused", Unbounded, || {
        let clock = clock(volatile(), HlcTime::ZERO);
        let other = clock.clone();
        let thread = thread::spawn(move || {
            assert!(other.observe(at(1_011, 0), WALL).is_err());
            assert!(other.observe(HlcTime::MAX, WALL).is_err());
        });
        clock.tick(WALL).expect("near the wall");
        thread.join().expect(NO_PANIC);
        assert_eq!(clock.tick(WALL), Ok(at(1_000, 1)));
        assert_eq!(clock.rejected(), 2);
    });
}

#[test]
fn no_racing_tick_passes_the_persisted_bound() {
    explore("AtomicHlc, persisted bound", Unbounded, || {
        let config = HlcConfig::new().with_max_ahead_ms(10).with_persist_window_ms(Some(2));
        let clock = clock(config, at(1_000, 5));
        let written = Arc::new(AtomicU64::new(0));
        let (other, disk) = (clock.clone(), written.clone());
        let writer = thread::spawn(move || {
            let bound = other.persist_request(WALL).expect("nothing is left");
            disk.store(bound.to_bits(), Ordering::Relaxed);
            other.persisted(bound);
        });
        let ticker = {
            let (clock, written) = (clock.clone(), written.clone());
            thread::spawn(move || {
                let stamp = clock.tick(WALL);
                let durable = written.load(Ordering::Relaxed);
                match stamp {
                    Ok(stamp) => assert!(stamp.to_bits() <= durable, "{stamp} before its bound is durable"),
                    Err(error) => assert!(matches!(error, ClockError::NotPersisted { .. }), "{error}"),
                }
                stamp.ok()
            })
        };
        writer.join().expect(NO_PANIC);
        let theirs = ticker.join().expect(NO_PANIC);
        let mine = clock.tick(WALL).expect("the bound is durable");
        assert!(theirs.is_none_or(|theirs| theirs < mine));
    });
}

#[test]
fn a_reset_comes_wholly_before_or_behind_a_tick() {
    explore("AtomicHlc, reset", Unbounded, || {
        let poisoned = at(1_009, 0);
        let clock = clock(volatile(), poisoned);
        let other = clock.clone();
        let thread = thread::spawn(move || other.tick(WALL).expect("near the wall"));
        let given_up = clock.reset_floor(at(990, 0)).expect("it is poisoned");
        let stamp = thread.join().expect(NO_PANIC);
        let before = stamp == at(1_009, 1) && given_up == stamp && clock.peek() == at(990, 0);
        let behind = stamp == at(1_000, 0) && given_up == poisoned && clock.peek() == stamp;
        assert!(before || behind, "{stamp} {given_up} {}", clock.peek());
    });
}

#[test]
fn what_is_written_before_a_stamp_is_seen_behind_a_later_one() {
    explore("AtomicHlc, publication", Unbounded, || {
        let clock = clock(volatile(), HlcTime::ZERO);
        let data = Arc::new(AtomicU64::new(0));
        let (their_clock, their_data) = (clock.clone(), data.clone());
        let thread = thread::spawn(move || {
            their_data.store(1, Ordering::Relaxed);
            their_clock.tick(WALL).expect("near the wall")
        });
        let mine = clock.tick(WALL).expect("near the wall");
        let seen = data.load(Ordering::Relaxed);
        let theirs = thread.join().expect(NO_PANIC);
        assert!(theirs > mine || seen == 1, "{mine} is later than {theirs}, and has not seen its data");
    });
}
