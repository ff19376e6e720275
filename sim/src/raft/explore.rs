//! Search instead of chance: runs that come to shapes which no run had before are kept, and varied from there on.

use std::collections::BTreeSet;

use machine_core::Rng;

use super::{Plan, Shapes, Variation};

/// Of 1,000 runs so many are variations, once there is something to vary.
const VARIED_PER_MILLE: u64 = 600;

/// Most variations of one run, so that it can still be told what makes it special.
const VARIATIONS_MAX: usize = 6;

/// Of each kept run so many of the places that were new.
const PLACES_MAX: usize = 16;

/// Kept runs among which one is chosen for what it has found.
const CANDIDATES: usize = 8;

/// Most runs that are kept; beyond, the oldest go.
const KEPT_MAX: usize = 2_000;

/// What is known of the shapes there are, and which runs are worth another look. The same plans with the same outcomes in
/// the same order give the same next plans.
#[derive(Debug)]
pub struct Explorer {
    dice: Rng,
    next_seed: u64,
    varies: bool,
    seen: BTreeSet<u64>,
    kept: Vec<Kept>,
    found: Found,
}

/// A run that is worth another look.
#[derive(Debug)]
struct Kept {
    plan: Plan,
    /// Some of the events after which the group was as no group before.
    places: Vec<u64>,
    /// How much it has found, times how much of it in each event.
    worth: u64,
}

/// What exploring has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Found {
    /// Runs of fresh seeds.
    pub fresh: u64,
    /// Runs that vary a kept one.
    pub varied: u64,
    /// Runs that came to a new shape.
    pub kept: u64,
    /// Shapes.
    pub shapes: u64,
}

impl Explorer {
    /// Begins with this seed; `varies` tells whether kept runs are varied, or all seeds are fresh.
    #[must_use]
    pub fn new(first_seed: u64, varies: bool) -> Self {
        Self {
            dice: Rng::new(first_seed),
            next_seed: first_seed,
            varies,
            seen: BTreeSet::new(),
            kept: Vec::new(),
            found: Found::default(),
        }
    }

    /// The next run.
    pub fn plan(&mut self) -> Plan {
        if self.varies && !self.kept.is_empty() && self.dice.per_mille(VARIED_PER_MILLE) {
            let promising = self.promising();
            let Kept { plan, places, .. } = &self.kept[promising];
            let place = usize::try_from(self.dice.below(places.len() as u64)).expect("below a length");
            // From the event after the one that was new.
            let variation = Variation { event: places[place] + 1, salt: self.dice.below(10_000) };
            let varied = plan.varied(variation);
            if varied.variations.len() <= VARIATIONS_MAX {
                self.found.varied += 1;
                return varied;
            }
        }
        self.found.fresh += 1;
        self.next_seed = self.next_seed.wrapping_add(1);
        Plan::of(self.next_seed.wrapping_sub(1))
    }

    /// What a run of so many events came to.
    pub fn learn(&mut self, plan: Plan, shapes: &Shapes, events: u64) {
        let mut places: Vec<_> =
            shapes.iter().filter(|(shape, _)| self.seen.insert(*shape)).map(|(_, event)| event).collect();
        self.found.shapes = self.seen.len() as u64;
        if places.is_empty() {
            return;
        }
        self.found.kept += 1;
        places.sort_unstable();
        places.dedup();
        let found = places.len() as u64;
        let worth = (found * found).saturating_mul(1000) / events.max(1);
        let every = places.len().div_ceil(PLACES_MAX);
        let places: Vec<_> = places.into_iter().step_by(every).collect();
        if self.kept.len() >= KEPT_MAX {
            self.kept.remove(0);
        }
        self.kept.push(Kept { plan, places, worth });
    }

    /// Of a few kept runs the one that has found most, also for its length: where much was new, there is more.
    fn promising(&mut self) -> usize {
        let kept = self.kept.len() as u64;
        let mut some = || usize::try_from(self.dice.below(kept)).expect("below a length");
        let candidates = [(); CANDIDATES].map(|()| some());
        candidates.into_iter().max_by_key(|place| self.kept[*place].worth).unwrap_or_default()
    }

    /// What it has come to so far.
    #[must_use]
    pub const fn found(&self) -> Found {
        self.found
    }
}

#[cfg(test)]
mod tests;
