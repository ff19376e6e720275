use alloc::{collections::BTreeSet, vec::Vec};
use core::{
    fmt,
    hash::{Hash, Hasher},
};

use crate::{ClockError, Dot, VersionVector};

/// Most dots apart that a context holds unless it is told otherwise: 65,536.
pub const CLOUD_MAX: usize = 1 << 16;

/// A set of events with gaps: all up to some event of each node, and a *cloud* of others above them (Almeida, Shoker
/// and Baquero 2018, "causal context").
///
/// It is compact at all times: a dot that closes a gap takes the dots behind it along. So equal sets are equal values,
/// and there is no `compact` to forget.
///
/// The cloud grows while a gap is open, so it has a limit. The limit is no part of the value: it is not compared.
///
/// ```
/// use lamport::{CausalContext, Dot};
///
/// let dot = |n| Dot::new(7, n).expect("not zero");
/// let mut seen = CausalContext::new();
/// assert!(seen.insert(dot(2))?);
/// assert!(!seen.is_contiguous() && !seen.contains(&dot(1)));
/// assert!(seen.insert(dot(1))?);
/// assert!(seen.is_contiguous());
/// assert!(!seen.insert(dot(2))?, "known already");
/// # Ok::<(), lamport::ClockError>(())
/// ```
#[derive(Clone)]
pub struct CausalContext<I = u64> {
    base: VersionVector<I>,
    /// Above `base`, and never just above.
    cloud: BTreeSet<Dot<I>>,
    cloud_max: usize,
}

impl<I> CausalContext<I> {
    /// The empty set; at most [`CLOUD_MAX`] dots apart.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_cloud_max(CLOUD_MAX)
    }

    /// The empty set; at most so many dots apart.
    #[must_use]
    pub const fn with_cloud_max(dots: usize) -> Self {
        Self { base: VersionVector::new(), cloud: BTreeSet::new(), cloud_max: dots }
    }

    /// All up to here, without gaps.
    #[must_use]
    pub const fn base(&self) -> &VersionVector<I> {
        &self.base
    }

    /// The dots apart, ascending.
    pub fn cloud(&self) -> impl ExactSizeIterator<Item = &Dot<I>> + Clone {
        self.cloud.iter()
    }

    /// How many dots are apart.
    #[must_use]
    pub fn cloud_len(&self) -> usize {
        self.cloud.len()
    }

    /// Whether the set has no gaps, so that [`CausalContext::base`] is all of it.
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        self.cloud.is_empty()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.base.is_empty() && self.cloud.is_empty()
    }
}

impl<I: Ord> CausalContext<I> {
    /// Whether the event is in the set.
    #[must_use]
    pub fn contains(&self, dot: &Dot<I>) -> bool {
        self.base.contains(dot) || self.cloud.contains(dot)
    }
}

impl<I: Ord + Clone> CausalContext<I> {
    /// Adds the event. Returns whether that is news.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyEntries`] when it would stand apart and as many do already. Nothing has changed.
    pub fn insert(&mut self, dot: Dot<I>) -> Result<bool, ClockError> {
        if self.contains(&dot) {
            return Ok(false);
        }
        if self.base.get(&dot.id) + 1 == dot.n.get() {
            // No overflow: an event that is not known lies above those that are.
            let id = dot.id.clone();
            self.base.set_max(dot);
            self.absorb(&id);
        } else if self.cloud.len() < self.cloud_max {
            self.cloud.insert(dot);
        } else {
            return Err(ClockError::TooManyEntries { limit: self.cloud_max });
        }
        Ok(true)
    }

    /// Adds everything that `other` has.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyEntries`] when more dots than allowed would stand apart. Nothing has changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), ClockError> {
        let base = VersionVector::join(&self.base, &other.base);
        let apart = self.cloud.union(&other.cloud).filter(|dot| !base.contains(dot));
        let cloud = apart.cloned().collect();
        let mut merged = Self { base, cloud, cloud_max: self.cloud_max };
        let ids: Vec<I> = merged.ids_apart();
        for id in &ids {
            merged.absorb(id);
        }
        if merged.cloud.len() > self.cloud_max {
            return Err(ClockError::TooManyEntries { limit: self.cloud_max });
        }
        *self = merged;
        Ok(())
    }

    /// The set of these parts, if it is compact and its cloud not too large.
    pub(crate) fn from_parts(
        base: VersionVector<I>,
        cloud: BTreeSet<Dot<I>>,
        cloud_max: usize,
    ) -> Option<Self> {
        let apart = |dot: &Dot<I>| dot.n.get().saturating_sub(base.get(&dot.id)) >= 2;
        let mut last: Option<&Dot<I>> = None;
        // The first dot of each id must leave a gap; those behind it may touch each other.
        let compact = cloud.iter().all(|dot| {
            let first = last.replace(dot).is_none_or(|last| last.id != dot.id);
            !first || apart(dot)
        });
        (compact && cloud.len() <= cloud_max).then_some(Self { base, cloud, cloud_max })
    }

    /// Moves the dots of the id that have no gap below them from the cloud to the base.
    fn absorb(&mut self, id: &I) {
        while let Ok(next) = self.base.next_dot(id) {
            if !self.cloud.remove(&next) {
                return;
            }
            self.base.set_max(next);
        }
    }

    fn ids_apart(&self) -> Vec<I> {
        let mut ids: Vec<I> = self.cloud.iter().map(|dot| dot.id.clone()).collect();
        ids.dedup();
        ids
    }
}

impl<I> Default for CausalContext<I> {
    fn default() -> Self {
        Self::new()
    }
}

/// A set without gaps.
impl<I> From<VersionVector<I>> for CausalContext<I> {
    fn from(base: VersionVector<I>) -> Self {
        Self { base, ..Self::new() }
    }
}

impl<I: PartialEq> PartialEq for CausalContext<I> {
    fn eq(&self, other: &Self) -> bool {
        self.base == other.base && self.cloud == other.cloud
    }
}

impl<I: Eq> Eq for CausalContext<I> {}

impl<I: Hash> Hash for CausalContext<I> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.base.hash(state);
        self.cloud.hash(state);
    }
}

impl<I: fmt::Debug> fmt::Debug for CausalContext<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CausalContext").field("base", &self.base).field("cloud", &self.cloud).finish()
    }
}

#[cfg(test)]
mod tests;
