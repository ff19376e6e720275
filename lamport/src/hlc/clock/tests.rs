use super::Hlc;
use crate::{ClockError, ConfigError, HlcConfig, HlcStamp, HlcTime, Side, Wall};

const fn at(ms: u64, counter: u16) -> HlcTime {
    HlcTime::new(ms, counter).expect("in this era")
}

const fn wall(ms: u64) -> Wall {
    Wall::from_ms(ms)
}

/// Persists nothing; leads the wall by at most 100 ms.
fn volatile(floor: HlcTime) -> Hlc {
    let config = HlcConfig::new().with_max_ahead_ms(100).with_persist_window_ms(None);
    Hlc::new(config, floor).expect("the fields agree")
}

fn too_far(side: Side, ahead: u64) -> ClockError {
    ClockError::TooFarAhead { side, ahead, limit: 100 }
}

#[test]
fn a_full_counter_carries_until_the_lead_is_used_up() {
    let mut clock = volatile(at(1_099, u16::MAX - 1));
    assert_eq!(clock.tick(wall(1_000)), Ok(at(1_099, u16::MAX)));
    assert_eq!(clock.tick(wall(1_000)), Ok(at(1_100, 0)));
    let mut clock = volatile(at(1_100, u16::MAX));
    assert_eq!(clock.tick(wall(1_000)), Err(too_far(Side::Local, 101)));
    assert_eq!(clock.peek(), at(1_100, u16::MAX));
    assert_eq!(clock.tick(wall(1_001)), Ok(at(1_101, 0)), "after the millisecond that the error names");
}

#[test]
fn a_full_remote_counter_is_no_outage() {
    let mut clock = volatile(HlcTime::ZERO);
    assert_eq!(clock.observe(at(1_050, u16::MAX), wall(1_000)), Ok(at(1_051, 0)));
    assert_eq!(clock.tick(wall(1_000)), Ok(at(1_051, 1)));
}

#[test]
fn only_the_physical_part_of_the_future_is_judged() {
    let mut clock = volatile(HlcTime::ZERO);
    assert_eq!(clock.observe(at(1_101, 0), wall(1_000)), Err(too_far(Side::Remote, 101)));
    assert_eq!(clock.peek(), HlcTime::ZERO, "no trace");
    assert_eq!((clock.rejected(), clock.max_ahead_seen_ms()), (1, 101));
    assert_eq!(clock.observe(at(1_100, u16::MAX - 1), wall(1_000)), Ok(at(1_100, u16::MAX)));
    assert_eq!(clock.observe(at(3, 9), wall(1_200)), Ok(at(1_200, 0)), "the past is always accepted");
    assert_eq!((clock.rejected(), clock.max_ahead_seen_ms()), (1, 101));
}

#[test]
fn clamped_stamps_count_as_those_at_the_limit() {
    let mut clock = volatile(HlcTime::ZERO);
    assert_eq!(clock.observe_clamped(HlcTime::MAX, wall(1_000)), Ok(at(1_100, 1)));
    assert_eq!(clock.rejected(), 1);
    assert_eq!(clock.observe_clamped(at(1_100, 5), wall(1_001)), Ok(at(1_100, 6)), "honest ones as always");
    assert_eq!(clock.rejected(), 1);
}

#[test]
fn a_wall_that_goes_back_does_not_stop_the_clock() {
    let mut clock = volatile(HlcTime::ZERO);
    clock.tick(wall(1_000)).expect("the first");
    assert_eq!(clock.tick(wall(950)), Ok(at(1_000, 1)));
    assert_eq!(clock.tick(wall(900)), Ok(at(1_000, 2)));
    assert_eq!(clock.tick(wall(899)), Err(too_far(Side::Local, 101)), "as far as the lead goes");
    assert_eq!(clock.ahead_of(wall(899)), 101);
    assert_eq!(clock.tick(wall(1_001)), Ok(at(1_001, 0)), "and on again");
}

#[test]
fn a_forward_jump_is_a_policy() {
    let limited = HlcConfig::new().with_persist_window_ms(None).with_max_forward_jump_ms(Some(500));
    let mut clock = Hlc::new(limited, HlcTime::ZERO).expect("the fields agree");
    assert_eq!(clock.tick(wall(1_000_000)), Ok(at(1_000_000, 0)), "the first reading is no jump");
    assert_eq!(clock.tick(wall(1_000_500)), Ok(at(1_000_500, 0)));
    let jump = ClockError::ForwardJump { jump: 501, limit: 500 };
    for _ in 0..2 {
        assert_eq!(clock.tick(wall(1_001_001)), Err(jump));
        assert_eq!(clock.observe(at(1_000_600, 0), wall(1_001_001)), Err(jump));
        assert_eq!(clock.peek(), at(1_000_500, 0), "no trace");
    }
    assert_eq!(clock.tick(wall(1_000_700)), Ok(at(1_000_700, 0)), "the wall came back");
    clock.accept_jump(wall(9_000_000));
    assert_eq!(clock.tick(wall(9_000_001)), Ok(at(9_000_001, 0)));
    // Going back is no jump, and coming back from there is none either.
    let mut clock = Hlc::new(limited, HlcTime::ZERO).expect("the fields agree");
    clock.tick(wall(10_000)).expect("the first");
    clock.tick(wall(9_000)).expect("within the lead");
    assert_eq!(clock.tick(wall(10_400)), Ok(at(10_400, 0)));
    let mut free = volatile(HlcTime::ZERO);
    free.tick(wall(1_000)).expect("the first");
    assert_eq!(free.tick(wall(1 << 40)), Ok(at(1 << 40, 0)), "by default every reading is believed");
}

#[test]
fn nothing_is_given_above_the_persisted_bound() {
    let config = HlcConfig::new().with_max_ahead_ms(100).with_persist_window_ms(Some(10));
    let mut clock = Hlc::new(config, at(500, 0)).expect("the fields agree");
    let needed = |persisted, ms| Err(ClockError::NotPersisted { persisted, request: at(ms, u16::MAX) });
    assert_eq!(clock.tick(wall(1_000)), needed(at(500, 0), 1_010));
    assert_eq!(clock.persist_request(wall(1_000)), Some(at(1_010, u16::MAX)));
    assert_eq!(clock.tick(wall(1_000)), needed(at(500, 0), 1_010), "asked for is not written");
    clock.persisted(at(1_010, u16::MAX));
    clock.persisted(at(700, 0)); // an older write that was overtaken
    assert_eq!(clock.tick(wall(1_000)), Ok(at(1_000, 0)));
    assert_eq!(clock.persist_request(wall(1_005)), None, "half is left");
    assert_eq!(clock.persist_request(wall(1_006)), Some(at(1_016, u16::MAX)));
    assert_eq!(clock.tick(wall(1_010)), Ok(at(1_010, 0)));
    assert_eq!(clock.tick(wall(1_011)), needed(at(1_010, u16::MAX), 1_021));
    assert_eq!(clock.observe(at(1_010, u16::MAX), wall(1_005)), needed(at(1_010, u16::MAX), 1_021));
    assert_eq!(
        clock.observe(at(1_099, 3), wall(1_005)),
        needed(at(1_010, u16::MAX), 1_105),
        "beyond the window"
    );
    assert_eq!(clock.peek(), at(1_010, 0), "no trace");
}

/// A node in a crash loop persists a bound at each start; without a cap it would run away by a window each time.
#[test]
fn restarts_in_a_row_do_not_run_away() {
    let config = HlcConfig::new().with_max_ahead_ms(100).with_persist_window_ms(Some(40));
    let (mut disk, now) = (HlcTime::ZERO, wall(1_000));
    for _ in 0..50 {
        let mut clock = Hlc::new(config, disk).expect("the fields agree");
        if let Some(bound) = clock.persist_request(now) {
            disk = bound;
            clock.persisted(bound);
        }
    }
    assert_eq!(disk, at(1_100, u16::MAX));
    let mut clock = Hlc::new(config, disk).expect("the fields agree");
    let soon = wall(1_001);
    clock.persisted(clock.persist_request(soon).expect("a millisecond has passed"));
    assert_eq!(clock.tick(soon), Ok(at(1_101, 0)), "and it goes on at once");
}

#[test]
fn our_own_id_from_the_future_is_noticed() {
    let mut clock = volatile(HlcTime::ZERO);
    let issued = clock.tick(wall(1_000)).expect("the first");
    let stamp = |node, time| HlcStamp { time, node };
    let next = issued.next().expect("not the last");
    let error = ClockError::OwnIdFromFuture { claimed: next.to_bits(), issued: issued.to_bits() };
    assert_eq!(clock.observe_from(&7, &stamp(7, next), wall(1_000)), Err(error));
    assert_eq!((clock.peek(), clock.rejected()), (issued, 1));
    assert_eq!(clock.observe_from(&7, &stamp(7, issued), wall(1_000)), Ok(next), "an echo is fine");
    assert_eq!(clock.observe_from(&7, &stamp(8, at(1_050, 0)), wall(1_000)), Ok(at(1_050, 1)));
    assert_eq!(
        clock.observe_from(&7, &stamp(8, at(9_000, 0)), wall(1_000)),
        Err(too_far(Side::Remote, 8_000))
    );
}

#[test]
fn there_is_a_way_out_of_a_poisoned_clock() {
    let config = HlcConfig::new().with_max_ahead_ms(100).with_persist_window_ms(Some(10));
    let hours = 3 * 3_600_000;
    let mut clock = Hlc::new(config, at(1_000 + hours, 0)).expect("the fields agree");
    assert_eq!(clock.ahead_of(wall(1_000)), hours);
    assert!(matches!(clock.tick(wall(1_000)), Err(ClockError::TooFarAhead { side: Side::Local, .. })));
    assert_eq!(clock.persist_request(wall(1_000)), None, "no bound helps");
    assert_eq!(clock.reset_floor(at(2_000 + hours, 0)), None, "forward is not its business");
    assert_eq!(clock.reset_floor(at(1_000, 0)), Some(at(1_000 + hours, 0)));
    assert!(matches!(clock.tick(wall(1_001)), Err(ClockError::NotPersisted { .. })), "the bound came down");
    clock.persisted(clock.persist_request(wall(1_001)).expect("nothing is left"));
    assert_eq!(clock.tick(wall(1_001)), Ok(at(1_001, 0)));
}

#[test]
fn the_ends_of_time_are_errors() {
    let mut clock = volatile(HlcTime::ZERO);
    let end = Err(ClockError::Exhausted { last: u64::MAX });
    for beyond in [HlcTime::MS_MAX + 1, u64::MAX] {
        assert_eq!(clock.tick(wall(beyond)), end);
        assert_eq!(clock.observe(at(5, 5), wall(beyond)), end);
        assert_eq!(clock.observe_clamped(HlcTime::MAX, wall(beyond)), end);
        assert_eq!(clock.persist_request(wall(beyond)), None);
    }
    assert_eq!(clock.observe(HlcTime::MAX, wall(HlcTime::MS_MAX)), end, "nothing lies above it");
    assert_eq!(clock.tick(wall(HlcTime::MS_MAX)), Ok(at(HlcTime::MS_MAX, 0)));
    assert_eq!(volatile(HlcTime::MAX).tick(wall(HlcTime::MS_MAX)), end);
    assert_eq!(volatile(HlcTime::MAX).tick(wall(0)), end);
}

#[test]
fn the_configuration_is_checked_as_a_whole() {
    let outcome = |config| Hlc::new(config, HlcTime::ZERO).map(|clock| clock.peek());
    let config = HlcConfig::new();
    assert_eq!(outcome(config), Ok(HlcTime::ZERO));
    let max_ahead_ms = 1 << 47;
    assert!(outcome(config.with_max_ahead_ms(max_ahead_ms)).is_ok());
    let error = ConfigError::MaxAhead { max_ahead_ms: max_ahead_ms + 1 };
    assert_eq!(outcome(config.with_max_ahead_ms(max_ahead_ms + 1)), Err(error));
    for window_ms in [0, 1, 2_001] {
        let error = ConfigError::PersistWindow { window_ms, max_ahead_ms: 2_000 };
        assert_eq!(outcome(config.with_persist_window_ms(Some(window_ms))), Err(error));
    }
    assert!(outcome(config.with_persist_window_ms(None).with_max_ahead_ms(0)).is_ok());
}
