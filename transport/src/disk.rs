//! Group commit: the hand-off between the driver and the thread that owns the disk.
//!
//! ```text
//!   driver thread                                     disk thread
//!   Io::write, Io::read ─▶ pending
//!          submit: once a turn ─▶ [ writes | reads ] ─▶ take: everything at once
//!                                                       write, write, write, …   append all
//!                                                       sync                     ONE for all of them
//!   persisted(newest id) ◀─ collect ◀─ [ report ] ◀──── durable(newest id)       only now
//! ```
//!
//! While one sync runs, everything that the driver submits piles up and shares the next one: the slower the disk,
//! the larger the group.
//!
//! # Inline
//!
//! Two hand-overs cost more than a fast disk's sync. So while the disk thread rests it leaves the worker where the driver
//! can take it, and the driver may write and sync a lone group itself: [`Disk::submit`] decides, and
//! [`Disk::commit_inline`] does it, after the turn's frames are out. What is done inline is reported as if the thread had
//! done it.
//!
//! ```text
//!   worker:   with the thread ──── nothing queued: rest ───▶ resting ◀── commit_inline ──▶ with the driver
//!                     ▲                                         │
//!                     └──────────── something queued ───────────┘
//! ```
//!
//! The driver takes it only while nothing is queued, and puts it back before it queues anything. So a thread that is
//! woken finds it, or never will: then it went under with an inline write that failed, and the driver knows.
//!
//! The driver does nothing else meanwhile. Therefore it is done only while syncs are short: the last
//! [`SHORT_SYNCS`] took less than [`Config::with_inline_sync_max`](crate::Config::with_inline_sync_max) each.
//!
//! The queue is bounded in bytes, counting what is pending, queued, or written and not yet synced. A machine's
//! Persist is never dropped, so a full queue must stop its cause: while [`Disk::has_room`] is false the driver does not
//! poll outputs, does not take commands and does not read from peers, so that mailboxes fill and TCP holds the peers
//! back. One write may overshoot the bound, since an output that was polled must be taken.

use std::{
    collections::VecDeque,
    error::Error,
    fmt, mem,
    panic::{self, AssertUnwindSafe},
    time::Duration,
};

use machine_core::{Instant, WriteId};

use crate::{
    clock::Clock,
    signal::Signal,
    sync::{Arc, Condvar, Mutex},
};

/// What runs on the disk thread: a log, usually. One thread at a time has it: the disk thread, or the driver's for a
/// lone write, if [`Config::with_inline_sync_max`](crate::Config::with_inline_sync_max) allows that.
///
/// The order of calls is the order of the driver's requests, except that reads give way: a read sees every write that
/// was requested before it, and may see later ones.
pub trait DiskWorker: Send + 'static {
    /// One machine's write, complete: all of it becomes durable, or none.
    type Write: Send + 'static;
    /// A question to the log.
    type Read: Send + 'static;
    /// Its answer.
    type Fetched: Send + 'static;
    /// Why the disk cannot go on.
    type Error: Error + Send + Sync + 'static;

    /// Appends. Durable only after [`sync`](Self::sync).
    ///
    /// # Errors
    ///
    /// Any error stops this thread for good, and with it the driver: nothing of this group is acknowledged. That holds
    /// for a full disk, too. To wait in here for room would be worse: meanwhile the driver goes on talking to the peers,
    /// so that a leader would keep its office and do nothing.
    fn write(&mut self, write: Self::Write) -> Result<(), Self::Error>;

    /// Makes everything written so far durable. Called once after one or many writes, and never again after an error:
    /// the page cache lies after a failed fsync.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write).
    fn sync(&mut self) -> Result<(), Self::Error>;

    /// Answers a question.
    ///
    /// # Errors
    ///
    /// Handed to [`Host::fetched`](crate::Host::fetched), which decides; this thread goes on.
    fn read(&mut self, read: Self::Read) -> Result<Self::Fetched, Self::Error>;

    /// Nothing is queued: the moment for work that would otherwise delay a sync, such as preparing the next segment.
    /// Called once before each wait. What arrives meanwhile waits until it returns; after an inline sync that is the
    /// whole node.
    fn idle(&mut self) {}
}

/// How many syncs in a row must have been short before the driver makes one itself.
const SHORT_SYNCS: u32 = if cfg!(loom) { 1 } else { 8 };

/// The driver's end. Dropped, it closes the queue: the disk thread finishes the writes and ends.
pub(crate) struct Disk<W: DiskWorker> {
    exchange: Arc<Exchange<W>>,
    pending: Requests<W>,
    outstanding_bytes: usize,
    outstanding_reads: usize,
    newest: WriteId,
    durable: WriteId,
    bytes_max: usize,
    inline: Inline<W>,
}

/// What the driver knows of the writes that it makes durable itself.
struct Inline<W> {
    sync_max: Duration,
    /// Syncs since the last one that was not below `sync_max`.
    short_syncs: u32,
    /// Taken from the thread for the writes that are pending.
    worker: Option<W>,
    /// Something was done whose report is not collected.
    reported: bool,
    /// The worker was not idle since.
    busy: bool,
}

impl<W: DiskWorker> Disk<W> {
    pub(crate) fn new(
        bytes_max: usize,
        inline_sync_max: Duration,
        signal: Arc<Signal>,
    ) -> (Self, Arc<Exchange<W>>) {
        let exchange = Arc::new(Exchange {
            state: Mutex::new(State {
                requests: Requests::default(),
                resting: None,
                closed: false,
                report: Report::default(),
            }),
            work: Condvar::new(),
            signal,
        });
        let disk = Self {
            exchange: exchange.clone(),
            pending: Requests::default(),
            outstanding_bytes: 0,
            outstanding_reads: 0,
            newest: WriteId::NONE,
            durable: WriteId::NONE,
            bytes_max,
            inline: Inline {
                sync_max: inline_sync_max,
                short_syncs: 0,
                worker: None,
                reported: false,
                busy: false,
            },
        };
        (disk, exchange)
    }

    /// Takes a write, always. It reaches the disk thread with the next [`submit`](Self::submit).
    pub(crate) fn write(&mut self, id: WriteId, bytes: usize, write: W::Write) {
        debug_assert!(id > self.newest, "Persists are executed in order");
        // A write without weight still takes a place.
        let bytes = bytes.saturating_add(size_of::<Write<W::Write>>());
        self.outstanding_bytes = self.outstanding_bytes.saturating_add(bytes);
        self.newest = id;
        self.pending.writes.push(Write { id, bytes, write });
    }

    pub(crate) fn read(&mut self, read: W::Read) {
        self.outstanding_reads += 1;
        self.pending.reads.push(read);
    }

    /// Hands everything pending over in one step: the disk thread sees all of a turn or nothing, so that a turn's
    /// writes share a sync. If they are `lone`, the thread rests and syncs are short, they are kept instead for
    /// [`commit_inline`](Self::commit_inline), which must follow.
    pub(crate) fn submit(&mut self, lone: bool) {
        if self.pending.is_empty() {
            return;
        }
        let mut state = self.exchange.state.lock();
        if lone && self.inline.short_syncs >= SHORT_SYNCS && self.pending.reads.is_empty() {
            self.inline.worker = state.take_resting();
            if self.inline.worker.is_some() {
                return;
            }
        }
        state.requests.append(&mut self.pending);
        drop(state);
        self.exchange.work.notify_one();
    }

    /// Makes durable on this thread what the last [`submit`](Self::submit) kept, if anything.
    pub(crate) fn commit_inline(&mut self) {
        let Some(mut worker) = self.inline.worker.take() else { return };
        let writes = &mut self.pending.writes;
        // A worker that panics ends the node in the same way wherever it runs.
        let outcome = panic::catch_unwind(AssertUnwindSafe(move || {
            let group = commit(&mut worker, writes)?;
            Ok((worker, group))
        }));
        self.inline.reported = true;
        let mut state = self.exchange.state.lock();
        match outcome {
            Ok(Ok((worker, group))) => {
                self.inline.busy = true;
                state.resting = Some(worker);
                state.report.add(&group);
            }
            Ok(Err(error)) => state.report.end = Some(End::Failed(error)),
            Err(_panic) => state.report.end = Some(End::Panicked),
        }
    }

    /// Whether there is something to [`collect`](Self::collect) of which no signal tells.
    pub(crate) const fn has_report(&self) -> bool {
        self.inline.reported
    }

    /// The driver has nothing to do: gives the worker its idle moment, if the last thing it did was done inline.
    pub(crate) fn idle(&mut self) {
        if !mem::take(&mut self.inline.busy) {
            return;
        }
        let resting = self.exchange.state.lock().take_resting();
        if let Some(mut worker) = resting {
            worker.idle();
            self.exchange.state.lock().resting = Some(worker);
        }
    }

    /// Takes what the disk thread has to say.
    pub(crate) fn collect(&mut self) -> Report<W> {
        let report = mem::take(&mut self.exchange.state.lock().report);
        self.outstanding_bytes = self.outstanding_bytes.saturating_sub(report.durable_bytes);
        self.outstanding_reads = self.outstanding_reads.saturating_sub(report.fetched.len());
        self.durable = report.durable.unwrap_or(self.durable);
        self.inline.reported = false;
        if report.longest_sync >= self.inline.sync_max {
            self.inline.short_syncs = 0;
        } else if report.syncs > 0 {
            self.inline.short_syncs = self.inline.short_syncs.saturating_add(1);
        }
        report
    }

    /// Finishes the queued writes and ends the disk thread; later writes go nowhere.
    pub(crate) fn close(&self) {
        self.exchange.state.lock().closed = true;
        self.exchange.work.notify_one();
    }

    /// Whether outputs may be polled; see the module's page.
    pub(crate) fn has_room(&self) -> bool {
        self.outstanding_bytes < self.bytes_max
    }

    /// Whether every write is durable and every question answered.
    pub(crate) fn is_quiet(&self) -> bool {
        self.newest == self.durable && self.outstanding_reads == 0
    }
}

impl<W: DiskWorker> Drop for Disk<W> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Writes that became durable together.
struct Group {
    newest: WriteId,
    bytes: usize,
    /// From the first write to the end of the sync.
    took: Duration,
}

/// Appends all, syncs once, and only then says so.
fn commit<W: DiskWorker>(worker: &mut W, writes: &mut Vec<Write<W::Write>>) -> Result<Group, W::Error> {
    let clock = Clock::start();
    let mut group = Group { newest: WriteId::NONE, bytes: 0, took: Duration::ZERO };
    for Write { id, write, bytes } in writes.drain(..) {
        worker.write(write)?;
        group.newest = id;
        group.bytes = group.bytes.saturating_add(bytes);
    }
    worker.sync()?;
    group.took = clock.now().since(Instant::ZERO);
    Ok(group)
}

/// What the disk thread tells the driver.
pub(crate) struct Report<W: DiskWorker> {
    /// Everything up to this write is durable.
    pub(crate) durable: Option<WriteId>,
    durable_bytes: usize,
    /// Syncs done since the last report.
    pub(crate) syncs: u64,
    /// The longest of these, the writes before it included.
    longest_sync: Duration,
    pub(crate) fetched: Vec<Result<W::Fetched, W::Error>>,
    /// The thread has ended, or is about to: it will say nothing more.
    pub(crate) end: Option<End<W::Error>>,
}

impl<W: DiskWorker> Default for Report<W> {
    fn default() -> Self {
        Self {
            durable: None,
            durable_bytes: 0,
            syncs: 0,
            longest_sync: Duration::ZERO,
            fetched: Vec::new(),
            end: None,
        }
    }
}

impl<W: DiskWorker> Report<W> {
    fn add(&mut self, group: &Group) {
        self.durable = Some(group.newest);
        self.durable_bytes = self.durable_bytes.saturating_add(group.bytes);
        self.syncs += 1;
        self.longest_sync = self.longest_sync.max(group.took);
    }
}

/// How the disk thread ended.
#[derive(Debug)]
pub(crate) enum End<E> {
    /// Because it was asked to; every write is durable.
    Closed,
    /// The disk failed.
    Failed(E),
    /// The worker panicked: a bug.
    Panicked,
}

/// What the two threads share.
pub(crate) struct Exchange<W: DiskWorker> {
    state: Mutex<State<W>>,
    work: Condvar,
    signal: Arc<Signal>,
}

impl<W: DiskWorker> Exchange<W> {
    /// The life of the disk thread: until the queue is closed and empty, or the disk fails.
    pub(crate) fn serve(&self, worker: W) {
        let mut last_word = LastWord { exchange: self, end: Some(End::Panicked) };
        // The worker goes first: when the driver hears of the end, files are closed and locks released.
        let outcome = self.work(worker);
        last_word.end = Some(match outcome {
            Ok(()) => End::Closed,
            Err(error) => End::Failed(error),
        });
    }

    fn work(&self, mut worker: W) -> Result<(), W::Error> {
        let mut batch = Requests::default();
        let mut reads = VecDeque::new();
        loop {
            // With a question left, take what has come and go on; else wait.
            let closed = if reads.is_empty() {
                let Some((woken, closed)) = self.rest(worker, &mut batch) else { return Ok(()) };
                worker = woken;
                closed
            } else {
                self.take(&mut batch)
            };
            reads.extend(batch.reads.drain(..));
            if !batch.writes.is_empty() {
                let group = commit(&mut worker, &mut batch.writes)?;
                self.tell(|report| report.add(&group));
            }
            if closed {
                // Nobody waits for answers any more.
                return Ok(());
            }
            // One question between two looks at the queue: a sync waits for one read at most.
            if let Some(read) = reads.pop_front() {
                let answer = worker.read(read);
                self.tell(|report| report.fetched.push(answer));
            }
        }
    }

    /// Takes everything queued, waiting for something if there is nothing. Returns the worker, and whether the queue is
    /// closed; nothing when the worker went under on the driver's thread.
    fn rest(&self, mut worker: W, batch: &mut Requests<W>) -> Option<(W, bool)> {
        let closed = self.take(batch);
        if closed || !batch.is_empty() {
            return Some((worker, closed));
        }
        worker.idle();
        let mut state = self.state.lock();
        state.resting = Some(worker);
        while state.requests.is_empty() && !state.closed {
            state = self.work.wait(state);
        }
        mem::swap(&mut state.requests, batch);
        Some((state.resting.take()?, state.closed))
    }

    /// Takes everything queued, if anything. Returns whether the queue is closed.
    fn take(&self, batch: &mut Requests<W>) -> bool {
        let mut state = self.state.lock();
        mem::swap(&mut state.requests, batch);
        state.closed
    }

    /// Publishes, then notifies: the other order could put the driver to sleep on news.
    fn tell(&self, change: impl FnOnce(&mut Report<W>)) {
        change(&mut self.state.lock().report);
        self.signal.notify();
    }
}

/// Says how the thread ended even when it unwinds, so that the driver never waits for a dead thread.
struct LastWord<'a, W: DiskWorker> {
    exchange: &'a Exchange<W>,
    end: Option<End<W::Error>>,
}

impl<W: DiskWorker> Drop for LastWord<'_, W> {
    fn drop(&mut self) {
        let end = self.end.take();
        let requests = {
            let mut state = self.exchange.state.lock();
            state.closed = true;
            mem::take(&mut state.requests)
        };
        drop(requests);
        self.exchange.tell(|report| report.end = end);
    }
}

struct State<W: DiskWorker> {
    requests: Requests<W>,
    /// The worker, while the thread waits.
    resting: Option<W>,
    closed: bool,
    report: Report<W>,
}

impl<W: DiskWorker> State<W> {
    /// The worker, if the thread waits and nothing is there for which it is about to wake.
    fn take_resting(&mut self) -> Option<W> {
        if self.requests.is_empty() { self.resting.take() } else { None }
    }
}

struct Requests<W: DiskWorker> {
    writes: Vec<Write<W::Write>>,
    reads: Vec<W::Read>,
}

impl<W: DiskWorker> Requests<W> {
    fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.reads.is_empty()
    }

    /// Moves everything from `other` to the end; exchanges the allocations where it can.
    fn append(&mut self, other: &mut Self) {
        if self.is_empty() {
            mem::swap(self, other);
        } else {
            self.writes.append(&mut other.writes);
            self.reads.append(&mut other.reads);
        }
    }
}

impl<W: DiskWorker> Default for Requests<W> {
    fn default() -> Self {
        Self { writes: Vec::new(), reads: Vec::new() }
    }
}

struct Write<T> {
    id: WriteId,
    bytes: usize,
    write: T,
}

impl<W: DiskWorker> fmt::Debug for Disk<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("newest", &self.newest)
            .field("durable", &self.durable)
            .field("outstanding_bytes", &self.outstanding_bytes)
            .finish_non_exhaustive()
    }
}
