//! What is measured: operations, sizes, contenders, and the operands that all of them get.

use lamport::VersionVector;
use yrs::StateVector;

use super::{Work, vectors};

/// An operation on version vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Tick,
    Get,
    Less,
    Concurrent,
    Equal,
    MergeKnown,
    MergeFresh,
    Clone,
    Encode,
    Decode,
}

impl Operation {
    pub(crate) const ALL: [Self; 10] = [
        Self::Tick,
        Self::Get,
        Self::Less,
        Self::Concurrent,
        Self::Equal,
        Self::MergeKnown,
        Self::MergeFresh,
        Self::Clone,
        Self::Encode,
        Self::Decode,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Get => "get",
            Self::Less => "compare: less",
            Self::Concurrent => "compare: concurrent",
            Self::Equal => "compare: equal",
            Self::MergeKnown => "merge: same ids",
            Self::MergeFresh => "merge: an eighth new",
            Self::Clone => "clone",
            Self::Encode => "encode",
            Self::Decode => "decode",
        }
    }
}

/// How many ids have an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries(usize);

/// The operands of a cell, as entries.
pub(crate) struct Pairs {
    pub(crate) clock: Vec<(u64, u64)>,
    /// As `clock`, every second counter higher.
    pub(crate) ahead: Vec<(u64, u64)>,
    /// As `clock`, one higher in the middle and one lower at the end: whoever walks by ascending ids sees it last.
    pub(crate) aside: Vec<(u64, u64)>,
    /// As `ahead`, and every eighth id is one that `clock` has not.
    pub(crate) fresh: Vec<(u64, u64)>,
    /// Whose tick is measured.
    pub(crate) own: u64,
    /// All ids in an order that no predictor learns.
    pub(crate) scattered: Vec<u64>,
}

impl Entries {
    pub(crate) const ALL: [Self; 3] = [Self(3), Self(32), Self(1_000)];
    pub(crate) const MOST: Self = Self(1_000);

    pub(crate) const fn get(self) -> usize {
        self.0
    }

    pub(crate) fn pairs(self) -> Pairs {
        // Sorted ids all over 53 bits, as random ones are.
        let mut ids: Vec<u64> = (1..=self.0 as u64).map(scatter).collect();
        let scattered = ids.clone();
        ids.sort_unstable();
        let clock: Vec<_> = ids.iter().zip(0..).map(|(&id, at)| (id, 1_000_000 + at)).collect();
        let ahead: Vec<_> = clock.iter().map(|&(id, n)| (id, n + n % 2)).collect();
        let mut aside = clock.clone();
        aside[self.0 / 2].1 += 1;
        aside[self.0 - 1].1 -= 1;
        let replaced = |(at, &(id, n)): (usize, &(u64, u64))| if at % 8 == 1 { (id + 1, n) } else { (id, n) };
        let fresh = ahead.iter().enumerate().map(replaced).collect();
        let own = ids[self.0 / 2];
        Pairs { clock, ahead, aside, fresh, own, scattered }
    }
}

/// A random-looking id of 53 bits (the finisher of splitmix64).
const fn scatter(seed: u64) -> u64 {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x ^ (x >> 31)) >> 11
}

/// One implementation of version vectors.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) work: fn(Operation, Entries) -> Work,
    pub(crate) bytes: fn(Entries) -> usize,
}

/// Ours first: ratios are to it.
pub(crate) const VECTORS: [Contender; 4] = [
    Contender {
        name: "ours",
        about: "lamport::VersionVector<u64>: one sorted vector",
        work: vectors::work::<VersionVector>,
        bytes: vectors::bytes::<VersionVector>,
    },
    Contender {
        name: "crdts",
        about: "crdts 7.3.2, VClock<u64>: BTreeMap; merge takes by value; bytes by bincode 1",
        work: vectors::work::<crdts::VClock<u64>>,
        bytes: vectors::bytes::<crdts::VClock<u64>>,
    },
    Contender {
        name: "yrs",
        about: "yrs 0.28.1, StateVector: HashMap with counters of 32 bits; merge takes by value; its own bytes",
        work: vectors::work::<StateVector>,
        bytes: vectors::bytes::<StateVector>,
    },
    Contender {
        name: "vclock",
        about: "vclock 0.4.4, VClock<u64, u64>: HashMap with SipHash; bytes by bincode 1",
        work: vectors::work::<vclock::VClock<u64, u64>>,
        bytes: vectors::bytes::<vclock::VClock<u64, u64>>,
    },
];
