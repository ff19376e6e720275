use std::vec::Vec;

use super::AtomicHlc;
use crate::{ClockError, HlcConfig, HlcTime, Wall};

/// That it follows the same rules as [`crate::Hlc`] is a law, with loom's tests for what only threads can do.
#[test]
fn real_threads_get_different_stamps_within_the_bound() {
    let config = HlcConfig::new().with_max_ahead_ms(100).with_persist_window_ms(Some(20));
    let clock = AtomicHlc::new(config, HlcTime::ZERO).expect("the fields agree");
    let wall = |ms| Wall::from_ms(1_000 + ms);
    let bound = clock.persist_request(wall(0)).expect("nothing is left");
    clock.persisted(bound);
    let mut all: Vec<HlcTime> = std::thread::scope(|scope| {
        let take = |back: u64| {
            let clock = &clock;
            move || {
                let stamps = (0..1_000).filter_map(|ms| clock.tick(wall(ms / 40 - (ms / 40).min(back))).ok());
                let stamps: Vec<_> = stamps.collect();
                assert!(stamps.is_sorted_by(|a, b| a < b));
                stamps
            }
        };
        let threads = [scope.spawn(take(0)), scope.spawn(take(3))];
        threads.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).collect()
    });
    all.sort_unstable();
    assert!(all.len() > 1_000 && all.is_sorted_by(|a, b| a < b), "{} stamps", all.len());
    assert!(all.iter().all(|stamp| *stamp <= bound));
    assert!(matches!(clock.tick(wall(21)), Err(ClockError::NotPersisted { .. })));
}
