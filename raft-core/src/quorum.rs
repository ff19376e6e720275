//! Counting, apart from everything else (compare etcd-io/raft's `quorum/majority.go`).

use core::cmp::Ordering;

use crate::config::VOTERS_MAX;

/// How many of `voters` are more than half.
pub(crate) const fn majority(voters: usize) -> usize {
    voters / 2 + 1
}

/// The highest value that a majority has reached, where each voter reports the highest it has reached itself.
pub(crate) fn reached<T: Copy + Ord + Default>(values: impl Iterator<Item = T>) -> T {
    let mut sorted = [T::default(); VOTERS_MAX];
    let mut voters = 0;
    for value in values {
        // Groups are small: each value sinks to its place as it comes.
        let mut place = voters;
        while place > 0 && sorted[place - 1] < value {
            sorted[place] = sorted[place - 1];
            place -= 1;
        }
        sorted[place] = value;
        voters += 1;
    }
    if voters == 0 { T::default() } else { sorted[majority(voters) - 1] }
}

/// The same, if it is above `floor`. Seldom is it: then, and when just a majority is above, one look at each value tells.
#[inline]
pub(crate) fn reached_above<T: Copy + Ord + Default>(
    floor: T,
    voters: usize,
    values: impl Iterator<Item = T> + Clone,
) -> Option<T> {
    let (mut above, mut least) = (0, floor);
    values.clone().for_each(|value| {
        if value > floor {
            least = if above == 0 { value } else { value.min(least) };
            above += 1;
        }
    });
    match above.cmp(&majority(voters)) {
        Ordering::Less => None,
        Ordering::Equal => Some(least),
        Ordering::Greater => Some(reached(values)),
    }
}

/// Votes given; one bit a voter. Denials need no count: an election that is not won ends with its timeout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Votes(u32);

impl Votes {
    pub(crate) const fn grant(&mut self, voter: usize) {
        self.0 |= 1 << voter;
    }

    pub(crate) const fn has(self, voter: usize) -> bool {
        self.0 & (1 << voter) != 0
    }

    pub(crate) const fn won(self, voters: usize) -> bool {
        self.0.count_ones() as usize >= majority(voters)
    }
}

#[cfg(test)]
mod tests;
