use core::{fmt, num::NonZeroU64};

/// Names one node of a cluster; never zero, so that `Option<NodeId>` takes 8 bytes and zero means "none" on the wire.
///
/// An id is for life: a node that lost its disk comes back under another id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(NonZeroU64);

impl NodeId {
    /// The id with this number; `None` for zero.
    #[must_use]
    pub const fn new(id: u64) -> Option<Self> {
        match NonZeroU64::new(id) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// The id with this number, for literals.
    ///
    /// # Panics
    ///
    /// When `id` is zero. Use [`NodeId::new`] for numbers that come from outside.
    #[must_use]
    pub const fn of(id: u64) -> Self {
        Self::new(id).expect("a node id is not zero")
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
