//! A deterministic simulator for Quorate's cores.
//!
//! One seed, one run: the cores are plain values, so that a whole group of them, with its network, its disks, its
//! clocks and its clients, fits one queue of events in virtual time. There is no thread, no wall clock, no hash map
//! and no other chance in a run than one generator; the same seed does the same things on every machine, and
//! [`Trace::digest`] proves it.
//!
//! ```
//! use sim::Trace;
//!
//! let mut trace = Trace::quiet();
//! let totals = sim::raft::run(7, &mut trace).expect("no law is broken");
//! assert!(totals.acknowledged > 0);
//! ```
//!
//! *Architecture invariants.* The judges use the public interface of the cores only, and what passes through the
//! simulator's own hands: they would judge any other implementation the same way. A core knows nothing of them. The
//! simulator keeps no second model of Raft's decisions, only of its promises.

mod clock;
mod digest;
mod disk;
mod faults;
pub mod linear;
mod network;
mod queue;
pub mod raft;
mod shiviz;
pub mod shrink;
mod stream;
mod trace;

pub use digest::Digest;
pub use faults::{Faults, Hearing, Kind, Place, Schedule, Strike};
pub use trace::Trace;
