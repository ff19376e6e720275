//! The newest of a log: what each replica's host keeps.

use std::collections::VecDeque;

/// What a log is made of.
pub trait Block {
    /// How many entries it holds; at least one.
    fn entry_count(&self) -> u64;
}

/// Blocks in the order in which they were stored; the oldest go when the others hold enough entries without them.
#[derive(Debug)]
pub struct Kept<T> {
    blocks: VecDeque<T>,
    /// Entries in the blocks, and how many of them are enough.
    entries: u64,
    enough: u64,
}

impl<T> Default for Kept<T> {
    /// A log that keeps nothing but the newest block.
    fn default() -> Self {
        Self { blocks: VecDeque::new(), entries: 0, enough: 0 }
    }
}

impl<T: Block> Kept<T> {
    /// An empty log that keeps so many entries, or the few more that a block has besides.
    #[must_use]
    pub fn new(enough: usize) -> Self {
        Self { enough: enough as u64, ..Self::default() }
    }

    /// The blocks, the oldest first.
    #[must_use]
    pub const fn blocks(&self) -> &VecDeque<T> {
        &self.blocks
    }

    /// Stores a block.
    #[inline]
    pub fn push(&mut self, block: T) {
        self.entries += block.entry_count();
        self.blocks.push_back(block);
        while self.entries > self.enough {
            let Some(oldest) = self.blocks.front().map(T::entry_count) else { break };
            if self.entries - oldest < self.enough {
                break;
            }
            self.entries -= oldest;
            self.blocks.pop_front();
        }
    }
}
