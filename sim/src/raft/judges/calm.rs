//! One node changes nothing for the others (thesis §4.2.3, §9.6): while all but one are well and well connected, whatever
//! is done to that one, their leader goes on to lead and no term begins. Watched only in runs in which nothing else is
//! done to anyone.

use raft_core::{RoleName, Status, Term};

use super::{Verdict, hold};

const LAW: &str = "one node changes nothing for the others";

/// The leader that is to stay, and its term.
#[derive(Debug, Default)]
pub(crate) struct Calm {
    stays: Option<(usize, Term)>,
}

impl Calm {
    /// From here on nobody is disturbed but a node that is not this leader.
    pub(crate) fn begins(&mut self, leader: usize, term: Term) {
        self.stays = Some((leader, term));
    }

    /// That is over.
    pub(crate) fn ends(&mut self) {
        self.stays = None;
    }

    /// A node's status after a step.
    pub(crate) fn observed(&self, node: usize, status: &Status) -> Verdict {
        let Some((leader, term)) = self.stays else { return Ok(()) };
        let deposed = node == leader && status.role != RoleName::Leader;
        hold(!deposed && status.term <= term, LAW, || {
            let Status { id, role, term: now, .. } = status;
            format!("n{} led {term}, and {id} is {role:?} in {now}", leader + 1)
        })
    }
}

#[cfg(test)]
mod tests;
