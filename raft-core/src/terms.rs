use alloc::vec::Vec;

use crate::{Index, Term};

/// The term of every entry of the log, run-length coded: one pair for each change of term.
///
/// So that no entry has to be fetched only to learn its term, however old it is. It grows by 16 bytes an election.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    starts: Vec<(Index, Term)>,
}

impl Terms {
    /// Says that entries from `first` on have `term`, as far as nothing later is said.
    pub(crate) fn push(&mut self, first: Index, term: Term) {
        match self.starts.last() {
            Some((_, newest)) if *newest == term => {}
            newest => {
                assert!(
                    newest.is_none_or(|(start, older)| *older < term && *start < first),
                    "terms ascend in the log"
                );
                self.starts.push((first, term));
            }
        }
    }

    /// Nothing is going on: gives back memory that holds nothing.
    pub(crate) fn rest(&mut self) {
        if self.starts.capacity() > self.starts.len() {
            self.starts.shrink_to_fit();
        }
    }

    /// Forgets entries from `index` on.
    pub(crate) fn truncate(&mut self, index: Index) {
        while self.starts.last().is_some_and(|(start, _)| *start >= index) {
            self.starts.pop();
        }
    }

    /// The term at `index`, which must lie within the log; zero at index zero.
    pub(crate) fn at(&self, index: Index) -> Term {
        if let Some((start, term)) = self.starts.last() {
            if *start <= index {
                return *term;
            }
        }
        let after = self.starts.partition_point(|(start, _)| *start <= index);
        after.checked_sub(1).map_or(Term::ZERO, |place| self.starts[place].1)
    }

    /// The last index up to `last` whose term is the same as that at `index`.
    pub(crate) fn end_of_term_at(&self, index: Index, last: Index) -> Index {
        let after = self.starts.partition_point(|(start, _)| *start <= index);
        self.starts.get(after).map_or(last, |(start, _)| start.prev())
    }

    /// The term at `index` and the last index up to `last` of the same term.
    pub(crate) fn around(&self, index: Index, last: Index) -> (Term, Index) {
        if let Some((_, term)) = self.starts.last().filter(|(start, _)| *start <= index) {
            return (*term, last);
        }
        (self.at(index), self.end_of_term_at(index, last))
    }

    /// The largest index no later than `index` whose term is no later than `term`.
    pub(crate) fn last_not_after(&self, index: Index, term: Term) -> Index {
        let after = self.starts.partition_point(|(start, at)| *start <= index && *at <= term);
        match self.starts.get(after) {
            Some((start, _)) if *start <= index => start.prev(),
            _ => index,
        }
    }

    /// Whether starts and terms ascend strictly and lie within `last`.
    pub(crate) fn is_sound(&self, last: Index) -> bool {
        let ascending = self.starts.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        let from_one = self.starts.first().is_none_or(|(start, _)| *start == Index::new(1));
        ascending && from_one && self.starts.last().is_none_or(|(start, _)| *start <= last)
    }
}

#[cfg(test)]
mod tests;
