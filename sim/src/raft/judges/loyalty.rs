//! Who hears a leader heeds no candidate (thesis §4.2.3): neither its term nor its wish for a vote, unless the leader
//! itself has asked for the election. Otherwise a node that nobody needs unseats a leader who is well.

use std::time::Duration;

use machine_core::Instant;
use raft_core::{Message, RoleName, Term};

use super::{Verdict, hold};
use crate::raft::node::Glimpse;

const LAW: &str = "who hears a leader heeds no candidate";

/// When each node last heard its leader, by its own clock.
#[derive(Debug)]
pub(crate) struct Loyalty {
    heard: Vec<Option<(Term, Instant)>>,
}

impl Loyalty {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { heard: vec![None; nodes] }
    }

    /// The node starts: it has heard nobody.
    pub(crate) fn restarted(&mut self, node: usize) {
        self.heard[node] = None;
    }

    /// The node was told `now` that a peer said `message`, which made of `before` what is `after`. Its time may be later
    /// than what this call says, but is no later than `latest`.
    pub(crate) fn heard(
        &mut self,
        node: usize,
        message: &Message,
        (before, after): (&Glimpse, &Glimpse),
        (now, latest): (Instant, Instant),
        election_min: Duration,
    ) -> Verdict {
        if matches!(message, Message::Append { term, .. } if *term == after.term) {
            self.heard[node] = Some((after.term, now));
        }
        let Message::Vote { term, transfer: false, .. } = message else { return Ok(()) };
        let recent = |(of, at)| of == before.term && latest < at + election_min;
        let follows = before.leader.is_some() && self.heard[node].is_some_and(recent);
        let loyal = before.role == Some(RoleName::Leader) || follows;
        let heedless = (before.role, before.term, before.leader) == (after.role, after.term, after.leader);
        hold(heedless || !loyal, LAW, || {
            format!("n{} hears a candidate of {term} and turns from {before:?} to {after:?}", node + 1)
        })
    }
}

#[cfg(test)]
mod tests;
