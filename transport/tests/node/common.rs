//! A toy: nodes that add numbers durably, for themselves and for each other.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use bytes::Bytes;
use machine_core::{Instant, Machine, Misuse, NodeId, WriteId, Writes};
use transport::{
    Abandoned, Clock, ClusterId, Completer, Completion, Config, DecodeError, DiskWorker, Driver, Handle,
    Host, Io, Kind, LinkEvent, Running, completion,
};

/// A guard against hangs, never a measure: far longer than anything takes.
pub(crate) const HANG: Duration = Duration::from_secs(60);
pub(crate) const CLUSTER: ClusterId = ClusterId::new(7);
pub(crate) const ADD: Kind = Kind::of(1);
pub(crate) const DONE: Kind = Kind::of(2);
pub(crate) const BLOB: Kind = Kind::of(3);

/// How often an unanswered request is repeated.
const REPEAT: Duration = Duration::from_millis(20);

pub(crate) fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().expect("a literal address")
}

#[derive(Debug)]
pub(crate) enum Message {
    /// Add this durably, then say Done with the token.
    Add {
        token: u64,
        value: u64,
    },
    Done {
        token: u64,
    },
    /// Weight without meaning.
    Blob,
}

#[derive(Debug)]
pub(crate) enum Output {
    Persist { id: WriteId, value: u64 },
    Send { to: NodeId, message: Message },
    Durable { up_to: WriteId },
    Told { token: u64 },
}

/// Blame: a node that asks to add zero.
#[derive(Debug)]
pub(crate) struct AddsNothing;

#[derive(Debug, Default)]
pub(crate) struct Toy {
    writes: Writes,
    out: VecDeque<Output>,
    replies: VecDeque<(WriteId, NodeId, u64)>,
    asked: BTreeMap<u64, (NodeId, u64)>,
    tokens: u64,
    repeat_at: Option<Instant>,
}

impl Toy {
    pub(crate) fn add(&mut self, value: u64) -> WriteId {
        let id = self.writes.issue();
        self.out.push_back(Output::Persist { id, value });
        id
    }

    pub(crate) fn tell(&mut self, now: Instant, to: NodeId, value: u64) -> u64 {
        self.tokens += 1;
        self.asked.insert(self.tokens, (to, value));
        self.repeat_at.get_or_insert(now + REPEAT);
        self.out.push_back(Output::Send { to, message: Message::Add { token: self.tokens, value } });
        self.tokens
    }
}

impl Machine for Toy {
    type Message = Message;
    type Output = Output;
    type PeerError = AddsNothing;

    fn step(&mut self, _now: Instant, from: NodeId, message: Message) -> Result<(), AddsNothing> {
        match message {
            Message::Add { value: 0, .. } => return Err(AddsNothing),
            Message::Add { token, value } => {
                let id = self.add(value);
                self.replies.push_back((id, from, token));
            }
            Message::Done { token } => {
                if self.asked.remove(&token).is_some() {
                    self.out.push_back(Output::Told { token });
                }
            }
            Message::Blob => {}
        }
        Ok(())
    }

    fn tick(&mut self, now: Instant) {
        if self.repeat_at.is_some_and(|at| at <= now) {
            self.repeat_at = (!self.asked.is_empty()).then_some(now + REPEAT);
            for (token, (to, value)) in &self.asked {
                let message = Message::Add { token: *token, value: *value };
                self.out.push_back(Output::Send { to: *to, message });
            }
        }
    }

    fn persisted(&mut self, _now: Instant, id: WriteId) -> Result<(), Misuse> {
        if self.writes.complete(id)? {
            self.out.push_back(Output::Durable { up_to: id });
        }
        while self.replies.front().is_some_and(|(needs, ..)| *needs <= id) {
            let Some((_, to, token)) = self.replies.pop_front() else { break };
            self.out.push_back(Output::Send { to, message: Message::Done { token } });
        }
        Ok(())
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn next_tick(&self) -> Option<Instant> {
        self.repeat_at
    }
}

#[derive(Debug)]
pub(crate) enum Command {
    /// Add here; answered with the value when it is durable.
    Add(u64, Completer<u64>),
    /// Add here and there, in one turn; answered with the value when it is durable here.
    Both(NodeId, u64, Completer<u64>),
    /// Add there; answered with the value when the other node says that it is durable.
    Tell(NodeId, u64, Completer<u64>),
    Peer(NodeId, SocketAddr),
    Forget(NodeId),
    /// Send so many blobs of so many bytes, all the same.
    Flood {
        to: Vec<NodeId>,
        frames: usize,
        body: Bytes,
    },
    /// Ask the disk thread for the `n`th value.
    Fetch(u64, Completer<Option<u64>>),
    Halt(&'static str),
    /// The loop waits while a test holds this.
    Wait(Arc<Mutex<()>>),
    Panic,
    /// Answered when everything before it has been handed to the host.
    Ping(Completer<()>),
}

pub(crate) struct Node {
    toy: Toy,
    adding: VecDeque<(WriteId, u64, Completer<u64>)>,
    telling: BTreeMap<u64, (u64, Completer<u64>)>,
    fetching: VecDeque<Completer<Option<u64>>>,
    events: Sender<LinkEvent>,
    seen: Arc<Mutex<Seen>>,
}

/// What a node saw, for assertions from outside.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) failed: Option<String>,
    pub(crate) blobs: u64,
    pub(crate) blob_bytes: u64,
    pub(crate) peer_errors: u64,
}

impl Host for Node {
    type Machine = Toy;
    type Command = Command;
    type Worker = Platter;

    fn machine(&mut self) -> &mut Toy {
        &mut self.toy
    }

    fn decode(&mut self, _from: NodeId, kind: Kind, body: Bytes) -> Result<Message, DecodeError> {
        let word = |at: usize| {
            let bytes = body.get(at..at + 8).ok_or_else(|| DecodeError::new("too short"))?;
            Ok::<u64, DecodeError>(bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
        };
        match kind {
            ADD => Ok(Message::Add { token: word(0)?, value: word(8)? }),
            DONE => Ok(Message::Done { token: word(0)? }),
            BLOB => {
                let mut seen = self.seen.lock().unwrap();
                seen.blobs += 1;
                seen.blob_bytes += body.len() as u64;
                Ok(Message::Blob)
            }
            other => Err(DecodeError::new(format!("unknown kind {}", other.get()))),
        }
    }

    fn peer_error(&mut self, _from: NodeId, _error: AddsNothing) {
        self.seen.lock().unwrap().peer_errors += 1;
    }

    fn commands(&mut self, now: Instant, batch: &mut Vec<Command>, io: &mut Io<Platter>) {
        for command in batch.drain(..) {
            match command {
                Command::Add(value, client) => {
                    let id = self.toy.add(value);
                    self.adding.push_back((id, value, client));
                }
                Command::Both(to, value, client) => {
                    self.toy.tell(now, to, value);
                    let id = self.toy.add(value);
                    self.adding.push_back((id, value, client));
                }
                Command::Tell(to, value, client) => {
                    let token = self.toy.tell(now, to, value);
                    self.telling.insert(token, (value, client));
                }
                Command::Peer(peer, address) => io.set_peer(peer, address),
                Command::Forget(peer) => io.remove_peer(peer),
                Command::Flood { to, frames, body } => {
                    for _ in 0..frames {
                        for peer in &to {
                            io.send(*peer, BLOB, Bytes::new(), body.clone());
                        }
                    }
                }
                Command::Fetch(place, client) => {
                    self.fetching.push_back(client);
                    io.read(place);
                }
                Command::Halt(reason) => io.halt(reason),
                Command::Wait(gate) => drop(gate.lock().unwrap()),
                Command::Panic => panic!("as the test asked"),
                Command::Ping(client) => client.complete(()),
            }
        }
    }

    fn execute(&mut self, _now: Instant, output: Output, io: &mut Io<Platter>) {
        match output {
            Output::Persist { id, value } => io.write(id, 100, value),
            Output::Send { to, message } => {
                let (kind, head) = encode(&message);
                io.send(to, kind, Bytes::from(head), Bytes::new());
            }
            Output::Durable { up_to } => {
                while self.adding.front().is_some_and(|(needs, ..)| *needs <= up_to) {
                    let Some((_, value, client)) = self.adding.pop_front() else { break };
                    client.complete(value);
                }
            }
            Output::Told { token } => {
                if let Some((value, client)) = self.telling.remove(&token) {
                    client.complete(value);
                }
            }
        }
    }

    fn fetched(&mut self, _now: Instant, result: Result<Option<u64>, DiskBroken>, _io: &mut Io<Platter>) {
        let client = self.fetching.pop_front().expect("one answer for each question");
        if let Ok(value) = result {
            client.complete(value);
        }
    }

    fn failed(&mut self, error: &DiskBroken) {
        self.seen.lock().unwrap().failed = Some(error.to_string());
    }

    fn link(&mut self, _now: Instant, event: LinkEvent) {
        // A test that has seen enough has dropped its end.
        let _heard = self.events.send(event);
    }
}

pub(crate) fn encode(message: &Message) -> (Kind, Vec<u8>) {
    match message {
        Message::Add { token, value } => (ADD, [token.to_le_bytes(), value.to_le_bytes()].concat()),
        Message::Done { token } => (DONE, token.to_le_bytes().to_vec()),
        Message::Blob => (BLOB, Vec::new()),
    }
}

/// The disk: remembers what was written and what was synced, and misbehaves as it is told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Platter {
    pub(crate) state: Arc<Mutex<PlatterState>>,
    /// Syncs wait while a test holds this.
    pub(crate) gate: Arc<Mutex<()>>,
    pub(crate) fault: Fault,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Every sync from this one fails; the first is 1.
    SyncFails(u64),
    WriteFails(u64),
    SyncPanics(u64),
    ReadFails,
}

#[derive(Debug, Default)]
pub(crate) struct PlatterState {
    pub(crate) written: Vec<u64>,
    pub(crate) durable: usize,
    pub(crate) syncs: u64,
    /// Of these, those on the driver's thread.
    pub(crate) inline_syncs: u64,
    /// Syncs that were begun, those that wait at the gate included.
    pub(crate) syncs_begun: u64,
    /// There was an idle moment since the last sync.
    pub(crate) rested: bool,
}

#[derive(Debug)]
pub(crate) struct DiskBroken(&'static str);

impl fmt::Display for DiskBroken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: no space left on this toy", self.0)
    }
}

impl std::error::Error for DiskBroken {}

impl Platter {
    pub(crate) fn durable(&self) -> Vec<u64> {
        let state = self.state.lock().unwrap();
        state.written[..state.durable].to_vec()
    }

    pub(crate) fn inline_syncs(&self) -> u64 {
        self.state.lock().unwrap().inline_syncs
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.state.lock().unwrap().syncs
    }

    pub(crate) fn rested(&self) -> bool {
        self.state.lock().unwrap().rested
    }

    pub(crate) fn syncs_begun(&self) -> u64 {
        self.state.lock().unwrap().syncs_begun
    }
}

impl DiskWorker for Platter {
    type Write = u64;
    type Read = u64;
    type Fetched = Option<u64>;
    type Error = DiskBroken;

    fn write(&mut self, value: u64) -> Result<(), DiskBroken> {
        let mut state = self.state.lock().unwrap();
        state.written.push(value);
        if self.fault == Fault::WriteFails(state.written.len() as u64) {
            return Err(DiskBroken("write"));
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), DiskBroken> {
        self.state.lock().unwrap().syncs_begun += 1;
        drop(self.gate.lock().unwrap());
        let mut state = self.state.lock().unwrap();
        state.syncs += 1;
        state.rested = false;
        state.inline_syncs += u64::from(std::thread::current().name() == Some("quorate-driver"));
        match self.fault {
            Fault::SyncFails(first) if state.syncs >= first => return Err(DiskBroken("sync")),
            Fault::SyncPanics(first) if state.syncs >= first => {
                drop(state);
                panic!("as the test asked");
            }
            Fault::None
            | Fault::SyncFails(_)
            | Fault::WriteFails(_)
            | Fault::SyncPanics(_)
            | Fault::ReadFails => {}
        }
        state.durable = state.written.len();
        Ok(())
    }

    fn idle(&mut self) {
        self.state.lock().unwrap().rested = true;
    }

    fn read(&mut self, place: u64) -> Result<Option<u64>, DiskBroken> {
        if self.fault == Fault::ReadFails {
            return Err(DiskBroken("read"));
        }
        let place = usize::try_from(place).map_err(|_| DiskBroken("read"))?;
        Ok(self.state.lock().unwrap().written.get(place).copied())
    }
}

/// A running node, as a test holds it.
pub(crate) struct Started {
    pub(crate) id: NodeId,
    pub(crate) handle: Handle<Command>,
    pub(crate) running: Running,
    pub(crate) events: Receiver<LinkEvent>,
    pub(crate) platter: Platter,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

/// Fast enough for tests; everything else by default.
pub(crate) fn config(node: u64, listen: SocketAddr) -> Config {
    Config::new(CLUSTER, NodeId::of(node), listen)
        .with_seed(node)
        .with_backoff(Duration::from_millis(2), Duration::from_millis(50))
        .with_shutdown_timeout(HANG)
}

pub(crate) fn start(node: u64) -> Started {
    start_with(node, config(node, anywhere()), Platter::default())
}

pub(crate) fn start_with(node: u64, config: Config, platter: Platter) -> Started {
    let (events_in, events) = channel();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let host = fresh_node(events_in, seen.clone());
    let (driver, handle) = Driver::new(config, Clock::start(), host, platter.clone()).expect("a free port");
    let running = driver.spawn().expect("a thread");
    Started { id: NodeId::of(node), handle, running, events, platter, seen }
}

fn fresh_node(events: Sender<LinkEvent>, seen: Arc<Mutex<Seen>>) -> Node {
    Node {
        toy: Toy::default(),
        adding: VecDeque::new(),
        telling: BTreeMap::new(),
        fetching: VecDeque::new(),
        events,
        seen,
    }
}

/// A host that nobody looks into.
pub(crate) fn idle_node() -> Node {
    fresh_node(channel().0, Arc::default())
}

/// Makes all nodes know each other.
pub(crate) fn introduce(nodes: &[&Started]) {
    for node in nodes {
        for other in nodes {
            if node.id != other.id {
                node.send(Command::Peer(other.id, other.address()));
            }
        }
    }
}

impl Started {
    pub(crate) fn address(&self) -> SocketAddr {
        self.handle.local_address()
    }

    pub(crate) fn send(&self, command: Command) {
        self.handle.mailbox().try_send(command).expect("an open mailbox with room");
    }

    pub(crate) fn add(&self, value: u64) -> Completion<u64> {
        let (completer, completion) = completion();
        self.send(Command::Add(value, completer));
        completion
    }

    /// As [`add`](Self::add), on a node that may have stopped.
    pub(crate) fn add_if_open(&self, value: u64) -> Option<Completion<u64>> {
        let (completer, completion) = completion();
        let accepted = self.handle.mailbox().try_send(Command::Add(value, completer));
        accepted.is_ok().then_some(completion)
    }

    pub(crate) fn tell(&self, to: NodeId, value: u64) -> Completion<u64> {
        let (completer, completion) = completion();
        self.send(Command::Tell(to, value, completer));
        completion
    }

    /// Waits until the loop has taken everything sent before.
    pub(crate) fn ping(&self) {
        let (completer, completion) = completion();
        self.send(Command::Ping(completer));
        assert_eq!(answer(completion), ());
    }

    /// Waits for an event like this; those before it are passed over.
    pub(crate) fn event<T>(&self, like: impl Fn(&LinkEvent) -> Option<T>) -> T {
        let (begin, mut passed) = (std::time::Instant::now(), Vec::new());
        while let Ok(event) = self.events.recv_timeout(HANG.saturating_sub(begin.elapsed())) {
            if let Some(found) = like(&event) {
                return found;
            }
            passed.push(event);
        }
        panic!("{} saw no such event, only {passed:?}", self.id)
    }

    /// Waits until the counters are like this.
    pub(crate) fn counted(&self, like: impl Fn(&transport::Counters) -> bool) -> transport::Counters {
        let begin = std::time::Instant::now();
        loop {
            let counters = self.handle.counters();
            if like(&counters) {
                return counters;
            }
            assert!(begin.elapsed() < HANG, "{} counted only {counters:#?}", self.id);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn stop(self) {
        self.handle.shutdown();
        let stopped = self.running.join_timeout(HANG).expect("the node stops");
        stopped.expect("it stops because it was asked to");
    }
}

/// The answer, which must come.
pub(crate) fn answer<T>(completion: Completion<T>) -> T {
    outcome(completion).expect("answered, not abandoned")
}

/// An answer or the news that there will be none; one of them must come.
pub(crate) fn outcome<T>(completion: Completion<T>) -> Result<T, Abandoned> {
    completion.wait_timeout(HANG).unwrap_or_else(|_| panic!("neither answered nor abandoned"))
}
