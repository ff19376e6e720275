//! What a run is a function of: its seed, and places at which the dice were thrown anew.

use std::{fmt, str::FromStr};

use machine_core::Rng;

use super::world::World;
use crate::Digest;

/// A run: its seed, and its variations in the order of their events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Plan {
    /// Everything is drawn from it.
    pub seed: u64,
    /// Where the dice become others; ascending.
    pub variations: Vec<Variation>,
}

/// Before one event the dice of faults, hosts, clients and links are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variation {
    /// The number of the event, counted from 1.
    pub event: u64,
    /// By which dice: another number gives another run.
    pub salt: u64,
}

impl Plan {
    /// The run of a seed as it is.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        Self { seed, variations: Vec::new() }
    }

    /// The same up to this event, and from there on another.
    #[must_use]
    pub fn varied(&self, variation: Variation) -> Self {
        let before = self.variations.iter().filter(|earlier| earlier.event < variation.event);
        Self { seed: self.seed, variations: before.copied().chain([variation]).collect() }
    }
}

impl World<'_> {
    /// Replaces the dice, if the next event is one before which that is to be done.
    pub(crate) fn vary(&mut self) {
        let next = self.totals.events;
        let Some(Variation { event, salt }) =
            self.variations.front().copied().filter(|next_one| next_one.event <= next)
        else {
            return;
        };
        self.variations.pop_front();
        let mut mixed = Digest::default();
        for word in [event, salt, self.dice.next_u64()] {
            mixed.word(word);
        }
        let mut dice = Rng::new(mixed.get());
        self.network.throw_anew(&mut dice);
        self.clients.throw_anew(&mut dice);
        for node in &mut self.nodes {
            node.dice = dice.fork();
        }
        self.adversary_dice = dice.fork();
        self.dice = dice;
        self.trace.note(self.now, None, &[46, event, salt], format_args!("the dice are others from here on"));
    }
}

impl FromStr for Variation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || format!("{text:?} is no variation; write EVENT:SALT, for example 1200:3");
        let (event, salt) = text.split_once(':').ok_or_else(hint)?;
        let number = |digits: &str| digits.parse::<u64>().map_err(|_| hint());
        Ok(Self { event: number(event)?, salt: number(salt)? })
    }
}

impl fmt::Display for Variation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.event, self.salt)
    }
}

/// The flags that play it.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {}", self.seed)?;
        for (place, variation) in self.variations.iter().enumerate() {
            write!(f, "{}{variation}", if place == 0 { " --vary " } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
