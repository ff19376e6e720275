//! Edges of version vectors.

use std::{cmp::Ordering, collections::HashMap};

use crdts::{CmRDT, CvRDT};
use lamport::{AtomicLamport, Causality, Lamport, Limits, Stability, Time, VersionVector};
use stats_alloc::{Region, StatsAlloc};
use yrs::{StateVector, block::ClientID, updates::decoder::Decode};

use super::{Edge, edge, outcome};

type Ours = VersionVector;
type Crdts = crdts::VClock<u64>;
type Plain = vclock::VClock<u64, u64>;

pub(super) fn edges(allocator: &'static StatsAlloc<std::alloc::System>) -> Vec<Edge> {
    [last_event(), hostile_stamp(), zero(), verdicts(), bytes(allocator)].concat()
}

fn last_event() -> Vec<Edge> {
    let input = "one more event behind the last that the counter has";
    vec![
        edge(input, "ours: VersionVector", || {
            let mut clock = Ours::from([(1, u64::MAX)]);
            outcome(clock.tick(&1), |dot| format!("gives {dot:?}"))
        }),
        edge(input, "ours: Lamport", || {
            outcome(Lamport::resume(Time::new(u64::MAX)).tick(), |time| format!("gives {time}"))
        }),
        edge(input, "ours: AtomicLamport", || {
            outcome(AtomicLamport::resume(Time::new(u64::MAX)).tick(), |time| format!("gives {time}"))
        }),
        edge(input, "crdts", || {
            let mut clock: Crdts = [crdts::Dot::new(1, u64::MAX)].into_iter().collect();
            let dot = clock.inc(1);
            clock.apply(dot);
            let stands =
                if clock.get(&1) == u64::MAX { "which `apply` then drops silently" } else { "applied" };
            format!("**wraps**: gives event {}, {stands}", dot.counter)
        }),
        edge(input, "vclock", || {
            let mut clock = Plain::from(HashMap::from([(1, u64::MAX)]));
            clock.incr(&1);
            format!("**wraps**: stands at {:?}", clock.get(&1))
        }),
        edge(input, "yrs", || {
            let mut clock = StateVector::default();
            clock.set_max(ClientID::new(1), u32::MAX);
            clock.inc_by(ClientID::new(1), 1);
            format!("**wraps**: stands at {}, behind 2^32 - 1", clock.get(&ClientID::new(1)))
        }),
    ]
}

fn hostile_stamp() -> Vec<Edge> {
    let input = "a peer claims that an id stands at its counter's end";
    vec![
        edge(input, "ours: VersionVector", || {
            let mut clock = Ours::from([(1, 7), (2, 5)]);
            clock.merge(&Ours::from([(1, u64::MAX)]));
            let other = outcome(clock.tick(&2), |dot| format!("id 2 goes on with {dot:?}"));
            let own = outcome(clock.tick(&1), |dot| format!("gives {dot:?}"));
            format!("merges it, the order stays right; {other}; id 1 is {own}")
        }),
        edge(input, "ours: Stability", || {
            let mut group = Stability::new([1, 2]);
            let claim = group.observe(&1, &Ours::from([(2, u64::MAX)]));
            outcome(claim, |_| {
                let stable = group.stable();
                format!("accepted; stable is still what all say of themselves: {stable:?}")
            })
        }),
        edge(input, "ours: Lamport", || {
            let mut clock = Lamport::new();
            outcome(clock.observe(Time::new(u64::MAX)), |time| format!("gives {time}"))
        }),
        edge(input, "crdts", || {
            let mut clock: Crdts = [crdts::Dot::new(1, 7)].into_iter().collect();
            let claim: Crdts = [crdts::Dot::new(1, u64::MAX)].into_iter().collect();
            let valid =
                if clock.validate_merge(&claim).is_ok() { "`validate_merge` says ok" } else { "refused" };
            clock.merge(claim);
            format!("{valid}; **the next event of id 1 is {}**", clock.inc(1).counter)
        }),
        edge(input, "yrs", || {
            let mut clock = StateVector::default();
            let claim = [(ClientID::new(1), u32::MAX)].into_iter().collect();
            clock.merge(claim);
            clock.inc_by(ClientID::new(1), 1);
            format!("merges it; **behind the next event id 1 stands at {}**", clock.get(&ClientID::new(1)))
        }),
    ]
}

fn zero() -> Vec<Edge> {
    let input = "an entry that says zero arrives, against a clock without the entry";
    vec![
        edge(input, "ours: VersionVector", || {
            outcome(Ours::decode(&[1, 1, 0], Limits::DEFAULT), |clock| format!("accepted: {clock:?}"))
        }),
        edge(input, "crdts", || {
            let zero: Result<Crdts, _> = serde_json::from_str(r#"{"dots":{"1":0}}"#);
            outcome(zero, |zero| told(&zero, &Crdts::default()))
        }),
        edge(input, "yrs", || {
            outcome(StateVector::decode_v1(&[1, 1, 0]), |zero| told(&zero, &StateVector::default()))
        }),
        edge("the first event of a node", "ours: VersionVector", || {
            let mut clock = Ours::new();
            let dot = outcome(clock.tick(&1), |dot| format!("{}", dot.n));
            format!("has number {dot}; absent is 0")
        }),
        edge("the first event of a node", "vclock", || {
            let mut clock = Plain::default();
            clock.incr(&1);
            format!("has number {:?}; absent is {:?}, and smaller", clock.get(&1), clock.get(&2))
        }),
    ]
}

/// Whether `==` and the order say the same, both ways round.
fn told<T: PartialOrd>(a: &T, b: &T) -> String {
    let equal = if a == b { "equal" } else { "**not equal**" };
    let (there, back) = (a.partial_cmp(b), b.partial_cmp(a));
    let broken = (a == b) != (there == Some(Ordering::Equal)) || there != back.map(Ordering::reverse);
    let verdict = if broken { ": **no partial order**" } else { "" };
    format!("accepted: {equal} to it, compares {there:?}, and the other way round {back:?}{verdict}")
}

fn verdicts() -> Vec<Edge> {
    let input = "a clock against itself";
    vec![
        edge(input, "ours: VersionVector", || {
            let clock = Ours::from([(1, 1)]);
            let verdict = clock.causal_cmp(&clock);
            format!("{verdict:?}{}", if verdict == Causality::Equal { "" } else { ": wrong" })
        }),
        edge(input, "logical_clock: VectorClock", || {
            let clock = logical_clock::VectorClock::new().inc("a");
            if clock.concurrent(&clock) { "**concurrent**".into() } else { "not concurrent".into() }
        }),
    ]
}

fn bytes(allocator: &'static StatsAlloc<std::alloc::System>) -> Vec<Edge> {
    let yrs = |input: &'static str, bytes: &'static [u8]| {
        edge(input, "yrs", move || {
            outcome(StateVector::decode_v1(bytes), |clock| {
                format!("accepted with {} entry, id 1 at {}", clock.len(), clock.get(&ClientID::new(1)))
            })
        })
    };
    let ours = |input: &'static str, bytes: &'static [u8]| {
        edge(input, "ours: VersionVector", move || {
            outcome(Ours::decode(bytes, Limits::DEFAULT), |clock| format!("accepted: {clock:?}"))
        })
    };
    let crdts = |input: &'static str, json: &'static str| {
        edge(input, "crdts, JSON", move || {
            let clock: Result<Crdts, _> = serde_json::from_str(json);
            outcome(clock, |clock| {
                format!("accepted with {} entry, id 1 at {}", clock.dots.len(), clock.get(&1))
            })
        })
    };
    let (twice, over_long, behind, huge) = (
        "bytes in which an id comes twice, with 5 and then with 3",
        "bytes in which a number is longer than it need be",
        "bytes behind the end of the value",
        "four bytes that announce a million entries",
    );
    vec![
        // Ours writes distances between ids, so no bytes say "the same id again"; the nearest is a distance that wraps.
        edge(twice, "ours: VersionVector", || {
            "cannot be written: the distance to the id before is written less one".into()
        }),
        crdts(twice, r#"{"dots":{"1":5,"1":3}}"#),
        yrs(twice, &[2, 1, 5, 1, 3]),
        ours(over_long, &[1, 1, 0x85, 0]),
        yrs(over_long, &[1, 1, 0x85, 0]),
        ours(behind, &[1, 1, 5, 99]),
        yrs(behind, &[1, 1, 5, 99]),
        edge(huge, "ours: VersionVector", move || {
            reserved(allocator, || Ours::decode(HUGE, Limits::entries(1 << 20)).is_ok())
                + &outcome(Ours::decode(HUGE, Limits::entries(1 << 20)), |_| String::new())
        }),
        edge(huge, "yrs", move || {
            reserved(allocator, || StateVector::decode_v1(HUGE).is_ok())
                + &outcome(StateVector::decode_v1(HUGE), |_| String::new())
        }),
    ]
}

/// 2^20 entries, and no bytes for them.
const HUGE: &[u8] = &[0x80, 0x80, 0x40, 1];

fn reserved(allocator: &StatsAlloc<std::alloc::System>, decode: impl FnOnce() -> bool) -> String {
    let region = Region::new(allocator);
    let _ = decode();
    let bytes = region.change().bytes_allocated;
    if bytes < 1 << 10 {
        "takes no memory worth naming; ".into()
    } else {
        format!("**takes {} MB first**; ", bytes >> 20)
    }
}
