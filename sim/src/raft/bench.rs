//! A run on the bench: stepped one event at a time, looked at, and disturbed by hand. The judges judge all of it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::Bytes;
use machine_core::{Instant, NodeId};
use raft_core::{HardState, Index, LogPos, RoleName, Status};

use super::{Failure, Happening, Plan, Setup, Totals, judges::Violation, record::Record, world::World};
use crate::{Digest, Faults, Hearing, Trace};

mod hand;

pub use self::hand::HandError;

/// Most events on a bench: enough for weeks of virtual time.
const EVENTS_MAX: u64 = 1 << 36;

/// A run that goes on only when it is told to.
///
/// The same calls on benches that were made alike do the same: [`Bench::digest`] tells. What is done by hand passes no
/// gate, and gives no number to what comes by itself. After a law is broken nothing goes on; every call says which.
#[derive(Debug)]
pub struct Bench {
    world: World<'static>,
    plan: Plan,
    /// Whether faults and their end were drawn with the run.
    drawn: bool,
    failure: Option<Box<Failure>>,
}

/// What can be seen of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The node.
    pub id: NodeId,
    /// What it says of itself; nothing while it is down.
    pub status: Option<Status>,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether it stays down since its disk is damaged.
    pub retired: bool,
    /// Its term, its vote in it and its commit index, as it has written them.
    pub hard_state: HardState,
    /// The last entry that its state machine has done; of a node that is down, had done.
    pub applied: Index,
    /// The last entry that it has written.
    pub written: LogPos,
    /// The last entry that is durable there: it survives a loss of power.
    pub durable: LogPos,
}

/// An entry of a node's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub at: LogPos,
    /// What a client proposed; `None` for the empty entry with which a leader opens its term.
    pub payload: Option<Bytes>,
}

impl Bench {
    /// A group on the bench, at the moment in which its nodes are about to start.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let faults = Faults::new(setup.schedule(), Hearing::Nothing);
        let trace = trace(setup.lines_max);
        let mut world = World::of(setup.profile(), setup.dice(), faults, trace);
        world.begin();
        world.schedule_faults();
        Self::of(world, Plan::of(setup.seed), false, setup.happenings_max)
    }

    /// A whole run on the bench, as it is drawn from its seed: left alone it does to the last bit what
    /// [`run`](super::run) does.
    #[must_use]
    pub fn drawn(seed: u64, lines_max: usize, happenings_max: usize) -> Self {
        let plan = Plan::of(seed);
        let trace = trace(lines_max);
        let mut world = World::new(&plan, Faults::all(), None, trace);
        world.begin_drawn();
        Self::of(world, plan, true, happenings_max)
    }

    fn of(mut world: World<'static>, plan: Plan, drawn: bool, happenings_max: usize) -> Self {
        world.events_max = EVENTS_MAX;
        world.record = Some(Box::new(Record::new(world.nodes.len(), happenings_max)));
        Self { world, plan, drawn, failure: None }
    }

    /// The next event, and all that comes of it at that moment; false when nothing is left to happen.
    ///
    /// # Errors
    ///
    /// When it breaks a law, or one was broken before.
    pub fn step(&mut self) -> Result<bool, Box<Failure>> {
        let drawn = self.drawn;
        self.judged(|world| {
            let was_over = world.is_over();
            if was_over && drawn {
                return Ok(false);
            }
            let stepped = world.step()?;
            if world.is_over() && !was_over {
                world.judge_histories()?;
            }
            Ok(stepped)
        })
    }

    /// Goes on until this virtual time, but for no more than so many events; whether the time has come.
    ///
    /// # Errors
    ///
    /// As [`Bench::step`].
    pub fn run_until(&mut self, until: Instant, events_max: u64) -> Result<bool, Box<Failure>> {
        for _ in 0..events_max {
            if self.next_at().is_none_or(|at| at > until) {
                break;
            }
            self.step()?;
        }
        let come = self.next_at().is_none_or(|at| at > until);
        if come && self.world.now < until {
            self.world.now = until;
            self.world.faults.set_now(until);
        }
        Ok(come)
    }

    /// When the next event happens, if one does.
    #[must_use]
    pub fn next_at(&self) -> Option<Instant> {
        if self.drawn && self.world.is_over() { None } else { self.world.queue.next_at() }
    }

    /// The virtual time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.world.now
    }

    /// Events so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.world.totals.events
    }

    /// The digest of all that was done so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.world.trace.digest()
    }

    /// The newest lines of the trace, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.world.trace.lines()
    }

    /// The newest happenings, oldest first, without the first `skipped` of all that ever were.
    pub fn happenings(&self, skipped: u64) -> impl Iterator<Item = &Happening> {
        self.world.record.iter().flat_map(move |record| record.since(skipped))
    }

    /// How much has happened, kept or not.
    #[must_use]
    pub fn happenings_count(&self) -> u64 {
        self.world.record.as_ref().map_or(0, |record| record.count())
    }

    /// What happened, in numbers.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.world.totals_so_far()
    }

    /// How many nodes there are; they are numbered from 1.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.world.nodes.len()
    }

    /// The node that leads the newest term that is led.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        self.world.newest_leader()
    }

    /// Whether a client was told that this entry is applied.
    #[must_use]
    pub fn is_acknowledged(&self, at: LogPos) -> bool {
        self.world.judges.promises.has(at)
    }

    /// Whether all faults have ended, and the group has become one again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.world.is_over()
    }

    /// The law that was broken, if one was.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_deref()
    }

    /// What can be seen of a node.
    ///
    /// # Errors
    ///
    /// When there is no such node.
    pub fn view(&self, node: u64) -> Result<View, HandError> {
        let node = &self.world.nodes[self.place(node)?];
        Ok(View {
            id: node.id,
            status: node.core.as_ref().map(raft_core::Raft::status),
            paused: node.paused,
            retired: node.retired,
            hard_state: node.disk.written().hard_state(),
            applied: node.machine.applied,
            written: node.disk.written().last(),
            durable: node.disk.durable().last(),
        })
    }

    /// What a node is; nothing while it is down. As [`Bench::view`], and cheaper.
    ///
    /// # Errors
    ///
    /// When there is no such node.
    pub fn role(&self, node: u64) -> Result<Option<RoleName>, HandError> {
        Ok(self.world.nodes[self.place(node)?].seen.role)
    }

    /// The entries that a node has written, from this one on.
    ///
    /// # Errors
    ///
    /// When there is no such node.
    pub fn log(&self, node: u64, from: Index) -> Result<Vec<Entry>, HandError> {
        let skipped = self.world.clients.number_bytes();
        let written = self.world.nodes[self.place(node)?].disk.written().entries_from(from);
        let entry = |(term, entry): (raft_core::Term, raft_core::Entry<'_>)| {
            let words = entry.payload.get(skipped..).unwrap_or_default();
            let payload = entry.kind.is_proposal().then(|| Bytes::copy_from_slice(words));
            Entry { at: LogPos { term, index: entry.index }, payload }
        };
        Ok(written.map(entry).collect())
    }

    fn place(&self, node: u64) -> Result<usize, HandError> {
        let nodes = self.world.nodes.len();
        let place = usize::try_from(node).ok().and_then(|node| node.checked_sub(1));
        place.filter(|place| *place < nodes).ok_or(HandError::NoSuchNode { node, nodes })
    }

    /// Does something to the world, and keeps the law that it breaks. That a core panics is a law broken like any other.
    fn judged<T>(
        &mut self,
        call: impl FnOnce(&mut World<'static>) -> Result<T, Violation>,
    ) -> Result<T, Box<Failure>> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let violation = match catch_unwind(AssertUnwindSafe(|| call(&mut self.world))) {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(violation)) => violation,
            Err(panic) => Violation { law: "no core panics", detail: words_of(&*panic) },
        };
        let world = &self.world;
        let failure = Box::new(Failure {
            plan: self.plan.clone(),
            at: world.now,
            events: world.totals.events,
            digest: world.trace.digest(),
            healed_at: None,
            profile: world.profile.to_string(),
            violation,
        });
        self.failure = Some(failure.clone());
        Err(failure)
    }
}

/// Text is not even made where nobody wants it.
fn trace(lines_max: usize) -> Trace {
    if lines_max == 0 { Trace::quiet() } else { Trace::tail(lines_max) }
}

/// What a panic says.
fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it says nothing".to_owned())
}

#[cfg(test)]
mod tests;
