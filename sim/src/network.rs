//! A network between a few nodes that loses, delays, doubles, reorders and cuts. It moves nothing itself: it says when
//! copies of a message arrive.

use std::{fmt, time::Duration};

use machine_core::{Instant, Rng};

use crate::faults::{Faults, Kind, Place};

/// How bad the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NetworkProfile {
    pub(crate) loss_per_mille: u64,
    pub(crate) duplicate_per_mille: u64,
    pub(crate) delay_min: Duration,
    /// Mean of what comes on top of `delay_min`.
    pub(crate) delay_mean: Duration,
    /// How many messages of 1,000 are late by up to `late_max`: these arrive when nobody expects them any more.
    pub(crate) late_per_mille: u64,
    pub(crate) late_max: Duration,
}

impl NetworkProfile {
    /// A network without faults.
    pub(crate) const HEALTHY: Self = Self {
        loss_per_mille: 0,
        duplicate_per_mille: 0,
        delay_min: Duration::from_micros(200),
        delay_mean: Duration::from_micros(300),
        late_per_mille: 0,
        late_max: Duration::ZERO,
    };
}

/// Which links a partition cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Two sides that cannot reach each other.
    Halves,
    /// Two sides; the first cannot reach the second, but hears it.
    OneWay,
    /// One node is alone.
    Isolate,
    /// One node is heard by nobody, but hears all.
    Mute,
    /// One node hears nobody, but is heard by all.
    Deaf,
    /// Two sides that have only one node in common, which reaches all.
    Bridge,
    /// Each node reaches only its two neighbours.
    Ring,
}

impl Shape {
    pub(crate) const ALL: [Self; 7] =
        [Self::Halves, Self::OneWay, Self::Isolate, Self::Mute, Self::Deaf, Self::Bridge, Self::Ring];
}

/// What becomes of a message on a cut link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Open,
    Drop,
    /// Held, and delivered when the cut is over: a clogged buffer that is flushed.
    HoldUntil(Instant),
}

/// When the copies of a message arrive; none when it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Arrivals {
    at: [Option<Instant>; COPIES_MAX],
}

impl Arrivals {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Instant> {
        self.at.into_iter().flatten()
    }
}

const COPIES_MAX: usize = 3;

/// The links between `nodes` nodes, named by their place.
#[derive(Debug)]
pub(crate) struct Network {
    profile: NetworkProfile,
    links: Vec<Link>,
    /// Links that somebody has cut by hand; whatever faults do, these stay cut until the same hand opens them.
    by_hand: Vec<bool>,
    nodes: usize,
    /// For what cuts have in common.
    rng: Rng,
    /// Of each link: what becomes of a message does not depend on what others say to each other.
    dice: Vec<Rng>,
    faults: Faults,
}

impl Network {
    pub(crate) fn new(nodes: usize, profile: NetworkProfile, mut rng: Rng, faults: Faults) -> Self {
        let dice = (0..nodes * nodes).map(|_| rng.fork()).collect();
        Self {
            profile,
            links: vec![Link::Open; nodes * nodes],
            by_hand: Vec::new(),
            nodes,
            rng,
            dice,
            faults,
        }
    }

    /// When a message sent now arrives. The dice are thrown alike whatever becomes of it.
    pub(crate) fn route(
        &mut self,
        now: Instant,
        (from, to): (usize, usize),
        message: &dyn fmt::Debug,
    ) -> Arrivals {
        let link = from * self.nodes + to;
        let (place, dice) = (Place::link(from, to), &mut self.dice[link]);
        let lost = dice.per_mille(self.profile.loss_per_mille);
        let mut copies = [None; COPIES_MAX];
        for (copy, delay) in copies.iter_mut().enumerate() {
            if copy > 0 && !dice.per_mille(self.profile.duplicate_per_mille) {
                break;
            }
            *delay = Some(draw_delay(&self.profile, dice));
        }
        let mut arrivals = Arrivals::default();
        let start = match self.links[link] {
            Link::Open => now,
            Link::Drop => return arrivals,
            Link::HoldUntil(end) => end.max(now),
        };
        if lost && self.faults.strike(Kind::Loss, place, format_args!("loses {message:?}")) {
            return arrivals;
        }
        let strikes = |kind, what: fmt::Arguments<'_>| self.faults.strike(kind, place, what);
        for (copy, (usual, late)) in copies.into_iter().flatten().enumerate() {
            if copy > 0 && !strikes(Kind::Double, format_args!("doubles {message:?}")) {
                continue;
            }
            let is_late =
                |late: &Duration| strikes(Kind::Late, format_args!("delays by {late:?} {message:?}"));
            arrivals.at[copy] = Some(start + usual + late.filter(is_late).unwrap_or_default());
        }
        arrivals
    }

    /// Cuts links until [`Network::open`]. `around` is the node on which shapes with a centre are centred; when `hold`
    /// names the cut's end, messages wait for it, otherwise they are lost. Shapes with two sides have those.
    pub(crate) fn cut(&mut self, shape: Shape, around: usize, sides: &[bool], hold: Option<Instant>) {
        let closed = hold.map_or(Link::Drop, Link::HoldUntil);
        for from in 0..self.nodes {
            for to in 0..self.nodes {
                if from != to && severs(shape, around, sides, self.nodes, (from, to)) {
                    self.links[from * self.nodes + to] = closed;
                }
            }
        }
        self.keep_cut_by_hand();
    }

    /// Cuts these links until [`Network::open_by_hand`], besides what else is cut by hand.
    pub(crate) fn cut_by_hand(&mut self, links: &[(usize, usize)]) {
        self.by_hand.resize(self.links.len(), false);
        for (from, to) in links {
            self.by_hand[from * self.nodes + to] = true;
        }
        self.keep_cut_by_hand();
    }

    /// Opens the links that were cut by hand.
    pub(crate) fn open_by_hand(&mut self) {
        for (link, _) in self.links.iter_mut().zip(&self.by_hand).filter(|(_, cut)| **cut) {
            *link = Link::Open;
        }
        self.by_hand.clear();
    }

    /// For each node, on which of two sides it is; the centre is on the first.
    pub(crate) fn draw_sides(&mut self, around: usize) -> Vec<bool> {
        (0..self.nodes).map(|node| node != around && self.rng.per_mille(500)).collect()
    }

    /// What becomes of messages from here on is drawn from other dice.
    pub(crate) fn throw_anew(&mut self, dice: &mut Rng) {
        self.rng = dice.fork();
        self.dice.fill_with(|| dice.fork());
    }

    /// Opens all links.
    pub(crate) fn open(&mut self) {
        self.links.fill(Link::Open);
        self.keep_cut_by_hand();
    }

    /// Opens all links and takes away all faults.
    pub(crate) fn heal(&mut self) {
        self.by_hand.clear();
        self.open();
        self.profile = NetworkProfile::HEALTHY;
    }

    /// The links that are cut, each from its first node to its second.
    pub(crate) fn cut_links(&self) -> impl Iterator<Item = (usize, usize)> {
        let cut = |(place, link): (usize, &Link)| {
            (*link != Link::Open).then_some((place / self.nodes, place % self.nodes))
        };
        self.links.iter().enumerate().filter_map(cut)
    }

    fn keep_cut_by_hand(&mut self) {
        for (link, _) in self.links.iter_mut().zip(&self.by_hand).filter(|(_, cut)| **cut) {
            *link = Link::Drop;
        }
    }
}

/// The usual delay, and what comes on top when the message is late.
fn draw_delay(profile: &NetworkProfile, dice: &mut Rng) -> (Duration, Option<Duration>) {
    let usual = profile.delay_min + dice.duration(Duration::ZERO, profile.delay_mean * 2);
    let late = dice.per_mille(profile.late_per_mille);
    (usual, late.then(|| dice.duration(Duration::ZERO, profile.late_max)))
}

fn severs(shape: Shape, around: usize, sides: &[bool], nodes: usize, (from, to): (usize, usize)) -> bool {
    match shape {
        Shape::Halves => sides[from] != sides[to],
        Shape::OneWay => !sides[from] && sides[to],
        Shape::Isolate => from == around || to == around,
        Shape::Mute => from == around,
        Shape::Deaf => to == around,
        Shape::Bridge => from != around && to != around && sides[from] != sides[to],
        Shape::Ring => {
            let apart = from.abs_diff(to);
            apart != 1 && apart != nodes - 1
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Halves => "halves",
            Self::OneWay => "one-way",
            Self::Isolate => "isolate",
            Self::Mute => "mute",
            Self::Deaf => "deaf",
            Self::Bridge => "bridge",
            Self::Ring => "ring",
        })
    }
}

#[cfg(test)]
mod tests;
