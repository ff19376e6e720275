//! A leader is cut off, or asleep, until another is elected and has committed something. Then it comes back, with
//! clients that went on talking to it: what it still answers is stale.

use std::time::Duration;

use machine_core::{Instant, Rng};
use raft_core::{Index, Term};

use super::{Grip, Harm, Kept, Scene};
use crate::raft::profile::pick;

/// Most messages held back; what is sent beyond is lost.
const KEPT_MAX: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Usurper {
    /// Before this it waits.
    next: Instant,
    away: Option<Away>,
    pub(super) kept: Vec<Kept>,
}

/// A leader that is away.
#[derive(Debug)]
struct Away {
    leader: (usize, Term),
    since: Instant,
    how: How,
    /// What anyone knew to be committed when it went.
    commit: Index,
}

/// In what way a leader is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It hears nobody, and nobody hears it.
    Cut,
    /// Nobody hears it.
    Mute,
    /// It hears nobody.
    Deaf,
    /// What it says, and what is said to it, arrives when it comes back.
    Held,
    /// It is paused, and so are its clocks' effects.
    Asleep,
}

impl Usurper {
    pub(super) fn new(dice: &mut Rng) -> Self {
        let next = Instant::ZERO + dice.duration(Duration::from_millis(100), Duration::from_secs(1));
        Self { next, away: None, kept: Vec::new() }
    }

    pub(super) fn looks(&mut self, scene: &Scene<'_>, dice: &mut Rng) -> Option<Harm> {
        match &self.away {
            None => self.goes(scene, dice),
            Some(_) => self.comes(scene, dice),
        }
    }

    pub(super) fn grips(&self, from: usize, to: usize) -> Grip {
        let Some(Away { leader: (leader, _), how, .. }) = self.away else { return Grip::Free };
        let (says, hears) = (from == leader, to == leader);
        match how {
            How::Cut if says || hears => Grip::Lost,
            How::Mute if says => Grip::Lost,
            How::Deaf if hears => Grip::Lost,
            How::Held if (says || hears) && self.kept.len() < KEPT_MAX => Grip::Kept,
            How::Held if says || hears => Grip::Lost,
            How::Cut | How::Mute | How::Deaf | How::Held | How::Asleep => Grip::Free,
        }
    }

    pub(super) fn lures_to(&self) -> Option<usize> {
        self.away.as_ref().map(|away| away.leader.0)
    }

    fn goes(&mut self, scene: &Scene<'_>, dice: &mut Rng) -> Option<Harm> {
        if scene.now < self.next {
            return None;
        }
        let leader = scene.leader()?;
        if scene.nodes[leader.0].paused {
            return None;
        }
        let how = *pick(dice, &[How::Cut, How::Mute, How::Deaf, How::Held, How::Asleep, How::Asleep]);
        self.away = Some(Away { leader, since: scene.now, how, commit: committed(scene) });
        (how == How::Asleep).then_some(Harm::Pause { node: leader.0 })
    }

    fn comes(&mut self, scene: &Scene<'_>, dice: &mut Rng) -> Option<Harm> {
        let away = self.away.as_ref()?;
        let succeeded = scene.leader().is_some_and(|(_, term)| term > away.leader.1);
        let past = succeeded && committed(scene) > away.commit;
        if !past && scene.now.since(away.since) < scene.patience * 5 {
            return None;
        }
        let (node, how) = (away.leader.0, away.how);
        self.away = None;
        self.next = scene.now + dice.duration(Duration::from_millis(20), Duration::from_secs(1));
        match how {
            How::Asleep => Some(Harm::Resume { node }),
            How::Held => {
                let kept = std::mem::take(&mut self.kept);
                Some(Harm::Deliver { kept, within: Duration::from_millis(5) })
            }
            How::Cut | How::Mute | How::Deaf => None,
        }
    }
}

/// The newest entry that any node says is committed.
fn committed(scene: &Scene<'_>) -> Index {
    scene.nodes.iter().map(|node| node.seen.commit).max().unwrap_or(Index::ZERO)
}
