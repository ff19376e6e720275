//! Going everywhere.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::{
    history::Law,
    known::Known,
    world::{Action, Bounds, World},
};

/// Where to go, and how far.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// How small the world is.
    pub bounds: Bounds,
    /// Where to start; in the beginning if empty.
    pub roots: Vec<World>,
    /// Whether worlds that differ only in the names of nodes are one.
    pub symmetric: bool,
    /// How far from a root to go: worlds that far away are counted, those before are judged; none for no limit.
    pub depth_max: Option<usize>,
    /// Threads that explore.
    pub threads: usize,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Explored {
    /// Worlds that came out of some action.
    pub generated: usize,
    /// Different ones among them.
    pub unique: usize,
    /// Actions from a root to the farthest.
    pub depth: usize,
    /// Whether there is nothing else within the bounds.
    pub complete: bool,
    /// Worlds that were left for having too many messages on their way.
    pub left: usize,
    /// Different steps of single nodes among all that happened.
    pub steps: usize,
    /// The first law found broken: what happened, and the actions that lead there from a root.
    pub broken: Option<(Law, String, Vec<Action>)>,
    /// What was seen to happen, so that it is known that the laws were put to the test.
    pub seen: Vec<&'static str>,
}

impl Exploration {
    /// All of a world from its beginning, with one thread.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, roots: Vec::new(), symmetric: true, depth_max: None, threads: 1 }
    }

    /// Goes everywhere, breadth first, until a law is found broken.
    ///
    /// # Panics
    ///
    /// When a core does: a panic is a bug of ours.
    #[must_use]
    pub fn run(&self) -> Explored {
        let known = Known::new(&self.bounds);
        let small = Small { exploration: self.clone(), known, left: AtomicUsize::new(0) };
        let checker = small.checker().threads(self.threads).finish_when(HasDiscoveries::AnyFailures);
        let checker = match self.depth_max {
            Some(depth) => checker.target_max_depth(depth + 1),
            None => checker,
        };
        let checker = checker.spawn_bfs().join();
        let left = checker.model().left.load(Ordering::Relaxed);
        let steps = checker.model().known.steps();
        let depth = checker.max_depth() - 1;
        let mut broken = None;
        let mut seen = Vec::new();
        // By name: the map that they come in has no order.
        let mut discoveries = BTreeMap::new();
        discoveries.extend(checker.discoveries());
        for (name, path) in discoveries {
            match path.last_state().history.broken.clone() {
                Some((law, what)) if name == BROKEN => broken = Some((law, what, path.into_actions())),
                _ => seen.push(name),
            }
        }
        let complete = broken.is_none() && left == 0 && self.depth_max.is_none_or(|most| depth < most);
        let (generated, unique) = (checker.state_count(), checker.unique_state_count());
        Explored { generated, unique, depth, complete, left, steps, broken, seen }
    }
}

const BROKEN: &str = "no law is broken";

struct Small {
    exploration: Exploration,
    known: Known,
    left: AtomicUsize,
}

impl Model for Small {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let Exploration { bounds, roots, symmetric, .. } = &self.exploration;
        if roots.is_empty() { vec![World::new(bounds, *symmetric)] } else { roots.clone() }
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.actions(&self.exploration.bounds, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        Some(world.after(&self.known, self.exploration.symmetric, &action))
    }

    fn within_boundary(&self, world: &World) -> bool {
        let within = world.network.len() <= self.exploration.bounds.in_flight_max;
        if !within {
            self.left.fetch_add(1, Ordering::Relaxed);
        }
        within
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(BROKEN, |_, world: &World| world.broken().is_none()),
            Property::sometimes("committed", |_, world: &World| !world.history.committed.is_empty()),
            Property::sometimes("applied by all", |_, world: &World| {
                !world.history.committed.is_empty()
                    && world.nodes.iter().all(|node| node.applied == world.history.committed.len())
            }),
            Property::sometimes("two leaders at once", |_, world: &World| world.leaders() > 1),
            Property::sometimes("conflicting logs", |_, world: &World| world.conflicts() > 0),
        ]
    }
}
