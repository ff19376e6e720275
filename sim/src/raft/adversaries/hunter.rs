//! A crash right after the output that makes it worst.

use machine_core::Rng;
use raft_core::{Message, Outcome, Output};

use super::Harm;
use crate::raft::profile::pick;

/// How often of 1,000 a hunter strikes when it sees its moment.
const STRIKES_PER_MILLE: u64 = 30;

/// Whom a hunter is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prey {
    /// A voter, just after it said yes.
    Voter,
    /// A follower, just after it acknowledged entries.
    Acknowledger,
    /// A leader, just after its first follower was sent entries.
    Leader,
    /// Anyone, just after handing something to the disk.
    Writer,
}

impl Prey {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        *pick(rng, &[Self::Voter, Self::Acknowledger, Self::Leader, Self::Writer])
    }

    fn is(self, output: &Output) -> bool {
        match (self, output) {
            (Self::Voter, Output::Send { message, .. }) => {
                matches!(message, Message::VoteReply { granted: true, .. } | Message::Vote { .. })
            }
            (Self::Acknowledger, Output::Send { message, .. }) => {
                matches!(message, Message::AppendReply { outcome: Outcome::Accepted { .. }, .. })
            }
            (Self::Leader, Output::Send { message, .. }) => message.run().is_some(),
            (Self::Writer, Output::Persist { .. }) => true,
            _ => false,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Hunter {
    prey: Prey,
}

impl Hunter {
    pub(super) const fn new(prey: Prey) -> Self {
        Self { prey }
    }

    pub(super) fn sees(&self, dice: &mut Rng, node: usize, output: &Output) -> Option<Harm> {
        (self.prey.is(output) && dice.per_mille(STRIKES_PER_MILLE)).then_some(Harm::Crash { node })
    }
}
