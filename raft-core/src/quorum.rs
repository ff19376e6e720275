//! Counting, apart from everything else (compare etcd-io/raft's `quorum/majority.go`).

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
        sorted[voters] = value;
        voters += 1;
    }
    if voters == 0 {
        return T::default();
    }
    let sorted = &mut sorted[..voters];
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    sorted[majority(voters) - 1]
}

/// Votes as they come in; one bit a voter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Votes {
    granted: u32,
    denied: u32,
}

/// How an election stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tally {
    Won,
    Lost,
    Open,
}

impl Votes {
    /// Counts a vote; the first word of each voter counts.
    pub(crate) const fn record(&mut self, voter: usize, granted: bool) {
        let bit = 1 << voter;
        if (self.granted | self.denied) & bit != 0 {
            return;
        }
        if granted {
            self.granted |= bit;
        } else {
            self.denied |= bit;
        }
    }

    pub(crate) const fn tally(&self, voters: usize) -> Tally {
        let (granted, denied) = (self.granted.count_ones() as usize, self.denied.count_ones() as usize);
        if granted >= majority(voters) {
            Tally::Won
        } else if denied > voters - majority(voters) {
            Tally::Lost
        } else {
            Tally::Open
        }
    }
}

#[cfg(test)]
mod tests;
