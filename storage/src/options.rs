use machine_core::NodeId;

use crate::{OptionsError, format};

/// Whose log it is, and its sizes.
///
/// [`Options::new`] is valid as it is; [`Wal::open`](crate::Wal::open) is the single gate that checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub(crate) cluster: u64,
    pub(crate) node: NodeId,
    pub(crate) seed: u64,
    pub(crate) segment_bytes: u32,
    pub(crate) record_bytes_max: u32,
    pub(crate) spares_max: u32,
}

impl Options {
    /// The log of this node of this cluster.
    ///
    /// The folder of another cluster or node is refused. From `seed` come the tags that tie records to their segment:
    /// give a number that nobody who may put bytes into the log can guess (from the system's source of randomness;
    /// another one for each opening is best), or else they could make a torn end look like damage. In tests and
    /// simulations any number will do, and the same one gives the same bytes.
    #[must_use]
    pub const fn new(cluster: u64, node: NodeId, seed: u64) -> Self {
        Self { cluster, node, seed, segment_bytes: 16 << 20, record_bytes_max: 4 << 20, spares_max: 2 }
    }

    /// The size of a segment file in bytes: 16 MiB if not given, a multiple of 4096 from 4096 to 1 GiB.
    ///
    /// Opening reads one segment at a time into memory, and space is given back in whole segments: smaller is better
    /// for both. Each change of segment costs three syncs of small things: larger is better for that. Existing segments
    /// keep the size they have.
    #[must_use]
    pub const fn with_segment_bytes(mut self, bytes: u32) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// The most bytes one write may take on disk, its header of 64 bytes and its state included: 4 MiB if not given, up
    /// to what a segment holds ([`Options::record_bytes_limit`]).
    #[must_use]
    pub const fn with_record_bytes_max(mut self, bytes: u32) -> Self {
        self.record_bytes_max = bytes;
        self
    }

    /// How many released segments are kept to be used again, which spares the file system work: 2 if not given, at most
    /// 64. The rest are removed.
    #[must_use]
    pub const fn with_spares_max(mut self, spares: u32) -> Self {
        self.spares_max = spares;
        self
    }

    /// The largest record that fits a segment of this size.
    #[must_use]
    pub const fn record_bytes_limit(segment_bytes: u32) -> u32 {
        segment_bytes.saturating_sub(format::SEGMENT_HEADER_BYTES + format::MARK_BYTES_MAX)
    }

    pub(crate) fn check(&self) -> Result<(), OptionsError> {
        let within = |option, value: u32, min: u32, max: u32| {
            if (min..=max).contains(&value) {
                Ok(())
            } else {
                Err(OptionsError { option, value: value.into(), min: min.into(), max: max.into() })
            }
        };
        within("segment_bytes", self.segment_bytes, format::SEGMENT_BYTES_MIN, format::SEGMENT_BYTES_MAX)?;
        within("segment_bytes modulo 4096", self.segment_bytes % 4096, 0, 0)?;
        let limit = Self::record_bytes_limit(self.segment_bytes);
        within("record_bytes_max", self.record_bytes_max, format::RECORD_BYTES_LEAST, limit)?;
        within("spares_max", self.spares_max, 0, 64)
    }
}
