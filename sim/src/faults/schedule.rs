//! Which faults of a run happen.

use std::{fmt, str::FromStr};

use machine_core::Instant;

use super::{Kind, Strike};

/// The faults of a run that happen, of those for which the dice fall; all of them, unless said otherwise.
///
/// As text: `crash:3,loss:8-12,pause` are the third crash, the eighth to twelfth message lost, and all pauses; `none`
/// is a run without faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    allowed: [Numbers; Kind::ALL.len()],
    heal_at: Option<Instant>,
}

/// Ranges of numbers, both ends included; sorted, and not touching each other.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Numbers(Vec<(u64, u64)>);

const EVERY: (u64, u64) = (1, u64::MAX);

impl Default for Schedule {
    fn default() -> Self {
        Self { allowed: std::array::from_fn(|_| Numbers(vec![EVERY])), heal_at: None }
    }
}

impl Schedule {
    /// No faults.
    #[must_use]
    pub fn none() -> Self {
        Self { allowed: std::array::from_fn(|_| Numbers::default()), heal_at: None }
    }

    /// The faults of these kinds.
    #[must_use]
    pub fn of_kinds(kinds: &[Kind]) -> Self {
        let mut schedule = Self::none();
        for kind in kinds {
            schedule.allowed[*kind as usize] = Numbers(vec![EVERY]);
        }
        schedule
    }

    /// These faults, and no others.
    #[must_use]
    pub fn of<'a>(strikes: impl IntoIterator<Item = &'a Strike>) -> Self {
        let mut schedule = Self::none();
        for Strike { kind, number, .. } in strikes {
            schedule.allowed[*kind as usize].0.push((*number, *number));
        }
        for numbers in &mut schedule.allowed {
            numbers.tidy();
        }
        schedule
    }

    /// All faults but these.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { allowed: std::array::from_fn(|kind| self.allowed[kind].inverse()), heal_at: self.heal_at }
    }

    /// With the end of all faults at this moment, if it would come later.
    #[must_use]
    pub fn healed_at(self, heal_at: Option<Instant>) -> Self {
        Self { heal_at, ..self }
    }

    /// When all faults end, if earlier than drawn.
    #[must_use]
    pub const fn heal_at(&self) -> Option<Instant> {
        self.heal_at
    }

    /// Whether every fault happens.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this fault happens.
    #[must_use]
    pub fn allows(&self, kind: Kind, number: u64) -> bool {
        self.allowed[kind as usize].holds(number)
    }

    /// The flags with which the program plays this schedule, each after a space; empty when every fault happens.
    #[must_use]
    pub fn flags(&self) -> String {
        let mut flags = String::new();
        if self.allowed != Self::default().allowed {
            flags = format!(" --only {self}");
        }
        if let Some(at) = self.heal_at {
            flags += &format!(" --heal-at {at}");
        }
        flags
    }
}

impl Numbers {
    fn tidy(&mut self) {
        self.0.sort_unstable();
        let mut tidy: Vec<(u64, u64)> = Vec::new();
        for (first, last) in self.0.drain(..) {
            match tidy.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => tidy.push((first, last)),
            }
        }
        self.0 = tidy;
    }

    fn holds(&self, number: u64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= number);
        after.checked_sub(1).is_some_and(|place| number <= self.0[place].1)
    }

    fn inverse(&self) -> Self {
        let mut inverse = Vec::new();
        let mut next = Some(EVERY.0);
        for (first, last) in &self.0 {
            if let Some(free) = next.filter(|free| free < first) {
                inverse.push((free, first - 1));
            }
            next = last.checked_add(1);
        }
        inverse.extend(next.map(|free| (free, EVERY.1)));
        Self(inverse)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for kind in Kind::ALL {
            for range in &self.allowed[kind as usize].0 {
                f.write_str(comma)?;
                comma = ",";
                match *range {
                    EVERY => write!(f, "{kind}")?,
                    (first, last) if first == last => write!(f, "{kind}:{first}")?,
                    (first, u64::MAX) => write!(f, "{kind}:{first}-")?,
                    (first, last) => write!(f, "{kind}:{first}-{last}")?,
                }
            }
        }
        if comma.is_empty() { f.write_str("none") } else { Ok(()) }
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut schedule = Self::none();
        if text == "none" {
            return Ok(schedule);
        }
        for part in text.split(',') {
            let (kind, numbers) = match part.split_once(':') {
                None => (part, Some(EVERY)),
                Some((kind, numbers)) => (kind, range(numbers)),
            };
            let numbers = numbers.ok_or_else(|| {
                format!("{part:?} names no faults; write kind, kind:3, kind:3-9 or kind:3-, counted from 1")
            })?;
            schedule.allowed[kind.parse::<Kind>()? as usize].0.push(numbers);
        }
        for numbers in &mut schedule.allowed {
            numbers.tidy();
        }
        Ok(schedule)
    }
}

fn range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let first = first.parse().ok()?;
    let last = if last.is_empty() { EVERY.1 } else { last.parse().ok()? };
    (1 <= first && first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests;
