use core::fmt;

use crate::Misuse;

/// Names one write of one machine, in the order in which the writes must reach the disk; never reused.
///
/// Neither an index nor an index with a term can do this: the same entry may be written, overwritten and written
/// again while the first write is still under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WriteId(u64);

impl WriteId {
    /// Before the first write.
    pub const NONE: Self = Self(0);

    /// The id with this number: for adapters that carry ids through other systems.
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number; the first write of a machine has 1.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "w{}", self.0)
    }
}

impl fmt::Debug for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hands out write ids and remembers which are durable: each machine with a disk has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Writes {
    issued: WriteId,
    durable: WriteId,
}

impl Writes {
    /// A new id, one above the last.
    ///
    /// # Panics
    ///
    /// After 2^64 writes, which at a million a second takes half a million years.
    pub const fn issue(&mut self) -> WriteId {
        self.issued.0 = self.issued.0.checked_add(1).expect("fewer than 2^64 writes in a lifetime");
        self.issued
    }

    /// Marks everything up to `id` as durable. Returns whether anything became durable by this call.
    ///
    /// # Errors
    ///
    /// When `id` was never issued. The state is unchanged.
    pub fn complete(&mut self, id: WriteId) -> Result<bool, Misuse> {
        if id > self.issued {
            return Err(Misuse::UnknownWrite { named: id, newest: self.issued });
        }
        let news = id > self.durable;
        self.durable = self.durable.max(id);
        Ok(news)
    }

    /// The newest id handed out.
    #[must_use]
    pub const fn issued(&self) -> WriteId {
        self.issued
    }

    /// The newest id known to be durable.
    #[must_use]
    pub const fn durable(&self) -> WriteId {
        self.durable
    }
}
