//! The way to Figure 8 of the Raft paper: a leader whose newest entries nobody else gets, or only one, crashes once they
//! are on its disk. Another is elected, which is cornered in its turn, or commits. Then the old one comes back with its
//! entries, and may lead again.

use std::collections::VecDeque;

use machine_core::{Instant, Rng};
use raft_core::{Index, Message, Term};

use super::{Grip, Harm, Scene};
use crate::raft::profile::pick;

/// How often of 1,000 that is done to the first append of a leader, while another is kept down.
const FIRST_PER_MILLE: u64 = 700;

#[derive(Debug)]
pub(crate) struct Cornerer {
    cornered: Option<Cornered>,
    /// Who is kept down, in which term it led, and since when; the oldest first.
    down: VecDeque<(usize, Term, Instant)>,
    /// The term of the newest leader that was looked at.
    seen: Term,
    /// How often of 1,000 any other append does it.
    corners_per_mille: u64,
    /// How often of 1,000 one follower gets what the leader sends.
    helped_per_mille: u64,
    /// How often of 1,000 a node comes back as soon as another leads, and not only after that one was cornered, too.
    early_per_mille: u64,
}

/// A leader that nobody hears any more, but for heartbeats.
#[derive(Debug)]
struct Cornered {
    leader: (usize, Term),
    since: Instant,
    /// The first of its entries that the others do not get, and the last that it has tried to send.
    first: Index,
    last: Index,
    /// The one who gets them nevertheless.
    helper: Option<usize>,
}

impl Cornerer {
    pub(super) fn new(dice: &mut Rng) -> Self {
        Self {
            cornered: None,
            down: VecDeque::new(),
            seen: Term::ZERO,
            corners_per_mille: *pick(dice, &[20, 100, 500]),
            helped_per_mille: dice.below(1001),
            early_per_mille: dice.below(1001),
        }
    }

    pub(super) fn grips(
        &mut self,
        scene: &Scene<'_>,
        dice: &mut Rng,
        from: usize,
        to: usize,
        message: &Message,
    ) -> Grip {
        let Message::Append { term, run: Some(run), .. } = message else { return Grip::Free };
        let leader = (from, *term);
        if self.cornered.is_none() && scene.leader() == Some(leader) {
            let first_of_term = *term > self.seen && !self.down.is_empty();
            let odds = if first_of_term { FIRST_PER_MILLE } else { self.corners_per_mille };
            self.seen = self.seen.max(*term);
            if first_of_term && dice.per_mille(self.early_per_mille) {
                self.down.pop_front();
            }
            if dice.per_mille(odds) {
                let helper = dice.per_mille(self.helped_per_mille).then_some(to);
                let (first, last) = (run.first(), run.last());
                self.cornered = Some(Cornered { leader, since: scene.now, first, last, helper });
            }
        }
        match &mut self.cornered {
            Some(cornered) if cornered.leader == leader && run.last() >= cornered.first => {
                if cornered.helper == Some(to) { Grip::Free } else { Grip::Lost }
            }
            _ => Grip::Free,
        }
    }

    pub(super) fn looks(&mut self, scene: &Scene<'_>) -> Option<Harm> {
        if self.down.front().is_some_and(|(.., since)| scene.now.since(*since) > scene.patience * 10) {
            self.down.pop_front(); // nobody seems to succeed it
        }
        let Cornered { leader, since, last, helper, .. } = *self.cornered.as_ref()?;
        if !scene.leads(leader) {
            self.cornered = None;
            return None;
        }
        let has = |node: usize| scene.nodes[node].disk.durable().last().index >= last;
        let tired = scene.now.since(since) > scene.patience;
        let arrived = has(leader.0) && helper.is_none_or(has);
        if !(tired || arrived) {
            return None;
        }
        self.cornered = None;
        let minority = (scene.nodes.len() - 1) / 2;
        if self.down.len() >= minority {
            self.down.pop_front();
        }
        self.down.push_back((leader.0, leader.1, scene.now));
        Some(Harm::Crash { node: leader.0 })
    }

    pub(super) fn keeps_down(&self, node: usize) -> bool {
        self.down.iter().any(|(down, ..)| *down == node)
    }
}
