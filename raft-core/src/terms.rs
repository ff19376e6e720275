use alloc::{boxed::Box, vec::Vec};

use crate::{Index, Term};

/// The term of every entry of the log, run-length coded: one pair for each change of term.
///
/// So that no entry has to be fetched only to learn its term, however old it is. It grows by 16 bytes an election.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    /// Where the newest term starts; zero in an empty log. It is what nearly every question is about.
    newest: (Index, Term),
    /// Where those before it start. A box, since many logs have seen only one.
    #[expect(clippy::box_collection, reason = "one word where there is nothing, instead of three")]
    older: Option<Box<Vec<(Index, Term)>>>,
}

impl Terms {
    /// Says that entries from `first` on have `term`, as far as nothing later is said.
    #[inline]
    pub(crate) fn push(&mut self, first: Index, term: Term) {
        if self.newest.1 != term {
            self.begin(first, term);
        }
    }

    fn begin(&mut self, first: Index, term: Term) {
        let (start, newest) = self.newest;
        assert!(newest < term && start < first, "terms ascend in the log");
        if newest > Term::ZERO {
            self.older.get_or_insert_default().push(self.newest);
        }
        self.newest = (first, term);
    }

    /// Nothing is going on: gives back memory that holds nothing.
    pub(crate) fn rest(&mut self) {
        if let Some(older) = &mut self.older {
            if older.capacity() > older.len() {
                older.shrink_to_fit();
            }
        }
    }

    /// Forgets entries from `index` on.
    pub(crate) fn truncate(&mut self, index: Index) {
        while self.newest.0 >= index && self.newest.1 > Term::ZERO {
            self.newest = self.older.as_mut().and_then(|older| older.pop()).unwrap_or_default();
            // Equal logs are equal here, however they came about.
            self.older.take_if(|older| older.is_empty());
        }
    }

    /// The term at `index`, which must lie within the log; zero at index zero.
    #[inline]
    pub(crate) fn at(&self, index: Index) -> Term {
        let (start, term) = self.newest;
        if start <= index { term } else { self.at_older(index) }
    }

    fn at_older(&self, index: Index) -> Term {
        let after = self.after(index);
        after.checked_sub(1).map_or(Term::ZERO, |place| self.older()[place].1)
    }

    /// The last index up to `last` whose term is the same as that at `index`.
    #[inline]
    pub(crate) fn end_of_term_at(&self, index: Index, last: Index) -> Index {
        if self.newest.0 <= index { last } else { self.start(self.after(index)).prev() }
    }

    /// The term at `index` and the last index up to `last` of the same term.
    pub(crate) fn around(&self, index: Index, last: Index) -> (Term, Index) {
        (self.at(index), self.end_of_term_at(index, last))
    }

    /// The largest index no later than `index` whose term is no later than `term`.
    pub(crate) fn last_not_after(&self, index: Index, term: Term) -> Index {
        let (start, newest) = self.newest;
        if start <= index && newest <= term {
            return index;
        }
        let after = self.older().partition_point(|(start, at)| *start <= index && *at <= term);
        let start = self.start(after);
        if start <= index { start.prev() } else { index }
    }

    /// Whether starts and terms ascend strictly and lie within `last`.
    pub(crate) fn is_sound(&self, last: Index) -> bool {
        let all = || self.older().iter().chain([&self.newest]);
        let ascending = all().zip(all().skip(1)).all(|(one, next)| one.0 < next.0 && one.1 < next.1);
        let (start, term) = self.newest;
        let first = all().next().is_some_and(|(start, _)| *start == Index::new(1));
        ascending && start <= last && (first || (term == Term::ZERO && start == Index::ZERO))
    }

    fn older(&self) -> &[(Index, Term)] {
        self.older.as_ref().map_or(&[], |older| older)
    }

    /// How many of the older terms start no later than `index`.
    fn after(&self, index: Index) -> usize {
        self.older().partition_point(|(start, _)| *start <= index)
    }

    /// Where the term at `place` of all starts.
    fn start(&self, place: usize) -> Index {
        self.older().get(place).map_or(self.newest.0, |(start, _)| *start)
    }
}

#[cfg(test)]
mod tests;
