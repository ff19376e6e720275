//! Frames, TCP, the one event loop and the client mailbox: what a machine of [`machine_core`] needs to live in a real
//! process.
//!
//! > **The transport moves bytes and knows no protocol.** A machine decides; this crate reads sockets, waits for the
//! > disk, watches the clock, and executes what the machine owes.
//!
//! # Threads, and who talks to whom
//!
//! ```text
//!   client threads, async tasks         driver thread                           disk thread
//!   ───────────────────────────         ─────────────────────────────           ─────────────────────
//!   Mailbox::try_send ──────────▶ bounded ▶ Host::commands ─┐
//!                                                           ▼
//!                                   ┌─▶ step, tick ──▶  Machine
//!   Completion ◀── Completer ◀──────┤                       │ poll_output
//!   (await, or wait)                │                       ▼
//!                                   │                  Host::execute ── Io::write ─▶ bounded ▶ write, write, …
//!                                   │                       │                                  one sync
//!                                   │   persisted ◀─────────┼──────────────────────────────────── durable
//!                                   │                       │ Io::send
//!                            ┌──────┴───────────────────────▼────────┐
//!                            │ frames ─ one TCP connection each way  │
//!                            └───────────────────▲───────────────────┘
//!                                                ▼ peers
//! ```
//!
//! * The [`Driver`] is the only loop. It owns the machine through a [`Host`], so neither needs a lock.
//! * The disk thread owns the log, as a [`DiskWorker`]. It appends everything that is queued, syncs once, and only then
//!   says so. While one sync runs, the next group gathers. A lone write the driver may sync itself, while the disk is
//!   fast and its thread rests: [`Config::with_inline_sync_max`].
//! * Clients hold a [`Handle`] and its [`Mailbox`]. A command carries a [`Completer`]; its [`Completion`] is a future
//!   for any executor, and has a plain `wait`. A command that was accepted is answered or abandoned, never forgotten.
//! * An [`Inlet`] is another way in for commands: a descriptor, such as a quiet client's socket, that the driver watches and
//!   fetches commands from, so that no thread has to wait for the client and then wake the driver.
//!
//! Three hand-offs cross threads: mailbox, disk queue, completion; one signal wakes the driver for all. They are written
//! on the seam `sync` and checked by loom in every interleaving of at most two preemptions
//! (`LOOM_MAX_PREEMPTIONS=3` tries more, and takes longer):
//! `RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p quorate-transport --release --lib loom`.
//!
//! # What is full, and what happens then
//!
//! | what | bound | when full |
//! |---|---|---|
//! | mailbox | [`Config::with_mailbox_len_max`] | `try_send` gives the command back |
//! | send queue of a peer | [`Config::with_send_queue`] | the message is dropped and counted |
//! | inlets | [`Config::with_inlets_max`] | a new one takes the place of one that is silent, or is dropped |
//! | disk queue | [`Config::with_disk_queue_bytes_max`] | outputs, commands and peers wait; nothing is dropped |
//! | a frame | [`Config::with_frame_bytes_max`] | receiver: connection closed before allocating; sender: dropped |
//! | unfinished handshakes | [`Config::with_handshakes`] | the oldest gives way |
//!
//! All of it is in [`Counters`]. A connection holds one 64 KiB chunk, and one frame that does not fit into it.
//!
//! # What is deliberately absent
//!
//! * **No protocol.** The crate does not know what a term, a vote or a member is; it imports no core but the shape.
//! * **No storage format.** What a write holds is between a host and its worker; there is no file in this crate.
//! * **No async runtime.** Futures come out (completions), none is ever run.
//! * **No retries of messages, no acknowledgements, no order between connections.** Protocols tolerate loss, and repeat.
//! * **No encryption and no authentication.** A handshake keeps honest nodes of different clusters apart; it does not
//!   stop an attacker who can reach the port.
//! * **No second clock.** A machine is told what time it is, by the one [`Clock`] that its driver reads.
//!
//! # A whole node
//!
//! A counter that answers a client only when its sum is durable; see [`machine_core`] for the rules that it follows.
//!
//! ```
//! use std::collections::VecDeque;
//!
//! use bytes::Bytes;
//! use machine_core::{Instant, Machine, Misuse, NodeId, WriteId, Writes};
//! use transport::*;
//!
//! enum Output { Persist { id: WriteId, sum: u64 }, Notify { durable: WriteId } }
//!
//! #[derive(Default)]
//! struct Counter { sum: u64, writes: Writes, unwritten: bool, notify: bool }
//!
//! impl Counter {
//!     fn add(&mut self, add: u64) {
//!         self.sum = self.sum.saturating_add(add);
//!         self.unwritten = true;
//!     }
//! }
//!
//! impl Machine for Counter {
//!     type Message = ();
//!     type Output = Output;
//!     type PeerError = ();
//!     fn step(&mut self, _: Instant, _: NodeId, (): ()) -> Result<(), ()> { Ok(()) }
//!     fn tick(&mut self, _: Instant) {}
//!     fn persisted(&mut self, _: Instant, id: WriteId) -> Result<(), Misuse> {
//!         self.notify |= self.writes.complete(id)?;
//!         Ok(())
//!     }
//!     fn poll_output(&mut self) -> Option<Output> {
//!         if std::mem::take(&mut self.unwritten) {
//!             return Some(Output::Persist { id: self.writes.issue(), sum: self.sum });
//!         }
//!         std::mem::take(&mut self.notify).then_some(Output::Notify { durable: self.writes.durable() })
//!     }
//!     fn next_tick(&self) -> Option<Instant> { None }
//! }
//!
//! struct Disk(Vec<u64>); // stands for a file
//!
//! impl DiskWorker for Disk {
//!     type Write = u64;
//!     type Read = ();
//!     type Fetched = ();
//!     type Error = std::io::Error;
//!     fn write(&mut self, sum: u64) -> std::io::Result<()> { self.0.push(sum); Ok(()) }
//!     fn sync(&mut self) -> std::io::Result<()> { Ok(()) }
//!     fn read(&mut self, (): ()) -> std::io::Result<()> { Ok(()) }
//! }
//!
//! #[derive(Default)]
//! struct Node {
//!     counter: Counter,
//!     arrived: Vec<Completer<u64>>,
//!     waiting: VecDeque<(WriteId, u64, Completer<u64>)>, // for this write, with this answer
//! }
//!
//! impl Host for Node {
//!     type Machine = Counter;
//!     type Command = (u64, Completer<u64>);
//!     type Worker = Disk;
//!     fn machine(&mut self) -> &mut Counter { &mut self.counter }
//!     fn decode(&mut self, _: NodeId, _: Kind, _: Bytes) -> Result<(), DecodeError> {
//!         Err(DecodeError::new("a counter has no peers"))
//!     }
//!     fn peer_error(&mut self, _: NodeId, (): ()) {}
//!     fn commands(&mut self, _: Instant, batch: &mut Vec<Self::Command>, _: &mut Io<Disk>) {
//!         for (add, client) in batch.drain(..) {
//!             self.counter.add(add);
//!             self.arrived.push(client);
//!         }
//!     }
//!     fn execute(&mut self, _: Instant, output: Output, io: &mut Io<Disk>) {
//!         match output {
//!             Output::Persist { id, sum } => {
//!                 io.write(id, 8, sum);
//!                 self.waiting.extend(self.arrived.drain(..).map(|client| (id, sum, client)));
//!             }
//!             Output::Notify { durable } => {
//!                 while self.waiting.front().is_some_and(|(needs, ..)| *needs <= durable) {
//!                     let Some((_, sum, client)) = self.waiting.pop_front() else { break };
//!                     client.complete(sum);
//!                 }
//!             }
//!         }
//!     }
//!     fn fetched(&mut self, _: Instant, _: std::io::Result<()>, _: &mut Io<Disk>) {}
//!     fn failed(&mut self, _: &std::io::Error) {}
//!     fn link(&mut self, _: Instant, event: LinkEvent) { println!("{event}"); }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new(ClusterId::new(7), NodeId::of(1), "127.0.0.1:0".parse()?);
//! let (driver, handle) = Driver::new(config, Clock::start(), Node::default(), Disk(vec![]))?;
//! let running = driver.spawn()?;
//!
//! let (completer, completion) = completion();
//! handle.mailbox().try_send((5, completer))?;
//! assert_eq!(completion.wait()?, 5);
//!
//! handle.shutdown();
//! running.join()?;
//! # Ok(())
//! # }
//! ```

mod backoff;
mod checksum;
mod clock;
mod completion;
mod config;
mod connection;
mod counters;
mod disk;
mod driver;
mod frame;
mod handle;
mod handshake;
mod host;
mod inlet;
mod mailbox;
mod network;
mod send_queue;
mod signal;
mod sync;

pub use clock::Clock;
pub use completion::{Abandoned, Completer, Completion, completion};
pub use config::{Config, ConfigError};
pub use connection::LinkError;
pub use counters::Counters;
pub use disk::DiskWorker;
pub use driver::{Driver, DriverError};
pub use frame::{Decoder, Frame, FrameError, HEADER_BYTES, Kind, MAGIC, VERSION, encode};
pub use handle::{Handle, Running};
pub use handshake::{ClusterId, HandshakeError};
pub use host::{DecodeError, FetchedOf, Host, Io, LinkEvent, MessageOf, OutputOf, PeerErrorOf};
pub use inlet::{Inflow, Inlet};
pub use mailbox::{Mailbox, TrySendError};
pub use network::ListenError;

#[cfg(all(test, loom))]
mod loom_tests;
