use std::collections::BTreeSet;

use super::*;

const LIMITS: BackoffLimits =
    BackoffLimits { min: Duration::from_millis(20), max: Duration::from_millis(1000) };

#[test]
fn doubles_from_min_to_max_and_stays_there() {
    let (mut backoff, mut rng) = (Backoff::default(), Rng::new(1));
    for longest in [20, 40, 80, 160, 320, 640, 1000, 1000, 1000] {
        let (longest, pause) = (Duration::from_millis(longest), backoff.pause(LIMITS, &mut rng));
        assert!((longest / 2..=longest).contains(&pause), "{pause:?} of {longest:?}");
    }
    for _ in 0..100 {
        assert!(backoff.pause(LIMITS, &mut rng) >= LIMITS.max / 2, "no overflow brings it down");
    }
    backoff.reset();
    assert!(backoff.pause(LIMITS, &mut rng) <= LIMITS.min);
}

#[test]
fn differs_from_seed_to_seed_and_repeats_for_one_seed() {
    let first = |seed| Backoff::default().pause(LIMITS, &mut Rng::new(seed));
    let pauses: BTreeSet<_> = (0..100).map(first).collect();
    assert_eq!(pauses.len(), 100);
    assert_eq!(first(7), first(7));
}

#[test]
fn survives_bounds_at_the_end_of_time() {
    let limits = BackoffLimits { min: Duration::MAX, max: Duration::MAX };
    assert!(Backoff::default().pause(limits, &mut Rng::new(1)) > Duration::from_secs(1 << 32));
}
