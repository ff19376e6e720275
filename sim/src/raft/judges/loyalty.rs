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

/// What of a message is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weighed {
    /// A leader of the term speaks.
    Leader(Term),
    /// Somebody stands for election in the term; `transfer` when the leader has asked for it.
    Candidate { term: Term, transfer: bool },
}

impl Weighed {
    /// What of this message is weighed, if anything.
    pub(crate) const fn of(message: &Message) -> Option<Self> {
        match message {
            Message::Append { term, .. } => Some(Self::Leader(*term)),
            Message::Vote { term, transfer, .. } => {
                Some(Self::Candidate { term: *term, transfer: *transfer })
            }
            Message::PreVote { .. }
            | Message::PreVoteReply { .. }
            | Message::VoteReply { .. }
            | Message::AppendReply { .. }
            | Message::TimeoutNow { .. } => None,
        }
    }
}

impl Loyalty {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { heard: vec![None; nodes] }
    }

    /// The node starts: it has heard nobody.
    pub(crate) fn restarted(&mut self, node: usize) {
        self.heard[node] = None;
    }

    /// The node was told `now` what a peer said, which made of `before` what is `after`. Its time may be later
    /// than what this call says, but is no later than `latest`.
    pub(crate) fn heard(
        &mut self,
        node: usize,
        said: Weighed,
        (before, after): (&Glimpse, &Glimpse),
        (now, latest): (Instant, Instant),
        election_min: Duration,
    ) -> Verdict {
        let term = match said {
            Weighed::Leader(term) => {
                if term == after.term {
                    self.heard[node] = Some((term, now));
                }
                return Ok(());
            }
            Weighed::Candidate { transfer: true, .. } => return Ok(()),
            Weighed::Candidate { term, transfer: false } => term,
        };
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
