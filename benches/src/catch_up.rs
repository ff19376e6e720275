//! What it costs to bring back a follower that has missed much.
//!
//! The last of three replicas is cut off while the others go on; then it is back, and all have turns until it has
//! applied what it missed. Applying is looking at every payload, so that the check at the end needs nothing more.

use std::time::Duration;

use crate::{
    cell::{Cell, Contender},
    cluster::{Applied, Cluster, Load},
    cpu,
};

/// Replicas of the group.
const REPLICAS: usize = 3;

/// Proposals outstanding while the last is cut off.
const OUTSTANDING: u64 = 1024;

/// Rounds after which nothing more is hoped for.
const ROUNDS_MAX: u64 = 1_000_000;

/// Sets up a group whose last replica can be cut off.
pub type Build = fn(&Cell) -> Box<dyn Severed>;

/// A group whose log is kept whole, and whose last replica can be cut off.
pub trait Severed: Cluster {
    /// What the last replica sends and is sent is lost from here on, or is so no longer.
    fn cut(&mut self, cut: bool);

    /// The most entries in one message since the cut was healed.
    fn entries_max(&self) -> u64;
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// CPU time of the whole group.
    pub cpu: Duration,
    /// Messages of the whole group.
    pub messages: u64,
    /// Entries in the largest of them.
    pub entries_max: u64,
}

/// Cuts the last replica off, replicates `entries` of `size` bytes, heals, and measures until it has applied them.
///
/// # Errors
///
/// When the contender takes no part, when the group makes no progress, or when replicas differ.
pub fn measure(contender: &Contender, size: usize, entries: u64) -> Result<Measured, String> {
    let build = contender.catch_up.ok_or_else(|| format!("{} has no catching up", contender.name))?;
    let mut group = build(&Cell { nodes: REPLICAS, size, outstanding: OUTSTANDING, entries });
    let mut load = Load::new(size);
    let mut expected = Applied::default();
    load.clone().take(entries).for_each(|payload| expected.entry(payload));
    group.look();
    group.cut(true);
    fall_behind(&mut *group, &mut load, entries).map_err(|why| format!("{}: {why}", contender.name))?;
    group.cut(false);
    let (messages, start) = (group.messages(), cpu::process());
    measured_return(&mut *group, &mut load, entries).map_err(|why| format!("{}: {why}", contender.name))?;
    let cpu = cpu::process().saturating_sub(start);
    let measured = Measured { cpu, messages: group.messages() - messages, entries_max: group.entries_max() };
    for (replica, applied) in group.applied().iter().enumerate() {
        if (applied.entries, applied.digest) != (expected.entries, expected.digest) {
            return Err(format!("{}: replica {replica} applied other entries", contender.name));
        }
    }
    Ok(measured)
}

fn fall_behind(group: &mut dyn Severed, load: &mut Load, entries: u64) -> Result<(), String> {
    let mut room = OUTSTANDING;
    for _ in 0..ROUNDS_MAX {
        let left = entries - load.taken();
        let turn = group.leader_turn(load, room.min(left));
        room = room - turn.proposed + turn.applied;
        group.follower_turn(1);
        group.follower_turn(2);
        let applied = group.applied();
        if applied[0].entries == entries && applied[1].entries == entries {
            return if applied[2].entries == 0 { Ok(()) } else { Err("the cut lets entries through".into()) };
        }
        if turn.applied == 0 && left == 0 {
            group.wait();
        }
    }
    Err(format!("no progress without the last replica, {} of {entries} proposed", load.taken()))
}

/// Callgrind collects between entering this function and leaving it.
#[inline(never)]
fn measured_return(group: &mut dyn Severed, load: &mut Load, entries: u64) -> Result<(), String> {
    let mut before = 0;
    for round in 0..ROUNDS_MAX {
        group.leader_turn(load, 0);
        group.follower_turn(1);
        group.follower_turn(2);
        let applied = group.applied()[2].entries;
        if applied == entries {
            return Ok(());
        }
        if applied == before && round % 4 == 0 {
            group.wait();
        }
        before = applied;
    }
    Err(format!("no progress after the cut, {before} of {entries} applied"))
}

#[cfg(test)]
mod tests;
