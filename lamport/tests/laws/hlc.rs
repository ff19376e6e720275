//! Law 8: the hybrid clock.

use lamport::{AtomicHlc, ClockError, Hlc, HlcConfig, HlcStamp, HlcTime, Side, Wall};
use proptest::{collection, prelude::*};

use crate::strategies::{history::histories, hlc_time, wall};

#[derive(Clone, Copy, Debug)]
enum Call {
    Tick(Wall),
    Observe(HlcTime, Wall),
    ObserveFrom(bool, HlcTime, Wall),
    Clamped(HlcTime, Wall),
    Persist(Wall),
    Restart,
    Accept(Wall),
    Reset(HlcTime),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        8 => wall().prop_map(Call::Tick),
        6 => (hlc_time(), wall()).prop_map(|(remote, wall)| Call::Observe(remote, wall)),
        2 => (any::<bool>(), hlc_time(), wall()).prop_map(|(own, time, wall)| Call::ObserveFrom(own, time, wall)),
        2 => (hlc_time(), wall()).prop_map(|(remote, wall)| Call::Clamped(remote, wall)),
        6 => wall().prop_map(Call::Persist),
        1 => Just(Call::Restart),
        1 => wall().prop_map(Call::Accept),
        1 => hlc_time().prop_map(Call::Reset),
    ];
    collection::vec(call, 0..60)
}

fn configs() -> impl Strategy<Value = HlcConfig> {
    let jump = prop_oneof![2 => Just(None), 1 => (0..50u64).prop_map(Some)];
    let ahead = prop_oneof![4 => 2..60u64, 1 => Just(1u64 << 47)];
    (ahead, any::<bool>(), 2..60u64, jump).prop_map(|(ahead, durable, window, jump)| {
        let window = durable.then_some(window.min(ahead));
        HlcConfig::new()
            .with_max_ahead_ms(ahead)
            .with_persist_window_ms(window)
            .with_max_forward_jump_ms(jump)
    })
}

/// What both clocks say of one call.
fn apply(hlc: &mut Hlc, atomic: &mut AtomicHlc, call: Call) -> Option<Result<HlcTime, ClockError>> {
    let (one, other) = match call {
        Call::Tick(wall) => (hlc.tick(wall), atomic.tick(wall)),
        Call::Observe(remote, wall) => (hlc.observe(remote, wall), atomic.observe(remote, wall)),
        Call::ObserveFrom(own, time, wall) => {
            let stamp = HlcStamp { time, node: u8::from(!own) };
            (hlc.observe_from(&0, &stamp, wall), atomic.observe_from(&0, &stamp, wall))
        }
        Call::Clamped(remote, wall) => {
            (hlc.observe_clamped(remote, wall), atomic.observe_clamped(remote, wall))
        }
        Call::Persist(wall) => {
            let bound = hlc.persist_request(wall);
            assert_eq!(bound, atomic.persist_request(wall));
            if let Some(bound) = bound {
                hlc.persisted(bound);
                atomic.persisted(bound);
                assert_eq!(hlc.persist_request(wall), None, "enough for now");
            }
            return None;
        }
        Call::Accept(wall) => {
            hlc.accept_jump(wall);
            atomic.accept_jump(wall);
            return None;
        }
        Call::Reset(floor) => {
            assert_eq!(hlc.reset_floor(floor), atomic.reset_floor(floor));
            return None;
        }
        Call::Restart => return None,
    };
    assert_eq!(one, other, "both clocks follow the same rules");
    Some(one)
}

proptest! {
    #![proptest_config(crate::strategies::cases())]

    #[test]
    fn it_rises_stays_near_the_wall_and_leaves_no_trace_of_what_it_refuses(
        config in configs(), floor in hlc_time(), calls in calls(),
    ) {
        let mut hlc = Hlc::new(config, floor).expect("the fields agree");
        let mut atomic = AtomicHlc::new(config, floor).expect("the fields agree");
        let ahead_max = |stamp: HlcTime, wall: Wall| stamp.ms().saturating_sub(wall.ms());
        for call in calls {
            let before = hlc.peek();
            let (rejected, seen) = (hlc.rejected(), hlc.max_ahead_seen_ms());
            let Some(outcome) = apply(&mut hlc, &mut atomic, call) else { continue };
            let (Call::Tick(wall) | Call::Observe(_, wall) | Call::ObserveFrom(_, _, wall) | Call::Clamped(_, wall)) =
                call else { continue };
            match outcome {
                Ok(stamp) => {
                    prop_assert!(stamp > before && stamp == hlc.peek(), "it rises");
                    prop_assert!(stamp.ms() >= wall.ms(), "not before the wall");
                    if let Call::Observe(remote, _) | Call::ObserveFrom(_, remote, _) = call {
                        prop_assert!(stamp > remote, "above the message");
                    }
                }
                Err(error) => {
                    prop_assert_eq!(hlc.peek(), before, "no trace");
                    if let ClockError::TooFarAhead { side: Side::Remote, ahead, limit } = error {
                        prop_assert!(ahead > limit);
                        prop_assert_eq!(hlc.rejected(), rejected + 1);
                    }
                }
            }
            if let Call::Observe(remote, _) | Call::Clamped(remote, _) = call {
                prop_assert_eq!(hlc.max_ahead_seen_ms(), seen.max(ahead_max(remote, wall)));
            }
            prop_assert_eq!((atomic.peek(), atomic.rejected()), (hlc.peek(), hlc.rejected()));
            prop_assert_eq!(atomic.max_ahead_seen_ms(), hlc.max_ahead_seen_ms());
            prop_assert_eq!(atomic.ahead_of(wall), hlc.ahead_of(wall));
        }
    }

    /// Crashes at any moment, walls that go anywhere: nothing is given twice, and nothing goes back.
    #[test]
    fn restarts_at_the_persisted_bound_never_repeat(calls in calls(), ahead in 10..60u64, window in 2..10u64) {
        let config = HlcConfig::new().with_max_ahead_ms(ahead).with_persist_window_ms(Some(window));
        let mut disk = HlcTime::ZERO;
        let mut clock = Hlc::new(config, disk).expect("the fields agree");
        let mut newest = HlcTime::ZERO;
        for call in calls {
            let again = clock.clone();
            let outcome = match call {
                Call::Tick(wall) => clock.tick(wall),
                Call::Observe(remote, wall) | Call::ObserveFrom(_, remote, wall) => clock.observe(remote, wall),
                Call::Clamped(remote, wall) => clock.observe_clamped(remote, wall),
                Call::Persist(wall) => {
                    if let Some(bound) = clock.persist_request(wall) {
                        prop_assert!(bound > disk, "a bound is worth its write");
                        prop_assert!(bound.ms() <= wall.ms().saturating_add(ahead), "it does not run away");
                        disk = bound;
                        clock.persisted(bound);
                    }
                    continue;
                }
                Call::Restart => {
                    clock = Hlc::new(config, disk).expect("the fields agree");
                    continue;
                }
                Call::Accept(_) | Call::Reset(_) => continue,
            };
            if let Ok(stamp) = outcome {
                prop_assert!(stamp > newest, "{stamp} after {newest}");
                prop_assert!(stamp <= disk, "not above what is durable");
                newest = stamp;
            }
            if let Err(ClockError::NotPersisted { persisted, request }) = outcome {
                prop_assert!(persisted == disk && request > disk);
                // Who does what the error says is served.
                let mut clock = again;
                clock.persisted(request);
                let outcome = match call {
                    Call::Observe(remote, wall) | Call::ObserveFrom(_, remote, wall) => clock.observe(remote, wall),
                    Call::Clamped(remote, wall) => clock.observe_clamped(remote, wall),
                    Call::Tick(wall) => {
                        let routine = clock.persist_request(wall);
                        prop_assert!(routine.is_none_or(|bound| bound > request), "asked for in time, too");
                        clock.tick(wall)
                    }
                    Call::Persist(_) | Call::Restart | Call::Accept(_) | Call::Reset(_) => continue,
                };
                prop_assert!(outcome.is_ok(), "{outcome:?} after {request}");
            }
        }
    }

    /// Walls within `eps` of each other: nobody is refused, receipt is above sending, causes are below effects, and no
    /// stamp leads the largest wall in its past, but for what counters carry.
    #[test]
    fn skewed_nodes_understand_each_other(
        history in histories(4, 30),
        eps in 0..200u64,
        drift in collection::vec((0..=200u64, 0..5u64), 30),
    ) {
        let config = HlcConfig::new().with_max_ahead_ms(200).with_persist_window_ms(None);
        let mut clocks: Vec<_> =
            (0..history.nodes).map(|_| Hlc::new(config, HlcTime::ZERO).expect("the fields agree")).collect();
        let mut stamps: Vec<HlcTime> = Vec::new();
        let mut walls: Vec<u64> = Vec::new();
        let mut true_ms = 1_000_000;
        for (event, (skew, passes)) in history.events.iter().zip(drift) {
            true_ms += passes;
            // Each reading has an error of its own, so walls also go back.
            let wall = Wall::from_ms(true_ms + skew.min(eps));
            let clock = &mut clocks[event.node];
            let stamp = match event.received {
                Some(message) => clock.observe(stamps[message], wall),
                None => clock.tick(wall),
            };
            let stamp = stamp.map_err(|error| TestCaseError::fail(format!("refused: {error}")))?;
            prop_assert!(event.received.is_none_or(|message| stamp > stamps[message]));
            prop_assert!(clock.ahead_of(wall) <= eps, "{} ahead", clock.ahead_of(wall));
            stamps.push(stamp);
            walls.push(wall.ms());
        }
        for (at, causes) in history.happened_before().iter().enumerate() {
            let past = (0..at).filter(|cause| causes[*cause]);
            let wall_max = past.clone().map(|cause| walls[cause]).chain([walls[at]]).max().unwrap_or(0);
            prop_assert!(stamps[at].ms() <= wall_max, "{} leads {wall_max}", stamps[at]);
            for cause in past {
                prop_assert!(stamps[cause] < stamps[at]);
            }
        }
    }

    #[test]
    fn bytes_keep_the_order(a in hlc_time(), b in hlc_time()) {
        prop_assert_eq!(a.cmp(&b), a.to_be_bytes().cmp(&b.to_be_bytes()));
        prop_assert_eq!(a.cmp(&b), (a.ms(), a.counter()).cmp(&(b.ms(), b.counter())));
        prop_assert_eq!(HlcTime::from_be_bytes(a.to_be_bytes()), a);
        prop_assert_eq!(HlcTime::new(a.ms(), a.counter()), Some(a));
        prop_assert!(a.next().is_none_or(|next| next > a && next.to_bits() == a.to_bits() + 1));
    }
}
