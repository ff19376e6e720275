//! Three members of etcd under the same load, through its gRPC API.

mod http2;
mod metrics;
mod protobuf;
mod wire;

use std::{
    env,
    fs::{self, File},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use agent::wall::{now, pause};

use self::{
    http2::Connection,
    protobuf::{Fields, put_uint},
    wire::EtcdWire,
};
use super::{Group, load::Watched, noise::Noise, plan::Load, usage::Device};
use crate::{
    Failure,
    cluster::{Held, NODES, Place, free_addresses},
};

const READY_TIMEOUT: Duration = Duration::from_secs(30);
const SAME_TIMEOUT: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// The revision of an empty store; each put adds one.
const REVISION_EMPTY: u64 = 1;
/// What the log of a member that ended says last, at most.
const LAST_WORDS_BYTES: usize = 600;

/// The program on the user's path, if it is installed.
pub(crate) fn installed() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join("etcd")).find(|file| file.is_file())
}

/// What the program says of itself.
pub(crate) fn version(program: &Path) -> Result<String, Failure> {
    let refused =
        |what: &dyn std::fmt::Display| Failure::new(format!("{} --version: {what}", program.display()));
    let said = Command::new(program).arg("--version").output().map_err(|error| refused(&error))?;
    let text = String::from_utf8_lossy(&said.stdout);
    let line = text.lines().next().filter(|line| line.starts_with("etcd Version")).map(str::to_owned);
    line.ok_or_else(|| refused(&"does not say that it is etcd"))
}

/// A cluster with an empty store, and who led it when it began.
pub(crate) struct Etcd {
    clients: Vec<SocketAddr>,
    processes: [u32; NODES],
    leader: usize,
    term: u64,
}

/// How a member is.
struct Status {
    member: u64,
    leader: u64,
    term: u64,
}

impl Etcd {
    /// Starts three members as they come: no TLS, no flags but names, addresses, folders and less talk.
    pub(crate) fn start(held: &Held, within: &Path, program: &Path) -> Result<Self, Failure> {
        let dir = held.folder(Place::Temporary { prefix: "quorate-bench-", within: Some(within) })?;
        let addresses = free_addresses()?;
        let (peers, clients) = addresses.split_at(NODES);
        let all: Vec<_> =
            peers.iter().enumerate().map(|(node, peer)| format!("m{node}=http://{peer}")).collect();
        let mut processes = [0; NODES];
        for node in 0..NODES {
            let child = member(program, &dir, node, peers[node], clients[node], &all.join(","))?;
            processes[node] = child.id();
            held.adopt(node, child);
        }
        held.guard(&processes)?;
        let mut etcd = Self { clients: clients.to_vec(), processes, leader: 0, term: 0 };
        let deadline = now() + READY_TIMEOUT;
        while !etcd.is_ready() {
            let ended = (0..NODES).find(|node| !held.runs(*node));
            if ended.is_some() || now() > deadline {
                let log = fs::read(log_path(&dir, ended.unwrap_or(0))).unwrap_or_default();
                let last =
                    String::from_utf8_lossy(&log[log.len().saturating_sub(LAST_WORDS_BYTES)..]).into_owned();
                return Err(Failure::new(format!(
                    "etcd does not get ready; the last words of a member:\n{last}"
                )));
            }
            pause(LOOK_INTERVAL);
        }
        Ok(etcd)
    }

    /// Whether all members follow the same leader; remembers which it is.
    fn is_ready(&mut self) -> bool {
        let statuses: Vec<_> = self.clients.iter().filter_map(|address| status(*address).ok()).collect();
        let Some(first) = statuses.first().filter(|_| statuses.len() == NODES) else { return false };
        let agreed = statuses.iter().all(|status| status.leader == first.leader && status.term == first.term);
        let leader = statuses.iter().position(|status| status.member == first.leader);
        self.term = first.term;
        self.leader = leader.unwrap_or(0);
        agreed && leader.is_some()
    }
}

impl Group for Etcd {
    type Wire = EtcdWire;

    fn watched(&self, device: Option<Device>) -> Watched {
        Watched { device, processes: self.processes, leader: self.leader, bottleneck: None }
    }

    fn connect(&mut self, load: Load, noise: &Noise) -> Result<Vec<EtcdWire>, Failure> {
        let address = self.clients[self.leader];
        let mut first = 0;
        let wire = |clients| {
            let wire = EtcdWire::open(address, first, clients, noise.clone());
            first += clients as u64;
            wire
        };
        load.clients_of_connections().map(wire).collect()
    }

    fn syncs(&mut self) -> Result<[u64; NODES], Failure> {
        let mut syncs = [0; NODES];
        for (node, address) in self.clients.iter().enumerate() {
            syncs[node] = metrics::syncs(*address)?;
        }
        Ok(syncs)
    }

    fn has_same_leader(&mut self) -> bool {
        status(self.clients[self.leader]).is_ok_and(|status| status.term == self.term)
    }

    /// Every member at the revision that follows from what was acknowledged, and with the same hash over all of it.
    fn check(&mut self, wires: Vec<EtcdWire>, _: &Noise) -> Result<u64, Failure> {
        let acknowledged: u64 = wires.iter().map(EtcdWire::acknowledged).sum();
        let expected = REVISION_EMPTY + acknowledged;
        let deadline = now() + SAME_TIMEOUT;
        loop {
            let found: Vec<_> =
                self.clients.iter().map(|address| hash(*address)).collect::<Result<_, _>>()?;
            let same = found.iter().all(|one| *one == found[0]) && found[0].0 == expected;
            if same {
                return Ok(acknowledged);
            }
            if now() > deadline || found.iter().any(|(revision, _)| *revision > expected) {
                return Err(Failure::new(format!(
                    "etcd's members have the revisions and hashes {found:?}; {acknowledged} puts were acknowledged"
                )));
            }
            pause(LOOK_INTERVAL);
        }
    }
}

fn member(
    program: &Path,
    dir: &Path,
    node: usize,
    peer: SocketAddr,
    client: SocketAddr,
    all: &str,
) -> Result<Child, Failure> {
    let (peer, client) = (format!("http://{peer}"), format!("http://{client}"));
    let mut command = Command::new(program);
    command
        .args(["--name", &format!("m{node}")])
        .arg("--data-dir")
        .arg(dir.join(format!("m{node}")))
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--initial-cluster", all, "--initial-cluster-state", "new"])
        .args(["--logger", "zap", "--log-level", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log_path(dir, node))?)
        .process_group(0);
    command.spawn().map_err(|error| Failure::new(format!("{} cannot be started: {error}", program.display())))
}

fn log_path(dir: &Path, node: usize) -> PathBuf {
    dir.join(format!("m{node}.log"))
}

fn status(address: SocketAddr) -> Result<Status, Failure> {
    let answer = Connection::open(address, "/etcdserverpb.Maintenance/Status")?.call(&[])?;
    let fields = Fields::new(&answer);
    let member = fields.message(1).uint(2);
    Ok(Status { member, leader: fields.uint(4), term: fields.uint(6) })
}

/// The revision of a member's store, and a hash over all keys and their history.
fn hash(address: SocketAddr) -> Result<(u64, u64), Failure> {
    let mut request = Vec::new();
    put_uint(&mut request, 1, 0); // at its own newest revision
    let answer = Connection::open(address, "/etcdserverpb.Maintenance/HashKV")?.call(&request)?;
    let fields = Fields::new(&answer);
    Ok((fields.message(1).uint(3), fields.uint(2)))
}
