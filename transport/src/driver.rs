//! The only loop.

use std::{
    error::Error,
    fmt, io, mem,
    sync::Arc as StdArc,
    thread::{self, JoinHandle},
    time::Duration,
};

use machine_core::{Instant, Machine, Misuse};
use mio::{Events, Poll, Waker};

use crate::{
    clock::Clock,
    config::{Config, ConfigError},
    connection::LinkError,
    disk::{Disk, DiskWorker, End, Exchange, Report},
    frame::{Frame, Kind},
    handle::{Handle, Running, Shared},
    host::{Host, Io},
    inlet::Inlets,
    mailbox::{Inbox, mailbox},
    network::{ListenError, Network, WAKER, listen},
    signal::Signal,
    sync::{Arc, channel},
};

/// Readiness events per system call.
const EVENTS: usize = 256;
/// After so many batches of one command clients are taken to ask one by one: a loop that syncs itself makes the others
/// wait.
const LONE_BATCHES: u32 = 8;
/// Pollers count milliseconds in 31 bits; a machine may well be due at the end of time.
const SLEEP_MAX: Duration = Duration::from_secs(3600);

/// Owns a machine's [`Host`] and does, on one thread, everything that is owed: reads sockets, hands commands over,
/// collects what became durable, ticks, executes outputs, writes.
///
/// One turn of the loop:
///
/// ```text
///   sleep until a socket, a client or the disk has news, or until next_tick
///   1 disk        what became durable ─▶ persisted; answers ─▶ fetched
///   2 sockets     accept, dial, shake hands; peers' frames ─▶ decode ─▶ step
///   3 mailbox     all commands at once, and what comes out of inlets ─▶ commands
///   4 time        if due ─▶ tick
///     after each: poll_output until there is none ─▶ execute
///   5 submit      the turn's writes, in one piece, to the disk thread; or a lone one is kept
///   6 flush       the turn's frames, vectored, one peer after the other
///   7 inline      what was kept: write and sync, here; the next turn begins at once and collects it
/// ```
///
/// A write is *lone* when the loop slept before this turn, nothing has come since, and clients have asked one by one of late.
/// Whenever there is more to do, the disk thread syncs, while this one does it.
///
/// While the disk queue is full, 2 (frames), 3 and the polling wait, because no write may be dropped. A node so far
/// behind its disk falls silent, which is what its peers should see.
pub struct Driver<H: Host> {
    host: H,
    io: Io<H::Worker>,
    inbox: Inbox<H::Command>,
    inlets: Inlets<H::Command>,
    poll: Poll,
    clock: Clock,
    signal: Arc<Signal>,
    shared: StdArc<Shared<H::Command>>,
    disk_thread: DiskThread,
    shutdown_timeout: Duration,
    /// The loop had nothing to do before this turn.
    slept: bool,
    /// Batches of a single command since the last larger one.
    lone_batches: u32,
    /// Reused from turn to turn.
    batch: Vec<H::Command>,
    frames: Vec<Frame>,
}

impl<H: Host> Driver<H> {
    /// Opens the listening socket and starts the disk thread; nothing else happens before [`run`](Self::run).
    ///
    /// `clock` must be the one whose `now` was given to the machine's constructor.
    ///
    /// # Errors
    ///
    /// When the configuration contradicts itself, the address cannot be listened at, or the operating system refuses
    /// a thread or a poller. Nothing is left behind then.
    pub fn new(
        config: Config,
        clock: Clock,
        host: H,
        worker: H::Worker,
    ) -> Result<(Self, Handle<H::Command>), DriverError> {
        config.check().map_err(DriverError::Config)?;
        let listener = listen(config.listen).map_err(DriverError::Listen)?;
        let poll = Poll::new().map_err(DriverError::Poll)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(DriverError::Poll)?;
        let signal = Signal::new(move || {
            // It fails only when more rings are unheard than a counter can hold; then the driver is woken anyway.
            let _rung = waker.wake();
        });
        let (mailbox, inbox) = mailbox(config.mailbox_len_max, config.inlets_max, signal.clone());
        let (disk, exchange) = Disk::new(config.disk_queue_bytes_max, config.inline_sync_max, signal.clone());
        let shutdown_timeout = config.timeouts.shutdown;
        let registry = || poll.registry().try_clone().map_err(DriverError::Poll);
        let inlets = Inlets::new(registry()?, config.inlets_max);
        let registry = registry()?;
        let network = Network::new(config, listener, registry).map_err(DriverError::Poll)?;
        let address = network.local_address().map_err(DriverError::Poll)?;
        let disk_thread = DiskThread::spawn(exchange, worker).map_err(DriverError::Thread)?;
        let shared = StdArc::new(Shared::new(mailbox, address));
        let handle = Handle::new(shared.clone());
        let io = Io { disk, network, halted: None };
        let (batch, frames) = (Vec::new(), Vec::new());
        let driver = Self {
            host,
            io,
            inbox,
            inlets,
            poll,
            clock,
            signal,
            shared,
            disk_thread,
            shutdown_timeout,
            slept: false,
            lone_batches: LONE_BATCHES,
            batch,
            frames,
        };
        Ok((driver, handle))
    }

    /// Runs on a thread of its own.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a thread.
    pub fn spawn(self) -> Result<Running, DriverError> {
        let (said, exit) = channel::bounded(1);
        let thread = thread::Builder::new()
            .name("quorate-driver".into())
            .spawn(move || {
                let outcome = self.run();
                // Nobody listens when the other end was dropped; then nobody asked.
                let _heard = said.send(outcome);
            })
            .map_err(DriverError::Thread)?;
        Ok(Running::new(thread, exit))
    }

    /// Runs on this thread until [`Handle::shutdown`], a failure of the disk, or [`Io::halt`].
    ///
    /// # Errors
    ///
    /// Why the node stopped, if not because it was asked to. Commands that were not answered are abandoned, sockets
    /// closed and the disk thread ended in either case.
    pub fn run(mut self) -> Result<(), DriverError> {
        let outcome = self.work();
        self.shared.publish(self.io.network.counters);
        // Clients hear of the end first: commands still queued are abandoned, later ones refused.
        drop(self.inbox);
        self.inlets.clear();
        self.io.disk.close();
        let joined = self.disk_thread.join(self.shutdown_timeout);
        outcome.and(joined)
    }

    fn work(&mut self) -> Result<(), DriverError> {
        let mut events = Events::with_capacity(EVENTS);
        let mut closing: Option<Instant> = None;
        // What the machine owes from its recovery.
        let mut timeout = Some(Duration::ZERO);
        loop {
            self.sleep(&mut events, timeout)?;
            let now = self.clock.now();
            for event in &events {
                if !self.inlets.ready(event) {
                    self.io.network.ready(event);
                }
            }
            if closing.is_none() && self.inbox.is_closed() {
                closing = Some(now + self.shutdown_timeout);
            }
            let last_commands = self.turn(now, closing.is_some())?;
            if let Some(reason) = self.io.halted.take() {
                return Err(DriverError::Halted(reason));
            }
            // A quiet disk has room, so the polling in this turn ended because nothing was owed.
            if last_commands && self.io.disk.is_quiet() {
                return Ok(());
            }
            if closing.is_some_and(|deadline| deadline <= now) {
                return Err(DriverError::ShutdownTimeout { waited: self.shutdown_timeout });
            }
            timeout = self.timeout(closing);
        }
    }

    fn sleep(&mut self, events: &mut Events, timeout: Option<Duration>) -> Result<(), DriverError> {
        if timeout != Some(Duration::ZERO) {
            self.io.disk.idle();
        }
        let timeout = if self.signal.may_sleep() { timeout } else { Some(Duration::ZERO) };
        self.slept = timeout != Some(Duration::ZERO);
        let polled = self.poll.poll(events, timeout);
        self.signal.woke();
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(DriverError::Poll(error)),
            _ => Ok(()),
        }
    }

    /// One turn. Returns whether the mailbox is closed and everything in it has been handed to the host.
    fn turn(&mut self, now: Instant, closing: bool) -> Result<bool, DriverError> {
        self.io.network.counters.turns += 1;
        self.collect(now)?;
        self.io.network.turn(now);
        if !closing {
            self.step(now);
            if self.host.machine().next_tick().is_some_and(|due| due <= now) {
                self.host.machine().tick(now);
            }
        }
        let closed = self.commands(now);
        self.execute(now);
        // Not at the end: there would be no one to notice that the disk does not finish.
        let lone = self.slept && !closing && self.lone_batches >= LONE_BATCHES && self.inbox.is_empty();
        self.io.disk.submit(lone);
        self.io.network.flush(now);
        self.io.network.counters.disk_full_turns += u64::from(!self.io.disk.has_room());
        self.shared.publish(self.io.network.counters);
        // After that, so that whoever hears of an event finds it counted.
        while let Some(event) = self.io.network.next_event() {
            self.host.link(now, event);
        }
        // Last, since it takes its time: the followers are at work on what was sent, and `now` is not used any more.
        self.io.disk.commit_inline();
        Ok(closed)
    }

    /// What the disk thread has done.
    fn collect(&mut self, now: Instant) -> Result<(), DriverError> {
        let Report { durable, syncs, fetched, end, .. } = self.io.disk.collect();
        self.io.network.counters.disk_syncs += syncs;
        // Even when the disk has failed since: this much is durable.
        if let Some(id) = durable {
            self.host.machine().persisted(now, id).map_err(DriverError::Misuse)?;
        }
        for result in fetched {
            self.host.fetched(now, result, &mut self.io);
        }
        match end {
            None => Ok(()),
            Some(End::Failed(error)) => {
                self.host.failed(&error);
                Err(DriverError::Disk(Box::new(error)))
            }
            // It ends only when it is asked to, and that comes after the last turn.
            Some(End::Panicked | End::Closed) => Err(DriverError::DiskPanicked),
        }
    }

    /// Gives the machine what the peers have sent.
    fn step(&mut self, now: Instant) {
        let mut frames = mem::take(&mut self.frames);
        for slot in 0..self.io.network.slots() {
            // Checked for each peer: what one has sent may fill the queue.
            if !self.io.disk.has_room() {
                break;
            }
            let Some(peer) = self.io.network.receive(slot, &mut frames) else { continue };
            for frame in frames.drain(..) {
                let Some(kind) = Kind::new(frame.kind) else {
                    self.io.network.expel(peer, LinkError::Kind(frame.kind));
                    break;
                };
                let message = match self.host.decode(peer, kind, frame.body) {
                    Ok(message) => message,
                    Err(error) => {
                        self.io.network.expel(peer, LinkError::Content(error.to_string()));
                        break;
                    }
                };
                if let Err(error) = self.host.machine().step(now, peer, message) {
                    self.io.network.counters.peer_errors += 1;
                    self.host.peer_error(peer, error);
                }
            }
            self.execute(now);
        }
        self.frames = frames;
    }

    /// Gives the host what the clients have sent. Returns whether nothing will come any more.
    fn commands(&mut self, now: Instant) -> bool {
        if !self.io.disk.has_room() {
            return false;
        }
        let closed = self.inbox.take(&mut self.batch);
        let inlets = self.inbox.take_inlets();
        if closed {
            // Their owners go on to the mailbox, and are refused there.
            drop(inlets);
            self.inlets.clear();
        } else {
            inlets.into_iter().for_each(|inlet| self.inlets.admit(inlet));
            self.inlets.take(&mut self.batch);
        }
        if !self.batch.is_empty() {
            self.io.network.counters.commands += self.batch.len() as u64;
            self.io.network.counters.command_batches += 1;
            self.lone_batches = if self.batch.len() == 1 { self.lone_batches.saturating_add(1) } else { 0 };
            self.host.commands(now, &mut self.batch, &mut self.io);
            self.batch.clear();
        }
        closed
    }

    /// Does what the machine owes, as long as the disk queue has room for what that may be.
    fn execute(&mut self, now: Instant) {
        while self.io.disk.has_room() {
            let Some(output) = self.host.machine().poll_output() else { break };
            self.host.execute(now, output, &mut self.io);
        }
    }

    /// How long the loop may sleep; `None` is for ever.
    fn timeout(&mut self, closing: Option<Instant>) -> Option<Duration> {
        let now = self.clock.now();
        let room = self.io.disk.has_room();
        if self.io.disk.has_report() || closing.is_none() && room && self.io.network.has_more() {
            return Some(Duration::ZERO);
        }
        let tick = if closing.is_none() { self.host.machine().next_tick() } else { closing };
        let deadline = tick.into_iter().chain(self.io.network.next_deadline()).min()?;
        Some(deadline.since(now).min(SLEEP_MAX))
    }
}

impl<H: Host> fmt::Debug for Driver<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("io", &self.io).finish_non_exhaustive()
    }
}

/// The thread that owns the disk.
struct DiskThread {
    thread: JoinHandle<()>,
    ended: channel::Receiver<()>,
}

impl DiskThread {
    fn spawn<W: DiskWorker>(exchange: Arc<Exchange<W>>, worker: W) -> io::Result<Self> {
        let (said, ended) = channel::bounded::<()>(1);
        let thread = thread::Builder::new().name("quorate-disk".into()).spawn(move || {
            // Dropped at the very end, also by a panic: that is the message.
            let _said = said;
            exchange.serve(worker);
        })?;
        Ok(Self { thread, ended })
    }

    fn join(self, timeout: Duration) -> Result<(), DriverError> {
        if let Err(channel::RecvTimeoutError::Timeout) = self.ended.recv_timeout(timeout) {
            // A thread cannot be stopped from outside; it ends with the process.
            return Err(DriverError::ShutdownTimeout { waited: timeout });
        }
        self.thread.join().map_err(|_panic| DriverError::DiskPanicked)
    }
}

/// Why a driver did not start, or stopped without being asked to.
#[derive(Debug)]
#[non_exhaustive]
pub enum DriverError {
    /// The configuration contradicts itself.
    Config(ConfigError),
    /// The address cannot be listened at.
    Listen(ListenError),
    /// The operating system refused a thread.
    Thread(io::Error),
    /// The operating system cannot tell which sockets are ready.
    Poll(io::Error),
    /// The disk failed; what was not acknowledged by then never will be. The worker's own error.
    Disk(Box<dyn Error + Send + Sync>),
    /// The disk worker panicked: a bug in it.
    DiskPanicked,
    /// The host stopped the driver with [`Io::halt`].
    Halted(String),
    /// The disk did not finish in time. Its thread was left behind; writes that were not acknowledged may or may not
    /// be durable.
    ShutdownTimeout {
        /// How long the driver waited.
        waited: Duration,
    },
    /// The host named a write that its machine never handed out: a bug in it.
    Misuse(Misuse),
    /// The host panicked: a bug in it, or in the driver.
    Panicked,
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Listen(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "no thread: {error}; raise the limit of processes or of memory"),
            Self::Poll(error) => write!(f, "cannot watch sockets: {error}; raise the limit of open files"),
            Self::Disk(error) => write!(f, "the disk failed, so the node stopped: {error}"),
            Self::DiskPanicked => {
                f.write_str("the disk worker panicked, so the node stopped; please report this")
            }
            Self::Halted(reason) => write!(f, "the node stopped itself: {reason}"),
            Self::ShutdownTimeout { waited } => write!(
                f,
                "the disk did not finish within {waited:?}; writes that were not acknowledged may or may not be durable"
            ),
            Self::Misuse(error) => write!(f, "the host misused its machine: {error}"),
            Self::Panicked => f.write_str("the driver's thread panicked; please report this"),
        }
    }
}

impl Error for DriverError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Listen(error) => Some(error),
            Self::Thread(error) | Self::Poll(error) => Some(error),
            Self::Disk(error) => Some(&**error),
            Self::Misuse(error) => Some(error),
            Self::DiskPanicked | Self::Halted(_) | Self::ShutdownTimeout { .. } | Self::Panicked => None,
        }
    }
}
