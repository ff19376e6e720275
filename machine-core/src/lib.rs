//! The shape that all Quorate cores share.
//!
//! > **`step`: someone said something. `tick`: time passed. `poll_output`: what I now owe the world.**
//!
//! A core is a plain value. It has no runtime, no clock, no socket, no file and no thread: time and messages are
//! arguments, effects are values that come out of [`Machine::poll_output`]. Whoever holds a core, an event loop, a
//! simulator, a fuzzer or a Python program, drives it with the same few calls.
//!
//! # The five rules
//!
//! They hold in every core and are tested everywhere.
//!
//! 1. **Any call order is safe.** Nothing must be drained, advanced or polled before anything else.
//!    *Polling may assemble, never decide*: every decision is made in `step`, `tick` and commands; `poll_output` pops
//!    what is owed, or coalesces it.
//! 2. **An output may be executed the moment it is seen.** Whatever depends on a write is withheld until
//!    [`Machine::persisted`]. A forgotten write can only stall, never corrupt. The only duties of the caller: Persists
//!    in order, Applies in order.
//! 3. **Same seed, same inputs, same outputs**, byte for byte, on every platform. No hash-map iteration, no float, no
//!    pointer order, no wall clock, no global random numbers. [`Instant`] and [`Rng`] are our own.
//! 4. **Peers cannot panic you.** `step` with any message returns `Ok` or an error that blames the peer, and on an
//!    error the state is unchanged. Storage that contradicts itself is a fault: one `Halt`, then inert.
//!    A panic is always our own bug.
//! 5. **Everything is bounded.** Every queue, window, table and message has a maximum. When one is full, commands say
//!    so, sends may be dropped (protocols tolerate loss), Persist and Apply never are.
//!
//! # Outputs
//!
//! A core's `Output` has variants of these names, in this order, and no others: `Persist` (make this durable, then
//! call `persisted`), `Send` (hand this to a peer; it may be lost), `Apply` (give this to the state machine), `Fetch`
//! (bring this back from storage), `Notify` (a fact for the application), `Halt` (storage contradicts itself; the
//! core is inert). A core that has no use for one leaves it out.
//!
//! # A whole machine
//!
//! The smallest machine that shows the rules: a counter that acknowledges a peer's increment only when it is durable.
//!
//! ```
//! use core::time::Duration;
//! use machine_core::{Instant, Machine, Misuse, NodeId, Outbox, WriteId, Writes};
//!
//! #[derive(Debug)]
//! enum Output { Persist { id: WriteId, total: u64 }, Send { to: NodeId, total: u64 } }
//!
//! #[derive(Debug, PartialEq)]
//! struct TooLarge(u64); // blame and evidence: what the peer sent
//!
//! struct Counter { total: u64, writes: Writes, replies: Outbox<(WriteId, NodeId, u64)>, out: Vec<Output>, idle: Instant }
//!
//! impl Machine for Counter {
//!     type Message = u64;
//!     type Output = Output;
//!     type PeerError = TooLarge;
//!
//!     fn step(&mut self, now: Instant, from: NodeId, add: u64) -> Result<(), TooLarge> {
//!         // Rule 4: judge first, change afterwards.
//!         let total = self.total.checked_add(add).ok_or(TooLarge(add))?;
//!         self.total = total;
//!         let id = self.writes.issue();
//!         self.out.push(Output::Persist { id, total });
//!         // Rule 5: a reply that finds no room is dropped; the peer asks again.
//!         let _kept = self.replies.push((id, from, total));
//!         self.idle = now + Duration::from_secs(1);
//!         Ok(())
//!     }
//!
//!     fn tick(&mut self, _now: Instant) {}
//!
//!     fn persisted(&mut self, _now: Instant, id: WriteId) -> Result<(), Misuse> {
//!         self.writes.complete(id)?;
//!         // Rule 2: only now may the replies that depend on this write be seen.
//!         while self.replies.front().is_some_and(|(needs, ..)| *needs <= id) {
//!             let Some((_, to, total)) = self.replies.pop() else { break };
//!             self.out.push(Output::Send { to, total });
//!         }
//!         Ok(())
//!     }
//!
//!     fn poll_output(&mut self) -> Option<Output> {
//!         if self.out.is_empty() { None } else { Some(self.out.remove(0)) }
//!     }
//!
//!     fn next_tick(&self) -> Option<Instant> { Some(self.idle) }
//! }
//!
//! let mut counter = Counter {
//!     total: 0, writes: Writes::default(), replies: Outbox::with_limit(2), out: vec![], idle: Instant::ZERO,
//! };
//! let (peer, now) = (NodeId::of(7), Instant::ZERO);
//! counter.step(now, peer, 5).unwrap();
//! assert_eq!(counter.step(now, peer, u64::MAX), Err(TooLarge(u64::MAX)));
//! let Some(Output::Persist { id, total: 5 }) = counter.poll_output() else { panic!() };
//! assert!(counter.poll_output().is_none(), "no reply before the write is durable");
//! counter.persisted(now, id).unwrap();
//! assert!(matches!(counter.poll_output(), Some(Output::Send { total: 5, .. })));
//! ```

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

mod machine;
mod node_id;
mod outbox;
mod rng;
mod time;
mod timers;
mod write_id;

pub use machine::{Machine, Misuse};
pub use node_id::NodeId;
pub use outbox::Outbox;
pub use rng::Rng;
pub use time::Instant;
pub use timers::{Row, Timers};
pub use write_id::{WriteId, Writes};
