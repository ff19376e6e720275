//! What a leader costs.
//!
//! Groups of replicas in one thread, their messages in queues and their logs in memory, in a closed loop: so many
//! proposals outstanding, the leader's turn, then each follower's. What is left is what the protocol costs. Our own
//! core, with its messages moved or encoded, runs beside the [floor](contenders::floor), which has nothing but the
//! duties; `benches/peers`, a workspace of its own, adds other projects' cores to the same loop and the same tables.
//!
//! Costs are counted in instructions (by callgrind, the same on every run of a binary), allocations and messages, and
//! in CPU time; never in wall time, since machines are shared.

pub mod callgrind;
pub mod catch_up;
pub mod cell;
pub mod cluster;
pub mod contenders;
pub mod cpu;
pub mod idle_groups;
pub mod kept;
pub mod pieces;
pub mod program;
