use machine_core::{Instant, Rng};

use super::{Clock, RATE_TRUE_PPM};

#[test]
fn a_deadline_is_reached_at_the_moment_named_and_not_before() {
    let mut rng = Rng::new(1);
    for _ in 0..10_000 {
        let mut clock = Clock::new(Instant::from_nanos(rng.below(1 << 40)), 700_000 + rng.below(600_001));
        clock.set_rate(Instant::from_nanos(rng.below(1 << 35)), 700_000 + rng.below(600_001));
        let deadline = clock.local(Instant::from_nanos((1 << 35) + rng.below(1 << 35)));
        let at = clock.world(deadline);
        assert!(clock.local(at) >= deadline, "{clock:?} {deadline}");
        assert!(clock.local(Instant::from_nanos(at.as_nanos() - 1)) < deadline, "{clock:?} {deadline}");
    }
}

#[test]
fn a_change_of_rate_is_no_jump() {
    let mut clock = Clock::new(Instant::from_nanos(7), 1_300_000);
    let now = Instant::from_nanos(1_000_000);
    let before = clock.local(now);
    clock.set_rate(now, RATE_TRUE_PPM);
    assert_eq!(clock.local(now), before);
}
