use core::time::Duration;

use crate::time::nanos;

/// A small seeded generator: xoshiro256**, its state filled by SplitMix64 (Blackman and Vigna, 2018).
///
/// The algorithm is part of our contract: a seed gives the same numbers in every release and on every platform, and
/// a recorded run replays. Not for secrets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// A generator for this seed; seeds that differ in one bit give unrelated sequences.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        let mut split = seed;
        let mut state = [0; 4];
        let mut word = 0;
        while word < state.len() {
            state[word] = split_mix(&mut split);
            word += 1;
        }
        Self { state }
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let c = c ^ a;
        let d = d ^ b;
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number in `0..limit`, each equally likely (Lemire's method with rejection); 0 when `limit` is 0.
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a product are taken apart")]
    pub const fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 {
            return 0;
        }
        loop {
            let product = self.next_u64() as u128 * limit as u128;
            // The low half tells whether this draw would favour small numbers: never, from the limit on, which spares
            // nearly every draw the division.
            let low = product as u64;
            if low >= limit || low >= limit.wrapping_neg() % limit {
                return (product >> 64) as u64;
            }
        }
    }

    /// A duration in `low..high`, to the nanosecond; `low` when the range is empty. Durations beyond 584 years count
    /// as 584 years.
    pub fn duration(&mut self, low: Duration, high: Duration) -> Duration {
        let (low, high) = (nanos(low), nanos(high));
        Duration::from_nanos(low + self.below(high.saturating_sub(low)))
    }

    /// True in `parts` of 1,000 cases.
    pub const fn per_mille(&mut self, parts: u64) -> bool {
        self.below(1000) < parts
    }

    /// A generator of its own, unrelated to what this one says later.
    #[must_use]
    pub const fn fork(&mut self) -> Self {
        Self::new(self.next_u64())
    }
}

const fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = *state;
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
