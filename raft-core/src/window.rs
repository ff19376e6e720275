use alloc::{boxed::Box, collections::VecDeque};
use core::{
    hash::{Hash, Hasher},
    num::NonZeroUsize,
};

use crate::Index;

/// Bytes of entries under way to somewhere, released in the order of the log: to a follower, to the disk, to a
/// majority, to the state machine.
#[derive(Clone, Debug)]
pub(crate) enum Window {
    /// One block, which ends with `last`: it needs no queue.
    One { last: Index, bytes: NonZeroUsize },
    /// Any number, or none. It takes no memory before there are two, and gives it back at rest.
    Many(Option<Box<Blocks>>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Blocks {
    /// The last index of each, and its bytes.
    items: VecDeque<(Index, usize)>,
    /// Of all together.
    bytes: usize,
}

impl Window {
    /// Adds a block that ends with `last`.
    #[inline]
    pub(crate) fn push(&mut self, last: Index, bytes: usize) {
        match (&*self, NonZeroUsize::new(bytes)) {
            (Self::Many(None), Some(bytes)) => *self = Self::One { last, bytes },
            _ => self.blocks().push(last, bytes),
        }
    }

    /// Everything up to and including `index` has arrived. Returns how many blocks that were.
    #[inline]
    pub(crate) fn release(&mut self, index: Index) -> u32 {
        match self {
            Self::Many(None) => 0,
            Self::Many(Some(blocks)) => blocks.release(index),
            Self::One { last, .. } if *last > index => 0,
            Self::One { .. } => {
                *self = Self::Many(None);
                1
            }
        }
    }

    /// Everything from `index` on is given up. A block cut in the middle counts in full until its rest arrives.
    pub(crate) fn truncate(&mut self, index: Index) {
        if !self.is_empty() {
            self.blocks().truncate(index);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::Many(None);
    }

    /// Nothing is going on: memory that holds nothing is given back.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() {
            self.clear();
        }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::One { bytes, .. } => bytes.get(),
            Self::Many(blocks) => blocks.as_ref().map_or(0, |blocks| blocks.bytes),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::One { .. } => 1,
            Self::Many(blocks) => blocks.as_ref().map_or(0, |blocks| blocks.items.len()),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As a queue from here on, until it is given back at rest.
    fn blocks(&mut self) -> &mut Blocks {
        if let Self::One { last, bytes } = *self {
            let items = VecDeque::from([(last, bytes.get())]);
            *self = Self::Many(Some(Box::new(Blocks { items, bytes: bytes.get() })));
        }
        match self {
            Self::Many(blocks) => blocks.get_or_insert_default(),
            Self::One { .. } => unreachable!("it was made a queue just now"),
        }
    }
}

impl Blocks {
    fn push(&mut self, last: Index, bytes: usize) {
        debug_assert!(self.items.back().is_none_or(|(back, _)| *back < last), "blocks follow each other");
        self.items.push_back((last, bytes));
        self.bytes += bytes;
    }

    fn release(&mut self, index: Index) -> u32 {
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

    fn truncate(&mut self, index: Index) {
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
}

impl Default for Window {
    fn default() -> Self {
        Self::Many(None)
    }
}

// What is under way counts, wherever it lies.
impl Hash for Window {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        match self {
            Self::One { last, bytes } => (*last, bytes.get()).hash(state),
            Self::Many(blocks) => {
                blocks.iter().flat_map(|blocks| &blocks.items).for_each(|item| item.hash(state))
            }
        }
    }
}

#[cfg(test)]
mod tests;
