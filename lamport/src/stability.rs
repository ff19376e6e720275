use alloc::{collections::BTreeMap, vec::Vec};

use crate::{ClockError, VersionVector};

/// Most ids in one member's vector unless it is told otherwise: 65,536.
const ENTRIES_MAX: usize = 1 << 16;

/// What each member is known to know: a matrix clock (Wuu and Bernstein 1984). It says what everybody knows, so what may
/// be forgotten: tombstones, log entries, ids that have left.
///
/// Each member's newest vector, which comes along with its messages, goes to [`Stability::observe`]. What is *stable* is
/// known to all members: no message that is concurrent with it can still come from any of them, provided that each
/// member's messages arrive in the order in which it sent them.
///
/// A member that claims to know too much only stops holding the others back; one that is silent holds back everything
/// ([`Stability::laggards`]), until it speaks or is removed.
///
/// ```
/// use lamport::{Stability, VersionVector};
///
/// let mut known = Stability::new([1, 2]);
/// known.observe(&1, &VersionVector::from([(1, 5), (2, 3)]))?;
/// assert!(known.stable().is_empty(), "2 has not spoken");
/// known.observe(&2, &VersionVector::from([(1, 4), (2, 3)]))?;
/// assert_eq!(known.stable(), VersionVector::from([(1, 4), (2, 3)]));
/// assert_eq!(known.laggards(), [&2]);
/// # Ok::<(), lamport::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stability<I = u64> {
    rows: BTreeMap<I, VersionVector<I>>,
    entries_max: usize,
}

impl<I: Ord + Clone> Stability<I> {
    /// A group of which nothing is known but its members.
    #[must_use]
    pub fn new(members: impl IntoIterator<Item = I>) -> Self {
        let rows = members.into_iter().map(|member| (member, VersionVector::new())).collect();
        Self { rows, entries_max: ENTRIES_MAX }
    }

    /// At most so many ids in what one member knows, which is what a member that lies can make us keep. Default 65,536.
    #[must_use]
    pub fn with_entries_max(self, entries: usize) -> Self {
        Self { entries_max: entries, ..self }
    }

    /// The members, ascending.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &I> {
        self.rows.keys()
    }

    /// `from` says that it knows all this. What it said before stays: vectors that arrive late or twice do no harm.
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownMember`], or [`ClockError::TooManyEntries`]. Nothing has changed.
    pub fn observe(&mut self, from: &I, vector: &VersionVector<I>) -> Result<(), ClockError> {
        let row = self.rows.get_mut(from).ok_or(ClockError::UnknownMember)?;
        row.merge_bounded(vector, self.entries_max)
    }

    /// What every member knows. It only grows while the membership is fixed.
    #[must_use]
    pub fn stable(&self) -> VersionVector<I> {
        let mut rows = self.rows.values();
        let first = rows.next().cloned().unwrap_or_default();
        rows.fold(first, |stable, row| VersionVector::meet(&stable, row))
    }

    /// The members without whom more would be stable, ascending: those that alone lack something all others know.
    #[must_use]
    pub fn laggards(&self) -> Vec<&I> {
        let mut laggards = Vec::new();
        let known = self.rows.values().fold(VersionVector::new(), |all, row| VersionVector::join(&all, row));
        for (id, _) in known.iter() {
            // The lowest and the second lowest of this column.
            let (mut lowest, mut second) = (None, u64::MAX);
            for (member, row) in &self.rows {
                let n = row.get(id);
                match lowest {
                    Some((_, least)) if n >= least => second = second.min(n),
                    Some((_, least)) => (lowest, second) = (Some((member, n)), least),
                    None => lowest = Some((member, n)),
                }
            }
            laggards
                .extend(lowest.filter(|(_, n)| *n < second && self.rows.len() > 1).map(|(member, _)| member));
        }
        laggards.sort_unstable();
        laggards.dedup();
        laggards
    }

    /// A new member, which knows this much for certain, as from the state that it was given. `false` when it is one
    /// already, which does nothing. What is stable may become less.
    pub fn add_member(&mut self, member: I, knows: VersionVector<I>) -> bool {
        if self.rows.contains_key(&member) {
            return false;
        }
        self.rows.insert(member, knows);
        true
    }

    /// A member has left for good; returns what it was known to know. What is stable may become more.
    pub fn remove_member(&mut self, member: &I) -> Option<VersionVector<I>> {
        self.rows.remove(member)
    }
}

#[cfg(test)]
mod tests;
