use std::thread;

use super::*;

const AT_ONCE: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(60);

#[test]
fn permits_are_given_back_when_they_are_dropped() {
    let budget = Budget::new(10);
    let first = budget.acquire(6, AT_ONCE).expect("there is room");
    assert!(budget.acquire(5, AT_ONCE).is_none());
    let second = budget.acquire(4, AT_ONCE).expect("it fits exactly");
    drop(first);
    assert!(budget.acquire(6, AT_ONCE).is_some());
    drop(second);
    assert!(budget.acquire(10, AT_ONCE).is_some());
}

#[test]
fn who_does_not_wait_gets_what_is_there() {
    let budget = Budget::new(10);
    let first = budget.try_acquire(6).expect("there is room");
    assert!(budget.try_acquire(5).is_none());
    let second = budget.try_acquire(4).expect("it fits exactly");
    assert!(budget.try_acquire(1).is_none() && budget.acquire(1, AT_ONCE).is_none());
    drop((first, second));
    let large = budget.try_acquire(100).expect("nobody else has any");
    assert!(budget.try_acquire(1).is_none());
    drop(large);
    assert!(budget.try_acquire(10).is_some());
}

#[test]
fn a_request_above_the_whole_budget_is_granted_alone() {
    let budget = Budget::new(10);
    let small = budget.acquire(1, AT_ONCE).expect("there is room");
    assert!(budget.acquire(100, AT_ONCE).is_none());
    drop(small);
    let large = budget.acquire(100, AT_ONCE).expect("nobody else has any");
    assert!(budget.acquire(1, AT_ONCE).is_none());
    drop(large);
}

#[test]
fn whoever_waits_is_woken_by_whoever_gives_back() {
    // Often, since whoever gives back first leaves nothing to wait for.
    for _ in 0..50 {
        let budget = Budget::new(10);
        let all = budget.acquire(10, AT_ONCE).expect("there is room");
        let waiting = thread::spawn(move || budget.acquire(10, LONG).is_some());
        thread::yield_now();
        drop(all);
        assert!(waiting.join().expect("it does not panic"), "it would have waited for a minute");
    }
}
