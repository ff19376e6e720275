//! Other projects' cores as contenders of [`benches`]: in the same loop, with the same load, in the same tables.
//!
//! Nothing of theirs is copied; each is driven through its public interface, in the way that costs it least among those
//! its documentation names, and where its users mostly take another way, that is a row of its own. Each file says how
//! its peer is driven, and why. What all have alike, ours included:
//!
//! * Payloads are copied once at the leader, all of a turn into one block; entries are slices of it.
//! * Logs are in memory, and keep as many entries ([`benches::cell::Cell::kept`]).
//! * Messages are moved, not encoded. Disks are done at once.
//! * Proposals are not refused for what is outstanding.
//!
//! Beside them [`clocks`], other projects' clocks timed beside ours, and [`edges`], what they do with hostile input.

pub mod clocks;
pub mod edges;
mod fixed_ints;
pub mod omnipaxos;
pub mod openraft;
pub mod raft_rs;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use benches::{
    cell::Contender,
    cluster::Load,
    contenders::{floor, ours},
};
use bytes::{Bytes, BytesMut};

/// Everybody: the floor first, then ours, then the peers.
pub const ALL: [Contender; 9] = [
    floor::FLOOR,
    ours::OURS,
    ours::OURS_WIRE,
    raft_rs::BATCHED,
    raft_rs::EACH,
    omnipaxos::EACH,
    omnipaxos::BATCHES_OF_64,
    omnipaxos::FORWARDED,
    openraft::OPENRAFT,
];

/// The next `count` payloads, copied into one block.
pub(crate) fn block(
    load: &mut Load,
    count: u64,
    spare: &mut BytesMut,
) -> impl Iterator<Item = Bytes> + use<> {
    let size = load.bytes();
    let mut block = load.gather(count, spare);
    (0..count).map(move |_| block.split_to(size))
}

/// How a program about clocks ends; the reason for a failure on stderr.
#[must_use]
pub fn end(program: &str, result: Result<(), String>) -> ExitCode {
    let Err(why) = result else { return ExitCode::SUCCESS };
    let _ = writeln!(io::stderr(), "{program}: {why}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests;
