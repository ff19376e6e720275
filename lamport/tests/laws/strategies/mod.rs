//! Strategies and laws for other people's types.
//!
//! Copy this folder: it uses proptest and the public API of `lamport`, and nothing else of its surroundings. It is no
//! crate, since then proptest's version would be part of ours, and users would have to take the same one; and no feature
//! of `lamport`, because what a library is tested with is not what it ships.

pub(crate) mod history;
pub(crate) mod laws;

use std::collections::BTreeSet;

use lamport::{CausalContext, Dot, HlcTime, VersionVector, Wall};
use proptest::{collection, prelude::*};

/// How many cases: 2,000, or as many as `PROPTEST_CASES` says if those are more.
pub(crate) fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(2_000), ..config }
}

/// A counter: mostly small, so that two clocks often agree; sometimes at the end of its range.
pub(crate) fn counter() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0..5u64, 2 => any::<u64>(), 1 => u64::MAX - 2..=u64::MAX]
}

/// An id: few, so that clocks often share them; sometimes any.
pub(crate) fn id() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0..6u64, 1 => any::<u64>()]
}

/// A version vector of up to so many ids.
pub(crate) fn vector(
    id: impl Strategy<Value = u64>,
    counter: impl Strategy<Value = u64>,
    entries_max: usize,
) -> impl Strategy<Value = VersionVector> {
    collection::vec((id, counter), 0..=entries_max).prop_map(|entries| entries.into_iter().collect())
}

/// A version vector small enough to write down the set of its dots.
pub(crate) fn small_vector() -> impl Strategy<Value = VersionVector> {
    vector(0..6u64, 0..4u64, 6)
}

/// Any version vector, also long ones that share most ids with each other.
pub(crate) fn any_vector() -> impl Strategy<Value = VersionVector> {
    prop_oneof![
        4 => vector(id(), counter(), 8),
        1 => vector(0..60u64, 1..4u64, 90),
    ]
}

/// Three vectors that are often ordered: the second and third may grow from the first.
pub(crate) fn three_vectors() -> impl Strategy<Value = [VersionVector; 3]> {
    (small_vector(), small_vector(), small_vector(), 0..4u8).prop_map(|(a, b, c, how)| match how {
        0 => [a, b, c],
        1 => {
            let b = VersionVector::join(&a, &b);
            let c = VersionVector::join(&b, &c);
            [a, b, c]
        }
        2 => [a.clone(), a.clone(), VersionVector::join(&a, &c)],
        _ => [VersionVector::meet(&a, &b), b, c],
    })
}

/// A dot of few ids and small counters.
pub(crate) fn dot() -> impl Strategy<Value = Dot> {
    (0..4u64, 1..9u64).prop_map(|(id, n)| Dot::new(id, n).expect("not zero"))
}

/// A set of dots with gaps.
pub(crate) fn context() -> impl Strategy<Value = CausalContext> {
    let wild = (id(), prop_oneof![8 => 1..9u64, 1 => 1..=u64::MAX]);
    let wild = wild.prop_map(|(id, n)| Dot::new(id, n).expect("not zero"));
    collection::vec(prop_oneof![6 => dot(), 1 => wild], 0..30).prop_map(|dots| {
        let mut context = CausalContext::new();
        for dot in dots {
            context.insert(dot).expect("far below the limit");
        }
        context
    })
}

/// A hybrid time: near the wall of [`wall`] in either direction, with full counters among them; sometimes any.
pub(crate) fn hlc_time() -> impl Strategy<Value = HlcTime> {
    let counter = prop_oneof![3 => 0..3u16, 1 => u16::MAX - 2..=u16::MAX];
    let near = (990..1_100u64, counter).prop_map(|(ms, n)| HlcTime::new(ms, n).expect("in this era"));
    prop_oneof![9 => near, 1 => any::<u64>().prop_map(HlcTime::from_bits)]
}

/// A wall that goes forward and back around one moment; sometimes any.
pub(crate) fn wall() -> impl Strategy<Value = Wall> {
    prop_oneof![20 => 990..1_100u64, 1 => 0..2_000_000u64, 1 => any::<u64>()].prop_map(Wall::from_ms)
}

/// The set of the vector's dots, which must be small.
pub(crate) fn dots(vector: &VersionVector) -> BTreeSet<(u64, u64)> {
    vector.iter().flat_map(|(id, n)| (1..=n).map(move |n| (*id, n))).collect()
}
