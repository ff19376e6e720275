//! Three nodes of ours under load.

mod check;
mod wire;

use std::{path::Path, time::Duration};

use agent::{
    ClientId,
    client::{Connection, random_u64},
};

use self::wire::{OurWire, Session};
use super::{Group, load::Watched, noise::Noise, plan::Load, usage::Device};
use crate::{
    Failure,
    cluster::{Cluster, Held, NODES, Place, id},
};

const TIMEOUT: Duration = Duration::from_secs(30);
/// The thread that runs the core, as [`Watched`] finds it: the kernel keeps 15 letters of a name.
const LOOP_THREAD: &str = "quorate-driver";

/// A cluster with an empty log, and who led it when it began.
pub(crate) struct Ours {
    cluster: Cluster,
    leader: usize,
    term: u64,
    processes: [u32; NODES],
    asking: Vec<Connection>,
}

impl Ours {
    /// Starts three processes, with their data in a folder below `within`.
    pub(crate) fn start(held: &Held, within: &Path, tick: Option<Duration>) -> Result<Self, Failure> {
        let place = Place::Temporary { prefix: "quorate-bench-", within: Some(within) };
        let flags = tick.map(|tick| vec!["--fixed-tick".to_owned(), tick.as_millis().to_string()]);
        let cluster = Cluster::start(held, place, &flags.unwrap_or_default())?;
        let leader = cluster.leader(TIMEOUT)?;
        let mut asking = Vec::new();
        let mut processes = [0; NODES];
        for (node, address) in cluster.clients().iter().enumerate() {
            asking.push(Connection::open(*address, TIMEOUT)?);
            let process = cluster.process_id(node);
            processes[node] = process.ok_or_else(|| Failure::new(format!("{} has no process", id(node))))?;
        }
        let term = asking[leader].status()?.term;
        Ok(Self { cluster, leader, term, processes, asking })
    }
}

impl Group for Ours {
    type Wire = OurWire;

    fn watched(&self, device: Option<Device>) -> Watched {
        Watched { device, processes: self.processes, leader: self.leader, bottleneck: Some(LOOP_THREAD) }
    }

    fn connect(&mut self, load: Load, noise: &Noise) -> Result<Vec<OurWire>, Failure> {
        let address = self.cluster.clients()[self.leader];
        let wire = |clients| {
            let session = || Ok(Session { client: ClientId::new(random_u64()?), acknowledged: 0 });
            let sessions = (0..clients).map(|_| session()).collect::<Result<Vec<_>, Failure>>()?;
            OurWire::open(address, sessions, noise.clone(), load.batch)
        };
        load.clients_of_connections().map(wire).collect()
    }

    fn syncs(&mut self) -> Result<[u64; NODES], Failure> {
        let mut syncs = [0; NODES];
        for (node, asking) in self.asking.iter_mut().enumerate() {
            syncs[node] = asking.status()?.disk_syncs;
        }
        Ok(syncs)
    }

    fn has_same_leader(&mut self) -> bool {
        self.asking[self.leader].status().is_ok_and(|status| status.term == self.term)
    }

    fn check(&mut self, wires: Vec<OurWire>, noise: &Noise) -> Result<u64, Failure> {
        let sessions: Vec<_> = wires.into_iter().flat_map(OurWire::close).collect();
        check::check(&self.cluster, &sessions, noise)
    }
}
