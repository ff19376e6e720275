//! Linearizable reads: a read sees everything that was committed anywhere when it was asked (thesis §6.4), hence all
//! that was acknowledged or read before; each read is answered once.

use std::collections::BTreeMap;

use raft_core::{Index, ReadId};

use super::{Verdict, hold};

const FRESH: &str = "reads see what was committed before them";
const APPLIED: &str = "reads wait until their index is applied";
const ONCE: &str = "each read is answered once";

/// Reads that wait, by node.
#[derive(Debug)]
pub(crate) struct Reads {
    /// What was committed when each was asked.
    waiting: Vec<BTreeMap<ReadId, Index>>,
    answered: u64,
    /// The newest read answered, by node.
    newest: Vec<Option<ReadId>>,
}

impl Reads {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { waiting: vec![BTreeMap::new(); nodes], answered: 0, newest: vec![None; nodes] }
    }

    /// A client asks; `committed` is the last entry committed anywhere.
    pub(crate) fn asked(&mut self, node: usize, id: ReadId, committed: Index) -> Verdict {
        let fresh = self.waiting[node].insert(id, committed).is_none();
        hold(fresh, ONCE, || format!("n{} gives {id} to two reads", node + 1))
    }

    /// The reads may be answered; the node's state machine has applied up to `applied`.
    pub(crate) fn ready(
        &mut self,
        node: usize,
        ids: (ReadId, ReadId),
        index: Index,
        applied: Index,
    ) -> Verdict {
        hold(index <= applied, APPLIED, || {
            format!("n{} answers {}..={} at {index} when {applied} is applied", node + 1, ids.0, ids.1)
        })?;
        for (id, committed) in self.take(node, ids)? {
            hold(index >= committed, FRESH, || {
                format!(
                    "n{} answers {id} at {index}; {committed} was committed before it was asked",
                    node + 1
                )
            })?;
            self.answered += 1;
            self.newest[node] = Some(id);
        }
        Ok(())
    }

    /// The reads will not be answered.
    pub(crate) fn lost(&mut self, node: usize, ids: (ReadId, ReadId)) -> Verdict {
        self.take(node, ids).map(drop)
    }

    /// The node crashed.
    pub(crate) fn crashed(&mut self, node: usize) {
        self.waiting[node].clear();
        self.newest[node] = None;
    }

    /// Whether this read was answered, and no later one yet.
    pub(crate) fn was_answered(&self, node: usize, id: ReadId) -> bool {
        self.newest[node] == Some(id)
    }

    /// Whether the read waits.
    pub(crate) fn waits(&self, node: usize, id: ReadId) -> bool {
        self.waiting[node].contains_key(&id)
    }

    /// The oldest read that nobody answered.
    pub(crate) fn unanswered(&self) -> Option<(usize, ReadId)> {
        let oldest = |(node, reads): (usize, &BTreeMap<ReadId, Index>)| Some((node, *reads.keys().next()?));
        self.waiting.iter().enumerate().find_map(oldest)
    }

    /// Reads answered.
    pub(crate) const fn answered(&self) -> u64 {
        self.answered
    }

    fn take(&mut self, node: usize, ids: (ReadId, ReadId)) -> Result<Vec<(ReadId, Index)>, super::Violation> {
        let mut taken = Vec::new();
        let mut id = ids.0;
        while id <= ids.1 {
            let Some(committed) = self.waiting[node].remove(&id) else {
                hold(false, ONCE, || format!("n{} answers {id}, which does not wait", node + 1))?;
                break;
            };
            taken.push((id, committed));
            id = id.next();
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests;
