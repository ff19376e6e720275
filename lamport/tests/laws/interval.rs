//! Law 9: bounded time.

use lamport::{BoundedClock, ClockError, Interval, Wall};
use proptest::{collection, prelude::*};

fn interval() -> impl Strategy<Value = Interval> {
    let ms = || prop_oneof![8 => 0..40u64, 1 => any::<u64>()];
    (ms(), prop_oneof![8 => 0..10u64, 1 => any::<u64>()])
        .prop_map(|(wall, error)| Interval::around(Wall::from_ms(wall), error))
}

proptest! {
    #![proptest_config(crate::strategies::cases())]

    #[test]
    fn definitely_before_is_a_strict_partial_order(a in interval(), b in interval(), c in interval()) {
        prop_assert!(!a.definitely_before(&a));
        prop_assert!(!(a.definitely_before(&b) && b.definitely_before(&a)));
        prop_assert!(!(a.definitely_before(&b) && b.definitely_before(&c)) || a.definitely_before(&c));
        let verdicts = [a.definitely_before(&b), b.definitely_before(&a), a.overlaps(&b)];
        prop_assert_eq!(verdicts.iter().filter(|holds| **holds).count(), 1);
        prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
    }

    #[test]
    fn who_has_waited_comes_definitely_behind(commit in interval(), wall in 0..100u64, error in 0..10u64) {
        let now = Interval::around(Wall::from_ms(wall), error);
        match commit.commit_wait(&now) {
            None => prop_assert!(commit.definitely_before(&now)),
            Some(wait) => {
                prop_assert!(!commit.definitely_before(&now));
                let ms = u64::try_from(wait.as_millis()).expect("whole milliseconds of a u64");
                let (earliest, latest) = (now.earliest().ms(), now.latest().ms());
                let after = |passed: u64| {
                    let shifted = |ms: u64| Wall::from_ms(ms.saturating_add(passed));
                    Interval::new(shifted(earliest), shifted(latest)).expect("as it was")
                };
                let reaches = commit.latest().ms() < u64::MAX;
                prop_assert_eq!(commit.definitely_before(&after(ms)), reaches);
                prop_assert!(!commit.definitely_before(&after(ms - 1)), "no longer than needed");
            }
        }
    }

    /// With honest bounds the clock never complains, contains true time, and its earliest moment never goes back.
    #[test]
    fn honest_readings_contain_true_time(
        readings in collection::vec((0..20u64, 0..=30u64, 0..=30u64), 0..30),
    ) {
        let mut clock = BoundedClock::new();
        let (mut time, mut floor) = (1_000, Wall::from_ms(0));
        for (passes, error, off) in readings {
            time += passes;
            // Off by at most the error, to either side.
            let wall = Wall::from_ms(time + off.min(2 * error) - error);
            let now = clock.now(wall, error).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let now_ms = now.earliest().ms()..=now.latest().ms();
            prop_assert!(now_ms.contains(&time));
            prop_assert!(now.earliest() >= floor);
            floor = now.earliest();
        }
    }

    #[test]
    fn a_reading_that_contradicts_the_past_is_refused(first in 100..200u64, back in 0..150u64, error in 0..5u64) {
        let mut clock = BoundedClock::new();
        let past = clock.now(Wall::from_ms(first), error).expect("the first");
        let wall = Wall::from_ms(first.saturating_sub(back));
        let before = clock;
        match clock.now(wall, error) {
            Ok(now) => prop_assert!(now.earliest() == past.earliest() && back <= 2 * error),
            Err(refused) => {
                prop_assert!(back > 2 * error);
                let (floor, latest) = (past.earliest().ms(), wall.ms() + error);
                prop_assert_eq!(refused, ClockError::BeforeFloor { floor, latest });
                prop_assert_eq!(clock, before);
            }
        }
    }
}
