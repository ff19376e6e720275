//! `quorate node`: one node of a cluster.

use std::{io::Read, path::PathBuf, thread, time::Duration};

use agent::{ClusterId, Node, NodeConfig, NodeHandle, NodeId, peers::Peers, server::Server};
use clap::Args;

use crate::{ADDRESS_IN_USE, FAILED, Failure, say, signals};

/// How long the processes of a cluster have in all is not bounded here: a node runs until it is stopped.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// This node's id among the peers; a whole number from 1 on, for life.
    #[arg(long, value_parser = parse_id)]
    id: NodeId,
    /// The cluster's id, the same on all its nodes: keeps nodes of different clusters apart.
    #[arg(long, default_value_t = 1)]
    cluster: u64,
    /// Where the nodes talk to each other: ID=HOST:PORT of every node, this one included, separated by commas.
    #[arg(long, value_name = "ID=HOST:PORT,...")]
    peers: Peers,
    /// Where the nodes answer clients: the same ids with other ports.
    #[arg(long, value_name = "ID=HOST:PORT,...")]
    clients: Peers,
    /// The folder of this node's data; made if it is missing.
    #[arg(long)]
    dir: PathBuf,
    /// The shortest wait for a leader before this node stands for election, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 250)]
    election_timeout_min: u64,
    /// The longest such wait, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 500)]
    election_timeout_max: u64,
    /// How often a leader says that it is there, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 50)]
    heartbeat: u64,
    /// While syncs take less, in microseconds, the node's loop makes that of a lone write itself, without its disk thread;
    /// 0: never, so that a disk that stands still stops nothing else.
    #[arg(long, value_name = "US", default_value_t = 1000)]
    inline_sync_max: u64,
    /// Gather what clients append, and replicate it only every so many milliseconds: to measure what that costs.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=1000), hide = true)]
    fixed_tick: Option<u64>,
    /// Stop when standard input ends: for a parent that must not leave children behind.
    #[arg(long, hide = true)]
    stop_at_eof: bool,
}

const EXAMPLE: &str = "\
Example, a cluster of three on one machine (each line in a terminal of its own):
  P=1=127.0.0.1:7101,2=127.0.0.1:7102,3=127.0.0.1:7103 C=1=127.0.0.1:7201,2=127.0.0.1:7202,3=127.0.0.1:7203
  quorate node --id 1 --peers $P --clients $C --dir data/1
  quorate node --id 2 --peers $P --clients $C --dir data/2
  quorate node --id 3 --peers $P --clients $C --dir data/3
  echo hello | quorate append --to 127.0.0.1:7201,127.0.0.1:7202,127.0.0.1:7203";

fn parse_id(text: &str) -> Result<NodeId, String> {
    let id = text.parse().ok().and_then(NodeId::new);
    id.ok_or_else(|| format!("{text:?} is not a node id; ids are whole numbers from 1 on"))
}

/// Runs the node until it is told to stop.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let id = arguments.id;
    let Some(address) = arguments.clients.get(id) else {
        return Err(Failure::new(format!(
            "node {id} is not among the clients' addresses {}",
            arguments.clients
        )));
    };
    let config = config(arguments);
    let limits = arguments_limits();
    let refused = |error: agent::StartError| Failure {
        code: if error.is_address_in_use() { ADDRESS_IN_USE } else { FAILED },
        text: format!("node {id} does not start: {error}"),
    };
    let listener = Server::bind(address).map_err(refused)?;
    let node = Node::start(config, move |event| say::note(format_args!("{id}: {event}"))).map_err(refused)?;
    stop_when_told(node.handle(), arguments.stop_at_eof)?;
    let server = Server::start(listener, node.handle().clone(), limits).map_err(refused)?;
    say::note(format_args!("{id}: ready; clients at {address}, data in {}", arguments.dir.display()));
    let stopped = node.wait();
    drop(server);
    stopped.map_err(|error| Failure::new(format!("node {id}: {error}")))?;
    say::note(format_args!("{id}: stopped"));
    Ok(())
}

fn config(arguments: &Arguments) -> NodeConfig {
    let millis = Duration::from_millis;
    let cluster = ClusterId::new(arguments.cluster);
    let config = NodeConfig::new(arguments.id, cluster, arguments.peers.clone(), &arguments.dir)
        .with_clients(arguments.clients.clone())
        .with_election_timeout(millis(arguments.election_timeout_min), millis(arguments.election_timeout_max))
        .with_heartbeat_interval(millis(arguments.heartbeat))
        .with_inline_sync_max(Duration::from_micros(arguments.inline_sync_max))
        .with_limits(arguments_limits());
    match arguments.fixed_tick {
        Some(tick) => config.with_fixed_tick(millis(tick)),
        None => config,
    }
}

fn arguments_limits() -> agent::Limits {
    agent::Limits::default()
}

fn stop_when_told(node: &NodeHandle, stop_at_eof: bool) -> Result<(), Failure> {
    let (id, told) = (node.id(), node.clone());
    signals::on_stop(move |signal| {
        say::note(format_args!("{id}: stops on {signal}"));
        told.shutdown();
    })?;
    if stop_at_eof {
        let told = node.clone();
        thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            // Ends when the parent closes it, and when the parent dies.
            let _read = std::io::copy(&mut std::io::stdin().lock().by_ref(), &mut std::io::sink());
            told.shutdown();
        })?;
    }
    Ok(())
}
