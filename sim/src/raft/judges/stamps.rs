//! Stamps respect cause and effect: an entry's stamp is above those of all entries before it, whoever proposed them, however
//! wrong the clocks are, and across crashes. Since what a leader proposes stands behind all that it knows, and what a client
//! was told of stands before all that it asks for next, no effect has a smaller stamp than its cause (Lamport 1978).

use machine_core::NodeId;
use raft_core::{Index, Run, Stamp};

use super::{Verdict, hold};

const LAW: &str = "stamps respect cause and effect";

/// The stamps of what was applied.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    /// The last entry looked at, and the newest stamp up to there.
    last: Index,
    newest: Stamp,
}

impl Stamps {
    /// A node is given entries to apply; those that no other was given before are looked at.
    pub(crate) fn applied(&mut self, node: NodeId, run: &Run) -> Verdict {
        if run.last() <= self.last {
            return Ok(());
        }
        for entry in run.entries().filter(|entry| entry.index > self.last) {
            if let Some(stamp) = entry.kind.stamp() {
                hold(stamp > self.newest, LAW, || {
                    format!(
                        "{node} applies {} stamped {stamp:?}, after one stamped {:?}",
                        entry.index, self.newest
                    )
                })?;
                self.newest = stamp;
            }
        }
        self.last = run.last();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
