//! Raft as a pure state machine.

#![no_std]

extern crate alloc;

mod check;
mod config;
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
pub use id::{FetchId, Index, LogPos, ReadId, Round, SessionId, Term};
pub use leader::Proposed;
pub use message::{Message, Outcome};
pub use output::{Event, HardState, Output, Recovered, RecoveredRun, Write};
pub use raft::Raft;
pub use run::{ENTRY_HEADER_BYTES, Entries, Entry, EntryFlaw, EntryKind, Run, RunError};
pub use status::{FollowerStatus, RoleName, Status};
