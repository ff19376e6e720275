//! No acknowledged entry is lost: what a client was told is applied stays, at its place.

use raft_core::{Index, LogPos};

use super::{Commits, Verdict, hold};

const UNIQUE: &str = "a proposal gets a place of its own";
const KEPT: &str = "no acknowledged entry is lost";

/// What clients were told.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    taken: Places,
    acknowledged: Places,
}

/// Places, ascending: nearly every new one is the last.
#[derive(Debug, Default)]
struct Places(Vec<LogPos>);

impl Places {
    /// False when it is there already.
    fn insert(&mut self, at: LogPos) -> bool {
        let place = if self.0.last() < Some(&at) { Err(self.0.len()) } else { self.0.binary_search(&at) };
        if let Err(free) = place {
            self.0.insert(free, at);
        }
        place.is_err()
    }
}

impl Promises {
    /// A core took a proposal and named its place.
    pub(crate) fn taken(&mut self, at: LogPos) -> Verdict {
        hold(self.taken.insert(at), UNIQUE, || format!("{at} was given to two proposals"))
    }

    /// The proposing node has applied the entry: the client may count on it.
    pub(crate) fn acknowledged(&mut self, at: LogPos) {
        self.acknowledged.insert(at);
    }

    /// Whether the entry was acknowledged.
    pub(crate) fn has(&self, at: LogPos) -> bool {
        self.acknowledged.0.binary_search(&at).is_ok()
    }

    /// Entries acknowledged.
    pub(crate) fn count(&self) -> u64 {
        self.acknowledged.0.len() as u64
    }

    /// All nodes have applied up to `applied`: everything acknowledged is there.
    pub(crate) fn kept(&self, commits: &Commits, applied: Index) -> Verdict {
        for at in &self.acknowledged.0 {
            let there = commits.term_at(at.index);
            hold(at.index <= applied && there == Some(at.term), KEPT, || {
                format!(
                    "{at} was acknowledged; now {there:?} is there, and {applied} is the last applied everywhere"
                )
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
