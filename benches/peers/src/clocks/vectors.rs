//! Version vectors: one trait, ours and the peers behind it.
//!
//! Each is asked for what its users ask for, in the way that costs it least. Where an interface takes the other clock by
//! value, the clone is part of the operation, since any caller who keeps the other clock pays it.

use std::{cmp::Ordering, collections::HashMap, hint::black_box};

use crdts::{CmRDT, CvRDT};
use lamport::{Limits, VersionVector};
use yrs::{
    StateVector,
    block::ClientID,
    updates::{decoder::Decode, encoder::Encode},
};

use super::{
    super::fixed_ints,
    Work,
    cells::{Entries, Operation, Pairs},
    repeat,
};

/// A version vector as its users see it.
pub(crate) trait Vector: Clone + PartialOrd + 'static {
    fn of(entries: &[(u64, u64)]) -> Self;
    fn tick(&mut self, id: u64);
    fn get(&self, id: u64) -> u64;
    fn merge(&mut self, other: &Self);
    fn encode(&self) -> Vec<u8>;
    fn decode(bytes: &[u8]) -> Self;
}

/// What the operation is on this vector.
pub(crate) fn work<V: Vector>(operation: Operation, entries: Entries) -> Work {
    let Pairs { clock, ahead, aside, fresh, own, scattered } = entries.pairs();
    let mut clock = V::of(&clock);
    match operation {
        Operation::Tick => repeat(move || clock.tick(black_box(own))),
        Operation::Get => {
            let mut at = 0;
            repeat(move || {
                at = if at + 1 == scattered.len() { 0 } else { at + 1 };
                black_box(clock.get(scattered[at]));
            })
        }
        Operation::Less => compare(clock, V::of(&ahead), Some(Ordering::Less)),
        Operation::Concurrent => compare(clock, V::of(&aside), None),
        Operation::Equal => {
            let same = clock.clone();
            compare(clock, same, Some(Ordering::Equal))
        }
        Operation::MergeKnown => merge(clock, V::of(&ahead), entries),
        Operation::MergeFresh => merge(clock, V::of(&fresh), entries),
        Operation::Clone => repeat(move || drop(black_box(black_box(&clock).clone()))),
        Operation::Encode => repeat(move || drop(black_box(black_box(&clock).encode()))),
        Operation::Decode => {
            let bytes = clock.encode();
            repeat(move || drop(black_box(V::decode(black_box(&bytes)))))
        }
    }
}

/// Bytes of the clock's encoding.
pub(crate) fn bytes<V: Vector>(entries: Entries) -> usize {
    V::of(&entries.pairs().clock).encode().len()
}

fn compare<V: Vector>(a: V, b: V, verdict: Option<Ordering>) -> Work {
    assert_eq!(a.partial_cmp(&b), verdict, "the operands are what the cell says");
    repeat(move || {
        black_box(black_box(&a).partial_cmp(black_box(&b)));
    })
}

/// Each merge is the first of its clock, as in use: the clocks are made before, and dropped behind, the measure.
fn merge<V: Vector>(clock: V, other: V, entries: Entries) -> Work {
    Box::new(move |times, meter| {
        // Few enough that they stay in the cache.
        let at_once = (2_048 / entries.get() as u64).max(1);
        let mut left = times;
        while left > 0 {
            let mut clocks: Vec<V> = (0..left.min(at_once)).map(|_| clock.clone()).collect();
            left -= clocks.len() as u64;
            meter.measure(&mut || {
                for clock in &mut clocks {
                    clock.merge(black_box(&other));
                }
            });
            black_box(&clocks);
        }
    })
}

impl Vector for VersionVector {
    fn of(entries: &[(u64, u64)]) -> Self {
        entries.iter().copied().collect()
    }

    fn tick(&mut self, id: u64) {
        let _ = black_box(Self::tick(self, &id));
    }

    fn get(&self, id: u64) -> u64 {
        Self::get(self, &id)
    }

    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        Self::encode(self, &mut out);
        out
    }

    fn decode(bytes: &[u8]) -> Self {
        Self::decode(bytes, Limits::DEFAULT).expect("it was encoded here")
    }
}

/// Its `merge` and `apply` are those of the traits; it has serde and no bytes of its own.
impl Vector for crdts::VClock<u64> {
    fn of(entries: &[(u64, u64)]) -> Self {
        entries.iter().map(|&(id, n)| crdts::Dot::new(id, n)).collect()
    }

    fn tick(&mut self, id: u64) {
        let dot = self.inc(id);
        self.apply(black_box(dot));
    }

    fn get(&self, id: u64) -> u64 {
        Self::get(self, &id)
    }

    fn merge(&mut self, other: &Self) {
        CvRDT::merge(self, other.clone());
    }

    fn encode(&self) -> Vec<u8> {
        fixed_ints::to_bytes(self)
    }

    fn decode(bytes: &[u8]) -> Self {
        fixed_ints::from_bytes(bytes).expect("it was encoded here")
    }
}

/// It has serde and no bytes of its own.
impl Vector for vclock::VClock<u64, u64> {
    fn of(entries: &[(u64, u64)]) -> Self {
        entries.iter().copied().collect::<HashMap<_, _>>().into()
    }

    fn tick(&mut self, id: u64) {
        self.incr(&id);
    }

    fn get(&self, id: u64) -> u64 {
        Self::get(self, &id).unwrap_or(0)
    }

    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }

    fn encode(&self) -> Vec<u8> {
        fixed_ints::to_bytes(self)
    }

    fn decode(bytes: &[u8]) -> Self {
        fixed_ints::from_bytes(bytes).expect("it was encoded here")
    }
}

/// Its counters are `u32`, half of the others'.
impl Vector for StateVector {
    fn of(entries: &[(u64, u64)]) -> Self {
        let counter = |n| u32::try_from(n).expect("counters of the cells are small");
        entries.iter().map(|&(id, n)| (ClientID::new(id), counter(n))).collect()
    }

    fn tick(&mut self, id: u64) {
        self.inc_by(ClientID::new(id), 1);
    }

    fn get(&self, id: u64) -> u64 {
        u64::from(Self::get(self, &ClientID::new(id)))
    }

    fn merge(&mut self, other: &Self) {
        Self::merge(self, other.clone());
    }

    fn encode(&self) -> Vec<u8> {
        self.encode_v1()
    }

    fn decode(bytes: &[u8]) -> Self {
        Self::decode_v1(bytes).expect("it was encoded here")
    }
}
