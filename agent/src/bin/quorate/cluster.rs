//! Three child processes, and the certainty that none outlives the program.

use std::{
    fs::{self, File, OpenOptions},
    io,
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, ExitStatus, Stdio},
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

use crate::{ADDRESS_IN_USE, Failure, say, signals};

pub(crate) const NODES: usize = 3;
/// How often other ports are tried when somebody took one in between.
const PORT_TRIES: usize = 5;
const READY_TIMEOUT: Duration = Duration::from_secs(15);
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
const ASK_TIMEOUT: Duration = Duration::from_secs(1);
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
const LOG_TAIL_LINES: usize = 5;
/// What shells call a program that ended by SIGINT.
const INTERRUPTED: i32 = 130;

/// Three nodes of one cluster.
pub(crate) struct Cluster {
    held: Held,
    exe: PathBuf,
    dir: PathBuf,
    /// Flags of `quorate node` beside those that every node needs.
    flags: Vec<String>,
    peers: Peers,
    clients: Vec<SocketAddr>,
}

/// Where the nodes keep data and logs.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// In this folder, new or empty, which stays.
    Kept(&'a Path),
    /// In a folder with this prefix, inside of `within` or where temporary files go, which is removed at the end.
    Temporary { prefix: &'a str, within: Option<&'a Path> },
}

/// What must not outlive the program, within reach of whoever ends it: the main thread, or the one that hears signals.
#[derive(Clone)]
pub(crate) struct Held {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// Kills children that would not notice the end of their parent. Ends before them: it knows them by their ids.
    guardian: Option<Child>,
    children: [Option<Child>; NODES],
    temporary: Option<TempDir>,
}

impl Held {
    pub(crate) fn new() -> Self {
        Self { inner: Arc::default() }
    }

    /// Answers for the end of this process from here on.
    pub(crate) fn adopt(&self, node: usize, child: Child) {
        self.lock().children[node] = Some(child);
    }

    /// Whether the process of this node is there.
    pub(crate) fn runs(&self, node: usize) -> bool {
        let mut inner = self.lock();
        inner.children[node].as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Sees to it that these children, which are not ours and do not listen to their standard input, end when this
    /// program is killed: a shell waits for the end of its own, which then comes.
    pub(crate) fn guard(&self, processes: &[u32; NODES]) -> io::Result<()> {
        let ids = processes.map(|process| process.to_string()).join(" ");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("read -r _; kill -9 {ids}")]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.lock().guardian = Some(command.spawn()?);
        Ok(())
    }

    /// From here on, SIGINT and SIGTERM end the nodes and the program.
    pub(crate) fn end_on_stop(&self) -> io::Result<()> {
        let at_hand = self.clone();
        signals::on_stop(move |signal| {
            say::note(format_args!("\nquorate: {signal}; ends the nodes and removes their folder"));
            // The lock is kept until the end, so that nobody takes the processes' death for a failure of theirs.
            let mut inner = at_hand.lock();
            inner.clean_up();
            process::exit(INTERRUPTED);
        })
    }

    /// Makes the folder for data, and answers for its removal.
    pub(crate) fn folder(&self, place: Place<'_>) -> Result<PathBuf, Failure> {
        let (prefix, within) = match place {
            Place::Kept(dir) => return empty_folder(dir),
            Place::Temporary { prefix, within } => (prefix, within),
        };
        let within = within.map_or_else(std::env::temp_dir, Path::to_owned);
        let temporary = tempfile::Builder::new().prefix(prefix).tempdir_in(&within).map_err(|error| {
            Failure::new(format!("no folder can be made in {}: {error}; set TMPDIR", within.display()))
        })?;
        let dir = temporary.path().to_owned();
        self.lock().temporary = Some(temporary);
        Ok(dir)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked: what is in there must still be killed and removed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the processes, by their own ids, and removes the folder.
    pub(crate) fn clean_up(&self) {
        self.lock().clean_up();
    }
}

impl Inner {
    fn clean_up(&mut self) {
        if let Some(guardian) = self.guardian.take() {
            end(guardian);
        }
        for child in self.children.iter_mut().filter_map(Option::take) {
            end(child);
        }
        // Its removal is tried; what cannot be removed is no reason to fail now.
        self.temporary = None;
    }
}

/// Kills a process and takes its exit status, so that nothing of it remains.
fn end(mut child: Child) {
    // Errors say that it is gone already.
    let _killed = child.kill();
    let _reaped = child.wait();
}

/// Cleans up when it is dropped: on every way out, a panic included.
pub(crate) struct CleanUp(pub(crate) Held);

impl Drop for CleanUp {
    fn drop(&mut self) {
        self.0.clean_up();
    }
}

impl Cluster {
    /// Starts the nodes, each with these flags more, and waits until one of them leads.
    pub(crate) fn start(held: &Held, place: Place<'_>, flags: &[String]) -> Result<Self, Failure> {
        let exe = std::env::current_exe()
            .map_err(|error| Failure::new(format!("this program's own file is not known: {error}")))?;
        let dir = held.folder(place)?;
        let mut last = Failure::new("no ports tried");
        for attempt in 0..PORT_TRIES {
            let (peers, clients) = addresses()?;
            // A folder for each attempt: a node that did start owns what it wrote.
            let dir = dir.join(format!("run-{attempt}"));
            let (held, exe, flags) = (held.clone(), exe.clone(), flags.to_vec());
            let cluster = Self { held, exe, dir, flags, peers, clients };
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
            .args(&self.flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            // Ctrl-C goes to the parent alone, which then ends its children itself.
            .process_group(0);
        let child =
            command.spawn().map_err(|error| Failure::new(format!("no process for {}: {error}", id(node))))?;
        self.held.adopt(node, child);
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
fn addresses() -> Result<(Peers, Vec<SocketAddr>), Failure> {
    let addresses = free_addresses().map_err(|error| Failure::new(format!("no free ports: {error}")))?;
    let (peers, clients) = addresses.split_at(NODES);
    let peers = Peers::new(peers.iter().enumerate().map(|(node, address)| (id(node), *address)));
    Ok((peers?, clients.to_vec()))
}

/// Two for each node.
pub(crate) fn free_addresses() -> io::Result<Vec<SocketAddr>> {
    let listeners: Vec<_> =
        (0..2 * NODES).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<io::Result<_>>()?;
    listeners.iter().map(TcpListener::local_addr).collect()
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
