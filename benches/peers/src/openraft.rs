//! `openraft` 0.9.25: Raft as tasks and channels.
//!
//! All nodes are tasks of one thread (tokio's `current_thread`); logs and state machines are in memory (its storage
//! v2), its network calls the other node's `append_entries` directly, and up to 4096 entries go into one call. A turn
//! of the leader starts `client_write_ff` for each payload, then lets the tasks run until the oldest answer is there.
//! Leader and followers share the thread in no order of ours, so that they cannot be told apart; a call and its answer
//! count as two messages. Its clock is switched off: nobody stands for election while the first node lives.

use std::{
    collections::VecDeque,
    fmt::Debug,
    future::Future,
    io::Cursor,
    ops::{Bound, RangeBounds},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use benches::{
    cell::{Cell, Contender},
    cluster::{Applied, Cluster, Load, Turn},
};
use bytes::{Bytes, BytesMut};
use openraft::{
    BasicNode, Config, Entry, EntryPayload, LogId, LogState, OptionalSend, Raft, RaftLogReader, RaftNetwork,
    RaftNetworkFactory, RaftSnapshotBuilder, RaftTypeConfig, Snapshot, SnapshotMeta, SnapshotPolicy,
    StorageError, StorageIOError, StoredMembership, Vote,
    error::{InstallSnapshotError, RPCError, RaftError, RemoteError},
    network::RPCOption,
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, ClientWriteResult, InstallSnapshotRequest,
        InstallSnapshotResponse, VoteRequest, VoteResponse,
    },
    storage::{LogFlushed, RaftLogStorage, RaftStateMachine},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

/// In memory, on one thread.
pub const OPENRAFT: Contender = Contender {
    name: "openraft",
    about: "openraft 0.9.25: tasks of one thread, client_write_ff for each entry, leader not told apart",
    build: |cell| Box::new(Group::new(cell)),
    leader_apart: false,
    idle: None,
    catch_up: None,
};

openraft::declare_raft_types!(
    /// What is replicated.
    pub Types:
        D = Bytes,
        R = (),
        Node = BasicNode,
        Entry = Entry<Types>,
        SnapshotData = Cursor<Vec<u8>>,
);

type NodeId = <Types as RaftTypeConfig>::NodeId;
type Nodes = Arc<OnceLock<Vec<Raft<Types>>>>;
type RpcError<E = openraft::error::Infallible> = RPCError<NodeId, BasicNode, RaftError<NodeId, E>>;
type Answer = oneshot::Receiver<ClientWriteResult<Types>>;

/// The newest entries of a log, shared by its writer and its readers.
#[derive(Clone, Debug)]
struct Log(Arc<Mutex<Ring>>);

#[derive(Debug)]
struct Ring {
    entries: VecDeque<Entry<Types>>,
    kept: usize,
    /// The index of the first that is held.
    first: u64,
    vote: Option<Vote<NodeId>>,
}

impl Log {
    fn new(kept: usize) -> Self {
        Self(Arc::new(Mutex::new(Ring { entries: VecDeque::new(), kept, first: 0, vote: None })))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().expect("there is one thread, and it did not panic")
    }
}

impl RaftLogReader<Types> for Log {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry<Types>>, StorageError<NodeId>> {
        let ring = self.ring();
        let end = ring.first + ring.entries.len() as u64;
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before + 1,
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(last) => last + 1,
            Bound::Excluded(to) => *to,
            Bound::Unbounded => end,
        };
        let (from, to) = (from.max(ring.first), to.min(end));
        if from >= to {
            return Ok(Vec::new());
        }
        let place = |index: u64| usize::try_from(index - ring.first).expect("within memory");
        Ok(ring.entries.range(place(from)..place(to)).cloned().collect())
    }
}

impl RaftLogStorage<Types> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, StorageError<NodeId>> {
        let last_log_id = self.ring().entries.back().map(|entry| entry.log_id);
        Ok(LogState { last_purged_log_id: None, last_log_id })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<NodeId>) -> Result<(), StorageError<NodeId>> {
        self.ring().vote = Some(*vote);
        Ok(())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote<NodeId>>, StorageError<NodeId>> {
        Ok(self.ring().vote)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<Types>) -> Result<(), StorageError<NodeId>>
    where
        I: IntoIterator<Item = Entry<Types>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut ring = self.ring();
        ring.entries.extend(entries);
        while ring.entries.len() > ring.kept {
            ring.entries.pop_front();
            ring.first += 1;
        }
        drop(ring);
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, from: LogId<NodeId>) -> Result<(), StorageError<NodeId>> {
        let mut ring = self.ring();
        let left = usize::try_from(from.index - ring.first).expect("within memory");
        ring.entries.truncate(left);
        Ok(())
    }

    async fn purge(&mut self, _: LogId<NodeId>) -> Result<(), StorageError<NodeId>> {
        Ok(())
    }
}

/// What a replica has applied.
#[derive(Clone, Debug, Default)]
struct Machine {
    applied: Arc<Mutex<Applied>>,
    last: Option<LogId<NodeId>>,
    membership: StoredMembership<NodeId, BasicNode>,
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotBuilder = Self;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogId<NodeId>>, StoredMembership<NodeId, BasicNode>), StorageError<NodeId>> {
        Ok((self.last, self.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<()>, StorageError<NodeId>>
    where
        I: IntoIterator<Item = Entry<Types>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut applied = self.applied.lock().expect("there is one thread, and it did not panic");
        let mut answers = Vec::new();
        for entry in entries {
            self.last = Some(entry.log_id);
            answers.push(());
            match entry.payload {
                EntryPayload::Normal(payload) if applied.looks() => applied.entry(&payload),
                EntryPayload::Normal(_) => applied.count(1),
                EntryPayload::Membership(membership) => {
                    self.membership = StoredMembership::new(Some(entry.log_id), membership);
                }
                EntryPayload::Blank => {}
            }
        }
        Ok(answers)
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, StorageError<NodeId>> {
        Err(no_snapshots())
    }

    async fn install_snapshot(
        &mut self,
        _: &SnapshotMeta<NodeId, BasicNode>,
        _: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), StorageError<NodeId>> {
        Err(no_snapshots())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>, StorageError<NodeId>> {
        Ok(None)
    }
}

impl RaftSnapshotBuilder<Types> for Machine {
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>, StorageError<NodeId>> {
        Err(no_snapshots())
    }
}

fn no_snapshots() -> StorageError<NodeId> {
    StorageIOError::read_snapshot(None, &std::io::Error::other("there are no snapshots")).into()
}

/// Knows all nodes, once they are all there.
#[derive(Clone)]
struct Network {
    nodes: Nodes,
    messages: Arc<AtomicU64>,
}

/// The way to one node.
struct Line {
    network: Network,
    target: NodeId,
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Line;

    async fn new_client(&mut self, target: NodeId, _: &BasicNode) -> Line {
        Line { network: self.clone(), target }
    }
}

impl Line {
    /// One call and its answer.
    async fn call<T, E: std::error::Error>(
        &self,
        answer: impl Future<Output = Result<T, RaftError<NodeId, E>>>,
    ) -> Result<T, RpcError<E>> {
        self.network.messages.fetch_add(2, Ordering::Relaxed);
        answer.await.map_err(|error| RPCError::RemoteError(RemoteError::new(self.target, error)))
    }

    fn target(&self) -> &Raft<Types> {
        let nodes = self.network.nodes.get().expect("set before the first is initialised");
        &nodes[usize::try_from(self.target).expect("a replica")]
    }
}

impl RaftNetwork<Types> for Line {
    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Types>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<NodeId>, RpcError> {
        self.call(self.target().append_entries(rpc)).await
    }

    async fn install_snapshot(
        &mut self,
        rpc: InstallSnapshotRequest<Types>,
        _: RPCOption,
    ) -> Result<InstallSnapshotResponse<NodeId>, RpcError<InstallSnapshotError>> {
        self.call(self.target().install_snapshot(rpc)).await
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<NodeId>,
        _: RPCOption,
    ) -> Result<VoteResponse<NodeId>, RpcError> {
        self.call(self.target().vote(rpc)).await
    }
}

struct Group {
    runtime: Runtime,
    nodes: Nodes,
    applied: Vec<Arc<Mutex<Applied>>>,
    /// Answers awaited, the oldest first.
    answers: VecDeque<Answer>,
    spare: BytesMut,
    messages: Arc<AtomicU64>,
}

impl Group {
    fn new(cell: &Cell) -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a thread has a runtime");
        let machines: Vec<_> = (0..cell.nodes).map(|_| Machine::default()).collect();
        let mut group = Self {
            runtime,
            nodes: Nodes::default(),
            applied: machines.iter().map(|machine| machine.applied.clone()).collect(),
            answers: VecDeque::new(),
            spare: BytesMut::new(),
            messages: Arc::default(),
        };
        group.runtime.block_on(start(&group.nodes, &group.messages, cell, machines));
        while group.runtime.block_on(group.leader().ensure_linearizable()).is_err() {
            group.wait();
        }
        group
    }

    fn leader(&self) -> &Raft<Types> {
        &self.nodes.get().expect("set when the group was made")[0]
    }
}

async fn start(nodes: &Nodes, messages: &Arc<AtomicU64>, cell: &Cell, machines: Vec<Machine>) {
    let config = Config {
        // Times that nobody reaches: its clock is off, and a call is given up after one heartbeat interval.
        heartbeat_interval: 600_000,
        election_timeout_min: 1_800_000,
        election_timeout_max: 3_600_000,
        enable_tick: false,
        max_payload_entries: 4096,
        snapshot_policy: SnapshotPolicy::Never,
        ..Config::default()
    };
    let config = Arc::new(config.validate().expect("the configuration is possible"));
    let mut all = Vec::new();
    for (id, machine) in machines.into_iter().enumerate() {
        let network = Network { nodes: nodes.clone(), messages: messages.clone() };
        let log = Log::new(cell.kept());
        let node = Raft::new(id as NodeId, config.clone(), network, log, machine).await;
        all.push(node.expect("the storage is empty"));
    }
    let members = (0..all.len()).map(|id| (id as NodeId, BasicNode::default()));
    let members: std::collections::BTreeMap<_, _> = members.collect();
    let first = all[0].clone();
    assert!(nodes.set(all).is_ok(), "a group starts once");
    first.initialize(members).await.expect("the nodes are pristine");
}

/// Lets every task run a few times.
async fn pause() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

impl Cluster for Group {
    fn leader_turn(&mut self, load: &mut Load, room: u64) -> Turn {
        let leader = self.leader().clone();
        let payloads = crate::block(load, room, &mut self.spare);
        let answers = &mut self.answers;
        let applied = self.runtime.block_on(async move {
            for payload in payloads {
                answers.push_back(leader.client_write_ff(payload).await.expect("the core runs"));
            }
            let Some(oldest) = answers.pop_front() else {
                pause().await;
                return 0;
            };
            oldest.await.expect("the core runs").expect("a leader takes proposals");
            let mut applied = 1;
            while let Some(answer) = answers.front_mut().and_then(|answer| answer.try_recv().ok()) {
                answer.expect("a leader takes proposals");
                answers.pop_front();
                applied += 1;
            }
            applied
        });
        Turn { proposed: room, applied }
    }

    fn follower_turn(&mut self, _: usize) {}

    fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    fn applied(&self) -> Vec<Applied> {
        let lock = |applied: &Arc<Mutex<Applied>>| *applied.lock().expect("there is one thread");
        self.applied.iter().map(lock).collect()
    }

    fn look(&mut self) {
        for applied in &self.applied {
            applied.lock().expect("there is one thread").look();
        }
    }

    fn wait(&mut self) {
        self.runtime.block_on(pause());
    }
}

#[cfg(test)]
mod tests;
