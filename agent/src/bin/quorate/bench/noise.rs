//! What is put: bytes that no system can make smaller, and that the check at the end can make again.

use std::sync::Arc;

use machine_core::Rng;

/// Any two values differ with near certainty, yet none is made: each is a piece of the same noise.
const NOISE_BYTES: usize = 1 << 20;

/// Values of one size.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    bytes: Arc<[u8]>,
    size: usize,
}

impl Noise {
    pub(crate) fn new(size: usize) -> Self {
        let mut rng = Rng::new(0x5eed);
        let words = (NOISE_BYTES + size).div_ceil(size_of::<u64>());
        Self { bytes: (0..words).flat_map(|_| rng.next_u64().to_le_bytes()).collect(), size }
    }

    /// The value that this client puts under this number.
    pub(crate) fn line(&self, client: u64, sequence: u64) -> &[u8] {
        let place = client.wrapping_add(sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 44;
        // 20 bits: within the noise.
        let start = usize::try_from(place).unwrap_or_default();
        &self.bytes[start..start + self.size]
    }
}
