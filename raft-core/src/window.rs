use crate::{Index, queue::Queue};

/// Bytes of entries under way to somewhere, released in the order of the log: to a follower, to the disk, to a
/// majority, to the state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    items: Queue<(Index, usize)>,
    bytes: usize,
}

impl Window {
    /// Adds a block that ends with `last`.
    pub(crate) fn push(&mut self, last: Index, bytes: usize) {
        debug_assert!(self.items.back().is_none_or(|(back, _)| *back < last), "blocks follow each other");
        self.items.push_back((last, bytes));
        self.bytes += bytes;
    }

    /// Everything up to and including `index` has arrived. Returns how many blocks that were.
    #[inline]
    pub(crate) fn release(&mut self, index: Index) -> u32 {
        let mut released = 0_u32;
        while let Some((last, bytes)) = self.items.front() {
            if *last > index {
                break;
            }
            self.bytes -= bytes;
            self.items.pop_front();
            released = released.saturating_add(1);
        }
        released
    }

    /// Everything from `index` on is given up. A block cut in the middle counts in full until its rest arrives.
    pub(crate) fn truncate(&mut self, index: Index) {
        let mut cut = None;
        while let Some((last, bytes)) = self.items.back() {
            if *last < index {
                break;
            }
            self.bytes -= bytes;
            cut = Some(*bytes);
            self.items.pop_back();
        }
        let rest = index.prev();
        if let Some(bytes) = cut {
            if rest > Index::ZERO && self.items.back().is_none_or(|(last, _)| *last < rest) {
                self.push(rest, bytes);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }

    /// Nothing is going on: see [`Queue::rest`].
    pub(crate) fn rest(&mut self) {
        self.items.rest();
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests;
