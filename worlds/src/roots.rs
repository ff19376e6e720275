//! Where to start besides the beginning: moments of long random runs in which logs are at odds.
//!
//! What takes four elections to come about (the paper's Figure 8) lies some thirty actions away from the beginning:
//! too far to go everywhere. From a moment on the way there, it is a few.

use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
};

use machine_core::Rng;

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
    /// Moments of random runs in which the logs of nodes differ at some index, each of another shape. A run ends when a
    /// law is broken; its last moment is kept as well, so that it is not passed over.
    #[must_use]
    pub fn gather(&self, bounds: &Bounds, symmetric: bool) -> Vec<World> {
        let mut chance = Rng::new(self.seed);
        let (mut shapes, mut roots) = (BTreeSet::new(), Vec::new());
        let known = Known::new(bounds);
        let mut actions = Vec::new();
        for _ in 0..self.count {
            let mut world = World::new(bounds, symmetric);
            let weights: [u64; 5] =
                core::array::from_fn(|_| [1, 3, 9][usize::try_from(chance.below(3)).expect("one of three")]);
            for _ in 0..self.steps {
                actions.clear();
                world.actions(bounds, &mut actions);
                let Some(action) = pick(&actions, &weights, &mut chance) else { break };
                world = world.after(&known, symmetric, action);
                let at_odds = world.conflicts() > 0 || world.broken().is_some();
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

/// One of the actions, each kind as often as its weight says.
fn pick<'a>(actions: &'a [Action], weights: &[u64; 5], chance: &mut Rng) -> Option<&'a Action> {
    let weight = |action: &Action| match action {
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
