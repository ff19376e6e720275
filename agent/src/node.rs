//! A node: the core, the log and the network, put together.

mod budget;
mod error;
mod event;
mod gather;
mod host;
mod log;
mod pending;

use std::time::Duration;

use machine_core::NodeId;
use raft_core::{HardState, Index, Raft, Recovered, RecoveredRun, Term};
use storage::{Disk, Options, RealDisk, Wal};
use transport::{Clock, Completion, Driver, DriverError, Handle, Inlet, Running, TrySendError, completion};

use self::{
    budget::Budget,
    gather::Gatherer,
    host::{AppendDone, Facts, NodeHost, Payloads},
    log::LogWorker,
};
use crate::{
    client::random_u64,
    config::NodeConfig,
    entry::LineEntry,
    memory::Memory,
    protocol::{Appended, Batch, Chunk, FRAME_BYTES_MAX, NodeStatus, Refusal},
};

pub(crate) use self::host::Command;
pub use self::{error::StartError, event::NodeEvent, host::Barrier};

/// The largest frame between nodes: an append of `append_bytes_max` and its head, with room to spare.
const PEER_FRAME_BYTES_MAX: usize = 1 << 20;
/// How many requests wait for the driver at most.
const MAILBOX_LEN_MAX: usize = 16 * 1024;

/// A running node. Dropped, it stops, and waits until it has.
///
/// When its disk fails, it stops by itself; [`wait`](Self::wait) tells why. A full disk counts as that: nothing
/// more is acknowledged, all that was is durable, and after space was freed the node can be started on the same folder. It
/// does not wait for room, since a leader that waits would still be heard, and no other would be elected.
///
/// ```no_run
/// use agent::{ClientId, Node, NodeConfig, NodeId, protocol::Batch};
///
/// let config = NodeConfig::new(NodeId::of(1), agent::ClusterId::new(7), "1=127.0.0.1:7101".parse()?, "data");
/// let node = Node::start(config, |event| eprintln!("{event}"))?;
/// let batch = Batch::new(ClientId::new(9), 1, ["a line", "another"])?;
/// let appended = node.handle().append(&batch).wait()??; // durable on a majority
/// println!("the last line is entry {}", appended.index);
/// node.stop()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Node {
    handle: NodeHandle,
    running: Option<Running>,
}

/// Talks to a running [`Node`]; cheap to clone, usable from any thread. Dropping it stops nothing.
#[derive(Clone, Debug)]
pub struct NodeHandle {
    id: NodeId,
    handle: Handle<Command>,
    budget: Budget,
    gatherer: Option<Gatherer>,
}

impl Node {
    /// Opens the folder, takes up where it left off, and joins its peers. `observe` is told what happens; it runs on
    /// the node's own thread and must not block.
    ///
    /// # Errors
    ///
    /// [`StartError`] names what is wrong and what to do. Nothing is left running.
    pub fn start(
        config: NodeConfig,
        observe: impl FnMut(&NodeEvent) + Send + 'static,
    ) -> Result<Self, StartError> {
        let disk = RealDisk::new(config.dir.clone());
        Self::start_on(config, disk, observe)
    }

    /// As [`start`](Self::start), on a disk of the caller's: for tests that let it fail.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    #[expect(clippy::needless_pass_by_value, reason = "a configuration is for one node, and is used up")]
    pub fn start_on<D>(
        config: NodeConfig,
        disk: D,
        observe: impl FnMut(&NodeEvent) + Send + 'static,
    ) -> Result<Self, StartError>
    where
        D: Disk + Send + 'static,
        D::File: Send + 'static,
    {
        let address = config.peers.get(config.id).ok_or_else(|| StartError::own_id(&config))?;
        if let Some(clients) = config.clients.as_ref().filter(|clients| !clients.same_ids(&config.peers)) {
            return Err(StartError::Clients {
                clients: clients.to_string(),
                peers: config.peers.to_string(),
            });
        }
        let seed = random_u64().map_err(StartError::Random)?;
        let options = Options::new(config.cluster.get(), config.id, seed);
        let (wal, found) = Wal::open(disk, options).map_err(StartError::Storage)?;
        let mut observer = event::Observer::new(observe);
        observer.tell(&NodeEvent::Opened { last: found.last, trimmed: found.trimmed.clone() });

        let clock = Clock::start();
        let recovered = recovered(&found)?;
        let raft_config = raft_config(&config);
        let log = LogWorker::new(wal, FETCH_BYTES_MAX);
        let raft = Raft::new(raft_config, recovered, seed, clock.now()).map_err(StartError::Raft)?;
        let appends_max = MAILBOX_LEN_MAX;
        let host = NodeHost::new(facts(&config), raft, observer, appends_max);
        let transport = transport_config(&config, address, seed);
        let (driver, handle) = Driver::new(transport, clock, host, log).map_err(StartError::Transport)?;
        let running = driver.spawn().map_err(StartError::Transport)?;
        let budget = Budget::new(config.limits.client_bytes_max);
        let mut node = Self {
            handle: NodeHandle { id: config.id, handle, budget, gatherer: None },
            running: Some(running),
        };
        if let Some(interval) = config.fixed_tick {
            let gatherer = Gatherer::start(interval, node.handle.handle.clone());
            node.handle.gatherer =
                Some(gatherer.map_err(|error| StartError::Transport(DriverError::Thread(error)))?);
        }
        Ok(node)
    }

    /// What the rest of the program holds of the node.
    #[must_use]
    pub const fn handle(&self) -> &NodeHandle {
        &self.handle
    }

    /// Waits until the node stops; does not ask it to.
    ///
    /// # Errors
    ///
    /// Why it stopped, if nobody asked it to.
    pub fn wait(mut self) -> Result<(), DriverError> {
        self.running.take().map_or(Ok(()), Running::join)
    }

    /// Stops the node: writes under way become durable; what is not answered then is answered as
    /// [`Refusal::Stopping`], and may or may not happen.
    ///
    /// # Errors
    ///
    /// Why it had stopped before, or that the disk did not finish in time.
    pub fn stop(self) -> Result<(), DriverError> {
        self.handle.shutdown();
        self.wait()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.handle.shutdown();
            // Whoever wants to know why it stopped calls `stop` or `wait`.
            let _outcome = running.join();
        }
    }
}

impl NodeHandle {
    /// Appends lines: answered when all of them are in the list, durable on a majority; or when it is known that not
    /// all will be. Waits while the node's clients hold more than `client_bytes_max`, at most 10 seconds.
    ///
    /// `Abandoned` says that the node stopped: the lines may or may not be taken.
    pub fn append(&self, batch: &Batch) -> Completion<Result<Appended, Refusal>> {
        let (completer, answer) = completion();
        let payloads = payloads(batch);
        let Some(permit) = self.budget.acquire(payloads.bytes.len(), Duration::from_secs(10)) else {
            completer.complete(Err(Refusal::Full));
            return answer;
        };
        let done = AppendDone { completer, last_sequence: batch.last_sequence(), _permit: permit };
        if let Some(gatherer) = &self.gatherer {
            gatherer.append(payloads, done);
            return answer;
        }
        if let Err(error) = self.handle.mailbox().try_send(Command::Append { payloads, done }) {
            let refusal = refusal_of(&error);
            if let Command::Append { done, .. } = error.into_inner() {
                done.completer.complete(Err(refusal));
            }
        }
        answer
    }

    /// What [`append`](Self::append) would hand to the node; none if it would have to wait first.
    pub(crate) fn append_command(
        &self,
        batch: &Batch,
    ) -> Option<(Command, Completion<Result<Appended, Refusal>>)> {
        let payloads = payloads(batch);
        let permit = self.budget.try_acquire(payloads.bytes.len())?;
        let (completer, answer) = completion();
        let done = AppendDone { completer, last_sequence: batch.last_sequence(), _permit: permit };
        Some((Command::Append { payloads, done }, answer))
    }

    /// What [`barrier`](Self::barrier) would hand to the node.
    pub(crate) fn barrier_command(&self) -> (Command, Completion<Result<Barrier, Refusal>>) {
        let (done, answer) = completion();
        (Command::Barrier { done }, answer)
    }

    /// Lets the node's loop fetch commands from here; drops what it has no place for, as it does later when it needs the
    /// place, or stops.
    pub(crate) fn watch(&self, inlet: Box<dyn Inlet<Command>>) {
        // What is gathered does not go to the loop.
        if self.gatherer.is_none() {
            let _refused = self.handle.mailbox().try_watch(inlet);
        }
    }

    /// Waits until everything that was acknowledged to anyone before this call is applied here, and says what the list
    /// is then: a linearizable read. Only the leader can answer.
    pub fn barrier(&self) -> Completion<Result<Barrier, Refusal>> {
        let (done, answer) = completion();
        if let Err(error) = self.handle.mailbox().try_send(Command::Barrier { done }) {
            let refusal = refusal_of(&error);
            if let Command::Barrier { done } = error.into_inner() {
                done.complete(Err(refusal));
            }
        }
        answer
    }

    /// Reads entries back from this node's disk, from the index `from` up to what is applied here: as many as
    /// `bytes_max` allows (itself bounded by half a frame), and at least one if there is one.
    pub fn list(&self, from: u64, bytes_max: usize) -> Completion<Result<Chunk, Refusal>> {
        let (done, answer) = completion();
        let bytes_max = bytes_max.min(FRAME_BYTES_MAX / 2);
        if let Err(error) = self.handle.mailbox().try_send(Command::List { from, bytes_max, done }) {
            let refusal = refusal_of(&error);
            if let Command::List { done, .. } = error.into_inner() {
                done.complete(Err(refusal));
            }
        }
        answer
    }

    /// How the node is.
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`] when too many requests wait, [`Refusal::Stopping`] when the node stops.
    pub fn status(&self) -> Result<NodeStatus, Refusal> {
        let (done, answer) = completion();
        self.handle.mailbox().try_send(Command::Status { done }).map_err(|error| refusal_of(&error))?;
        let status =
            answer.wait().map_err(|abandoned| Refusal::Stopping { reason: abandoned.to_string() })?;
        Ok(NodeStatus { memory: Memory::of_this_process().unwrap_or_default(), ..status })
    }

    /// The node's id.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// Asks the node to stop; returns at once.
    pub fn shutdown(&self) {
        self.handle.shutdown();
    }
}

fn refusal_of<C>(error: &TrySendError<C>) -> Refusal {
    match error {
        TrySendError::Full(_) => Refusal::Full,
        TrySendError::Closed(_) => Refusal::Stopping { reason: "it takes no more requests".to_owned() },
    }
}

fn payloads(batch: &Batch) -> Payloads {
    let mut payloads = Payloads { bytes: Vec::new(), ends: Vec::with_capacity(batch.count() as usize) };
    for (sequence, line) in (batch.first_sequence()..).zip(batch.lines()) {
        LineEntry { client: batch.client(), sequence, line }.encode(&mut payloads.bytes);
        payloads.ends.push(payloads.bytes.len());
    }
    payloads
}

fn facts(config: &NodeConfig) -> Facts {
    Facts {
        cluster: config.cluster.get(),
        peers: config.peers.ids().filter(|id| *id != config.id).collect(),
        client_addresses: config.clients.iter().flat_map(|clients| clients.iter()).collect(),
        memory_bytes_max: config.memory_bytes_max() as u64,
    }
}

fn recovered(found: &storage::Recovered) -> Result<Recovered, StartError> {
    let hard_state = match &found.state {
        Some(state) => HardState::decode(state.as_bytes()).map_err(StartError::HardState)?,
        None => HardState::default(),
    };
    let runs = found.runs.iter().map(|run| RecoveredRun {
        first: Index::new(run.first),
        count: run.count,
        term: Term::new(run.mark),
    });
    // The list is in memory only: it is applied anew from the first entry on.
    Ok(Recovered { hard_state, runs: runs.collect(), applied: Index::ZERO })
}

fn raft_config(config: &NodeConfig) -> raft_core::Config {
    let (min, max) = config.election_timeout;
    raft_core::Config::new(config.id, config.peers.ids())
        .with_election_timeout(min, max)
        .with_heartbeat_interval(config.heartbeat_interval)
        .with_cache_bytes_max(config.limits.cache_bytes_max)
        .with_uncommitted_bytes_max(config.limits.uncommitted_bytes_max)
        .with_inflight_bytes_max(config.limits.inflight_bytes_max)
}

/// Of small runs in the log, so much is brought back for a follower at a time.
const FETCH_BYTES_MAX: usize = 64 << 10;

fn transport_config(config: &NodeConfig, address: std::net::SocketAddr, seed: u64) -> transport::Config {
    let base = transport::Config::new(config.cluster, config.id, address)
        .with_seed(seed)
        .with_frame_bytes_max(PEER_FRAME_BYTES_MAX)
        .with_send_queue(4096, config.limits.send_queue_bytes_max)
        .with_disk_queue_bytes_max(config.limits.disk_queue_bytes_max)
        .with_inline_sync_max(config.inline_sync_max)
        .with_mailbox_len_max(MAILBOX_LEN_MAX);
    let others = config.peers.iter().filter(|(id, _)| *id != config.id);
    others.fold(base, |base, (id, address)| base.with_peer(id, address))
}
