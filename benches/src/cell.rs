//! One cell of the tables: one contender, one size of group, one size of payload, one number outstanding.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{
    catch_up,
    cluster::{Applied, Cluster, Load, Turn},
    cpu, idle_groups,
};

/// Rounds without progress at which time must pass, and at which the run has failed.
const IDLE_ROUNDS_MAX: u32 = 1000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Replicas.
    pub nodes: usize,
    /// Bytes of each payload; at least 8.
    pub size: usize,
    /// Proposals outstanding.
    pub outstanding: u64,
    /// Entries measured, after as many to warm up.
    pub entries: u64,
}

impl Cell {
    /// Entries that each replica's log keeps at least, the newest: those under way in both directions. It is cut back to
    /// them whenever it has a third more. The same for all contenders, since a log that outgrows the caches of the
    /// processor costs more than most protocols.
    ///
    /// # Panics
    ///
    /// When as many do not fit memory.
    #[must_use]
    pub fn kept(&self) -> usize {
        usize::try_from(2 * self.outstanding + 64).expect("what is outstanding fits memory")
    }
}

/// Something that takes part: its name, and how to set up a group that has a leader.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    /// As in the tables.
    pub name: &'static str,
    /// In one line.
    pub about: &'static str,
    /// Sets up a group for the cell.
    pub build: fn(&Cell) -> Box<dyn Cluster>,
    /// Whether the turns of the leader are told apart from the others'.
    pub leader_apart: bool,
    /// Sets up many groups that have nothing to do, where it takes part in [`crate::idle_groups`].
    pub idle: Option<idle_groups::Build>,
    /// Sets up a group for [`crate::catch_up`], where it takes part.
    pub catch_up: Option<catch_up::Build>,
}

/// What a cell came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Entries measured.
    pub entries: u64,
    /// CPU time of the whole group.
    pub cpu: Duration,
    /// Messages of the whole group.
    pub messages: u64,
}

impl Measured {
    /// Entries per second of CPU time.
    #[must_use]
    pub fn entries_per_cpu_second(&self) -> f64 {
        self.entries as f64 / self.cpu.as_secs_f64()
    }

    /// Messages per entry.
    #[must_use]
    pub fn messages_per_entry(&self) -> f64 {
        self.messages as f64 / self.entries as f64
    }
}

/// Warms up, measures, then sees that all replicas apply the same, and just what was proposed.
///
/// # Errors
///
/// When the group makes no progress, or when replicas differ.
pub fn measure(contender: &Contender, cell: &Cell) -> Result<Measured, Broken> {
    let mut cluster = (contender.build)(cell);
    let mut load = Load::new(cell.size);
    let mut loops = Loop { outstanding: cell.outstanding, room: cell.outstanding };
    loops.run(&mut *cluster, &mut load, cell, plain_turn)?;
    let (messages, start) = (cluster.messages(), cpu::process());
    measured_cluster(&mut loops, &mut *cluster, &mut load, cell)?;
    let measured = Measured {
        entries: cell.entries,
        cpu: cpu::process().saturating_sub(start),
        messages: cluster.messages() - messages,
    };
    loops.agree(&mut *cluster, &mut load, cell)?;
    Ok(measured)
}

/// Allocations while as much is done: the leader's, and the group's. Needs a program whose allocator is
/// [`stats_alloc`]'s; others count none.
///
/// # Errors
///
/// As for [`measure`].
pub fn measure_allocations(contender: &Contender, cell: &Cell) -> Result<(u64, u64), Broken> {
    let mut cluster = (contender.build)(cell);
    let mut load = Load::new(cell.size);
    let mut loops = Loop { outstanding: cell.outstanding, room: cell.outstanding };
    loops.run(&mut *cluster, &mut load, cell, plain_turn)?;
    let (leader, group) = (LEADER_ALLOCATIONS.load(Ordering::Relaxed), allocations());
    loops.run(&mut *cluster, &mut load, cell, counted_turn)?;
    Ok((LEADER_ALLOCATIONS.load(Ordering::Relaxed) - leader, allocations() - group))
}

/// Allocations during the leader's turns. A turn is a plain function, so its count is kept here.
static LEADER_ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

fn counted_turn(cluster: &mut dyn Cluster, load: &mut Load, room: u64) -> Turn {
    let before = allocations();
    let turn = cluster.leader_turn(load, room);
    LEADER_ALLOCATIONS.fetch_add(allocations() - before, Ordering::Relaxed);
    turn
}

fn allocations() -> u64 {
    let stats = stats_alloc::INSTRUMENTED_SYSTEM.stats();
    (stats.allocations + stats.reallocations) as u64
}

/// Callgrind collects between entering this function and leaving it.
#[inline(never)]
fn measured_cluster(
    loops: &mut Loop,
    cluster: &mut dyn Cluster,
    load: &mut Load,
    cell: &Cell,
) -> Result<(), Broken> {
    loops.run(cluster, load, cell, measured_leader)
}

/// Callgrind collects between entering this function and leaving it.
#[inline(never)]
fn measured_leader(cluster: &mut dyn Cluster, load: &mut Load, room: u64) -> Turn {
    cluster.leader_turn(load, room)
}

/// The same before and after what is measured.
fn plain_turn(cluster: &mut dyn Cluster, load: &mut Load, room: u64) -> Turn {
    cluster.leader_turn(load, room)
}

/// A closed loop: so many proposals outstanding at any time.
#[derive(Debug)]
struct Loop {
    outstanding: u64,
    room: u64,
}

impl Loop {
    fn run(
        &mut self,
        cluster: &mut dyn Cluster,
        load: &mut Load,
        cell: &Cell,
        leader_turn: fn(&mut dyn Cluster, &mut Load, u64) -> Turn,
    ) -> Result<(), Broken> {
        let (mut applied, mut idle) = (0, 0);
        while applied < cell.entries {
            let turn = leader_turn(cluster, load, self.room);
            self.room = self.room - turn.proposed + turn.applied;
            applied += turn.applied;
            for follower in 1..cell.nodes {
                cluster.follower_turn(follower);
            }
            idle = if turn == Turn::default() { idle + 1 } else { 0 };
            if idle > 2 {
                cluster.wait();
            }
            if idle > IDLE_ROUNDS_MAX {
                return Err(Broken::Stuck { applied });
            }
        }
        Ok(())
    }

    /// Lets the group come to rest, then proposes as much again, now looked at, and compares all replicas.
    fn agree(&mut self, cluster: &mut dyn Cluster, load: &mut Load, cell: &Cell) -> Result<(), Broken> {
        self.rest(cluster, load, cell)?;
        cluster.look();
        let mut expected = Applied::default();
        expected.count(load.taken());
        let mut again = load.clone();
        self.run(cluster, load, cell, plain_turn)?;
        self.rest(cluster, load, cell)?;
        for payload in again.take(load.taken() - again.taken()) {
            expected.entry(payload);
        }
        for (replica, applied) in cluster.applied().iter().enumerate() {
            if (applied.entries, applied.digest) != (expected.entries, expected.digest) {
                return Err(Broken::Differ { replica, applied: applied.entries, expected: expected.entries });
            }
        }
        Ok(())
    }

    /// Turns without proposals, until every replica has applied all.
    fn rest(&mut self, cluster: &mut dyn Cluster, load: &mut Load, cell: &Cell) -> Result<(), Broken> {
        for _ in 0..IDLE_ROUNDS_MAX {
            if cluster.applied().iter().all(|applied| applied.entries == load.taken()) {
                return Ok(());
            }
            self.room += cluster.leader_turn(load, 0).applied;
            for follower in 1..cell.nodes {
                cluster.follower_turn(follower);
            }
            cluster.wait();
        }
        assert!(self.room <= self.outstanding, "no more is applied than was proposed");
        Err(Broken::Stuck { applied: cluster.applied()[0].entries })
    }
}

/// Why a cell has no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The group made no progress.
    Stuck {
        /// Entries applied at the leader by then.
        applied: u64,
    },
    /// Replicas applied different things, or other things than were proposed.
    Differ {
        /// The replica, counted from the leader's 0.
        replica: usize,
        /// Entries that it applied.
        applied: u64,
        /// Entries that were proposed.
        expected: u64,
    },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stuck { applied } => write!(f, "no progress after {applied} entries"),
            Self::Differ { replica, applied, expected } => {
                write!(
                    f,
                    "replica {replica} applied {applied} entries, or others than the {expected} proposed"
                )
            }
        }
    }
}

impl std::error::Error for Broken {}

#[cfg(test)]
mod tests;
