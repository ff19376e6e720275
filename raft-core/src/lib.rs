//! Raft as a pure state machine: no runtime, no clock, no socket, no file.
//!
//! A [`Raft`] is one node of a group that agrees on a log of entries (Ongaro and Ousterhout, *In Search of an
//! Understandable Consensus Algorithm*, 2014, "Raft"; Ongaro's dissertation, "thesis"). It has the shape of all
//! Quorate cores, whose five rules stand on the page of [`machine_core`]:
//!
//! > **`step`: someone said something. `tick`: time passed. `poll_output`: what I now owe the world.**
//!
//! # The loop
//!
//! Any order of calls is safe. A driver does little more than this:
//!
//! ```
//! use machine_core::{Instant, NodeId};
//! use raft_core::{Config, Output, Raft, Recovered};
//!
//! let id = NodeId::of(1);
//! let mut raft = Raft::new(Config::new(id, [id]), Recovered::default(), 7, Instant::ZERO)?;
//! let mut now = Instant::ZERO;
//! let mut applied = Vec::new();
//! while applied.is_empty() {
//!     now = raft.next_tick().ok_or("a node always waits for something")?;
//!     raft.tick(now);
//!     let _refused_until_it_leads = raft.propose(now, b"hello");
//!     while let Some(output) = raft.poll_output() {
//!         match output {
//!             Output::Persist { id, .. } => {
//!                 // store the write and sync it; many writes may share one sync
//!                 raft.persisted(now, id)?;
//!             }
//!             Output::Send { .. } => { /* hand the message to the network; it may be lost */ }
//!             Output::Apply { run } => {
//!                 applied.extend(run.payloads().map(|(_, payload)| payload.to_vec()));
//!                 raft.applied(now, run.last())?;
//!             }
//!             Output::Fetch { .. } => { /* read an old run back and pass it to raft.fetched */ }
//!             Output::Notify(event) => println!("{event:?}"),
//!             Output::Halt(fault) => return Err(fault.into()),
//!         }
//!     }
//! }
//! assert_eq!(applied[0], b"hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/own_loop.rs` is the same with three nodes.
//!
//! # What holds
//!
//! * Nothing that depends on a write can be seen before that write is confirmed; a leader's appends depend on none,
//!   so its disk and its followers work at the same time (thesis §10.2.1).
//! * The unit of the log is the [`Run`]: what was proposed between two polls, encoded once. One block serves the log,
//!   the write and the messages to all followers.
//! * Storage is not called, it is asked: with [`Output::Fetch`], for entries that are no longer in memory.
//! * Pre-vote, check-quorum and stickiness are always on (thesis §9.6, §6.2, §4.2.3).
//! * Reads are linearizable and cost no write; many share one question to the followers (thesis §6.4).
//!
//! # Where we leave the paper
//!
//! * `AppendEntries` and heartbeat are one message, which also carries the read round and the commit index; a follower
//!   answers when it was asked to or when something new is durable, not to every message.
//! * Every append and reply names its replication session, so that a late reply from an earlier stretch counts for
//!   nothing (nine of sixteen libraries were found to lack this in 2025).
//! * A rejection ends the session, and the window starts again with half of what was lost and doubles while it arrives
//!   (as TCP's does, RFC 5681): each append behind a lost one is rejected, over a network that reorders more than once,
//!   and the whole window would go out again for each.
//! * A rejection carries a hint that skips whole terms (the paper sketches it in §5.3; the form is etcd's).
//! * A leader without a majority refuses proposals at once with [`ProposeError::NoQuorum`].
//!
//! # What is not here yet
//!
//! The set of voters is fixed. Membership change, snapshots, lease reads and recovery from disk faults have their
//! places (`Progress` has room for a snapshot state, `Run` for further entry kinds, [`Fault`] names what a
//! disk-fault recovery will mend) and nothing half-built in them.

#![no_std]

extern crate alloc;

mod check;
mod config;
mod digest;
mod election;
mod error;
mod follower;
mod id;
mod leader;
mod log;
mod message;
mod output;
mod poll;
mod progress;
mod queue;
mod quorum;
mod raft;
mod reads;
mod role;
mod run;
mod status;
mod terms;
mod window;
pub mod wire;

pub use config::{Config, ConfigError, PRIORITY_MAX, VOTERS_MAX};
pub use error::{Broken, Fault, PeerError, ProposeError, ReadError, TransferError};
pub use id::{FetchId, Index, LogPos, ReadId, Round, SessionId, Stamp, Term};
pub use leader::Proposed;
pub use message::{Message, MessageKind, Outcome};
pub use output::{Event, HardState, Output, Recovered, RecoveredRun, Write};
pub use raft::Raft;
pub use run::{ENTRY_HEADER_BYTES, Entries, Entry, EntryFlaw, EntryKind, Run, RunError};
pub use status::{FollowerStatus, RoleName, Status};
