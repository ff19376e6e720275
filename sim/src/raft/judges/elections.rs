//! Election Safety: at most one leader in a term (Raft §5.2), over the whole history.

use std::collections::BTreeMap;

use machine_core::NodeId;
use raft_core::Term;

use super::{Verdict, hold};

const LAW: &str = "election safety";

/// Who led which term.
#[derive(Debug, Default)]
pub(crate) struct Elections {
    leaders: BTreeMap<Term, NodeId>,
}

impl Elections {
    /// The node leads the term: it says so itself, or it spoke to others as its leader.
    pub(crate) fn leads(&mut self, node: NodeId, term: Term) -> Verdict {
        let leader = *self.leaders.entry(term).or_insert(node);
        hold(leader == node, LAW, || format!("{leader} and {node} both lead {term}"))
    }

    /// A node takes another for the leader of a term.
    pub(crate) fn follows(&self, node: NodeId, leader: NodeId, term: Term) -> Verdict {
        let known = self.leaders.get(&term).copied();
        hold(known == Some(leader), LAW, || {
            format!("{node} follows {leader} in {term}, which is led by {known:?}")
        })
    }

    /// Terms that had a leader.
    pub(crate) fn count(&self) -> u64 {
        self.leaders.len() as u64
    }
}

#[cfg(test)]
mod tests;
