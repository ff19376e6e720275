//! What is still to happen, in the order in which it happens.

use std::{cmp::Ordering, collections::BinaryHeap};

use machine_core::Instant;

/// Events by virtual time; those of one moment in the order in which they were pushed.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Slot<E>>,
    pushed: u64,
}

impl<E> Queue<E> {
    pub(crate) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), pushed: 0 }
    }

    pub(crate) fn push(&mut self, at: Instant, event: E) {
        self.pushed += 1;
        self.heap.push(Slot { at, order: self.pushed, event });
    }

    pub(crate) fn pop(&mut self) -> Option<(Instant, E)> {
        self.heap.pop().map(|slot| (slot.at, slot.event))
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Brings forward to `latest` what `which` picks and what would happen later; the order among them stays.
    pub(crate) fn hasten(&mut self, latest: Instant, which: impl Fn(&E) -> bool) {
        let mut slots = std::mem::take(&mut self.heap).into_vec();
        slots.sort_by_key(|slot| (slot.at, slot.order));
        for slot in slots {
            let at = if which(&slot.event) { slot.at.min(latest) } else { slot.at };
            self.push(at, slot.event);
        }
    }
}

#[derive(Debug)]
struct Slot<E> {
    at: Instant,
    order: u64,
    event: E,
}

impl<E> Ord for Slot<E> {
    /// The greatest comes out of a heap first: so the earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl<E> PartialOrd for Slot<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Slot<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Slot<E> {}

#[cfg(test)]
mod tests;
