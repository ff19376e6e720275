use std::time::Duration;

use machine_core::{Instant, Rng};

use super::{Clock, Jump, RATE_TRUE_PPM};

#[test]
fn a_deadline_is_reached_at_the_moment_named_and_not_before() {
    let mut rng = Rng::new(1);
    for _ in 0..10_000 {
        let mut clock = Clock::new(Instant::from_nanos(rng.below(1 << 40)), 700_000 + rng.below(600_001));
        if rng.below(2) == 0 {
            clock.mend(Instant::from_nanos(rng.below(1 << 35)), Instant::from_nanos(rng.below(1 << 35)));
        }
        let deadline = clock.local(Instant::from_nanos((1 << 35) + rng.below(1 << 35)));
        let at = clock.world(deadline);
        assert!(clock.local(at) >= deadline, "{clock:?} {deadline}");
        assert!(clock.local(Instant::from_nanos(at.as_nanos() - 1)) < deadline, "{clock:?} {deadline}");
    }
}

#[test]
fn mending_is_no_jump_for_a_clock_that_went_on() {
    let mut clock = Clock::new(Instant::from_nanos(7), 1_300_000);
    let now = Instant::from_nanos(1_000_000);
    let before = clock.local(now);
    clock.mend(now, before);
    assert_eq!(clock.local(now), before);
    assert_eq!(clock.local(now + Duration::from_millis(1)), before + Duration::from_millis(1), "true");
}

#[test]
fn jumps_lead_where_they_say_and_then_time_goes_on() {
    let (now, second, milli) = (Instant::from_millis(500), Duration::from_secs(1), Duration::from_millis(1));
    let jumped = |jump| {
        let mut clock = Clock::new(Instant::from_millis(10_000), RATE_TRUE_PPM);
        clock.jump(now, jump);
        [now, now + milli, now + second].map(|at| clock.local(at).as_nanos() / 1_000_000)
    };
    assert_eq!(jumped(Jump::Ahead(3 * second)), [13_500, 13_501, 14_500]);
    assert_eq!(jumped(Jump::Back(20 * milli)), [10_480, 10_481, 11_480]);
    assert_eq!(jumped(Jump::Stands(400 * milli)), [10_500, 10_500, 11_100]);
    assert_eq!(jumped(Jump::Back(100 * second)), [0, 1, 1_000]);
}

#[test]
fn a_clock_that_stands_reaches_its_deadlines_afterwards() {
    let mut clock = Clock::new(Instant::ZERO, 500_000);
    let now = Instant::from_millis(100);
    clock.jump(now, Jump::Stands(Duration::from_millis(40)));
    assert_eq!(clock.world(Instant::from_millis(51)), Instant::from_millis(142));
    assert_eq!(clock.world(Instant::from_millis(50)), Instant::from_millis(140), "by then at the latest");
    clock.jump(Instant::from_millis(120), Jump::Ahead(Duration::from_millis(5)));
    assert_eq!(clock.local(Instant::from_millis(142)), Instant::from_millis(56), "it still stood");
}

#[test]
fn a_mended_clock_stands_no_more_and_shows_what_it_has_shown() {
    let mut clock = Clock::new(Instant::ZERO, RATE_TRUE_PPM);
    let now = Instant::from_millis(100);
    clock.jump(now, Jump::Back(Duration::from_millis(40)));
    clock.jump(now, Jump::Stands(Duration::from_millis(500)));
    clock.mend(Instant::from_millis(110), now);
    assert_eq!(clock.local(Instant::from_millis(111)), Instant::from_millis(101));
}
