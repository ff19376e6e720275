//! Clocks with the mistakes that come to mind first. Each must be found, or the tests beside are blind.

use std::{vec, vec::Vec};

use loom::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{Search::Unbounded, check_stamps, explore};

const NO_PANIC: &str = "the thread does nothing that panics";

/// Two threads that take a stamp each.
fn race(name: &str, take: fn(&AtomicU64) -> u64) {
    explore(name, Unbounded, move || {
        let clock = Arc::new(AtomicU64::new(0));
        let threads = [(); 2].map(|()| {
            let clock = clock.clone();
            thread::spawn(move || vec![take(&clock)])
        });
        let stamps: Vec<_> = threads.into_iter().map(|thread| thread.join().expect(NO_PANIC)).collect();
        check_stamps(&stamps);
    });
}

/// A thread that writes something, then takes a stamp; another that takes a stamp, then looks.
fn publish(name: &str, order: Ordering) {
    explore(name, Unbounded, move || {
        let (clock, data) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (their_clock, their_data) = (clock.clone(), data.clone());
        let thread = thread::spawn(move || {
            their_data.store(1, Ordering::Relaxed);
            their_clock.fetch_add(1, order)
        });
        let mine = clock.fetch_add(1, order);
        let seen = data.load(Ordering::Relaxed);
        let theirs = thread.join().expect(NO_PANIC);
        assert!(theirs > mine || seen == 1, "unpublished data");
    });
}

#[test]
#[should_panic(expected = "a duplicate stamp")]
fn a_tick_of_load_and_store_is_caught() {
    race("broken: load and store", |clock| {
        let stamp = clock.load(Ordering::Acquire) + 1;
        clock.store(stamp, Ordering::Release);
        stamp
    });
}

#[test]
#[should_panic(expected = "a duplicate stamp")]
fn a_maximum_handed_out_as_a_stamp_is_caught() {
    race("broken: fetch_max as stamp", |clock| {
        let remote = 5;
        clock.fetch_max(remote + 1, Ordering::AcqRel).max(remote + 1)
    });
}

#[test]
#[should_panic(expected = "unpublished data")]
fn a_relaxed_tick_publishes_nothing_and_is_caught() {
    publish("broken: relaxed", Ordering::Relaxed);
}

/// The counter-test: the same two models hold for what this crate does.
#[test]
fn the_models_accept_the_sound_ones() {
    race("sound: fetch_max, then fetch_add", |clock| {
        clock.fetch_max(5, Ordering::AcqRel);
        clock.fetch_add(1, Ordering::AcqRel) + 1
    });
    publish("sound: acquire and release", Ordering::AcqRel);
}
