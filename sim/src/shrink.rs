//! From a run that fails to the few faults that it takes.
//!
//! Delta debugging (Zeller and Hildebrandt 2002) on the schedule of faults: first whole kinds are left out, then single
//! faults, in ever smaller runs of neighbours and the last ones first, since what comes before a fault left out stays
//! as it was. What comes after it does not: the group goes another way. So a schedule that is left is not the part of
//! the first run that matters, but a small run of its own which breaks the same law; and where no single fault can be
//! left out, many at once often can, since without them everything is different. So then faults are left out by chance
//! (always by the same), until that does not help any more.

use machine_core::{Instant, Rng};

use crate::{Kind, Schedule, Strike};

/// What the search may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Runs played.
    pub runs_max: u32,
}

impl Default for Budget {
    /// Enough for a few thousand faults of which a few matter.
    fn default() -> Self {
        Self { runs_max: 3000 }
    }
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The faults that are left; the run that they give breaks the law.
    pub schedule: Schedule,
    /// How many faults there were in the beginning.
    pub before: usize,
    /// Those that are left, in order.
    pub left: Vec<Strike>,
    /// Runs played.
    pub runs: u32,
    /// Whether leaving out any one fault more breaks the law no longer. Otherwise the budget was spent, or `play` gave
    /// up.
    pub is_minimal: bool,
}

/// How far the search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Runs played.
    pub runs: u32,
    /// Faults left.
    pub faults: usize,
}

/// Looks for a small part of the faults `all` that breaks the law still.
///
/// When all faults had ended before the law was broken, `healed_at` says when they did: then they end as early as they can
/// after the last one left, too.
///
/// `play` plays a schedule and returns the faults that happened, in order, if the same law was broken. `more` is told
/// about the progress before each run, and says whether to go on.
pub fn shrink(
    all: Vec<Strike>,
    healed_at: Option<Instant>,
    budget: Budget,
    mut play: impl FnMut(&Schedule) -> Option<Vec<Strike>>,
    mut more: impl FnMut(Progress) -> bool,
) -> Shrunk {
    let before = all.len();
    let mut search = Search { runs: 0, budget, left: all };
    let mut kinds: Vec<Kind> = search.left.iter().map(|strike| strike.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    search.reduce(kinds, &mut more, |kinds| {
        let strikes = play(&Schedule::of_kinds(kinds))?;
        let kinds = kinds.iter().copied().filter(|kind| strikes.iter().any(|strike| strike.kind == *kind));
        Some((kinds.collect(), strikes))
    });
    let mut heal_at = None;
    if let Some(healed_at) = healed_at {
        heal_at = search.hasten(healed_at, &mut more, &mut play);
    }
    let mut is_minimal;
    let mut dice = Rng::new(0);
    loop {
        let faults = search.left.clone();
        is_minimal = search.reduce(faults, &mut more, |faults| {
            let strikes = play(&Schedule::of(faults).healed_at(heal_at))?;
            Some((strikes.clone(), strikes))
        });
        if !is_minimal || !search.shake(heal_at, &mut dice, &mut more, &mut play) {
            break;
        }
    }
    let Search { runs, left, .. } = search;
    Shrunk { schedule: Schedule::of(&left).healed_at(heal_at), before, left, runs, is_minimal }
}

struct Search {
    runs: u32,
    budget: Budget,
    /// The faults of the newest run that broke the law.
    left: Vec<Strike>,
}

impl Search {
    /// Leaves out all items that it can; whether nothing more can be left out. `fails` is given the items that are to
    /// stay, and returns, when the law is broken, those of them that mattered, and the faults of the run.
    fn reduce<T: Clone>(
        &mut self,
        mut items: Vec<T>,
        more: &mut impl FnMut(Progress) -> bool,
        mut fails: impl FnMut(&[T]) -> Option<(Vec<T>, Vec<Strike>)>,
    ) -> bool {
        let mut chunk = items.len();
        while chunk > 0 {
            let mut end = items.len();
            let mut removed = false;
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let progress = Progress { runs: self.runs, faults: self.left.len() };
                if self.runs >= self.budget.runs_max || !more(progress) {
                    return false;
                }
                self.runs += 1;
                let rest = [&items[..start], &items[end..]].concat();
                if let Some((mattered, strikes)) = fails(&rest) {
                    items = mattered;
                    self.left = strikes;
                    removed = true;
                }
                end = start.min(items.len());
            }
            // The last round is repeated until it changes nothing.
            chunk = if chunk > 1 { chunk.min(items.len()).div_ceil(2) } else { usize::from(removed) };
        }
        true
    }

    /// Leaves out many faults at once, drawn by chance, until that breaks the law; whether it did.
    fn shake(
        &mut self,
        heal_at: Option<Instant>,
        dice: &mut Rng,
        more: &mut impl FnMut(Progress) -> bool,
        play: &mut impl FnMut(&Schedule) -> Option<Vec<Strike>>,
    ) -> bool {
        if self.left.len() < 3 {
            return false;
        }
        for keep_per_mille in SHAKES.into_iter().flatten() {
            let progress = Progress { runs: self.runs, faults: self.left.len() };
            if self.runs >= self.budget.runs_max || !more(progress) {
                return false;
            }
            let rest: Vec<_> = self.left.iter().filter(|_| dice.per_mille(keep_per_mille)).collect();
            if rest.len() < self.left.len() {
                self.runs += 1;
                if let Some(strikes) = play(&Schedule::of(rest).healed_at(heal_at)) {
                    self.left = strikes;
                    return true;
                }
            }
        }
        false
    }

    /// Halves the time in which there are faults as long as the law is broken; the end found, if it is earlier.
    fn hasten(
        &mut self,
        healed_at: Instant,
        more: &mut impl FnMut(Progress) -> bool,
        play: &mut impl FnMut(&Schedule) -> Option<Vec<Strike>>,
    ) -> Option<Instant> {
        let (mut good, mut bad, mut found) = (0, healed_at.as_nanos(), None);
        while bad - good > bad / HASTE {
            let progress = Progress { runs: self.runs, faults: self.left.len() };
            if self.runs >= self.budget.runs_max || !more(progress) {
                break;
            }
            self.runs += 1;
            let middle = good + (bad - good) / 2;
            let heal_at = Some(Instant::from_nanos(middle));
            match play(&Schedule::of(&self.left).healed_at(heal_at)) {
                Some(strikes) => (bad, found, self.left) = (middle, heal_at, strikes),
                None => good = middle,
            }
        }
        found
    }
}

/// How many faults of 1,000 each attempt keeps.
const SHAKES: [[u64; 4]; 60] = [[250, 500, 750, 900]; 60];

/// The end of all faults is found to one part in so many.
const HASTE: u64 = 32;

#[cfg(test)]
mod tests;
