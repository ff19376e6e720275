//! What is still to happen, in the order in which it happens.

use std::{cmp::Ordering, collections::BinaryHeap};

use machine_core::Instant;

/// Events by virtual time; those of one moment in the order in which they were pushed.
///
/// The heap holds keys, and the events stay where they are: a heap moves what it holds, and an event is large.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Key>,
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
        self.heap.push(Key { at, order: self.pushed, place });
    }

    pub(crate) fn pop(&mut self) -> Option<(Instant, E)> {
        let Key { at, place, .. } = self.heap.pop()?;
        self.free.push(place);
        Some((at, self.events[place].take()?))
    }

    /// When the next one happens.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|key| key.at)
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Brings forward to `latest` what `which` picks and what would happen later; the order among them stays.
    pub(crate) fn hasten(&mut self, latest: Instant, which: impl Fn(&E) -> bool) {
        let mut keys = std::mem::take(&mut self.heap).into_vec();
        keys.sort_by_key(|key| (key.at, key.order));
        for key in keys {
            let hastened = self.events[key.place].as_ref().is_some_and(&which);
            let at = if hastened { key.at.min(latest) } else { key.at };
            self.pushed += 1;
            self.heap.push(Key { at, order: self.pushed, ..key });
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    at: Instant,
    order: u64,
    place: usize,
}

impl Ord for Key {
    /// The greatest comes out of a heap first: so the earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
