//! Where to start besides the beginning: moments of long random runs in which a leader has inherited what another log
//! contradicts.
//!
//! What takes four elections to come about (the paper's Figure 8) lies some thirty actions away from the beginning:
//! too far to go everywhere. From a moment on the way there, it is a few.

use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
};

use machine_core::Rng;
use raft_core::Message;

use crate::{
    folding::Folding,
    known::Known,
    world::{Action, Bounds, World},
};

/// How to look for roots.
#[derive(Clone, Copy, Debug)]
pub struct Walks {
    /// Every choice comes from it.
    pub seed: u64,
    /// Runs.
    pub count: usize,
    /// Actions in each.
    pub steps: usize,
    /// At most so many moments are kept.
    pub kept_max: usize,
}

impl Walks {
    /// Moments of random runs that are [precarious](World::is_precarious), each of another
    /// law is broken; its last moment is kept as well, so that it is not passed over.
    #[must_use]
    pub fn gather(&self, bounds: &Bounds, symmetric: bool) -> Vec<World> {
        let mut chance = Rng::new(self.seed);
        let (mut shapes, mut roots) = (BTreeSet::new(), Vec::new());
        let known = Known::new(bounds);
        let mut actions = Vec::new();
        for _ in 0..self.count {
            let mut world = World::new(bounds, symmetric);
            let mut weights = draw(&mut chance);
            for _ in 0..self.steps {
                if chance.per_mille(PHASE_ENDS_PER_MILLE) {
                    weights = draw(&mut chance);
                }
                actions.clear();
                world.actions(bounds, &mut actions);
                let Some(action) = pick(&actions, &weights, &mut chance) else { break };
                world = world.after(&known, symmetric, action);
                let newest = world.nodes.iter().map(|node| node.term.get()).max().unwrap_or(0);
                let goes_on = world.is_precarious() && newest < bounds.term_max;
                let at_odds = goes_on || world.broken().is_some();
                if at_odds && world.network.len() <= bounds.in_flight_max && shapes.insert(shape(&world)) {
                    roots.push(world.clone());
                }
            }
        }
        while roots.len() > self.kept_max {
            let dropped = usize::try_from(chance.below(roots.len() as u64)).expect("an index");
            roots.swap_remove(dropped);
        }
        roots
    }
}

/// How often a run turns to something else: now it elects, now it replicates, now disks stall.
const PHASE_ENDS_PER_MILLE: u64 = 60;

/// How likely each kind of action is, for a while.
type Weights = [u64; 6];

fn draw(chance: &mut Rng) -> Weights {
    core::array::from_fn(|_| [1, 10, 100][usize::try_from(chance.below(3)).expect("one of three")])
}

/// One of the actions, each kind as often as its weight says.
fn pick<'a>(actions: &'a [Action], weights: &Weights, chance: &mut Rng) -> Option<&'a Action> {
    let weight = |action: &Action| match action {
        Action::Deliver(envelope) if matches!(envelope.message, Message::Append { .. }) => weights[5],
        Action::Deliver(_) => weights[0],
        Action::CompleteWrite(_) => weights[1],
        Action::Propose(_) | Action::Remind(_) => weights[2],
        Action::TimeOut(_) => weights[3],
        Action::Duplicate(_) | Action::Lose(_) | Action::Crash { .. } => weights[4],
    };
    let total = actions.iter().map(weight).sum();
    let mut drawn = chance.below(total);
    actions.iter().find(|action| {
        let found = drawn < weight(action);
        drawn = drawn.saturating_sub(weight(action));
        found
    })
}

/// Who is what and holds what, apart from what is on its way.
fn shape(world: &World) -> u64 {
    let mut state = Folding::default();
    for node in &world.nodes {
        (node.role, node.term, &node.log, node.disk.log.len(), node.commit).hash(&mut state);
    }
    state.finish()
}
