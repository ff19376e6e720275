//! Adversaries know the roles: each looks for one moment at which a fault does most harm, again and again. Chance alone
//! rarely finds chains of such moments (Figure 8 of the Raft paper needs five in a row). One run in five has one.
//!
//! An adversary sees what passes through the simulator's hands and what nodes say of themselves, and nothing inside a
//! core. It only says what should happen; the world does it, in [`World::inflict`] and nowhere else.

use std::time::Duration;

use machine_core::{Instant, Rng};
use raft_core::{Message, Output, Term};

use super::{
    judges::Verdict,
    nemesis::End,
    node::Node,
    profile::Profile,
    record::What,
    world::{Event, World},
};
use crate::{
    clock::Jump,
    faults::{Kind, Place},
};

mod ambusher;
mod cornerer;
mod dam;
mod disturber;
mod hunter;
mod usurper;

use self::{
    ambusher::Ambusher, cornerer::Cornerer, dam::Dam, disturber::Disturber, hunter::Hunter, usurper::Usurper,
};

/// Nodes that are kept down, or tempted to come back, are looked after this often.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What an adversary is after; drawn with the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// A crash right after an output of the kind that makes it worst.
    Prey(hunter::Prey),
    /// A leader whose newest entries are on its own disk, and on one more at most: it crashes, another leads, it comes
    /// back (Figure 8).
    Corner,
    /// A voter that has decided and not yet written: it crashes before its disk is done.
    Ambush,
    /// A leader that is cut off or asleep while another is elected and commits, and then comes back.
    Usurp,
    /// Messages of one term, delivered two terms later.
    Dam,
    /// One node that does not lead, in a group that is otherwise well: it must not matter.
    Disturb,
}

impl Aim {
    /// The aim of a run, and of four in five none.
    pub(crate) fn draw(rng: &mut Rng) -> Option<Self> {
        let aim = match rng.below(12) {
            0 | 1 => Self::Prey(hunter::Prey::draw(rng)),
            2..=4 => Self::Corner,
            5 => Self::Ambush,
            6 | 7 => Self::Usurp,
            8 | 9 => Self::Dam,
            _ => Self::Disturb,
        };
        (rng.below(5) == 0).then_some(aim)
    }

    /// Makes the run one in which there is something to find: a group that can lose a node, and in every second run
    /// nothing else that disturbs what the adversary sets up.
    pub(crate) fn tailor(self, rng: &mut Rng, profile: &mut Profile) {
        if self == Self::Disturb {
            return profile.calm_down(rng);
        }
        profile.group.resize(*super::profile::pick(rng, &[3, 3, 3, 5, 5, 4]));
        profile.faults.handover = None;
        if self == Self::Ambush {
            profile.faults.down_max = Duration::from_millis(5);
        }
        if rng.per_mille(500) {
            let faults = &mut profile.faults;
            (faults.crash, faults.pause, faults.partition, faults.jump) = (None, None, None, None);
            profile.network.loss_per_mille = 0;
            profile.network.delay_mean = Duration::from_millis(1);
        }
    }
}

/// An adversary at work.
#[derive(Debug)]
pub(crate) enum Adversary {
    Hunter(Hunter),
    Cornerer(Cornerer),
    Ambusher(Ambusher),
    Usurper(Usurper),
    Dam(Dam),
    Disturber(Disturber),
}

/// What an adversary may look at.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) now: Instant,
    pub(crate) nodes: &'a [Node],
    /// The longest that a node waits before it stands for election.
    pub(crate) patience: Duration,
}

impl Scene<'_> {
    /// The node that leads the newest term that is led, and that term.
    fn leader(&self) -> Option<(usize, Term)> {
        let leading = |(place, node): (usize, &Node)| Some((node.leading?, place));
        self.nodes.iter().enumerate().filter_map(leading).max().map(|(term, place)| (place, term))
    }

    /// Whether the node still leads that term.
    fn leads(&self, (node, term): (usize, Term)) -> bool {
        self.nodes[node].leading == Some(term)
    }
}

/// What an adversary wants done.
#[derive(Debug)]
pub(crate) enum Harm {
    /// The node ends; power or process as drawn for the run.
    Crash { node: usize },
    /// The node ends within this, unless it does so by itself.
    Doom { node: usize, within: Duration },
    /// The node stops for a while and takes everything in when it goes on.
    Pause { node: usize },
    /// A node that was paused goes on.
    Resume { node: usize },
    /// The node's clock jumps.
    Jump { node: usize, jump: Jump },
    /// No harm: from here on harm is done to one node only, and this leader must stay.
    OnlyOne { leader: usize, term: Term },
    /// Messages that were held back arrive within this, in any order.
    Deliver { kept: Vec<Kept>, within: Duration },
}

/// A message on its way that was held back.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    from: usize,
    to: usize,
    message: Message,
}

/// What becomes of a message that is sent while an adversary looks on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grip {
    /// It goes its way.
    Free,
    Lost,
    /// The adversary has it.
    Kept,
}

impl Adversary {
    pub(crate) fn new(aim: Aim, dice: &mut Rng) -> Self {
        match aim {
            Aim::Prey(prey) => Self::Hunter(Hunter::new(prey)),
            Aim::Corner => Self::Cornerer(Cornerer::new(dice)),
            Aim::Ambush => Self::Ambusher(Ambusher::default()),
            Aim::Usurp => Self::Usurper(Usurper::new(dice)),
            Aim::Dam => Self::Dam(Dam::new(dice)),
            Aim::Disturb => Self::Disturber(Disturber::new()),
        }
    }

    /// A node is about to carry out an output; what it names happens when it has.
    fn sees(&mut self, scene: &Scene<'_>, dice: &mut Rng, node: usize, output: &Output) -> Option<Harm> {
        match self {
            Self::Hunter(hunter) => hunter.sees(dice, node, output),
            Self::Ambusher(ambusher) => ambusher.sees(scene, dice, node, output),
            Self::Cornerer(_) | Self::Usurper(_) | Self::Dam(_) | Self::Disturber(_) => None,
        }
    }

    /// Something has happened.
    fn looks(&mut self, scene: &Scene<'_>, dice: &mut Rng) -> Option<Harm> {
        match self {
            Self::Hunter(_) => None,
            Self::Cornerer(cornerer) => cornerer.looks(scene),
            Self::Ambusher(ambusher) => ambusher.looks(scene),
            Self::Usurper(usurper) => usurper.looks(scene, dice),
            Self::Dam(dam) => dam.looks(scene, dice),
            Self::Disturber(disturber) => disturber.looks(scene, dice),
        }
    }

    /// A message is sent.
    fn grips(
        &mut self,
        scene: &Scene<'_>,
        dice: &mut Rng,
        from: usize,
        to: usize,
        message: &Message,
    ) -> Grip {
        match self {
            Self::Hunter(_) | Self::Ambusher(_) => Grip::Free,
            Self::Cornerer(cornerer) => cornerer.grips(scene, dice, from, to, message),
            Self::Usurper(usurper) => usurper.grips(from, to),
            Self::Dam(dam) => dam.grips(dice, message),
            Self::Disturber(disturber) => disturber.grips(from, to),
        }
    }

    /// It has a message.
    fn keeps(&mut self, message: Kept) {
        match self {
            Self::Usurper(usurper) => usurper.kept.push(message),
            Self::Dam(dam) => dam.kept.push(message),
            Self::Disturber(disturber) => disturber.kept.push(message),
            Self::Hunter(_) | Self::Cornerer(_) | Self::Ambusher(_) => {}
        }
    }

    /// Whether the node is not to start yet.
    fn keeps_down(&self, node: usize) -> bool {
        match self {
            Self::Cornerer(cornerer) => cornerer.keeps_down(node),
            Self::Hunter(_) | Self::Ambusher(_) | Self::Usurper(_) | Self::Dam(_) | Self::Disturber(_) => {
                false
            }
        }
    }

    /// A node that clients should go on talking to.
    fn lures_to(&self) -> Option<usize> {
        match self {
            Self::Usurper(usurper) => usurper.lures_to(),
            Self::Hunter(_) | Self::Cornerer(_) | Self::Ambusher(_) | Self::Dam(_) | Self::Disturber(_) => {
                None
            }
        }
    }

    /// What it holds when faults end.
    fn gives_up(self) -> Vec<Kept> {
        match self {
            Self::Usurper(usurper) => usurper.kept,
            Self::Dam(dam) => dam.kept,
            Self::Disturber(disturber) => disturber.kept,
            Self::Hunter(_) | Self::Cornerer(_) | Self::Ambusher(_) => Vec::new(),
        }
    }
}

impl World<'_> {
    /// Lets the adversary see an output; what it wants is to be done once the output is carried out.
    pub(crate) fn adversary_sees(&mut self, node: usize, output: &Output) -> Option<Harm> {
        let adversary = self.adversary.as_mut()?;
        let scene = Scene { now: self.now, nodes: &self.nodes, patience: self.profile.group.patience() };
        adversary.sees(&scene, &mut self.adversary_dice, node, output)
    }

    /// Lets the adversary look around, and does what it wants.
    pub(crate) fn adversary_looks(&mut self) -> Verdict {
        let Some(adversary) = &mut self.adversary else { return Ok(()) };
        let scene = Scene { now: self.now, nodes: &self.nodes, patience: self.profile.group.patience() };
        match adversary.looks(&scene, &mut self.adversary_dice) {
            Some(harm) => self.inflict(harm),
            None => Ok(()),
        }
    }

    /// Whether the adversary has its hands on a message.
    pub(crate) fn adversary_grips(&mut self, from: usize, to: usize, message: &Message) -> Grip {
        let Some(adversary) = &mut self.adversary else { return Grip::Free };
        let scene = Scene { now: self.now, nodes: &self.nodes, patience: self.profile.group.patience() };
        let grip = adversary.grips(&scene, &mut self.adversary_dice, from, to, message);
        let place = Place::link(from, to);
        let does = grip != Grip::Free
            && self.faults.strike(
                Kind::Grip,
                place,
                format_args!("is in an adversary's hands, {grip:?}: {message:?}"),
            );
        if !does {
            return Grip::Free;
        }
        if grip == Grip::Kept {
            adversary.keeps(Kept { from, to, message: message.clone() });
        }
        self.totals.gripped += 1;
        let words = [44, from as u64, to as u64, grip as u64];
        self.note(from, &words, format_args!("speaks to n{} in vain: {grip:?}", to + 1));
        grip
    }

    /// Whether the adversary keeps the node down; then it is asked again later.
    pub(crate) fn is_kept_down(&mut self, node: usize) -> bool {
        let kept = self.adversary.as_ref().is_some_and(|adversary| adversary.keeps_down(node));
        if kept {
            self.queue.push(self.now + LOOK_EVERY, Event::Start { node });
        }
        kept
    }

    /// Where clients are tempted to go.
    pub(crate) fn lure(&self) -> Option<usize> {
        self.adversary.as_ref().and_then(Adversary::lures_to)
    }

    /// Everything that an adversary does is done here.
    pub(crate) fn inflict(&mut self, harm: Harm) -> Verdict {
        self.totals.struck += 1;
        match harm {
            Harm::Crash { node } if self.nodes[node].is_up() => {
                let end = self.draw_end_of(node);
                if !self.strikes(Kind::Hunt, node, format_args!("crashes at the worst moment ({end:?})")) {
                    return Ok(());
                }
                self.crash(node, end, "at the worst moment")
            }
            Harm::Doom { node, within } => {
                let at = self.now + self.adversary_dice.duration(Duration::ZERO, within);
                let (boot, end) = (self.nodes[node].boot, self.draw_end_of(node));
                if self.strikes(Kind::Hunt, node, format_args!("crashes ({end:?}) before its disk is done")) {
                    self.queue.push(at, Event::Doom { node, boot, end });
                }
                Ok(())
            }
            Harm::Pause { node } if self.nodes[node].is_up() => {
                if !self.strikes(Kind::Pause, node, format_args!("is paused until another leads")) {
                    return Ok(());
                }
                self.nodes[node].paused = true;
                self.totals.pauses += 1;
                self.record(node, What::Paused);
                self.note(node, &[34, 0], format_args!("is paused until another leads"));
                Ok(())
            }
            Harm::Resume { node } if self.nodes[node].is_up() && self.nodes[node].paused => self.resume(node),
            Harm::Jump { node, jump } => {
                self.jump(node, jump);
                Ok(())
            }
            Harm::OnlyOne { leader, term } => {
                self.judges.calm.begins(leader, term);
                Ok(())
            }
            Harm::Crash { .. } | Harm::Pause { .. } | Harm::Resume { .. } => Ok(()),
            Harm::Deliver { kept, within } => {
                self.let_go(kept, within);
                Ok(())
            }
        }
    }

    /// The node ends since somebody wanted it, unless faults are over.
    pub(crate) fn doom(&mut self, node: usize, end: End) -> Verdict {
        if self.healing.is_some() || !self.nodes[node].is_up() {
            return Ok(());
        }
        self.crash(node, end, "before its disk is done")
    }

    /// Faults end: the adversary lets go of everything.
    pub(crate) fn dismiss_adversary(&mut self) {
        let Some(adversary) = self.adversary.take() else { return };
        self.judges.calm.ends();
        self.let_go(adversary.gives_up(), Duration::ZERO);
        for node in 0..self.nodes.len() {
            if self.nodes[node].is_up() && self.nodes[node].paused {
                let boot = self.nodes[node].boot;
                self.queue.push(self.now, Event::Resume { node, boot });
            }
        }
    }

    /// What was held back arrives after all, as what was sent on an old connection may.
    fn let_go(&mut self, kept: Vec<Kept>, within: Duration) {
        self.trace.note(
            self.now,
            None,
            &[45, kept.len() as u64],
            format_args!("{} messages that were held back are let go", kept.len()),
        );
        for Kept { from, to, message } in kept {
            let at = self.now + self.adversary_dice.duration(Duration::ZERO, within);
            self.queue.push(at, Event::Deliver { from, to, message: Box::new(message) });
        }
    }
}

#[cfg(test)]
mod tests;
