//! One vote in a term, for ever: also when a node forgets, since what it said must have been durable (Raft Figure 2).

use std::collections::BTreeMap;

use machine_core::NodeId;
use raft_core::{HardState, Term};

use super::{Verdict, hold};

const ONE_VOTE: &str = "one vote per term";
const ELECTED: &str = "a leader has the durable votes of a majority";
const DURABLE: &str = "votes are durable before they are told";

/// Votes, by voter.
#[derive(Debug)]
pub(crate) struct Votes {
    told: Vec<BTreeMap<Term, NodeId>>,
    durable: Vec<BTreeMap<Term, NodeId>>,
}

impl Votes {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { told: vec![BTreeMap::new(); nodes], durable: vec![BTreeMap::new(); nodes] }
    }

    /// The hard state became durable on the voter's disk.
    pub(crate) fn became_durable(&mut self, voter: usize, state: HardState) -> Verdict {
        let Some(vote) = state.vote else { return Ok(()) };
        let first = *self.durable[voter].entry(state.term).or_insert(vote);
        hold(first == vote, ONE_VOTE, || {
            format!("n{} wrote votes for {first} and {vote} in {}", voter + 1, state.term)
        })
    }

    /// The voter tells someone of its vote: by granting it, or by standing for election itself.
    pub(crate) fn told(&mut self, voter: usize, candidate: NodeId, term: Term) -> Verdict {
        let first = *self.told[voter].entry(term).or_insert(candidate);
        hold(first == candidate, ONE_VOTE, || {
            format!("n{} voted for {first} and for {candidate} in {term}", voter + 1)
        })?;
        let durable = self.durable[voter].get(&term).copied();
        hold(durable == Some(candidate), DURABLE, || {
            format!(
                "n{} told of its vote for {candidate} in {term} when its disk held {durable:?}",
                voter + 1
            )
        })
    }

    /// The node has become the leader of the term.
    pub(crate) fn elected(&self, leader: NodeId, term: Term) -> Verdict {
        let votes = self.durable.iter().filter(|votes| votes.get(&term) == Some(&leader)).count();
        let voters = self.durable.len();
        hold(votes > voters / 2, ELECTED, || {
            format!("{leader} leads {term} with {votes} durable votes of {voters} voters")
        })
    }
}

#[cfg(test)]
mod tests;
