//! Hybrid clocks, and Lamport's: one number each.
//!
//! Time is an argument of ours. Of the peers, some have a source that a test sets; the others read the system's clock in
//! the call, and so does a row of ours, for what the reading costs.

use std::{hint::black_box, time::SystemTime};

use hlc_gen::HlcGenerator;
use hybrid_clocks::Clock;
use lamport::{AtomicHlc, AtomicLamport, Hlc, HlcConfig, HlcTime, Lamport, Time, Wall};
use uhlc::{HLC, HLCBuilder, ID, NTP64, Timestamp};

use super::Work;

/// One implementation of a clock in one number.
pub(crate) struct Scalar {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) is_ours: bool,
    pub(crate) tick: fn() -> Work,
    /// A stamp that is already in the past arrives, as most are.
    pub(crate) observe: Option<fn() -> Work>,
}

/// The row that bars are held against.
pub(crate) const OURS: &str = "ours: AtomicHlc";
/// The peer that the bar names.
pub(crate) const UHLC: &str = "uhlc";

/// The first is the one that ratios are to.
pub(crate) const SCALARS: &[Scalar] = &[
    Scalar {
        name: OURS,
        about: "for many threads, one compare-and-swap; time is an argument",
        is_ours: true,
        tick: || each(atomic, |clock| clock.tick(black_box(WALL))),
        observe: Some(|| each(atomic, |clock| clock.observe(black_box(PAST), black_box(WALL)))),
    },
    Scalar {
        name: "ours: AtomicHlc, system clock",
        about: "the same, with a reading of the system's clock in each call",
        is_ours: true,
        tick: || each(atomic, |clock| clock.tick(system_wall())),
        observe: Some(|| each(atomic, |clock| clock.observe(black_box(PAST), system_wall()))),
    },
    Scalar {
        name: "ours: Hlc",
        about: "for one owner; time is an argument",
        is_ours: true,
        tick: || each(plain, |clock| clock.tick(black_box(WALL))),
        observe: Some(|| each(plain, |clock| clock.observe(black_box(PAST), black_box(WALL)))),
    },
    Scalar {
        name: UHLC,
        about: "uhlc 0.9.0 as it comes: a mutex, and the system's clock read in each call",
        is_ours: false,
        tick: || each(HLC::default, |clock| clock.new_timestamp()),
        observe: Some(|| each(|| (HLC::default(), uhlc_past()), observe_uhlc)),
    },
    Scalar {
        name: "uhlc, clock at zero",
        about: "uhlc with the source that stands still: what is left without a reading",
        is_ours: false,
        tick: || each(uhlc_zero, |clock| clock.new_timestamp()),
        observe: Some(|| each(|| (uhlc_zero(), Timestamp::new(NTP64(0), uhlc_id())), observe_uhlc)),
    },
    Scalar {
        name: "hlc-gen",
        about: "hlc-gen 2.0.0 as it comes: a compare-and-swap, and the system's clock by chrono",
        is_ours: false,
        tick: || each(HlcGenerator::default, |clock| clock.next_timestamp()),
        observe: Some(|| {
            let make = || {
                let clock = HlcGenerator::default();
                let past = clock.timestamp();
                (clock, past)
            };
            each(make, |(clock, past)| clock.update(black_box(past)))
        }),
    },
    Scalar {
        name: "hlc-gen, manual",
        about: "hlc-gen with a time that a test sets",
        is_ours: false,
        tick: || each(|| HlcGenerator::manual(500), |clock| clock.next_timestamp()),
        observe: Some(|| {
            let make = || {
                let clock = HlcGenerator::manual(500);
                let past = clock.timestamp();
                (clock, past)
            };
            each(make, |(clock, past)| clock.update(black_box(past)))
        }),
    },
    Scalar {
        name: "hybrid-clocks",
        about: "hybrid-clocks 0.5.3, for one owner, the system's clock read in each call, and none in observe",
        is_ours: false,
        tick: || each(hybrid_system, |clock| clock.now()),
        observe: Some(|| {
            let make = || {
                let mut clock = hybrid_system();
                let past = clock.now().expect("after 1970");
                (clock, past)
            };
            each(make, |(clock, past)| clock.observe(black_box(past)))
        }),
    },
    Scalar {
        name: "hybrid-clocks, manual",
        about: "hybrid-clocks with a time that a test sets",
        is_ours: false,
        tick: || each(hybrid_manual, |clock| clock.now()),
        observe: None,
    },
    Scalar {
        name: "ours: AtomicLamport",
        about: "Lamport's clock for many threads: one fetch_add",
        is_ours: true,
        tick: || each(AtomicLamport::new, |clock| clock.tick()),
        observe: Some(|| each(AtomicLamport::new, |clock| clock.observe(black_box(Time::ZERO)))),
    },
    Scalar {
        name: "ours: Lamport",
        about: "Lamport's clock for one owner",
        is_ours: true,
        tick: || each(Lamport::new, |clock| clock.tick()),
        observe: Some(|| each(Lamport::new, |clock| clock.observe(black_box(Time::ZERO)))),
    },
];

/// Operations on a clock that each batch starts with: some peers have only so many stamps for one moment.
fn each<C, T>(make: impl Fn() -> C + 'static, operation: impl Fn(&mut C) -> T + 'static) -> Work {
    Box::new(move |times, meter| {
        let mut clock = make();
        meter.measure(&mut || {
            for _ in 0..times {
                black_box(operation(&mut clock));
            }
        });
    })
}

pub(crate) const WALL: Wall = Wall::from_ms(1_700_000_000_000);
const PAST: HlcTime = HlcTime::from_bits((1_700_000_000_000 - 1) << 16);

/// With limits that are checked and never reached, although the wall stands still: a refusal costs less than a stamp.
const FAR: HlcConfig = HlcConfig::new().with_max_ahead_ms(1 << 46);

/// With a bound that is durable and lies far ahead.
pub(crate) fn atomic() -> AtomicHlc {
    let clock = AtomicHlc::new(FAR, HlcTime::ZERO).expect("it is valid");
    clock.persisted(HlcTime::MAX);
    clock
}

fn plain() -> Hlc {
    let mut clock = Hlc::new(FAR, HlcTime::ZERO).expect("it is valid");
    clock.persisted(HlcTime::MAX);
    clock
}

#[expect(clippy::disallowed_methods, reason = "what a program that uses the clock does once a turn")]
pub(crate) fn system_wall() -> Wall {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Wall::from_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn uhlc_id() -> ID {
    ID::try_from([1; 16]).expect("it is not zero")
}

fn uhlc_past() -> Timestamp {
    HLCBuilder::new().with_id(uhlc_id()).build().new_timestamp()
}

fn uhlc_zero() -> HLC {
    HLCBuilder::new().with_clock(uhlc::zero_clock).build()
}

fn observe_uhlc((clock, past): &mut (HLC, Timestamp)) -> bool {
    clock.update_with_timestamp(black_box(past)).is_ok()
}

pub(crate) fn hybrid_system() -> Clock<hybrid_clocks::WallMS> {
    Clock::wall_ms().expect("after 1970")
}

fn hybrid_manual() -> Clock<hybrid_clocks::ManualClock> {
    Clock::manual(1 << 40).expect("its source never fails")
}

/// Bytes of one stamp on the wire, and with what in it.
pub(crate) fn stamp_bytes() -> [(&'static str, usize, &'static str); 4] {
    [
        (
            "ours: HlcTime",
            HlcTime::MAX.to_be_bytes().len(),
            "order of bytes = order of stamps; the id is yours to add",
        ),
        ("uhlc", uhlc_bytes(), "with an id of 16 bytes; bincode 1"),
        ("hlc-gen", HlcGenerator::manual(0).timestamp().as_u64().to_be_bytes().len(), "as_u64; no id"),
        (
            "hybrid-clocks",
            hybrid_system().now().map_or(0, |stamp| stamp.to_bytes().len()),
            "order of bytes = order of stamps; no id, an epoch",
        ),
    ]
}

fn uhlc_bytes() -> usize {
    crate::fixed_ints::to_bytes(&uhlc_past()).len()
}
