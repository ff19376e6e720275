//! Whole nodes on loopback: a toy machine, real sockets, a disk that misbehaves when it is told to.

#![allow(
    clippy::disallowed_methods,
    reason = "hang guards, and pauses between looks at a counter: no verdict depends on how long anything takes"
)]
#![cfg(not(loom))]
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod cluster;
mod common;
mod disk;
mod handshake;
mod hostile;
mod inlet;
mod inline;
mod raw;
