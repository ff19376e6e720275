//! [`Node`] for embedding, and the program `quorate`: raft-core over storage over transport, with an append-only list
//! of lines as state machine.
//!
//! ```text
//!   client ─▶ server (2 threads each) ─▶ NodeHandle ─▶ mailbox ─▶ driver thread: core, list, who waits for what
//!                                                                     │ Persist, Fetch, List      │ Send
//!                                                                     ▼                           ▼
//!                                                                disk thread: log             other nodes
//! ```
//!
//! * [`Node`] glues the pieces: outputs of the core become writes, frames and lines; an append is answered when its last
//!   entry is applied with the term in which it was proposed.
//! * [`lines`] and [`sessions`] are the state machine: which lines count, and what proves that two lists are equal.
//! * [`protocol`] is what clients and nodes say to each other; [`server`] the node's side, [`client`] the other.
//! * [`input`], [`text`], [`table`], [`peers`], [`memory`] serve the program.
//!
//! # What is deliberately absent
//!
//! * **No rule of Raft.** This crate cannot make an entry committed; it is told.
//! * **No lines in memory.** A node keeps their number and checksum; lines are read back from the log.
//! * **No snapshots yet.** A node that starts applies its whole log anew, and the log grows with what is appended.
//! * **No identities and no encryption**, neither between nodes nor to clients.
//! * **No way to stop a node over the network**: signals do that, or the parent that holds its standard input.

pub mod client;
mod config;
pub mod entry;
pub mod input;
pub mod lines;
pub mod memory;
pub mod node;
pub mod peers;
pub mod protocol;
pub mod server;
pub mod sessions;
pub mod table;
pub mod text;
pub mod wall;

pub use config::{Limits, NodeConfig};
pub use entry::ClientId;
pub use machine_core::NodeId;
pub use node::{Node, NodeEvent, NodeHandle, StartError};
pub use transport::ClusterId;

/// The code on the project's front page, compiled so that it cannot go stale.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct FrontPage;
