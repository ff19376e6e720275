use core::fmt;

use crate::{Instant, NodeId, WriteId};

/// What every core can do. Commands (`propose`, `read`, …) are inherent methods of each core, in its domain's words.
///
/// The trait exists so that one event loop and one simulator serve all cores. It states no order of calls: any order
/// is safe (rule 1 of the [crate page](crate)).
pub trait Machine {
    /// What peers say to each other.
    type Message;
    /// What the machine owes the world.
    type Output;
    /// Blame and evidence for a message that no honest peer sends.
    type PeerError;

    /// A peer spoke. `now` that lies before an earlier `now` is treated as that earlier one.
    ///
    /// # Errors
    ///
    /// When the message is one that no honest peer sends. The state is unchanged.
    fn step(&mut self, now: Instant, from: NodeId, message: Self::Message) -> Result<(), Self::PeerError>;

    /// Time passed. Early calls do nothing, late ones are fine; due at [`next_tick`](Self::next_tick).
    fn tick(&mut self, now: Instant);

    /// Everything up to and including the write `id` is durable.
    ///
    /// # Errors
    ///
    /// When `id` was never handed out. A repeated or older `id` is no error. The state is unchanged on error.
    fn persisted(&mut self, now: Instant, id: WriteId) -> Result<(), Misuse>;

    /// The next thing owed to the world, executable at once; `None` when nothing is owed.
    fn poll_output(&mut self) -> Option<Self::Output>;

    /// When [`tick`](Self::tick) is next due; `None` when only a message or a command can change anything.
    fn next_tick(&self) -> Option<Instant>;
}

/// A caller's mistake in the order or the arguments of calls; never caused by what a peer or a disk said.
///
/// The machine's state is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misuse {
    /// `persisted` named a write that was never handed out.
    UnknownWrite {
        /// The write named by the caller.
        named: WriteId,
        /// The newest write handed out so far.
        newest: WriteId,
    },
    /// `applied` named a position beyond what was handed out to be applied.
    NotHandedOut {
        /// The position named by the caller.
        named: u64,
        /// The last position handed out so far.
        last: u64,
    },
    /// `fetched` answered a question that was not asked, or that was answered before.
    UnknownFetch {
        /// The question named by the caller.
        named: u64,
    },
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownWrite { named, newest } => {
                write!(
                    f,
                    "{named} was never handed out (newest is {newest}); pass the id of a Persist output"
                )
            }
            Self::NotHandedOut { named, last } => {
                write!(f, "position {named} was never handed out to be applied (last is {last})")
            }
            Self::UnknownFetch { named } => {
                write!(f, "fetch {named} is not outstanding; answer each Fetch output exactly once")
            }
        }
    }
}

impl core::error::Error for Misuse {}
