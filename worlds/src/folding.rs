//! A fast hash for digests that live as long as one exploration. (The standard one takes half of an exploration's time.)

use std::hash::Hasher;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Multiplies and folds, word by word, as wyhash and its kin do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Folding(u64);

impl Folding {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a product are folded")]
    const fn word(&mut self, word: u64) {
        let product =
            (self.0 ^ word ^ 0xa076_1d64_78bd_642f) as u128 * (MULTIPLIER ^ word.rotate_left(32)) as u128;
        self.0 = ((product >> 64) as u64 ^ product as u64).wrapping_add(self.0.rotate_left(23));
    }
}

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        self.word(bytes.len() as u64);
    }

    fn write_u8(&mut self, number: u8) {
        self.word(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.word(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.word(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.word(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.word(number as u64);
    }

    fn finish(&self) -> u64 {
        mix(self.0)
    }
}

/// Spreads a hash over all bits, so that sums of hashes are as good as hashes.
pub(crate) const fn mix(hash: u64) -> u64 {
    let z = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
