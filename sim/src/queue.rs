//! What is still to happen, in the order in which it happens.

use std::{cmp::Reverse, collections::BinaryHeap};

use machine_core::Instant;

/// Events by virtual time; those of one moment in the order in which they were pushed.
///
/// The heap holds keys, and the events stay where they are: a heap moves what it holds, and an event is large.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Reverse<Key>>,
    events: Vec<Option<E>>,
    /// Places in `events` that are empty.
    free: Vec<usize>,
    pushed: u64,
}

impl<E> Queue<E> {
    pub(crate) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), events: Vec::new(), free: Vec::new(), pushed: 0 }
    }

    pub(crate) fn push(&mut self, at: Instant, event: E) {
        let place = self.free.pop().unwrap_or(self.events.len());
        match self.events.get_mut(place) {
            Some(slot) => *slot = Some(event),
            None => self.events.push(Some(event)),
        }
        self.pushed += 1;
        self.heap.push(Reverse(Key::new(at, self.pushed, place)));
    }

    pub(crate) fn pop(&mut self) -> Option<(Instant, E)> {
        let Reverse(key) = self.heap.pop()?;
        self.free.push(key.place());
        Some((key.at(), self.events[key.place()].take()?))
    }

    /// When the next one happens.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(key)| key.at())
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Brings forward to `latest` what `which` picks and what would happen later; the order among them stays.
    pub(crate) fn hasten(&mut self, latest: Instant, which: impl Fn(&E) -> bool) {
        let mut keys = std::mem::take(&mut self.heap).into_vec();
        keys.sort_unstable_by_key(|Reverse(key)| *key);
        for Reverse(key) in keys {
            let hastened = self.events[key.place()].as_ref().is_some_and(&which);
            let at = if hastened { key.at().min(latest) } else { key.at() };
            self.pushed += 1;
            self.heap.push(Reverse(Key::new(at, self.pushed, key.place())));
        }
    }
}

/// When an event happens, its number in the order of pushing, and its place, from the highest bits of one number to the
/// lowest: keys are compared far more often than they are taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u128);

/// Bits of a key's place: more events than a run may have waiting.
const PLACE_BITS: u32 = 24;

/// Bits of a key's number: a run ends long before.
const ORDER_BITS: u32 = 64 - PLACE_BITS;

impl Key {
    fn new(at: Instant, order: u64, place: usize) -> Self {
        let place = place as u64;
        assert!(
            order >> ORDER_BITS == 0 && place >> PLACE_BITS == 0,
            "a run ends before its keys are used up"
        );
        Self(u128::from(at.as_nanos()) << 64 | u128::from(order << PLACE_BITS | place))
    }

    const fn at(self) -> Instant {
        Instant::from_nanos((self.0 >> 64) as u64)
    }

    const fn place(self) -> usize {
        (self.0 & ((1 << PLACE_BITS) - 1)) as usize
    }
}

#[cfg(test)]
mod tests;
