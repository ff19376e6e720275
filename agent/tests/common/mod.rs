//! Real processes of the program, which end with the test that started them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{
    fs::{self, File},
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use agent::{
    client::{ClientError, Connection},
    protocol::{NodeStatus, Role},
    wall::{now, pause},
};

/// The most that anything may take. Never waited out but by a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test.
pub(crate) fn quorate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.stdin(Stdio::null());
    command
}

/// What a run says on standard error, which must fail with this exit code.
pub(crate) fn refused(command: &mut Command, code: i32) -> String {
    let Output { status, stderr, .. } = command.output().expect("the program is there");
    let said = String::from_utf8(stderr).expect("it writes text");
    assert_eq!(status.code(), Some(code), "{said}");
    said
}

/// A cluster of processes in a folder of its own.
pub(crate) struct Processes {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) peers: Vec<SocketAddr>,
    pub(crate) clients: Vec<SocketAddr>,
    children: Vec<Option<Child>>,
}

impl Drop for Processes {
    fn drop(&mut self) {
        for node in 0..self.children.len() {
            self.kill(node);
        }
    }
}

impl Processes {
    /// Starts `nodes` nodes and waits for a leader. Somebody else may take a port in between: then other ports are
    /// tried.
    pub(crate) fn start(nodes: usize) -> Self {
        for _ in 0..5 {
            let mut processes = Self::prepare(nodes);
            for node in 0..nodes {
                processes.spawn(node);
            }
            if processes.await_leader() {
                return processes;
            }
        }
        panic!("five times in a row a port was taken by another program");
    }

    /// Addresses and a folder; nothing runs.
    pub(crate) fn prepare(nodes: usize) -> Self {
        let listeners: Vec<_> =
            (0..2 * nodes).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
        let addresses: Vec<_> =
            listeners.iter().map(|listener| listener.local_addr().expect("it is bound")).collect();
        let (peers, clients) = addresses.split_at(nodes);
        Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
            peers: peers.to_vec(),
            clients: clients.to_vec(),
            children: (0..nodes).map(|_| None).collect(),
        }
    }

    /// The command that runs this node.
    pub(crate) fn node(&self, node: usize) -> Command {
        let list = |addresses: &[SocketAddr]| {
            let pairs = (1..).zip(addresses).map(|(id, address)| format!("{id}={address}"));
            pairs.collect::<Vec<_>>().join(",")
        };
        let mut command = quorate();
        command.args(["node", "--id", &(node + 1).to_string(), "--stop-at-eof"]);
        command.args(["--peers", &list(&self.peers), "--clients", &list(&self.clients)]);
        command.arg("--dir").arg(self.data(node));
        command
    }

    pub(crate) fn data(&self, node: usize) -> PathBuf {
        self.dir.path().join(format!("node-{node}"))
    }

    pub(crate) fn spawn(&mut self, node: usize) {
        self.spawn_under(&[], node);
    }

    /// Runs this node under another program, whose arguments end with the command that runs the node. Should that
    /// program be killed, the node ends as well: its standard input does.
    pub(crate) fn spawn_under(&mut self, other: &[&str], node: usize) {
        let log = File::options().create(true).append(true).open(self.log_path(node)).expect("a log file");
        let plain = self.node(node);
        let mut command = match other {
            [] => plain,
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(plain.get_program()).args(plain.get_args());
                command
            }
        };
        let child = command.stdin(Stdio::piped()).stderr(log).spawn();
        self.children[node] = Some(child.expect("the program is there"));
    }

    /// Sends a signal to the process of this node.
    pub(crate) fn signal(&self, node: usize, name: &str) {
        signal(self.children[node].as_ref().expect("it runs"), name);
    }

    /// The exit code of the process of this node if it has ended by itself, once.
    pub(crate) fn ended(&mut self, node: usize) -> Option<Option<i32>> {
        let status = self.children[node].as_mut()?.try_wait().expect("a child can be looked at")?;
        self.children[node] = None;
        Some(status.code())
    }

    /// Waits until all nodes have as many lines, and sees that these are the lines.
    pub(crate) fn assert_all_have(&self, expected: &[String]) {
        let nodes = self.clients.len();
        wait_for("cluster in which all have everything", || {
            let counts: Vec<_> = self.statuses().iter().map(|status| status.summary.count).collect();
            (counts == vec![expected.len() as u64; nodes]).then_some(())
        });
        for node in 0..nodes {
            assert!(lines_of(self.clients[node]) == expected, "node {node} has other lines");
        }
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&mut self, node: usize) {
        if let Some(mut child) = self.children[node].take() {
            let _gone_already = child.kill();
            child.wait().expect("a child can be waited for");
        }
    }

    /// Closes its standard input and waits until it has stopped; its exit code.
    pub(crate) fn stop(&mut self, node: usize) -> Option<i32> {
        let mut child = self.children[node].take().expect("it runs");
        drop(child.stdin.take());
        child.wait().expect("a child can be waited for").code()
    }

    pub(crate) fn process_id(&self, node: usize) -> u32 {
        self.children[node].as_ref().expect("it runs").id()
    }

    /// Whether the process of this node is there.
    pub(crate) fn runs(&mut self, node: usize) -> bool {
        self.children[node]
            .as_mut()
            .is_some_and(|child| child.try_wait().expect("a child can be looked at").is_none())
    }

    pub(crate) fn log(&self, node: usize) -> String {
        fs::read_to_string(self.log_path(node)).unwrap_or_default()
    }

    pub(crate) fn status(&self, node: usize) -> Result<NodeStatus, ClientError> {
        Connection::open(self.clients[node], Duration::from_secs(5))?.status()
    }

    pub(crate) fn statuses(&self) -> Vec<NodeStatus> {
        (0..self.clients.len()).filter_map(|node| self.status(node).ok()).collect()
    }

    /// The node that leads.
    pub(crate) fn leader(&self) -> usize {
        wait_for("leader", || {
            let leads = |node: &usize| self.status(*node).is_ok_and(|status| status.role == Role::Leader);
            (0..self.clients.len()).find(leads)
        })
    }

    pub(crate) fn addresses(&self) -> String {
        self.clients.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    /// Appends the lines of a text through the program; its exit code, and what it says.
    pub(crate) fn append(&self, text: &str) -> Output {
        let file = self.dir.path().join("text");
        fs::write(&file, text).expect("a file in our own folder");
        let mut command = quorate();
        command.args(["append", "--timeout", "60", "--to", &self.addresses()]).arg(&file);
        command.output().expect("the program is there")
    }

    /// False if a process ended, as one does whose port was taken.
    fn await_leader(&mut self) -> bool {
        wait_for("cluster", || {
            let nodes = self.clients.len();
            if (0..nodes).any(|node| !self.runs(node)) {
                let said: Vec<_> = (0..nodes).map(|node| self.log(node)).collect();
                assert!(said.iter().any(|said| said.contains("another program")), "{said:#?}");
                return Some(false);
            }
            let statuses = self.statuses();
            let agreed = statuses.len() == nodes && statuses.iter().all(|status| status.leader.is_some());
            agreed.then_some(true)
        })
    }

    fn log_path(&self, node: usize) -> PathBuf {
        self.dir.path().join(format!("node-{node}.log"))
    }
}

/// Looks until there is a value.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = now() + PATIENCE;
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(now() < deadline, "no {what} within {PATIENCE:?}");
        pause(Duration::from_millis(5));
    }
}

/// Says what is not tested on this machine, and why; also where the words of tests that pass are not shown.
pub(crate) fn skip(what: &str, why: &str) {
    writeln!(io::stderr(), "SKIPPED: {what}: {why}").expect("there is a standard error");
}

/// Every line on this node's disk.
pub(crate) fn lines_of(address: SocketAddr) -> Vec<String> {
    let mut lister = agent::client::Lister::open(address, PATIENCE).expect("the node answers");
    let mut lines = Vec::new();
    while let Some(listed) = lister.next_line().expect("the list can be read") {
        lines.push(String::from_utf8(listed.line.to_vec()).expect("text was appended"));
    }
    lines
}

/// Sends a signal to a process of ours.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).stdout(Stdio::null()).status();
    assert!(sent.expect("the system has kill").success());
}

/// Processes whose command line names this folder.
pub(crate) fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("a plain name");
    let all = fs::read_dir("/proc").expect("Linux has /proc");
    let command_line = |entry: fs::DirEntry| fs::read(entry.path().join("cmdline")).ok();
    let lines = all.filter_map(|entry| command_line(entry.ok()?));
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder)).collect()
}

/// A folder's file names, for tests that say what must not have changed.
pub(crate) fn file_names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("the folder is there");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
