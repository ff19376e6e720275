//! The newest of a log: what each replica's host keeps.

use std::collections::VecDeque;

/// What a log is made of.
pub trait Block {
    /// How many entries it holds; at least one.
    fn entry_count(&self) -> u64;
}

/// Whether a log of so many entries is to be cut back to those that are enough: when it has a third more. In strides, since
/// to look each time costs most where entries come one by one; in short ones, since what a log holds beyond need is
/// memory that leaves the caches of the processor, and that goes back to the system when much is given up at once.
#[must_use]
pub const fn is_long(entries: u64, enough: u64) -> bool {
    entries - entries / 4 > enough
}

/// Blocks in the order in which they were stored. When there are too many ([`is_long`]) the oldest go, as many as are not
/// needed.
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
    /// An empty log that keeps so many entries, and up to a third more.
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
        if is_long(self.entries, self.enough) {
            self.trim();
        }
    }

    #[inline(never)]
    fn trim(&mut self) {
        let mut oldest = 0;
        while let Some(entries) = self.blocks.get(oldest).map(T::entry_count) {
            if self.entries - entries < self.enough {
                break;
            }
            self.entries -= entries;
            oldest += 1;
        }
        self.blocks.drain(..oldest);
    }
}

#[cfg(test)]
mod tests;
