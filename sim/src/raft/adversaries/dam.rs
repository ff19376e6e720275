//! Messages of one term are held back until some node is two terms further, and then come all at once. Leaders of the
//! terms between crash, so that it gets that far.

use std::time::Duration;

use machine_core::{Instant, Rng};
use raft_core::{Message, Term};

use super::{Grip, Harm, Kept, Scene};
use crate::raft::profile::pick;

/// Most messages held back; what is sent beyond goes its way.
const KEPT_MAX: usize = 1_000;

/// How far the others must be when the messages come.
const TERMS_LATER: u64 = 2;

#[derive(Debug)]
pub(crate) struct Dam {
    term: Term,
    holds: Holds,
    /// How many of 1,000 such messages are held back.
    per_mille: u64,
    pub(super) kept: Vec<Kept>,
    /// A leader of a term that is in the way, and when it is gone.
    doomed: Option<((usize, Term), Instant)>,
}

/// Which messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    All,
    Requests,
    Votes,
    Appends,
    Answers,
}

impl Holds {
    fn is(self, message: &Message) -> bool {
        match message {
            Message::PreVote { .. } | Message::Vote { .. } => matches!(self, Self::All | Self::Requests),
            Message::PreVoteReply { .. } | Message::VoteReply { .. } => {
                matches!(self, Self::All | Self::Votes)
            }
            Message::Append { .. } | Message::TimeoutNow { .. } => matches!(self, Self::All | Self::Appends),
            Message::AppendReply { .. } => matches!(self, Self::All | Self::Answers),
        }
    }
}

impl Dam {
    pub(super) fn new(dice: &mut Rng) -> Self {
        let mut dam =
            Self { term: Term::ZERO, holds: Holds::All, per_mille: 0, kept: Vec::new(), doomed: None };
        dam.closes(Term::ZERO, dice);
        dam
    }

    pub(super) fn grips(&self, dice: &mut Rng, message: &Message) -> Grip {
        let held = message.term() == self.term && self.holds.is(message) && self.kept.len() < KEPT_MAX;
        if !held || !dice.per_mille(self.per_mille) {
            return Grip::Free;
        }
        Grip::Kept
    }

    pub(super) fn looks(&mut self, scene: &Scene<'_>, dice: &mut Rng) -> Option<Harm> {
        let newest = scene.nodes.iter().map(|node| node.seen.term).max()?;
        if newest.get() >= self.term.get() + TERMS_LATER {
            let kept = std::mem::take(&mut self.kept);
            self.closes(newest, dice);
            return Some(Harm::Deliver { kept, within: Duration::from_millis(20) });
        }
        let leader = scene.leader().filter(|(_, term)| *term >= self.term)?;
        let (doomed, at) = *self.doomed.get_or_insert_with(|| {
            (leader, scene.now + dice.duration(Duration::from_millis(1), scene.patience))
        });
        if scene.now < at && scene.leads(doomed) {
            return None;
        }
        self.doomed = None;
        scene.leads(doomed).then_some(Harm::Crash { node: doomed.0 })
    }

    /// The next term to be held back: the one that begins now, or one of the next.
    fn closes(&mut self, newest: Term, dice: &mut Rng) {
        self.term = Term::new(newest.get() + 1 + dice.below(2));
        self.holds =
            *pick(dice, &[Holds::All, Holds::Requests, Holds::Votes, Holds::Appends, Holds::Answers]);
        self.per_mille = *pick(dice, &[1000, 700, 300]);
        self.doomed = None;
    }
}
