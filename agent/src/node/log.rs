//! The disk thread's work: Raft's writes into a log store, and entries back out of it.

use std::fmt;

use bytes::Bytes;
use raft_core::{FetchId, Index, Run, Term};
use storage::{AppendError, LogStore, ReadError, State, Stopped};
use transport::{Completer, DiskWorker};

use crate::protocol::{Chunk, ListedEntry, Refusal};

/// Owns the log on the disk thread.
#[derive(Debug)]
pub(super) struct LogWorker<L> {
    log: L,
    /// How much a fetch brings back at most, beyond its first run.
    fetch_bytes_max: usize,
}

/// A question to the log.
#[derive(Debug)]
pub(super) enum Read {
    /// The core wants the run that holds this entry.
    Fetch { id: FetchId, from: Index },
    /// A client wants entries from this index on, up to `applied`. Answered from the disk thread, so that the driver
    /// need not touch them.
    List { from: u64, applied: u64, bytes_max: usize, done: Completer<Result<Chunk, Refusal>> },
}

/// The answer that concerns the driver.
#[derive(Debug)]
pub(super) enum Fetched {
    /// The run for the core.
    Run { id: FetchId, run: Run },
    /// A client was answered.
    Listed,
}

impl<L: LogStore> LogWorker<L> {
    pub(super) const fn new(log: L, fetch_bytes_max: usize) -> Self {
        Self { log, fetch_bytes_max }
    }

    fn runs(&mut self, first: u64, bytes_max: usize) -> Result<Vec<Run>, LogError> {
        let stored = self.log.read(first, bytes_max).map_err(LogError::Read)?;
        stored
            .into_iter()
            .map(|stored| {
                let storage::Run { first, count, mark, body } = stored.run;
                let run =
                    Run::decode(Term::new(mark), Index::new(first), count, body).map_err(LogError::Run)?;
                let last = Index::new(first.saturating_add(u64::from(stored.live)).saturating_sub(1));
                Ok(run.up_to(last).unwrap_or(run))
            })
            .collect()
    }

    fn list(&mut self, from: u64, applied: u64, bytes_max: usize) -> Result<Chunk, LogError> {
        let mut chunk = Chunk { next: from, applied, entries: Vec::new() };
        if from == 0 || from > applied {
            chunk.next = from.max(1);
            return Ok(chunk);
        }
        let mut bytes = 0;
        for run in self.runs(from, bytes_max)? {
            for entry in run.entries() {
                let index = entry.index.get();
                if index < from {
                    continue;
                }
                let cost = LISTED_OVERHEAD_BYTES + entry.payload.len();
                if index > applied || (bytes > 0 && bytes + cost > bytes_max) {
                    return Ok(chunk);
                }
                bytes += cost;
                chunk.next = index + 1;
                if entry.kind.is_proposal() {
                    let payload: Bytes = run.share(entry.payload);
                    chunk.entries.push(ListedEntry { index, payload });
                }
            }
        }
        Ok(chunk)
    }
}

/// What an entry takes in a response beside its payload: its index and its length.
const LISTED_OVERHEAD_BYTES: usize = 8 + 4;

impl<L: LogStore + Send + 'static> DiskWorker for LogWorker<L> {
    type Write = storage::Write;
    type Read = Read;
    type Fetched = Fetched;
    type Error = LogError;

    fn write(&mut self, write: storage::Write) -> Result<(), LogError> {
        self.log.append(&write).map_err(LogError::Append)
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.log.sync().map(|_| ()).map_err(LogError::Stopped)
    }

    fn read(&mut self, read: Read) -> Result<Fetched, LogError> {
        match read {
            Read::Fetch { id, from } => {
                // A quiet leader stores many small runs: a follower that lags is not sent each by itself.
                let runs = self.runs(from.get(), self.fetch_bytes_max)?;
                let run = Run::joined(&runs).ok_or(LogError::NoRun { from })?;
                Ok(Fetched::Run { id, run })
            }
            Read::List { from, applied, bytes_max, done } => {
                let listed = self.list(from, applied, bytes_max);
                done.complete(listed.map_err(|error| Refusal::Unreadable { reason: error.to_string() }));
                Ok(Fetched::Listed)
            }
        }
    }

    fn idle(&mut self) {
        // A failure is remembered by the log, and told with the next write.
        let _told_later = self.log.mark();
    }
}

/// The write of the core, in the words of the log store.
pub(super) fn to_stored(id: machine_core::WriteId, write: &raft_core::Write) -> Option<storage::Write> {
    let run = write.run.as_ref().map(|run| storage::Run {
        first: run.first().get(),
        count: run.count(),
        mark: run.term().get(),
        body: run.body().clone(),
    });
    Some(storage::Write { id, state: State::new(&write.hard_state.encode())?, run })
}

/// Why the log failed.
#[derive(Debug)]
pub(super) enum LogError {
    Append(AppendError),
    Stopped(Stopped),
    Read(ReadError),
    Run(raft_core::RunError),
    NoRun { from: Index },
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append(error) => error.fmt(f),
            Self::Stopped(error) => error.fmt(f),
            Self::Read(error) => error.fmt(f),
            Self::Run(error) => write!(f, "what the log gave back is no run of entries: {error}"),
            Self::NoRun { from } => write!(f, "the log has no run that holds entry {from}"),
        }
    }
}

impl std::error::Error for LogError {}

#[cfg(test)]
mod tests;
