//! Every harm that is done to a run passes one gate, which numbers it and says whether it may happen.
//!
//! Numbers count by kind, over the whole run and in the order of occurrence: `loss:17` is the seventeenth message that
//! the dice lose, wherever that is. By kind, since one more lost message should not give another number to the next
//! crash: a schedule stays what it is when parts of it are taken away. A harm that is spared is counted like one that is
//! done, and the dice that led to it are thrown alike, so that up to the first harm spared two runs are the same.
//!
//! Code that does harm draws all that it needs and then asks:
//!
//! ```text
//! let pause = self.dice.duration(shortest, longest);
//! if self.faults.strikes(Kind::Pause, Place::Node(id), format_args!("is paused for {pause:?}")) {
//!     …
//! }
//! ```
//!
//! The gate is one for the run, and its users share it: the network, the connections and the media have generators of
//! their own, and the medium lies below the log, where nothing can be handed down. When nobody listens and nothing is
//! spared, asking is an addition and a branch.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use machine_core::{Instant, NodeId};

mod kind;
mod schedule;

pub use self::{kind::Kind, schedule::Schedule};

/// A harm that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    /// Of which kind.
    pub kind: Kind,
    /// The how manieth of its kind, counted from 1.
    pub number: u64,
    /// The virtual time of the event in which it was done.
    pub at: Instant,
    /// To whom.
    pub place: Place,
    /// What was done, in words; empty unless [`Hearing::Words`] was asked for.
    pub what: String,
}

/// What a harm is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Everything.
    World,
    /// A node, or its disk.
    Node(NodeId),
    /// What travels from one node to another.
    Link(NodeId, NodeId),
}

/// How much is kept of the harm that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Hearing {
    /// Nothing.
    #[default]
    Nothing,
    /// Kind, number, time and place.
    Numbers,
    /// Words, too.
    Words,
}

/// The gate of one run. Clones are the same gate, and move between threads with their run; only one at a time plays it.
#[derive(Clone, Debug)]
pub struct Faults(Arc<Gate>);

#[derive(Debug)]
struct Gate {
    counts: [AtomicU64; Kind::ALL.len()],
    /// Whether nothing is spared and nobody listens.
    plain: bool,
    schedule: Schedule,
    hearing: Hearing,
    /// Nanoseconds.
    now: AtomicU64,
    strikes: Mutex<Vec<Strike>>,
}

impl Faults {
    /// A gate that lets through what the schedule says, and keeps this much of it.
    #[must_use]
    pub fn new(schedule: Schedule, hearing: Hearing) -> Self {
        Self(Arc::new(Gate {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            plain: schedule.is_all() && hearing == Hearing::Nothing,
            schedule,
            hearing,
            now: AtomicU64::new(0),
            strikes: Mutex::default(),
        }))
    }

    /// A gate that lets everything through.
    #[must_use]
    pub fn all() -> Self {
        Self::new(Schedule::default(), Hearing::Nothing)
    }

    /// The harm that was done, oldest first, as far as it was to be kept.
    #[must_use]
    pub fn strikes(&self) -> Vec<Strike> {
        self.0.kept().clone()
    }

    /// How much is kept.
    #[must_use]
    pub fn hearing(&self) -> Hearing {
        self.0.hearing
    }

    /// What was let through.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.0.schedule
    }

    /// The harm done since the first `told`.
    pub(crate) fn since(&self, told: usize) -> Vec<Strike> {
        self.0.kept().get(told..).unwrap_or_default().to_vec()
    }

    /// The next event happens now.
    pub(crate) fn set_now(&self, now: Instant) {
        self.0.now.store(now.as_nanos(), Relaxed);
    }

    /// Counts a harm for which the dice have fallen; whether it is to be done.
    pub(crate) fn strike(&self, kind: Kind, place: Place, what: fmt::Arguments<'_>) -> bool {
        let gate = &*self.0;
        let count = &gate.counts[kind as usize];
        // One thread at a time plays a run: an addition in two steps, which costs nothing, misses nothing.
        let number = count.load(Relaxed) + 1;
        count.store(number, Relaxed);
        gate.plain || gate.weigh(kind, number, place, what)
    }
}

impl Gate {
    #[cold]
    fn weigh(&self, kind: Kind, number: u64, place: Place, what: fmt::Arguments<'_>) -> bool {
        if !self.schedule.allows(kind, number) {
            return false;
        }
        let what = match self.hearing {
            Hearing::Nothing => return true,
            Hearing::Numbers => String::new(),
            Hearing::Words => what.to_string(),
        };
        let at = Instant::from_nanos(self.now.load(Relaxed));
        self.kept().push(Strike { kind, number, at, place, what });
        true
    }

    /// A list that is only pushed to is whole even after a panic.
    fn kept(&self) -> MutexGuard<'_, Vec<Strike>> {
        self.strikes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, number, at, place, what } = self;
        write!(f, "{at} {place} {what} [{kind}:{number}]")
    }
}

impl Place {
    /// The node at this place of the group.
    pub(crate) fn node(node: usize) -> Self {
        Self::Node(NodeId::of(node as u64 + 1))
    }

    /// What travels between the nodes at these places of the group.
    pub(crate) fn link(from: usize, to: usize) -> Self {
        Self::Link(NodeId::of(from as u64 + 1), NodeId::of(to as u64 + 1))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::World => f.write_str("--"),
            Self::Node(node) => write!(f, "{node}"),
            Self::Link(from, to) => write!(f, "{from}>{to}"),
        }
    }
}

#[cfg(test)]
mod tests;
