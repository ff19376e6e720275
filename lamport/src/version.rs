use alloc::vec::Vec;
use core::{cmp::Ordering, fmt, num::NonZeroU64, ops::RangeInclusive};

use crate::ClockError;

/// One event: the `n`th of the node `id`, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot<I = u64> {
    /// Who did it.
    pub id: I,
    /// Which of its events it is.
    pub n: NonZeroU64,
}

impl<I> Dot<I> {
    /// The dot with these parts; `None` for the zeroth, which there is not.
    #[must_use]
    pub fn new(id: I, n: u64) -> Option<Self> {
        Some(Self { id, n: NonZeroU64::new(n)? })
    }
}

impl<I: fmt::Debug> fmt::Debug for Dot<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:{}", self.id, self.n)
    }
}

/// How one clock stands to another. Exactly one of the four holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Causality {
    /// The same events.
    Equal,
    /// Fewer: whatever the first knows, the other knows, and more.
    Before,
    /// More.
    After,
    /// Each knows something that the other does not.
    Concurrent,
}

impl Causality {
    /// How the second stands to the first.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::After => Self::Before,
            same @ (Self::Equal | Self::Concurrent) => same,
        }
    }

    const fn of(less: bool, greater: bool) -> Self {
        match (less, greater) {
            (false, false) => Self::Equal,
            (true, false) => Self::Before,
            (false, true) => Self::After,
            (true, true) => Self::Concurrent,
        }
    }
}

/// For each node, how many of its events are known: the exact partial order of happened-before (Fidge 1988, Mattern
/// 1989, Parker et al. 1983).
///
/// `a` happened before `b` if and only if `a`'s vector is [`Causality::Before`] `b`'s. An id that is absent counts zero,
/// and zero is not representable, so equal knowledge is equal value, equal hash and equal bytes.
///
/// Entries lie in one sorted vector: 16 bytes each for `u64` ids. Compare, get, tick of a known id, and merge of known
/// ids allocate nothing.
///
/// The order is partial: `PartialOrd` and no `Ord`. Who needs some total order, as in the keys of a map, takes
/// [`LexKey`](crate::LexKey).
///
/// ```
/// use lamport::{Causality, VersionVector};
///
/// let (mut a, mut b) = (VersionVector::new(), VersionVector::new());
/// a.tick(&1)?;
/// b.tick(&2)?;
/// assert_eq!(a.causal_cmp(&b), Causality::Concurrent);
/// b.merge(&a);
/// assert!(a < b && b.descends(&a));
/// # Ok::<(), lamport::ClockError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VersionVector<I = u64> {
    /// Ids ascend.
    entries: Vec<(I, NonZeroU64)>,
}

impl<I> VersionVector<I> {
    /// Nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// How many ids have an entry.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries, ids ascending: each id with its newest known event, which is at least 1.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&I, u64)> + Clone {
        self.entries.iter().map(|(id, n)| (id, n.get()))
    }

    /// The entries as they lie.
    pub(crate) fn entries(&self) -> &[(I, NonZeroU64)] {
        &self.entries
    }
}

impl<I: Ord> VersionVector<I> {
    /// The newest known event of the node; 0 when none is.
    #[must_use]
    pub fn get(&self, id: &I) -> u64 {
        self.find(id).map_or(0, |at| self.entries[at].1.get())
    }

    /// Whether the event is known.
    #[must_use]
    pub fn contains(&self, dot: &Dot<I>) -> bool {
        self.get(&dot.id) >= dot.n.get()
    }

    /// How this stands to `other`. Stops as soon as they are known to be concurrent.
    #[must_use]
    pub fn causal_cmp(&self, other: &Self) -> Causality {
        let (mut less, mut greater) = (false, false);
        let (mut mine, mut theirs) = (&self.entries[..], &other.entries[..]);
        // As long as the ids are the same, which they mostly are to the end, one pass side by side, with a branch once a
        // stride: per entry it would cost more than the comparison.
        while let (Some((stride, rest)), Some((other_stride, other_rest))) =
            (mine.split_first_chunk::<CMP_STRIDE>(), theirs.split_first_chunk::<CMP_STRIDE>())
        {
            let (mut same, mut below, mut above) = (true, less, greater);
            for ((id, n), (other_id, other_n)) in stride.iter().zip(other_stride) {
                same &= id == other_id;
                below |= n < other_n;
                above |= n > other_n;
            }
            if !same {
                break;
            }
            if below & above {
                return Causality::Concurrent;
            }
            (less, greater, mine, theirs) = (below, above, rest, other_rest);
        }
        cmp_joined(mine, theirs, less, greater)
    }

    /// Whether everything that `other` knows is known here.
    #[must_use]
    pub fn descends(&self, other: &Self) -> bool {
        matches!(self.causal_cmp(other), Causality::Equal | Causality::After)
    }

    /// What is known here and not to `other`, ids ascending: for each id a range of counters, never empty. A node that
    /// is told of exactly these descends this one.
    pub fn missing_from<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (&'a I, RangeInclusive<u64>)> + 'a {
        let mut theirs = &other.entries[..];
        self.entries.iter().filter_map(move |(id, n)| {
            let known = loop {
                match theirs.first() {
                    Some((other_id, _)) if other_id < id => theirs = &theirs[1..],
                    Some((other_id, known)) if other_id == id => break known.get(),
                    _ => break 0,
                }
            };
            let first = known.checked_add(1)?; // who knows the last event misses none
            (first <= n.get()).then_some((id, first..=n.get()))
        })
    }

    /// Forgets the entries of ids that are members no longer, as far as `stable` covers them; returns how many went.
    ///
    /// `stable` is what every present member is known to know: [`Stability::stable`](crate::Stability::stable). An
    /// entry that is not covered stays, as the tombstone of its id: without it, a message on its way from a member that
    /// knows less would bring the id back or, worse, be taken for news. Size and age are no reasons to forget
    /// (compare riak_core issue 613 and akka issue 23318).
    ///
    /// Retire all vectors by the same `members` and `stable`, stored ones and those that come in, before they are
    /// compared with each other; between vectors that both descend `stable` no verdict changes then. An id that has
    /// been retired must not be used again.
    pub fn retain_live(&mut self, mut is_member: impl FnMut(&I) -> bool, stable: &Self) -> usize {
        let before = self.entries.len();
        self.entries.retain(|(id, n)| is_member(id) || n.get() > stable.get(id));
        before - self.entries.len()
    }

    fn find(&self, id: &I) -> Result<usize, usize> {
        self.entries.binary_search_by(|(other, _)| other.cmp(id))
    }
}

impl<I: Ord + Clone> VersionVector<I> {
    /// The event that [`VersionVector::tick`] would count.
    ///
    /// # Errors
    ///
    /// [`ClockError::Exhausted`] when the node's counter stands at `u64::MAX`.
    pub fn next_dot(&self, id: &I) -> Result<Dot<I>, ClockError> {
        let next = NonZeroU64::MIN.checked_add(self.get(id));
        let n = next.ok_or(ClockError::Exhausted { last: u64::MAX })?;
        Ok(Dot { id: id.clone(), n })
    }

    /// Counts one more event of the node, and returns it.
    ///
    /// # Errors
    ///
    /// [`ClockError::Exhausted`] when its counter stands at `u64::MAX`. Nothing has changed.
    pub fn tick(&mut self, id: &I) -> Result<Dot<I>, ClockError> {
        let n = match self.find(id) {
            Ok(at) => {
                let n = &mut self.entries[at].1;
                *n = n.checked_add(1).ok_or(ClockError::Exhausted { last: u64::MAX })?;
                *n
            }
            Err(at) => {
                self.entries.insert(at, (id.clone(), NonZeroU64::MIN));
                NonZeroU64::MIN
            }
        };
        Ok(Dot { id: id.clone(), n })
    }

    /// Takes the event and all before it of the same node as known. Returns whether that is news.
    pub fn set_max(&mut self, dot: Dot<I>) -> bool {
        match self.find(&dot.id) {
            Ok(at) => {
                let n = &mut self.entries[at].1;
                let news = dot.n > *n;
                *n = dot.n.max(*n);
                news
            }
            Err(at) => {
                self.entries.insert(at, (dot.id, dot.n));
                true
            }
        }
    }

    /// Takes over everything that `other` knows: the least upper bound of both. Allocates only when `other` has ids
    /// that have no entry here. What comes from somebody who may invent ids goes through
    /// [`VersionVector::merge_bounded`].
    pub fn merge(&mut self, other: &Self) {
        if !self.merge_known(other) {
            // What was merged until then is merged again, which changes nothing.
            let mine = core::mem::take(&mut self.entries);
            self.entries = joined(mine, &other.entries);
        }
    }

    /// Like [`VersionVector::merge`], with at most `entries_max` ids in the end.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyEntries`] when there would be more. Nothing has changed.
    pub fn merge_bounded(&mut self, other: &Self, entries_max: usize) -> Result<(), ClockError> {
        let fresh = other.missing_from(self).filter(|(_, range)| *range.start() == 1).count();
        if self.len() + fresh > entries_max {
            return Err(ClockError::TooManyEntries { limit: entries_max });
        }
        self.merge(other);
        Ok(())
    }

    /// The least upper bound: what either knows.
    #[must_use]
    pub fn join(a: &Self, b: &Self) -> Self {
        let mut join = a.clone();
        join.merge(b);
        join
    }

    /// The greatest lower bound: what both know.
    #[must_use]
    pub fn meet(a: &Self, b: &Self) -> Self {
        let mut theirs = &b.entries[..];
        let mut entries = Vec::with_capacity(a.len().min(b.len()));
        for (id, n) in &a.entries {
            theirs = skip_below(theirs, id);
            if let Some((_, other_n)) = theirs.first().filter(|(other_id, _)| other_id == id) {
                entries.push((id.clone(), *n.min(other_n)));
            }
        }
        Self { entries }
    }

    /// The vector of these entries, when ids ascend.
    pub(crate) fn from_ascending(entries: Vec<(I, NonZeroU64)>) -> Option<Self> {
        entries.is_sorted_by(|(a, _), (b, _)| a < b).then_some(Self { entries })
    }

    /// Raises the entries that `other` has, as long as it has none that is missing here; whether it came to its end.
    fn merge_known(&mut self, other: &Self) -> bool {
        // As long as the ids are the same, one pass side by side.
        let same =
            self.entries.iter_mut().zip(&other.entries).map_while(|((id, n), (other_id, other_n))| {
                (id == other_id).then(|| *n = (*n).max(*other_n))
            });
        let same = same.count();
        let mut mine = self.entries[same..].iter_mut();
        other.entries[same..].iter().all(|(id, n)| {
            let found = mine.find(|(own, _)| own >= id).filter(|(own, _)| own == id);
            found.map(|(_, own)| *own = (*own).max(*n)).is_some()
        })
    }
}

/// Entries that are compared before it is looked whether the verdict is known.
const CMP_STRIDE: usize = 8;

/// Compares what is left of both, wherever the ids differ.
fn cmp_joined<I: Ord>(
    mut mine: &[(I, NonZeroU64)],
    mut theirs: &[(I, NonZeroU64)],
    mut less: bool,
    mut greater: bool,
) -> Causality {
    while let ([(id, n), rest @ ..], [(other_id, other_n), other_rest @ ..]) = (mine, theirs) {
        match id.cmp(other_id) {
            Ordering::Less => (mine, greater) = (rest, true),
            Ordering::Greater => (theirs, less) = (other_rest, true),
            Ordering::Equal => {
                (mine, theirs) = (rest, other_rest);
                less |= n < other_n;
                greater |= n > other_n;
            }
        }
        if less && greater {
            return Causality::Concurrent;
        }
    }
    Causality::of(less || !theirs.is_empty(), greater || !mine.is_empty())
}

/// The union of both, ids ascending, with the larger counter of each.
fn joined<I: Ord + Clone>(mine: Vec<(I, NonZeroU64)>, theirs: &[(I, NonZeroU64)]) -> Vec<(I, NonZeroU64)> {
    let mut union = Vec::with_capacity(mine.len() + theirs.len());
    let mut rest = theirs;
    for (id, n) in mine {
        while let Some((other, rest_of)) = rest.split_first().filter(|((other_id, _), _)| *other_id < id) {
            union.push(other.clone());
            rest = rest_of;
        }
        let both = rest.split_first().filter(|((other_id, _), _)| *other_id == id);
        let n = both.map_or(n, |((_, other_n), _)| n.max(*other_n));
        rest = both.map_or(rest, |(_, rest_of)| rest_of);
        union.push((id, n));
    }
    union.extend_from_slice(rest);
    union
}

fn skip_below<'a, I: Ord>(entries: &'a [(I, NonZeroU64)], id: &I) -> &'a [(I, NonZeroU64)] {
    let below = entries.iter().take_while(|(other, _)| other < id).count();
    &entries[below..]
}

impl<I> Default for VersionVector<I> {
    fn default() -> Self {
        Self::new()
    }
}

/// Happened-before: `None` for concurrent ones.
impl<I: Ord> PartialOrd for VersionVector<I> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.causal_cmp(other) {
            Causality::Equal => Some(Ordering::Equal),
            Causality::Before => Some(Ordering::Less),
            Causality::After => Some(Ordering::Greater),
            Causality::Concurrent => None,
        }
    }
}

/// The events, in any order; each stands also for all before it of the same node.
impl<I: Ord + Clone> Extend<Dot<I>> for VersionVector<I> {
    fn extend<T: IntoIterator<Item = Dot<I>>>(&mut self, dots: T) {
        for dot in dots {
            self.set_max(dot);
        }
    }
}

/// The events, in any order; each stands also for all before it of the same node.
impl<I: Ord + Clone> FromIterator<Dot<I>> for VersionVector<I> {
    fn from_iter<T: IntoIterator<Item = Dot<I>>>(dots: T) -> Self {
        let mut clock = Self::new();
        clock.extend(dots);
        clock
    }
}

/// Ids with counters, in any order; of an id that comes twice the larger counts, and zero is the same as absent.
impl<I: Ord + Clone> FromIterator<(I, u64)> for VersionVector<I> {
    fn from_iter<T: IntoIterator<Item = (I, u64)>>(entries: T) -> Self {
        entries.into_iter().filter_map(|(id, n)| Dot::new(id, n)).collect()
    }
}

/// As from an iterator: for literals.
impl<I: Ord + Clone, const N: usize> From<[(I, u64); N]> for VersionVector<I> {
    fn from(entries: [(I, u64); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<I: fmt::Debug> fmt::Debug for VersionVector<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
