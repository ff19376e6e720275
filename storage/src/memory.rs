//! A log without bytes: the in-memory twin.

use machine_core::WriteId;

use crate::{
    AppendError, DiskError, LiveRun, LogStore, ReadError, Recovered, ReleaseError, Run, State, Stopped,
    StoredRun, Write, index::Index, wal::admit_run,
};

/// A [`LogStore`] in memory, for tests and simulations in which the bytes on the disk do not matter.
///
/// It tells appended from durable as a disk would: [`crash`](Self::crash) loses what was not synced. A plain value, as
/// large as the runs it holds.
#[derive(Clone, Debug)]
pub struct MemoryLog {
    /// With everything appended.
    current: Content,
    /// With everything synced.
    durable: Content,
    /// What lies between.
    pending: Vec<Write>,
    stopped: Option<Stopped>,
}

#[derive(Clone, Debug)]
struct Content {
    index: Index<Run>,
    state: Option<State>,
    id: WriteId,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub const fn new() -> Self {
        Self { current: Content::empty(), durable: Content::empty(), pending: Vec::new(), stopped: None }
    }

    /// A crash and an opening anew. Of the writes that were not synced the first `survivors` are kept, as a disk may;
    /// the log goes on if it had stopped.
    pub fn crash(&mut self, survivors: usize) -> Recovered {
        for write in self.pending.drain(..).take(survivors) {
            self.durable.apply(&write);
        }
        self.durable.id = WriteId::NONE;
        self.current = self.durable.clone();
        self.stopped = None;
        Recovered {
            state: self.current.state,
            runs: self.current.index.iter().map(|(live, _)| *live).collect(),
            last: self.last(),
            released: self.released(),
            trimmed: None,
        }
    }

    /// Stops the log, as a failed write or sync does.
    pub fn stop(&mut self, cause: DiskError) {
        self.stopped.get_or_insert(Stopped { cause });
    }

    /// How many writes were appended and not synced.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    fn going(&self) -> Result<(), Stopped> {
        self.stopped.clone().map_or(Ok(()), Err)
    }
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl LogStore for MemoryLog {
    fn append(&mut self, write: &Write) -> Result<(), AppendError> {
        self.going()?;
        if write.id <= self.current.id {
            return Err(AppendError::OutOfOrder { id: write.id, last: self.current.id });
        }
        if let Some(run) = &write.run {
            admit_run(&self.current.index, run)?;
        }
        self.current.apply(write);
        self.pending.push(write.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<WriteId, Stopped> {
        self.going()?;
        for write in self.pending.drain(..) {
            self.durable.apply(&write);
        }
        Ok(self.durable.id)
    }

    fn mark(&mut self) -> Result<(), Stopped> {
        self.going()
    }

    fn read(&mut self, first: u64, bytes_max: usize) -> Result<Vec<StoredRun>, ReadError> {
        self.going().map_err(ReadError::Stopped)?;
        let mut left = bytes_max;
        let mut runs: Vec<StoredRun> = Vec::new();
        for (live, run) in self.current.index.from(first)? {
            if !runs.is_empty() && run.cost() > left {
                break;
            }
            left = left.saturating_sub(run.cost());
            runs.push(StoredRun { run: run.clone(), live: live.count });
        }
        Ok(runs)
    }

    fn release(&mut self, up_to: u64) -> Result<(), ReleaseError> {
        self.going()?;
        if up_to == u64::MAX {
            return Err(ReleaseError::Malformed);
        }
        if up_to > self.released() {
            self.sync()?;
            self.current.index.release(up_to);
            self.durable.index.release(up_to);
        }
        Ok(())
    }

    fn state(&self) -> Option<State> {
        self.current.state
    }

    fn last(&self) -> u64 {
        self.current.index.last()
    }

    fn released(&self) -> u64 {
        self.current.index.released()
    }
}

impl Content {
    const fn empty() -> Self {
        Self { index: Index::new(0, 0), state: None, id: WriteId::NONE }
    }

    /// Takes a write that was judged before.
    fn apply(&mut self, write: &Write) {
        self.id = write.id;
        self.state = Some(write.state);
        if let Some(run) = &write.run {
            let live = LiveRun { first: run.first, count: run.count, mark: run.mark };
            self.index.push(live, run.clone(), |_, _| false);
        }
    }
}
