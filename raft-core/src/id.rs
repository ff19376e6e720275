use core::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(u64);

        impl $name {
            /// Before the first.
            pub const ZERO: Self = Self(0);

            /// The one with this number.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The one after this; saturates at 2^64 - 1, which no honest cluster reaches.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// The one before this; zero stays zero.
            #[must_use]
            pub const fn prev(self) -> Self {
                Self(self.0.saturating_sub(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

number! {
    /// A period with at most one leader (Raft §5.1); zero before the first election.
    Term, "t"
}
number! {
    /// A place in the log; the first entry has 1 (Raft §5.3).
    Index, "i"
}
number! {
    /// Names one linearizable read of this machine; the first has 1, never reused while the machine lives.
    ReadId, "r"
}
number! {
    /// Names one question to storage; the first has 1, never reused while the machine lives.
    FetchId, "f"
}
number! {
    /// Names one stretch of replication from one leader to one follower.
    ///
    /// It stands in every append and in every reply, so that a reply from an earlier stretch is known for what it is:
    /// the first rejection of what is under way begins another. The term cannot do this: a follower is rejected, and
    /// may be removed and added again, within one term.
    SessionId, "s"
}
number! {
    /// Counts the moments at which a leader asked "am I still the leader?". A follower's reply carries the newest
    /// round it has seen, so that a reply to an earlier question cannot pass for one to a later (etcd issue 20418).
    Round, "q"
}

/// What a proposer has attached to an entry: eight bytes that the core carries and never looks at, such as the time of a
/// hybrid clock. The same on every replica and at every replay, as a clock read while applying would not be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(u64);

impl Stamp {
    /// The stamp with these bits.
    #[must_use]
    pub const fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// Its bits.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// An entry's term and index, which together name its content (Log Matching, Raft §5.3).
///
/// The order is the order of "more up-to-date" (Raft §5.4.1): by term first, then by index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LogPos {
    /// The entry's term.
    pub term: Term,
    /// The entry's index.
    pub index: Index,
}

impl LogPos {
    /// Before the first entry.
    pub const ZERO: Self = Self { term: Term::ZERO, index: Index::ZERO };
}

impl fmt::Display for LogPos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.index, self.term)
    }
}

impl fmt::Debug for LogPos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
