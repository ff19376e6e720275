use super::*;

#[test]
fn ticks_are_whole_intervals_after_the_start() {
    let start = now();
    let ms = Duration::from_millis;
    for (since, tick) in [(0, 10), (1, 10), (9, 10), (10, 20), (25, 30)] {
        assert_eq!(next_tick(start, ms(10), start + ms(since)), start + ms(tick), "{since} ms after");
    }
    let instant = now();
    assert!(
        next_tick(instant, Duration::ZERO, instant) > instant,
        "an interval of nothing is not for ever now"
    );
}
