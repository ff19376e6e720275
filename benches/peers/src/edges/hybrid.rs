//! Edges of hybrid clocks.

use std::{panic::AssertUnwindSafe, time::Duration};

use hlc_gen::{HlcGenerator, HlcTimestamp};
use hybrid_clocks::Clock;
use lamport::{Hlc, HlcConfig, HlcStamp, HlcTime, Wall};
use uhlc::{HLC, HLCBuilder, ID, NTP64, Timestamp};

use super::{Edge, edge, outcome};

/// Some moment: 2026-01-01.
const NOW_MS: u64 = 1_767_225_600_000;
const DAY_MS: u64 = 86_400_000;

pub(super) fn edges() -> Vec<Edge> {
    [far_ahead(), full_counter(), burst(), ends(), backwards(), own_id(), ids()].concat()
}

fn wall(ms: u64) -> Wall {
    Wall::from_ms(ms)
}

fn ours() -> Hlc {
    let mut clock = Hlc::new(HlcConfig::new(), HlcTime::ZERO).expect("the default is valid");
    clock.persisted(HlcTime::MAX);
    clock
}

fn stamp(ms: u64, counter: u16) -> HlcTime {
    HlcTime::new(ms, counter).expect("long before the year 10889")
}

fn id(byte: u8) -> ID {
    ID::try_from([byte]).expect("it is not zero")
}

fn ntp(ms: u64) -> NTP64 {
    NTP64::from(Duration::from_millis(ms))
}

fn uhlc_now() -> NTP64 {
    ntp(NOW_MS)
}

fn uhlc(clock: fn() -> NTP64) -> HLC {
    HLCBuilder::new().with_id(id(1)).with_clock(clock).with_max_delta(Duration::from_millis(500)).build()
}

fn generator(max_drift: usize) -> HlcGenerator<hlc_gen::source::ManualClock> {
    let clock = HlcGenerator::manual(max_drift);
    clock.set_current_timestamp(signed(NOW_MS));
    clock
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).expect("milliseconds of this age")
}

fn hlc_gen_stamp(ms: u64, counter: u64) -> HlcTimestamp {
    HlcTimestamp::from_parts(signed(ms), counter).expect("both fit")
}

fn hybrid_stamp(epoch: u32, time: u64, count: u32) -> hybrid_clocks::Timestamp<u64> {
    hybrid_clocks::Timestamp { epoch, time, count }
}

fn far_ahead() -> Vec<Edge> {
    let input = "a stamp a day ahead arrives";
    let epoch = "a stamp of the highest epoch, and of time 0, arrives";
    vec![
        edge(input, "ours: Hlc", || {
            let mut clock = ours();
            let refused =
                outcome(clock.observe(stamp(NOW_MS + DAY_MS, 0), wall(NOW_MS)), |_| "accepted".into());
            format!(
                "{refused}; the clock stays {} ms ahead, and counts {} refused",
                clock.ahead_of(wall(NOW_MS)),
                clock.rejected()
            )
        }),
        edge(input, "uhlc", || {
            let refused = uhlc(uhlc_now).update_with_timestamp(&Timestamp::new(ntp(NOW_MS + DAY_MS), id(2)));
            refused.map_or_else(|_| "refused: exceeding delta".into(), |()| "accepted".into())
        }),
        edge(input, "hlc-gen, as by default", || {
            let clock = generator(0);
            outcome(clock.update(&hlc_gen_stamp(NOW_MS + DAY_MS, 0)), |_| {
                let ahead = clock.timestamp().timestamp() - signed(NOW_MS);
                format!("**accepted**; all later stamps are {ahead} ms ahead")
            })
        }),
        edge(input, "hlc-gen, max_drift 500", || {
            outcome(generator(500).update(&hlc_gen_stamp(NOW_MS + DAY_MS, 0)), |_| "accepted".into())
        }),
        edge(input, "hybrid-clocks: Clock", || {
            let mut clock = manual();
            clock.observe(&hybrid_stamp(0, NOW_MS + DAY_MS, 0));
            outcome(clock.now(), |now| {
                format!("**accepted**; all later stamps are {} ms ahead", now.time - NOW_MS)
            })
        }),
        edge(input, "hybrid-clocks: OffsetLimiter", || {
            let mut clock = manual().with_max_diff(500);
            outcome(clock.observe(&hybrid_stamp(0, NOW_MS + DAY_MS, 0)), |()| "accepted".into())
        }),
        edge(epoch, "hybrid-clocks: OffsetLimiter", || {
            let mut clock = manual().with_max_diff(500);
            let observed = outcome(clock.observe(&hybrid_stamp(u32::MAX, 0, 0)), |()| "**accepted**".into());
            let later = outcome(clock.now(), |now| format!("{now}"));
            format!("{observed}; the next stamp is `{later}`, and time stands still")
        }),
    ]
}

fn manual() -> Clock<hybrid_clocks::ManualClock> {
    Clock::manual(NOW_MS).expect("its source never fails")
}

/// Whether the next stamp is above the one that arrived.
fn full_counter() -> Vec<Edge> {
    let input = "a stamp 400 ms ahead with a counter that is full, or all but full, arrives";
    let now = "a stamp of this moment with a counter that is full, or all but full, arrives";
    vec![
        edge(input, "ours: Hlc", || {
            let mut clock = ours();
            outcome(clock.observe(stamp(NOW_MS + 400, u16::MAX), wall(NOW_MS)), |next| {
                format!(
                    "carries into the milliseconds: the next stamp is {} ms ahead, +{}",
                    next.ms() - NOW_MS,
                    next.counter()
                )
            })
        }),
        edge(input, "uhlc", || {
            let clock = uhlc(uhlc_now);
            let remote = Timestamp::new(NTP64(ntp(NOW_MS + 400).0 | 15), id(2));
            let accepted = clock.update_with_timestamp(&remote).is_ok();
            let above = clock.new_timestamp() > remote;
            format!("accepted: {accepted}; carries into the fraction; the next stamp is above it: {above}")
        }),
        edge(input, "hlc-gen, max_drift 500", || {
            let clock = generator(500);
            outcome(clock.update(&hlc_gen_stamp(NOW_MS + 400, (1 << 22) - 2)), |_| {
                let during = [0, 200, 400].map(|ms| {
                    clock.set_current_timestamp(signed(NOW_MS + ms));
                    clock.next_timestamp().is_some()
                });
                clock.set_current_timestamp(signed(NOW_MS + 401));
                let then = clock.next_timestamp().is_some();
                format!(
                    "accepted; a stamp after 0, 200, 400 ms: {during:?}, after 401 ms: {then}. **One message, 400 ms without stamps**"
                )
            })
        }),
        edge(input, "hlc-gen, as by default, a year instead of 400 ms", || {
            let clock = generator(0);
            outcome(clock.update(&hlc_gen_stamp(NOW_MS + 365 * DAY_MS, (1 << 22) - 2)), |_| {
                clock.set_current_timestamp(signed(NOW_MS + 364 * DAY_MS));
                format!("accepted; the next stamp, 364 days later: **{:?}**", clock.next_timestamp())
            })
        }),
        edge(now, "ours: Hlc", || {
            let mut clock = ours();
            let remote = stamp(NOW_MS, u16::MAX);
            outcome(clock.observe(remote, wall(NOW_MS)), |next| {
                format!("the next stamp is above it: {}", next > remote)
            })
        }),
        edge(now, "hybrid-clocks", || {
            let mut clock = manual();
            let remote = hybrid_stamp(0, NOW_MS, u32::MAX - 1);
            clock.observe(&remote);
            outcome(clock.now(), |next| {
                let wrong = if next > remote { "" } else { ": **causality is broken by one message**" };
                format!("count {} follows on count {}{wrong}", next.count, remote.count)
            })
        }),
    ]
}

fn burst() -> Vec<Edge> {
    let input = "stamps without end within one millisecond";
    vec![
        edge(input, "ours: Hlc", || {
            let (mut clock, mut given) = (ours(), 0_u64);
            let refused = loop {
                match clock.tick(wall(NOW_MS)) {
                    Ok(_) => given += 1,
                    Err(refused) => break refused,
                }
            };
            format!("{given} stamps, then refused: {refused}")
        }),
        edge(input, "uhlc", || {
            let clock = uhlc(uhlc_now);
            for _ in 0..10_000_000 {
                clock.new_timestamp();
            }
            let ahead = clock.new_timestamp().get_time().as_nanos() - uhlc_now().as_nanos();
            format!("never refuses: {} ms ahead after ten million stamps", ahead / 1_000_000)
        }),
        edge(input, "hlc-gen", || {
            let clock = generator(500);
            let given = std::iter::from_fn(|| clock.next_timestamp()).take(1 << 24).count();
            format!("{given} stamps, then None until the next millisecond")
        }),
    ]
}

fn ends() -> Vec<Edge> {
    let (end, y2106, y2109, before, long) = (
        "the wall stands at the end of its range",
        "the wall is in 2106, behind 2^32 seconds",
        "the wall is in 2109, behind 2^42 ms",
        "the wall is in 1970",
        "a duration of 2^33 seconds becomes a time",
    );
    vec![
        edge(end, "ours: Hlc", || {
            let mut clock = ours();
            let mut given = 0;
            let refused = loop {
                match clock.tick(wall(HlcTime::MS_MAX)) {
                    Ok(_) => given += 1,
                    Err(refused) => break refused,
                }
            };
            format!("the year 10889: {given} stamps, then refused: {refused}")
        }),
        edge(end, "uhlc", || {
            let clock = uhlc(|| NTP64(u64::MAX));
            let mut before = clock.new_timestamp();
            for given in 1..=32 {
                let next = clock.new_timestamp();
                if next < before {
                    return format!("{given} stamps, then **wraps** to {}", next.get_time().0);
                }
                before = next;
            }
            "goes on".into()
        }),
        edge(y2106, "ours: Hlc", || {
            outcome(ours().tick(wall(1_000 << 32)), |stamp| format!("gives {stamp}"))
        }),
        edge(y2106, "uhlc", || {
            format!(
                "gives {}",
                uhlc(|| NTP64::from(Duration::from_secs(1 << 32))).new_timestamp().get_time().0
            )
        }),
        edge(y2109, "ours: Hlc", || outcome(ours().tick(wall(1 << 42)), |stamp| format!("gives {stamp}"))),
        edge(y2109, "hlc-gen", || {
            let clock = generator(500);
            clock.set_current_timestamp((1 << 42) + 1);
            clock.next_timestamp().map_or("**None**".into(), |stamp| format!("gives {stamp}"))
        }),
        edge(before, "ours: Hlc", || outcome(ours().tick(wall(0)), |stamp| format!("gives {stamp}"))),
        edge(before, "hlc-gen", || {
            let clock = HlcGenerator::manual(500);
            clock.set_current_timestamp(0);
            let given = std::iter::from_fn(|| clock.next_timestamp()).take(1 << 24).count();
            format!("{given} stamps of 2024, then None until 2024")
        }),
        edge(long, "uhlc", || format!("{}", NTP64::from(Duration::from_secs(1 << 33)).0)),
    ]
}

fn backwards() -> Vec<Edge> {
    let back = "the wall goes back by an hour, and the program goes on";
    let restart = "the wall goes back by an hour, and the program starts again";
    let hour = 3_600_000;
    vec![
        edge(back, "ours: Hlc", || {
            let mut clock = ours();
            let _ = clock.tick(wall(NOW_MS));
            outcome(clock.tick(wall(NOW_MS - hour)), |stamp| format!("gives {stamp}"))
        }),
        edge(back, "hlc-gen", || {
            let clock = generator(500);
            let before = clock.next_timestamp();
            clock.set_current_timestamp(signed(NOW_MS - hour));
            let given = std::iter::from_fn(|| clock.next_timestamp()).take(1 << 24).count();
            format!(
                "{given} more stamps above {}, then None for the hour",
                if before.is_some() { "the last" } else { "none" }
            )
        }),
        edge(back, "hybrid-clocks", || {
            let mut clock = manual();
            let before = clock.now().ok();
            clock.set_time(NOW_MS - hour);
            outcome(clock.now(), |stamp| format!("counts on, above the last: {}", Some(stamp) > before))
        }),
        edge(restart, "ours: Hlc", || {
            let mut clock = Hlc::new(HlcConfig::new(), HlcTime::ZERO).expect("the default is valid");
            let bound = clock.persist_request(wall(NOW_MS)).expect("nothing is persisted yet");
            clock.persisted(bound);
            let last = clock.tick(wall(NOW_MS)).ok();
            let mut clock = Hlc::new(HlcConfig::new(), bound).expect("the default is valid");
            let early = outcome(clock.tick(wall(NOW_MS - hour)), |_| "gives a stamp".into());
            let bound = clock.persist_request(wall(NOW_MS + 1_000)).expect("the window is used up");
            clock.persisted(bound);
            let late = clock.tick(wall(NOW_MS + 1_000)).ok();
            format!(
                "goes on at the bound it has persisted: {early}; once the wall is back, above the last: {}",
                late > last
            )
        }),
        edge(
            restart,
            "uhlc",
            AssertUnwindSafe(|| {
                let last = uhlc(uhlc_now).new_timestamp();
                let again = uhlc(|| ntp(NOW_MS - 3_600_000)).new_timestamp();
                below(again > last)
            }),
        ),
        edge(restart, "hlc-gen", || {
            let last = generator(500).next_timestamp();
            let clock = HlcGenerator::manual(500);
            clock.set_current_timestamp(signed(NOW_MS - hour));
            below(clock.next_timestamp() > last)
        }),
        edge(restart, "hybrid-clocks", || {
            let last = manual().now().ok();
            let again = Clock::manual(NOW_MS - hour).ok().and_then(|mut clock| clock.now().ok());
            below(again > last)
        }),
    ]
}

fn below(is_above: bool) -> String {
    if is_above {
        "above the last".into()
    } else {
        "**gives stamps below the last**: nothing is persisted".into()
    }
}

fn own_id() -> Vec<Edge> {
    let input = "a stamp under our own id that we have not given arrives";
    vec![
        edge(input, "ours: Hlc", || {
            let claim = HlcStamp { node: 1_u64, time: stamp(NOW_MS + 100, 0) };
            outcome(ours().observe_from(&1, &claim, wall(NOW_MS)), |_| "accepted".into())
        }),
        edge(input, "uhlc", || {
            let claim = Timestamp::new(ntp(NOW_MS + 100), id(1));
            let accepted = uhlc(uhlc_now).update_with_timestamp(&claim).is_ok();
            if accepted { "**accepted** like any other".into() } else { "refused".into() }
        }),
        edge(input, "hlc-gen, hybrid-clocks", || "cannot notice: their stamps have no id".into()),
    ]
}

fn ids() -> Vec<Edge> {
    let input = "a stamp with an id of zeros arrives as bytes";
    vec![
        edge(input, "ours: HlcTime", || "has no id; ids are the caller's, and none is special".into()),
        edge(input, "uhlc", || {
            let stamp: Result<Timestamp, _> = crate::fixed_ints::from_bytes(&[0; 24]);
            outcome(stamp, |stamp| {
                let made = ID::try_from(stamp.get_id().to_le_bytes()).is_err();
                format!("**accepted**, although an id of zeros cannot be made: {made}")
            })
        }),
    ]
}
