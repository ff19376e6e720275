use core::cmp::Ordering;

use crate::VersionVector;

/// A version vector as a key: some total order, that of the counters of all ids in turn.
///
/// It is a type of its own because it is *not* causality: of concurrent clocks one still comes first. It extends
/// causality, though: what is before comes first, so that a walk in this order never meets an effect before its cause.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct LexKey<I = u64>(pub VersionVector<I>);

impl<I: Ord> Ord for LexKey<I> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (self.0.entries(), other.0.entries());
        let differing = mine.iter().zip(theirs).find(|(a, b)| a != b);
        let Some(((id, n), (other_id, other_n))) = differing else { return mine.len().cmp(&theirs.len()) };
        // The smaller id stands against an absent one, which counts zero: hence the ids in reverse.
        other_id.cmp(id).then(n.cmp(other_n))
    }
}

impl<I: Ord> PartialOrd for LexKey<I> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
