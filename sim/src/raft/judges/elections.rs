//! Election Safety: at most one leader in a term (Raft §5.2), over the whole history.

use machine_core::NodeId;
use raft_core::Term;

use super::{Verdict, hold};

const LAW: &str = "election safety";

/// Who led which term.
#[derive(Debug, Default)]
pub(crate) struct Elections {
    /// By ascending terms.
    leaders: Vec<(Term, NodeId)>,
}

impl Elections {
    /// The node leads the term: it says so itself, or it spoke to others as its leader.
    pub(crate) fn leads(&mut self, node: NodeId, term: Term) -> Verdict {
        let after = self.after(term);
        let leader = match after.checked_sub(1).map(|place| self.leaders[place]) {
            Some((known, leader)) if known == term => leader,
            _ => {
                self.leaders.insert(after, (term, node));
                node
            }
        };
        hold(leader == node, LAW, || format!("{leader} and {node} both lead {term}"))
    }

    /// A node takes another for the leader of a term.
    pub(crate) fn follows(&self, node: NodeId, leader: NodeId, term: Term) -> Verdict {
        let before = self.leaders[..self.after(term)].last();
        let known = before.filter(|(of, _)| *of == term).map(|(_, leader)| *leader);
        hold(known == Some(leader), LAW, || {
            format!("{node} follows {leader} in {term}, which is led by {known:?}")
        })
    }

    /// Terms that had a leader.
    pub(crate) fn count(&self) -> u64 {
        self.leaders.len() as u64
    }

    /// The place behind all leaders up to this term, sought from the newest: most is said about that one.
    fn after(&self, term: Term) -> usize {
        self.leaders.iter().rposition(|(of, _)| *of <= term).map_or(0, |place| place + 1)
    }
}

#[cfg(test)]
mod tests;
