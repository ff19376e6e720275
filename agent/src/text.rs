//! A text of any length from a seed: what the demo sends when it is given no file.

use machine_core::Rng;

/// Lines of made-up prose, each different from all others by its number; the same for the same seed, everywhere.
///
/// ```
/// let text: Vec<String> = agent::text::MadeText::new(7, 2).collect();
/// assert_eq!(text, agent::text::MadeText::new(7, 2).collect::<Vec<_>>());
/// assert!(text[0].starts_with("1 ") && text[1].starts_with("2 "));
/// ```
#[derive(Clone, Debug)]
pub struct MadeText {
    rng: Rng,
    next: u64,
    lines: u64,
}

impl MadeText {
    /// `lines` lines for this seed.
    #[must_use]
    pub const fn new(seed: u64, lines: u64) -> Self {
        Self { rng: Rng::new(seed), next: 1, lines }
    }

    fn word(&mut self, words: &[&'static str]) -> &'static str {
        let place = self.rng.below(words.len() as u64);
        usize::try_from(place).ok().and_then(|place| words.get(place)).copied().unwrap_or_default()
    }
}

impl Iterator for MadeText {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.next > self.lines {
            return None;
        }
        let mut line = self.next.to_string();
        for _ in 0..=self.rng.below(2) {
            for words in [WHICH, WHO, DOES, WHAT, WHERE] {
                line.push(' ');
                line.push_str(self.word(words));
            }
            line.push('.');
        }
        self.next += 1;
        Some(line)
    }
}

const WHICH: &[&str] =
    &["the old", "a patient", "the second", "every", "no", "a sleepy", "the loyal", "one lone"];
const WHO: &[&str] =
    &["clerk", "harbour master", "librarian", "voter", "lighthouse", "ferry", "witness", "messenger"];
const DOES: &[&str] =
    &["writes down", "repeats", "loses", "finds", "counts", "seals", "remembers", "hands over"];
const WHAT: &[&str] =
    &["the ledger", "seven letters", "a promise", "the last page", "two keys", "an answer", "it all"];
const WHERE: &[&str] =
    &["before dawn", "in the rain", "by the door", "once more", "without a word", "at noon", "twice"];

#[cfg(test)]
mod tests;
