use alloc::vec::Vec;
use core::{cmp::Ordering, fmt, num::NonZeroU64};

use crate::{ClockError, Defect, Dot, Limits, VersionVector};

/// Most values side by side that a set holds unless it is told otherwise: 1,024.
pub const SIBLINGS_MAX: usize = 1 << 10;

/// Most servers that a set has heard of, since clients may invent some.
const ENTRIES_MAX: usize = Limits::DEFAULT.entries;

/// The values of one key that no later write has replaced: siblings, each with the event that wrote it (Preguiça et al.
/// 2010, *Dotted Version Vectors*; laid out as in Gonçalves' `dvvset`).
///
/// A client reads [`DvvSet::values`] with [`DvvSet::context`], and hands that context back with its write. The write
/// replaces what the client has seen, and stands beside what it has not: so there are exactly as many siblings as
/// there are concurrent writes, whoever and however many the clients are. Ids name servers, not clients.
///
/// **The context must come from the read.** A write under a newer context silently replaces values that its author has
/// never seen; a write under no context always adds a sibling. Whoever forges one can hide other servers' writes: where
/// clients are not trusted, sign it.
///
/// ```
/// use lamport::{DvvSet, VersionVector};
///
/// let server = 1;
/// let mut cart = DvvSet::new();
/// let nothing_read = VersionVector::new();
/// cart.update(&nothing_read, "milk", server)?;
/// cart.update(&nothing_read, "eggs", server)?; // concurrent: neither client saw the other's
/// assert_eq!(cart.values().collect::<Vec<_>>(), [&"eggs", &"milk"]);
///
/// let read = cart.context();
/// cart.update(&read, "milk, eggs", server)?;
/// assert_eq!(cart.values().collect::<Vec<_>>(), [&"milk, eggs"]);
/// # Ok::<(), lamport::ClockError>(())
/// ```
#[derive(Clone)]
pub struct DvvSet<I, V> {
    /// Ids ascend.
    entries: Vec<Entry<I, V>>,
    siblings_max: usize,
}

/// All events of one id up to the `n`th are known; the last `live.len()` of them have values that still stand.
#[derive(Clone, PartialEq, Eq)]
struct Entry<I, V> {
    id: I,
    n: NonZeroU64,
    /// The oldest first.
    live: Vec<V>,
}

impl<I, V> DvvSet<I, V> {
    /// No value was ever written; at most [`SIBLINGS_MAX`] side by side.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_siblings_max(SIBLINGS_MAX)
    }

    /// No value was ever written; at most so many side by side, at least 1.
    #[must_use]
    pub const fn with_siblings_max(siblings: usize) -> Self {
        Self { entries: Vec::new(), siblings_max: siblings }
    }

    /// The siblings: by id, and of one id the newest first. The same in all sets that have heard of the same writes.
    pub fn values(&self) -> impl Iterator<Item = &V> + Clone {
        self.entries.iter().flat_map(|entry| entry.live.iter().rev())
    }

    /// How many values stand side by side.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.iter().map(|entry| entry.live.len()).sum()
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.iter().all(|entry| entry.live.is_empty())
    }
}

impl<I: Ord + Clone, V> DvvSet<I, V> {
    /// Every write that this set has heard of: goes to the client with the values, and comes back with its write.
    #[must_use]
    pub fn context(&self) -> VersionVector<I> {
        self.entries.iter().map(|entry| Dot { id: entry.id.clone(), n: entry.n }).collect()
    }

    /// The siblings with the events that wrote them, in the order of [`DvvSet::values`].
    pub fn dotted(&self) -> impl Iterator<Item = (Dot<I>, &V)> {
        self.entries.iter().flat_map(|entry| {
            let newest_first = (1..=entry.n.get()).rev().zip(entry.live.iter().rev());
            newest_first.filter_map(|(n, value)| Some((Dot::new(entry.id.clone(), n)?, value)))
        })
    }

    /// The set of these parts: what [`DvvSet::context`] and [`DvvSet::dotted`] have given, in the same order. For
    /// codecs, since only the caller knows how to write a value.
    ///
    /// # Errors
    ///
    /// [`ClockError::Malformed`] when the context does not cover a dot, when dots are out of order, or when the dots of
    /// an id are not its newest, so that no history of writes leads there; `at` counts the values before it.
    /// [`ClockError::TooManyEntries`] for more values than `siblings_max`.
    pub fn from_parts(
        context: &VersionVector<I>,
        values: impl IntoIterator<Item = (Dot<I>, V)>,
        siblings_max: usize,
    ) -> Result<Self, ClockError> {
        let entry = |(id, n): &(I, NonZeroU64)| Entry { id: id.clone(), n: *n, live: Vec::new() };
        let mut entries: Vec<_> = context.entries().iter().map(entry).collect();
        let mut place = 0;
        for (at, (dot, value)) in values.into_iter().enumerate() {
            if at == siblings_max {
                return Err(ClockError::TooManyEntries { limit: siblings_max });
            }
            let malformed = |defect| ClockError::Malformed { at, defect };
            let ahead = entries.get(place..).unwrap_or_default();
            place += ahead.iter().take_while(|entry| entry.id < dot.id).count();
            let entry = entries.get_mut(place).filter(|entry| entry.id == dot.id);
            let entry = entry.ok_or_else(|| malformed(Defect::Uncovered))?;
            // The next one, going down from the newest.
            if entry.n.get().checked_sub(entry.live.len() as u64) != Some(dot.n.get()) {
                return Err(malformed(if dot.n > entry.n { Defect::Uncovered } else { Defect::Order }));
            }
            entry.live.push(value);
        }
        entries.iter_mut().for_each(|entry| entry.live.reverse());
        Ok(Self { entries, siblings_max })
    }

    /// A write at the server `id`, by a client that has read `context`: the value replaces what the context covers.
    /// Returns the event.
    ///
    /// # Errors
    ///
    /// Nothing has changed, and the value is gone:
    /// [`ClockError::OwnIdFromFuture`] when the context has writes of this server that this server has not made: it
    /// has lost its state and must take a new id, or the context belongs to another key;
    /// [`ClockError::TooManyEntries`] when too many values would stand side by side (have somebody resolve them), or when the
    /// contexts of clients have named 65,536 servers;
    /// [`ClockError::Exhausted`] after 2^64 - 1 writes at one server.
    pub fn update(&mut self, context: &VersionVector<I>, value: V, id: I) -> Result<Dot<I>, ClockError> {
        let place = self.find(&id);
        let issued = place.map_or(0, |at| self.entries[at].n.get());
        let claimed = context.get(&id);
        if claimed > issued {
            return Err(ClockError::OwnIdFromFuture { claimed, issued });
        }
        let next = NonZeroU64::MIN.checked_add(issued);
        let n = next.ok_or(ClockError::Exhausted { last: u64::MAX })?;
        let staying = |entry: &Entry<I, V>| entry.live.len() - entry.covered(context.get(&entry.id));
        if self.entries.iter().map(staying).sum::<usize>() >= self.siblings_max.max(1) {
            return Err(ClockError::TooManyEntries { limit: self.siblings_max.max(1) });
        }
        let fresh = context.entries().iter().filter(|(id, _)| self.find(id).is_err()).count();
        if self.entries.len() + fresh >= ENTRIES_MAX {
            return Err(ClockError::TooManyEntries { limit: ENTRIES_MAX });
        }
        self.discard(context);
        let dot = Dot { id: id.clone(), n };
        match self.find(&id) {
            Ok(at) => {
                self.entries[at].n = n;
                self.entries[at].live.push(value);
            }
            Err(at) => self.entries.insert(at, Entry { id, n, live: Vec::from([value]) }),
        }
        Ok(dot)
    }

    /// Reads all siblings, lets `merge` make one value of them, and writes that at the server `id`. The siblings come in
    /// the order of [`DvvSet::values`]. Returns the event.
    ///
    /// # Errors
    ///
    /// [`ClockError::Exhausted`] after 2^64 - 1 writes at one server; then `merge` is not called, and nothing has
    /// changed.
    pub fn resolve(&mut self, id: I, merge: impl FnOnce(Vec<&V>) -> V) -> Result<Dot<I>, ClockError> {
        let context = self.context();
        context.next_dot(&id)?;
        let value = merge(self.values().collect());
        self.update(&context, value, id)
    }

    fn find(&self, id: &I) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.id.cmp(id))
    }

    /// Drops what the context covers, and takes over what it knows.
    fn discard(&mut self, context: &VersionVector<I>) {
        for entry in &mut self.entries {
            let covered = entry.covered(context.get(&entry.id));
            entry.live.drain(..covered);
        }
        for (id, n) in context.entries() {
            match self.find(id) {
                Ok(at) => self.entries[at].n = self.entries[at].n.max(*n),
                Err(at) => self.entries.insert(at, Entry { id: id.clone(), n: *n, live: Vec::new() }),
            }
        }
    }
}

impl<I: Ord + Clone, V: Clone> DvvSet<I, V> {
    /// Takes over what another server has heard: its writes, and which values they have replaced.
    ///
    /// Never refused, or replicas would not converge: what comes of it has at most the values of both, of which each was
    /// within its own limit.
    pub fn sync(&mut self, other: &Self) {
        let mine = core::mem::take(&mut self.entries).into_iter();
        let (mut mine, mut theirs) = (mine.peekable(), other.entries.iter().peekable());
        loop {
            let order = match (mine.peek(), theirs.peek()) {
                (Some(a), Some(b)) => a.id.cmp(&b.id),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let next = match order {
                Ordering::Less => mine.next(),
                Ordering::Greater => theirs.next().cloned(),
                Ordering::Equal => mine.next().zip(theirs.next()).map(|(a, b)| a.synced(b)),
            };
            self.entries.extend(next);
        }
    }
}

impl<I, V> Entry<I, V> {
    /// How many of the values were written by events up to the `known`th.
    fn covered(&self, known: u64) -> usize {
        let newer = usize::try_from(self.n.get().saturating_sub(known)).unwrap_or(usize::MAX);
        self.live.len().saturating_sub(newer)
    }

    /// The last event whose value does not stand any more: all values up to it are gone.
    fn gone(&self) -> u64 {
        self.n.get() - self.live.len() as u64
    }
}

impl<I: Clone, V: Clone> Entry<I, V> {
    /// What both know: the values of the one that has heard more, less those that the other has seen replaced.
    fn synced(self, other: &Self) -> Self {
        let (mut newer, gone) =
            if self.n >= other.n { (self, other.gone()) } else { (other.clone(), self.gone()) };
        let covered = newer.covered(gone);
        newer.live.drain(..covered);
        newer
    }
}

impl<I, V> Default for DvvSet<I, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: PartialEq, V: PartialEq> PartialEq for DvvSet<I, V> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<I: Eq, V: Eq> Eq for DvvSet<I, V> {}

impl<I: fmt::Debug, V: fmt::Debug> fmt::Debug for DvvSet<I, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.iter().map(|entry| ((&entry.id, entry.n), &entry.live));
        f.debug_map().entries(entries).finish()
    }
}

#[cfg(test)]
mod tests;
