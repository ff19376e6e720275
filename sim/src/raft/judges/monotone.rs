//! What never goes back: a node's term, its vote within a term, its commit index, what it applied; across a restart
//! at least to what was durable. And what a node says of itself agrees with what it handed out.

use machine_core::NodeId;
use raft_core::{HardState, Index, RoleName, Status, Term};

use super::{Verdict, hold};
use crate::disk::Ledger;

const LAW: &str = "term, vote and commit index never go back";
const HONEST: &str = "the status agrees with the disk";
const POLLING: &str = "polling decides nothing";

/// What each node said last.
#[derive(Debug)]
pub(crate) struct Monotone {
    nodes: Vec<Said>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Said {
    term: Term,
    commit: Index,
    applying: Index,
    wrote: HardState,
}

impl Monotone {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes: vec![Said::default(); nodes] }
    }

    /// The node restarts from this hard state, with this much applied.
    pub(crate) fn restarted(&mut self, node: usize, durable: HardState, applied: Index) {
        self.nodes[node] =
            Said { term: durable.term, commit: durable.commit, applying: applied, wrote: durable };
    }

    /// The node hands this hard state to its disk.
    pub(crate) fn written(&mut self, node: usize, state: HardState) -> Verdict {
        let before = self.nodes[node].wrote;
        let same_vote = before.vote.is_none() || before.vote == state.vote;
        let onward = state.term > before.term || (state.term == before.term && same_vote);
        hold(onward && state.commit >= before.commit, LAW, || {
            format!("n{} writes {state:?} after {before:?}", node + 1)
        })?;
        self.nodes[node].wrote = state;
        Ok(())
    }

    /// The node's status after a step; `term_wrote` once all outputs are taken.
    pub(crate) fn observed(&mut self, node: usize, status: &Status) -> Verdict {
        let before = self.nodes[node];
        let onward = status.term >= before.term
            && status.commit >= before.commit
            && status.applying >= before.applying
            && status.applying <= status.commit
            && status.applied <= status.applying
            && status.commit <= status.last;
        hold(onward, LAW, || format!("after {before:?} comes {status:?}"))?;
        self.nodes[node] =
            Said { term: status.term, commit: status.commit, applying: status.applying, ..before };
        Ok(())
    }

    /// The node's status once all its outputs are taken: its disk knows all that it knows.
    pub(crate) fn drained(&self, node: usize, status: &Status, disk: &Ledger) -> Verdict {
        let wrote = disk.written();
        hold(status.last == wrote.last().index, HONEST, || {
            format!(
                "{} says its log ends with {}, its disk was given {}",
                status.id,
                status.last,
                wrote.last()
            )
        })?;
        hold(status.durable <= disk.durable().last().index, HONEST, || {
            format!(
                "{} takes {} for durable, its disk ends with {}",
                status.id,
                status.durable,
                disk.durable().last()
            )
        })?;
        hold(status.term == wrote.hard_state().term, HONEST, || {
            format!("{} is in {}, its disk was given {}", status.id, status.term, wrote.hard_state().term)
        })?;
        let said = self.nodes[node];
        hold(said.term == status.term && said.commit == status.commit, POLLING, || {
            format!("{} had {said:?} before its outputs were taken and {status:?} after", status.id)
        })
    }
}

/// The term that the node leads.
pub(crate) fn leading(status: &Status) -> Option<Term> {
    (status.role == RoleName::Leader).then_some(status.term)
}

/// The node takes another for its leader.
pub(crate) fn following(status: &Status) -> Option<(NodeId, Term)> {
    status.leader.map(|leader| (leader, status.term))
}

#[cfg(test)]
mod tests;
