//! Three child processes, and the certainty that none outlives the demo.

use std::{
    fs::{self, File, OpenOptions},
    io,
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use agent::{
    NodeId,
    client::{ClientError, Connection},
    peers::Peers,
    protocol::{NodeStatus, Role},
    wall::{now, pause},
};
use tempfile::TempDir;

use crate::{ADDRESS_IN_USE, Failure};

pub(crate) const NODES: usize = 3;
/// How often other ports are tried when somebody took one in between.
const PORT_TRIES: usize = 5;
const READY_TIMEOUT: Duration = Duration::from_secs(15);
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
const ASK_TIMEOUT: Duration = Duration::from_secs(1);
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
const LOG_TAIL_LINES: usize = 5;

/// Three nodes of one cluster.
pub(crate) struct Cluster {
    held: Held,
    exe: PathBuf,
    dir: PathBuf,
    peers: Peers,
    clients: Vec<SocketAddr>,
}

/// What must not outlive the demo, within reach of whoever ends it: the main thread, or the one that hears signals.
#[derive(Clone)]
pub(crate) struct Held {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    children: [Option<Child>; NODES],
    temporary: Option<TempDir>,
}

impl Held {
    pub(crate) fn new() -> Self {
        Self { inner: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked: what is in there must still be killed and removed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the processes, by their own ids, and removes the folder.
    pub(crate) fn clean_up(&self) {
        let mut inner = self.lock();
        for child in inner.children.iter_mut().filter_map(Option::take) {
            end(child);
        }
        // Its removal is tried; what cannot be removed is no reason to fail now.
        inner.temporary = None;
    }
}

/// Kills a process and takes its exit status, so that nothing of it remains.
fn end(mut child: Child) {
    // Errors say that it is gone already.
    let _killed = child.kill();
    let _reaped = child.wait();
}

/// Cleans up when it is dropped: on every way out of the demo, a panic included.
pub(crate) struct CleanUp(pub(crate) Held);

impl Drop for CleanUp {
    fn drop(&mut self) {
        self.0.clean_up();
    }
}

impl Cluster {
    /// Starts the nodes and waits until one of them leads. The data goes to `keep`, or to a temporary folder.
    pub(crate) fn start(held: &Held, keep: Option<&Path>) -> Result<Self, Failure> {
        let exe = std::env::current_exe()
            .map_err(|error| Failure::new(format!("this program's own file is not known: {error}")))?;
        let dir = match keep {
            Some(dir) => empty_folder(dir)?,
            None => {
                let temporary = tempfile::Builder::new().prefix("quorate-demo-").tempdir();
                let temporary = temporary
                    .map_err(|error| Failure::new(format!("no temporary folder: {error}; set TMPDIR")))?;
                let dir = temporary.path().to_owned();
                held.lock().temporary = Some(temporary);
                dir
            }
        };
        let mut last = Failure::new("no ports tried");
        for attempt in 0..PORT_TRIES {
            let (peers, clients) =
                addresses().map_err(|error| Failure::new(format!("no free ports: {error}")))?;
            // A folder for each attempt: a node that did start owns what it wrote.
            let dir = dir.join(format!("run-{attempt}"));
            let cluster = Self { held: held.clone(), exe: exe.clone(), dir, peers, clients };
            match cluster.launch() {
                Ok(()) => return Ok(cluster),
                Err(failure) if failure.code == ADDRESS_IN_USE => {
                    cluster.kill_all();
                    last = failure;
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::new(format!("other programs took every port that was tried: {}", last.text)))
    }

    fn launch(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.dir)?;
        for node in 0..NODES {
            self.spawn(node)?;
        }
        self.wait_for("a leader that all nodes follow", READY_TIMEOUT, || {
            let statuses: Vec<_> = (0..NODES).filter_map(|node| self.status(node).ok()).collect();
            let leader = statuses.iter().find(|status| status.role == Role::Leader).map(|status| status.id);
            let agreed = leader.is_some() && statuses.iter().all(|status| status.leader == leader);
            Ok((statuses.len() == NODES && agreed).then_some(()))
        })
    }

    /// Starts the process of this node, which must not be running.
    pub(crate) fn spawn(&self, node: usize) -> Result<(), Failure> {
        let log = OpenOptions::new().create(true).append(true).open(self.log_path(node))?;
        let mut command = Command::new(&self.exe);
        command
            .arg("node")
            .args(["--id", &id(node).get().to_string()])
            .args(["--peers", &self.peers.to_string()])
            .args(["--clients", &self.client_peers()])
            .arg("--dir")
            .arg(self.dir.join(format!("node-{}", id(node).get())))
            .arg("--stop-at-eof")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            // Ctrl-C goes to the demo alone, which then ends its children itself.
            .process_group(0);
        let child =
            command.spawn().map_err(|error| Failure::new(format!("no process for {}: {error}", id(node))))?;
        self.held.lock().children[node] = Some(child);
        Ok(())
    }

    /// SIGKILL: the process has no last word. Returns the moment just before.
    pub(crate) fn kill(&self, node: usize) -> Instant {
        let child = self.held.lock().children[node].take();
        let at = now();
        if let Some(child) = child {
            end(child);
        }
        at
    }

    /// Closes the node's standard input, upon which it stops by itself; waits until it has.
    pub(crate) fn stop(&self, node: usize) -> Result<(), Failure> {
        if let Some(child) = &mut self.held.lock().children[node] {
            drop(child.stdin.take());
        }
        let deadline = now() + STOP_TIMEOUT;
        while self.exit_status(node)?.is_none() {
            if now() > deadline {
                return Err(self.failure(node, &format!("does not stop within {STOP_TIMEOUT:?}")));
            }
            pause(LOOK_INTERVAL);
        }
        Ok(())
    }

    /// The process id, for signals.
    pub(crate) fn process_id(&self, node: usize) -> Option<u32> {
        self.held.lock().children[node].as_ref().map(Child::id)
    }

    pub(crate) fn status(&self, node: usize) -> Result<NodeStatus, ClientError> {
        Connection::open(self.clients[node], ASK_TIMEOUT)?.status()
    }

    pub(crate) fn clients(&self) -> &[SocketAddr] {
        &self.clients
    }

    /// Which node answers clients at this address.
    pub(crate) fn node_at(&self, address: SocketAddr) -> Option<usize> {
        self.clients.iter().position(|client| *client == address)
    }

    /// The node that leads, as it says itself.
    pub(crate) fn leader(&self, timeout: Duration) -> Result<usize, Failure> {
        self.wait_for("a leader", timeout, || {
            let leads = |node: &usize| self.status(*node).is_ok_and(|status| status.role == Role::Leader);
            Ok((0..NODES).find(leads))
        })
    }

    /// Looks again and again until there is a value, at most for `timeout`. A process that ends meanwhile without being
    /// asked to is an error at once.
    pub(crate) fn wait_for<T>(
        &self,
        what: &str,
        timeout: Duration,
        mut look: impl FnMut() -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let deadline = now() + timeout;
        loop {
            for node in 0..NODES {
                if let Some(status) = self.exit_status(node)? {
                    let mut failure = self.failure(node, &format!("ended ({status})"));
                    if status.code() == Some(ADDRESS_IN_USE.into()) {
                        failure.code = ADDRESS_IN_USE;
                    }
                    return Err(failure);
                }
            }
            if let Some(value) = look()? {
                return Ok(value);
            }
            if now() > deadline {
                return Err(self.failure(0, &format!("and the others: no {what} within {timeout:?}")));
            }
            pause(LOOK_INTERVAL);
        }
    }

    /// The exit status of a process that was started and has ended by itself.
    fn exit_status(&self, node: usize) -> Result<Option<ExitStatus>, Failure> {
        let mut inner = self.held.lock();
        let Some(child) = &mut inner.children[node] else { return Ok(None) };
        let status = child.try_wait().map_err(|error| Failure::new(format!("{}: {error}", id(node))))?;
        if status.is_some() {
            inner.children[node] = None;
        }
        Ok(status)
    }

    fn kill_all(&self) {
        for node in 0..NODES {
            self.kill(node);
        }
    }

    fn log_path(&self, node: usize) -> PathBuf {
        self.dir.join(format!("node-{}.log", id(node).get()))
    }

    fn client_peers(&self) -> String {
        let pairs =
            self.clients.iter().enumerate().map(|(node, address)| format!("{}={address}", id(node).get()));
        pairs.collect::<Vec<_>>().join(",")
    }

    fn failure(&self, node: usize, what: &str) -> Failure {
        let log = fs::read_to_string(self.log_path(node)).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n  ");
        Failure::new(format!("{} {what}; its last words:\n  {tail}", id(node)))
    }
}

/// The id of the node at this place.
pub(crate) fn id(node: usize) -> NodeId {
    NodeId::of(node as u64 + 1)
}

/// Free ports, found by taking them for a moment; somebody else may take one before a node does.
fn addresses() -> io::Result<(Peers, Vec<SocketAddr>)> {
    let listeners: Vec<_> =
        (0..2 * NODES).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<io::Result<_>>()?;
    let addresses: Vec<_> = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?;
    let (peers, clients) = addresses.split_at(NODES);
    let peers = Peers::new(peers.iter().enumerate().map(|(node, address)| (id(node), *address)));
    Ok((peers.map_err(io::Error::other)?, clients.to_vec()))
}

fn empty_folder(dir: &Path) -> Result<PathBuf, Failure> {
    let refused = |error| Failure::new(format!("{} cannot be used: {error}", dir.display()));
    fs::create_dir_all(dir).map_err(refused)?;
    if fs::read_dir(dir).map_err(refused)?.next().is_some() {
        return Err(Failure::new(format!(
            "{} is not empty; name a new folder to keep the data in",
            dir.display()
        )));
    }
    // A file of our own says early whether the folder can be written to.
    File::create(dir.join("quorate-demo")).map_err(refused)?;
    Ok(dir.to_owned())
}
