//! What many groups cost that have nothing to do.
//!
//! Groups of three replicas in one process. A tick is the unit of time: the leader says that it is there every
//! [`Idle::heartbeat_ticks`], an election timeout is [`ELECTION_HEARTBEATS`] times that, and messages arrive within
//! the tick. Whoever is due, is ticked; who is not told when he is due next, is ticked each time.

use std::time::Duration;

use crate::{cell::Contender, cpu};

/// Replicas of each group.
pub const REPLICAS: usize = 3;

/// An election timeout, in heartbeat intervals; its range ends at twice as much.
pub const ELECTION_HEARTBEATS: u64 = 10;

/// Ticks until followers know what is committed and nothing more is owed: some, and a quarter of a heartbeat interval.
const SETTLING_TICKS: u64 = 10;

/// Measurements in a row.
const REPEATS: u32 = 3;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// How many groups.
    pub groups: usize,
    /// Ticks between two heartbeats; at least 1.
    pub heartbeat_ticks: u64,
    /// Ticks measured.
    pub ticks: u64,
}

/// Sets up groups that have nothing to do.
pub type Build = fn(&Idle) -> Box<dyn Groups>;

/// Many groups, each with a leader, and nothing left to do.
pub trait Groups {
    /// A tick passes for all.
    fn tick(&mut self);

    /// Messages sent so far, by all.
    fn messages(&self) -> u64;

    /// Groups that have a leader.
    fn led(&self) -> usize;
}

/// What it came to, for each group and tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// CPU time in nanoseconds.
    pub nanos: f64,
    /// Messages.
    pub messages: f64,
}

/// The median of three measurements one after the other.
///
/// # Errors
///
/// When the contender takes no part, or when a group has lost its leader.
pub fn measure(contender: &Contender, idle: &Idle) -> Result<Measured, String> {
    let mut groups = build(contender, idle)?;
    let group_ticks = (idle.groups as u64 * idle.ticks) as f64;
    let before = groups.messages();
    let mut times = [Duration::ZERO; REPEATS as usize];
    for time in &mut times {
        let start = cpu::process();
        measured_ticks(&mut *groups, idle.ticks);
        *time = cpu::process().saturating_sub(start);
    }
    times.sort();
    if groups.led() != idle.groups {
        return Err(format!("{}: {} of {} groups have a leader", contender.name, groups.led(), idle.groups));
    }
    Ok(Measured {
        nanos: times[REPEATS as usize / 2].as_nanos() as f64 / group_ticks,
        messages: (groups.messages() - before) as f64 / (group_ticks * f64::from(REPEATS)),
    })
}

/// Bytes of heap for each group, as requested. Needs a program whose allocator is [`stats_alloc`]'s.
///
/// # Errors
///
/// When the contender takes no part.
pub fn measure_heap(contender: &Contender, idle: &Idle) -> Result<f64, String> {
    let before = heap();
    let groups = build(contender, idle)?;
    let after = heap();
    drop(groups);
    Ok((after - before) as f64 / idle.groups as f64)
}

/// Bytes that are allocated.
fn heap() -> i64 {
    let stats = stats_alloc::INSTRUMENTED_SYSTEM.stats();
    // What a reallocation adds or takes is in these already.
    stats.bytes_allocated as i64 - stats.bytes_deallocated as i64
}

fn build(contender: &Contender, idle: &Idle) -> Result<Box<dyn Groups>, String> {
    let build = contender.idle.ok_or_else(|| format!("{} has no idle groups", contender.name))?;
    let mut groups = build(idle);
    (0..SETTLING_TICKS + idle.heartbeat_ticks / 4).for_each(|_| groups.tick());
    if groups.led() != idle.groups {
        return Err(format!("{}: {} of {} groups found a leader", contender.name, groups.led(), idle.groups));
    }
    Ok(groups)
}

/// Callgrind collects between entering this function and leaving it.
#[inline(never)]
fn measured_ticks(groups: &mut dyn Groups, ticks: u64) {
    for _ in 0..ticks {
        groups.tick();
    }
}

/// How often callgrind enters [`measured_ticks`].
pub(crate) const ENTERED: u64 = REPEATS as u64;

#[cfg(test)]
mod tests;
