//! Logical clocks: which events can have caused which, and nothing about what time it is.
//!
//! > **Nothing wraps, panics, goes back or stalls, whatever a peer says.** What cannot go on is an error with its numbers.
//!
//! | question | clock | size |
//! |---|---|---|
//! | some order of all events that respects cause and effect | [`Lamport`], [`Stamp`]; [`AtomicLamport`] among threads | 8 bytes |
//! | the same, near the time of day | [`Hlc`], [`HlcTime`]; [`AtomicHlc`] among threads | 8 bytes |
//! | did this cause that, or are they concurrent? | [`VersionVector`] | 16 bytes a node |
//! | which events are here, with gaps? | [`CausalContext`] | the same, and 16 bytes a dot above a gap |
//! | which values of a key has nobody replaced? | [`DvvSet`] | 16 bytes a server |
//! | was this certainly before that, in true time? | [`Interval`], [`BoundedClock`] | 16 bytes |
//! | what does everybody know, so that it may be forgotten? | [`Stability`] | 16 bytes for each two nodes |
//! | in which order may broadcast messages be delivered? | [`CausalBuffer`] | 16 bytes a node and message |
//!
//! # The rules
//!
//! 1. **Time is an argument.** No clock is read here, no chance drawn; so every run can be played again.
//! 2. **A refusal changes nothing** but counters for metrics, and its [`ClockError`] says how far what was off.
//! 3. **Whatever comes from a peer is bounded**: how far its stamps may lead, how many ids, dots, values and messages it
//!    can make us keep, how much its bytes can make us allocate.
//! 4. **Equal values have equal bytes.** Zero entries, gaps that are none and second spellings are not representable; so
//!    `==`, `Hash` and the encoding agree.
//! 5. **An id is for life, and for one node.** An id that comes back without its past repeats its events. Where a clock
//!    can notice, it says [`ClockError::OwnIdFromFuture`].
//!
//! # What Lamport's clock does not say
//!
//! If `a` caused `b`, then `a`'s stamp is smaller. The converse is false: a smaller stamp may belong to an event that `b`
//! never heard of. Vectors have both directions. The example `lecture` (`cargo run -p quorate-lamport --example lecture`)
//! prints a history in which the first breaks and the second holds.
//!
//! # Bytes
//!
//! [`codec`] has one form for each value, and the layout; with the feature `serde` values go into other formats,
//! validated on their way in.
//!
//! # Threads
//!
//! The two atomic clocks are checked by loom in every interleaving, of two threads and the main one, with at most three
//! preemptions, small cases without that bound, and broken variants that it must find:
//! `RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p quorate-lamport --release --lib loom_tests`.
//! They need a target with 64-bit atomics.

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(target_has_atomic = "64")]
mod atomic;
mod causal_buffer;
pub mod codec;
mod context;
mod dvv;
mod error;
mod hlc;
mod interval;
mod lamport;
mod lex_key;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(target_has_atomic = "64")]
mod seam;
#[cfg(feature = "serde")]
mod serde;
mod stability;
mod version;

#[cfg(target_has_atomic = "64")]
pub use atomic::AtomicLamport;
pub use causal_buffer::{CausalBuffer, Header, Receipt};
pub use codec::{Limits, WireId};
pub use context::{CLOUD_MAX, CausalContext};
pub use dvv::{DvvSet, SIBLINGS_MAX};
pub use error::{ClockError, Defect, Side};
#[cfg(target_has_atomic = "64")]
pub use hlc::AtomicHlc;
pub use hlc::{ConfigError, Hlc, HlcConfig, HlcStamp, HlcTime, Wall};
pub use interval::{BoundedClock, Interval};
pub use lamport::{JUMP_MAX, Lamport, Stamp, Time};
pub use lex_key::LexKey;
pub use stability::Stability;
pub use version::{Causality, Dot, VersionVector};
