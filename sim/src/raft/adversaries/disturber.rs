//! All nodes but one are well and well connected. To that one, which does not lead, this and that is done: it is cut off
//! in every way, sleeps, crashes, and its clock jumps. For the others nothing may change.

use std::time::Duration;

use machine_core::{Instant, Rng};
use raft_core::Term;

use super::{Grip, Harm, Kept, Scene};
use crate::{clock::Jump, raft::profile::pick};

/// Most messages held back; what is sent beyond is lost.
const KEPT_MAX: usize = 1_000;

/// For so many of the longest waits for an election a leader must have led undisturbed.
const SETTLED: u32 = 3;

#[derive(Debug)]
pub(crate) struct Disturber {
    /// The leader, and since when all follow it.
    settled: Option<((usize, Term), Instant)>,
    /// Who is disturbed, once the rest is settled.
    suspect: Option<usize>,
    how: How,
    until: Instant,
    pub(super) kept: Vec<Kept>,
}

/// What is done to the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Nothing,
    Cut,
    Mute,
    Deaf,
    /// It hears all but the leader.
    DeafToLeader,
    /// What it says, and what is said to it, arrives when that is over.
    Held,
    Asleep,
    Crashed,
    Jumped,
}

const WAYS: [How; 8] =
    [How::Cut, How::Mute, How::Deaf, How::DeafToLeader, How::Held, How::Asleep, How::Crashed, How::Jumped];

impl Disturber {
    pub(super) const fn new() -> Self {
        Self { settled: None, suspect: None, how: How::Nothing, until: Instant::ZERO, kept: Vec::new() }
    }

    pub(super) fn looks(&mut self, scene: &Scene<'_>, dice: &mut Rng) -> Option<Harm> {
        let Some(suspect) = self.suspect else { return self.settles(scene, dice) };
        if scene.now < self.until {
            return None;
        }
        if std::mem::replace(&mut self.how, How::Nothing) != How::Nothing {
            self.until = scene.now + dice.duration(Duration::from_millis(1), scene.patience);
            let kept = std::mem::take(&mut self.kept);
            if kept.is_empty() {
                return Some(Harm::Resume { node: suspect });
            }
            return Some(Harm::Deliver { kept, within: Duration::from_millis(5) });
        }
        self.how = *pick(dice, &WAYS);
        self.until = scene.now + dice.duration(Duration::from_millis(10), scene.patience * 4);
        match self.how {
            How::Asleep => Some(Harm::Pause { node: suspect }),
            How::Crashed => Some(Harm::Crash { node: suspect }),
            How::Jumped => {
                let ahead = Jump::Ahead(dice.duration(Duration::ZERO, scene.patience * 3));
                let back = Jump::Back(dice.duration(Duration::ZERO, scene.patience));
                Some(Harm::Jump { node: suspect, jump: *pick(dice, &[ahead, ahead, back]) })
            }
            How::Nothing | How::Cut | How::Mute | How::Deaf | How::DeafToLeader | How::Held => None,
        }
    }

    pub(super) fn grips(&self, from: usize, to: usize) -> Grip {
        let Some(suspect) = self.suspect else { return Grip::Free };
        let leader = self.settled.map(|((leader, _), _)| leader);
        let (says, hears) = (from == suspect, to == suspect);
        let gripped = match self.how {
            How::Cut | How::Held => says || hears,
            How::Mute => says,
            How::Deaf => hears,
            How::DeafToLeader => hears && Some(from) == leader,
            How::Nothing | How::Asleep | How::Crashed | How::Jumped => false,
        };
        if gripped && self.how == How::Held && self.kept.len() < KEPT_MAX {
            return Grip::Kept;
        }
        if gripped { Grip::Lost } else { Grip::Free }
    }

    /// Waits until a leader is followed by all, and has been for a while.
    fn settles(&mut self, scene: &Scene<'_>, dice: &mut Rng) -> Option<Harm> {
        let leader = scene.leader()?;
        let id = scene.nodes[leader.0].id;
        let follows = |node: &super::Node| node.seen.leader == Some(id) && node.seen.term == leader.1;
        if !scene.nodes.iter().all(follows) {
            self.settled = None;
            return None;
        }
        let (settled, since) = *self.settled.get_or_insert((leader, scene.now));
        if settled != leader {
            self.settled = None;
        }
        if settled != leader || scene.now.since(since) < scene.patience * SETTLED {
            return None;
        }
        let others = scene.nodes.len() as u64 - 1;
        let place = usize::try_from(dice.below(others)).expect("nodes are few");
        self.suspect = Some(if place < leader.0 { place } else { place + 1 });
        self.until = scene.now;
        Some(Harm::OnlyOne { leader: leader.0, term: leader.1 })
    }
}
