//! A group in a small world: what may happen next, and what comes of it.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use raft_core::RoleName;

use crate::{
    folding::{Folding, mix},
    history::{self, History, Law},
    known::{Envelope, Known, Step},
    names::Renaming,
    node::{Node, id},
};

/// How small a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Voters: 2 to 4.
    pub nodes: usize,
    /// The highest term in which anybody stands.
    pub term_max: u64,
    /// Proposals, in all.
    pub proposals_max: u8,
    /// Crashes, in all.
    pub crashes_max: u8,
    /// Heartbeat intervals that pass at leaders, in all.
    pub reminders_max: u8,
    /// Whether any message may be lost. A message that is never delivered is as good as lost, so this shows no other
    /// states of nodes: it shows that nobody counts on what is still under way.
    pub lossy: bool,
    /// Messages delivered twice, in all.
    pub duplicates_max: u8,
    /// Whether a node asks before it stands (as it does), or is told at once that all would vote for it: more than can
    /// happen, in fewer states.
    pub asks: bool,
    /// Appends with entries that a leader has on their way to one follower before it waits for an answer.
    pub window: usize,
    /// Whether messages that nobody would heed any more are taken off the way at once (see
    /// [`Envelope::is_moot`]): the same behaviours in fewer states, as long as the core indeed does not heed them.
    pub drops_moot: bool,
    /// Messages on their way at once; worlds with more are left.
    pub in_flight_max: usize,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A message arrives, and is gone.
    Deliver(Arc<Envelope>),
    /// A message arrives, and will arrive again.
    Duplicate(Arc<Envelope>),
    /// A message is gone.
    Lose(Arc<Envelope>),
    /// The node at this place hears too little for too long.
    TimeOut(usize),
    /// The leader at this place has said nothing for a heartbeat interval.
    Remind(usize),
    /// Somebody proposes something to the leader at this place.
    Propose(usize),
    /// The oldest write of the node at this place is completed.
    CompleteWrite(usize),
    /// The node at this place stops and starts again.
    Crash {
        /// Its place.
        node: usize,
        /// How many of the writes that it was not told of are completed all the same.
        kept: usize,
    },
}

/// The whole group at one moment. Nodes and messages are shared with the moments before.
#[derive(Clone, Debug)]
pub struct World {
    /// By place.
    pub nodes: Vec<Arc<Node>>,
    /// What is on its way: a set, in no order.
    pub network: Vec<Arc<Envelope>>,
    /// What laws need of the past.
    pub history: Arc<History>,
    spent: Spent,
    digest: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Spent {
    proposals: u8,
    crashes: u8,
    reminders: u8,
    duplicates: u8,
}

impl World {
    /// Nobody has run yet.
    #[must_use]
    pub fn new(bounds: &Bounds, symmetric: bool) -> Self {
        let nodes = (0..bounds.nodes).map(|place| Arc::new(Node::new(place, bounds))).collect();
        let spent = Spent::default();
        let mut world = Self { nodes, network: Vec::new(), history: Arc::default(), spent, digest: 0 };
        world.digest = world.digest(symmetric);
        world
    }

    /// All that can happen next; nothing once a law is broken.
    pub fn actions(&self, bounds: &Bounds, actions: &mut Vec<Action>) {
        if self.history.broken.is_some() {
            return;
        }
        for envelope in &self.network {
            actions.push(Action::Deliver(Arc::clone(envelope)));
            if self.spent.duplicates < bounds.duplicates_max {
                actions.push(Action::Duplicate(Arc::clone(envelope)));
            }
            if bounds.lossy {
                actions.push(Action::Lose(Arc::clone(envelope)));
            }
        }
        for (place, node) in self.nodes.iter().enumerate() {
            let leads = node.role == RoleName::Leader;
            if node.term.get() < bounds.term_max {
                actions.push(Action::TimeOut(place));
            }
            if leads && self.spent.reminders < bounds.reminders_max {
                actions.push(Action::Remind(place));
            }
            if leads && self.spent.proposals < bounds.proposals_max {
                actions.push(Action::Propose(place));
            }
            if !node.outstanding.is_empty() {
                actions.push(Action::CompleteWrite(place));
            }
            if self.spent.crashes < bounds.crashes_max {
                let kept = 0..=node.outstanding.len();
                actions.extend(kept.map(|kept| Action::Crash { node: place, kept }));
            }
        }
    }

    /// The world after the action.
    #[must_use]
    pub fn after(&self, known: &Known, symmetric: bool, action: &Action) -> Self {
        let mut next = self.clone();
        match action {
            Action::Deliver(envelope) => {
                next.remove(envelope);
                next.act(known, envelope.to, Step::Hear(Arc::clone(envelope)));
            }
            Action::Duplicate(envelope) => {
                next.spent.duplicates += 1;
                next.act(known, envelope.to, Step::Hear(Arc::clone(envelope)));
            }
            Action::Lose(envelope) => next.remove(envelope),
            Action::TimeOut(place) => next.act(known, *place, Step::TimeOut),
            Action::Remind(place) => {
                next.spent.reminders += 1;
                next.act(known, *place, Step::Remind);
            }
            Action::Propose(place) => {
                next.spent.proposals += 1;
                next.act(known, *place, Step::Propose(next.spent.proposals));
            }
            Action::CompleteWrite(place) => next.act(known, *place, Step::CompleteWrite),
            Action::Crash { node, kept } => {
                next.spent.crashes += 1;
                next.act(known, *node, Step::Crash(*kept));
            }
        }
        next.digest = next.digest(symmetric);
        next
    }

    /// The law that is broken here.
    #[must_use]
    pub fn broken(&self) -> Option<Law> {
        self.history.broken.as_ref().map(|(law, _)| *law)
    }

    /// How many nodes lead, each in its own term.
    #[must_use]
    pub fn leaders(&self) -> usize {
        self.nodes.iter().filter(|node| node.role == RoleName::Leader).count()
    }

    /// At how many indexes logs differ.
    #[must_use]
    pub fn conflicts(&self) -> usize {
        let longest = self.nodes.iter().map(|node| node.log.len()).max().unwrap_or(0);
        let differ = |at: &usize| {
            let mut held = self.nodes.iter().filter_map(|node| node.log.get(*at));
            let first = held.next();
            held.any(|other| Some(other) != first)
        };
        (0..longest).filter(differ).count()
    }

    /// Whether somebody leads whose log has an entry of an earlier term, not yet committed, at an index where another
    /// log has a different one: the premise of Figure 8 of the paper.
    #[must_use]
    pub fn is_precarious(&self) -> bool {
        let leaders = self.nodes.iter().filter(|node| node.role == RoleName::Leader);
        let mut inherited = leaders.flat_map(|leader| {
            let open = leader.log.iter().enumerate().skip(self.history.committed.len());
            open.filter(|(_, entry)| entry.term < leader.term)
        });
        inherited.any(|(at, entry)| {
            self.nodes.iter().any(|node| node.log.get(at).is_some_and(|other| other != entry))
        })
    }

    fn act(&mut self, known: &Known, place: usize, step: Step) {
        let outcome = known.outcome(&self.nodes[place], step);
        self.nodes[place] = Arc::clone(&outcome.node);
        history::judge(&mut self.history, &self.nodes, place, &outcome.deeds);
        if known.drops_moot() {
            let receiver = &self.nodes[place];
            self.network.retain(|envelope| envelope.to != place || !envelope.is_moot(receiver));
        }
        for envelope in &outcome.sent {
            let moot = known.drops_moot() && envelope.is_moot(&self.nodes[envelope.to]);
            if !moot && !self.network.contains(envelope) {
                self.network.push(Arc::clone(envelope));
            }
        }
    }

    fn remove(&mut self, envelope: &Envelope) {
        self.network.retain(|other| **other != *envelope);
    }

    /// What the world is, in one number: the least of those under all names if it is to be `symmetric`.
    fn digest(&self, symmetric: bool) -> u64 {
        let all = Renaming::all(self.nodes.len());
        let considered = if symmetric { all } else { &all[..1] };
        let digests = considered.iter().enumerate().map(|(at, renaming)| self.digest_under(at, renaming));
        digests.min().expect("at least one renaming")
    }

    fn digest_under(&self, at: usize, renaming: &Renaming) -> u64 {
        // Sums do not depend on order, so nothing has to be sorted under each renaming.
        let nodes = self.nodes.iter().map(|node| mix(node.digests[at]));
        let network = self.network.iter().map(|envelope| {
            let way = (renaming.of(envelope.from) * self.nodes.len() + renaming.of(envelope.to)) as u64;
            mix(envelope.content() ^ mix(way + 1))
        });
        let leaders = self
            .history
            .leaders
            .iter()
            .map(|(term, leader)| mix(mix(term.get() + 0x4c45_4144) ^ renaming.of(*leader) as u64));
        let mut state = Folding::default();
        nodes.chain(network).chain(leaders).fold(0, u64::wrapping_add).hash(&mut state);
        (&self.history.committed, self.spent, self.broken()).hash(&mut state);
        state.finish()
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Deliver(envelope) => write!(f, "{envelope} arrives"),
            Self::Duplicate(envelope) => write!(f, "{envelope} arrives, and stays"),
            Self::Lose(envelope) => write!(f, "{envelope} is lost"),
            Self::TimeOut(place) => write!(f, "{} times out", id(*place)),
            Self::Remind(place) => write!(f, "{} reminds", id(*place)),
            Self::Propose(place) => write!(f, "{} is proposed to", id(*place)),
            Self::CompleteWrite(place) => write!(f, "{} completes a write", id(*place)),
            Self::Crash { node, kept } => write!(f, "{} crashes, {kept} unconfirmed writes kept", id(*node)),
        }
    }
}
