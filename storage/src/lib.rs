//! A segmented write-ahead log with group commit, its in-memory twin and its fault-injecting twin.
//!
//! It stores records and returns receipts: a [`Write`] holds a run of entries at consecutive positions and a small
//! state; [`LogStore::append`] takes it, [`LogStore::sync`] says up to which write everything is durable. A later run
//! overwrites from its first position on, which is how an indexed log is truncated.
//!
//! ```
//! use bytes::Bytes;
//! use machine_core::{NodeId, WriteId};
//! use storage::{LogStore, MemoryDisk, Options, Run, State, Wal, Write};
//!
//! let mut disk = MemoryDisk::new(); // or RealDisk::new("/var/lib/...")
//! let options = Options::new(0xc1, NodeId::of(1), 42).with_segment_bytes(64 << 10).with_record_bytes_max(8 << 10);
//!
//! let (mut wal, recovered) = Wal::open(&mut disk, options)?;
//! assert_eq!(recovered.last, 0);
//! let run = Run { first: 1, count: 2, mark: 7, body: Bytes::from_static(b"two entries") };
//! let state = State::new(b"term 7").expect("at most 64 bytes");
//! wal.append(&Write { id: WriteId::new(1), state, run: Some(run.clone()) })?;
//! assert_eq!(wal.sync()?, WriteId::new(1)); // durable: may be acknowledged
//! drop(wal);
//!
//! disk.crash(|_| storage::Fate::Lost); // the power fails; what was not synced is gone
//! let (mut wal, recovered) = Wal::open(&mut disk, options)?;
//! assert_eq!((recovered.last, recovered.state), (2, Some(state)));
//! assert_eq!(wal.read(1, usize::MAX)?[0].run, run);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is deliberately absent
//!
//! - It does not know Raft: a mark is a number, a state and a body are bytes.
//! - It has no threads and no clock. Calls block; who must not, runs it on a thread of its own.
//! - It does not repair. Damage to something durable is reported with file and offset, and never trimmed.
//! - It does not retry a failed write or sync, ever: see [`Stopped`].
//! - It does not compress, encrypt or deduplicate.

mod error;
mod format;
mod index;
mod options;
mod scan;
mod wal;

pub mod conformance;
pub mod disk;
pub mod log;
pub mod memory;

pub use disk::{Disk, Fate, Fault, FaultDisk, MemoryDisk, RealDisk};
pub use error::{
    AppendError, Damage, Damaged, DiskError, OpenError, OptionsError, ReadError, ReleaseError, Stopped,
};
pub use log::{LiveRun, LogStore, Recovered, Run, State, StoredRun, Trimmed, Write};
pub use memory::MemoryLog;
pub use options::Options;
pub use wal::Wal;
