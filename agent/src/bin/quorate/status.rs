//! `quorate status`: how nodes are.

use std::{net::SocketAddr, thread, time::Duration};

use agent::{
    client::{ClientError, Connection},
    peers::parse_address,
    protocol::{NodeStatus, Role},
    table::Table,
};
use clap::Args;

use crate::{Failure, say};

const TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Where the nodes answer clients.
    #[arg(long, required = true, value_delimiter = ',', value_parser = parse_address, value_name = "HOST:PORT,...")]
    of: Vec<SocketAddr>,
}

const EXAMPLE: &str = "\
Example:
  quorate status --of 127.0.0.1:7201,127.0.0.1:7202,127.0.0.1:7203

Columns: last, commit and applied are log indexes; lines is the length of the list as applied; memory is resident now,
the most there ever was, and the sum of all configured bounds; heard says whether a majority was heard lately, and how
many peers are connected; dropped counts messages to peers that found no room or no connection.
The exit code is 0 if at least one node answered.";

/// Asks all nodes at once, each within 2 seconds.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let asked: Vec<_> = arguments
        .of
        .iter()
        .map(|address| {
            let address = *address;
            (address, thread::spawn(move || Connection::open(address, TIMEOUT)?.status()))
        })
        .collect();
    let answers: Vec<(SocketAddr, Option<Result<NodeStatus, ClientError>>)> =
        asked.into_iter().map(|(address, thread)| (address, thread.join().ok())).collect();
    let reached = answers.iter().any(|(_, answer)| matches!(answer, Some(Ok(_))));
    say::result(table(&answers))?;
    if reached { Ok(()) } else { Err(Failure::new("no node answered")) }
}

fn table(answers: &[(SocketAddr, Option<Result<NodeStatus, ClientError>>)]) -> Table {
    let mut table = Table::new([
        "address", "node", "role", "term", "leader", "last", "commit", "applied", "lines", "memory", "heard",
        "dropped",
    ]);
    for (address, answer) in answers {
        match answer {
            Some(Ok(status)) => table.row(cells(*address, status)),
            Some(Err(error)) => {
                table.row([address.to_string(), "-".to_owned(), unreachable(*address, error)])
            }
            None => table.row([address.to_string(), "-".to_owned(), "not asked".to_owned()]),
        }
    }
    table
}

/// The error without the address, which stands in the first column already.
fn unreachable(address: SocketAddr, error: &ClientError) -> String {
    let text = error.to_string();
    let prefix = format!("{address}: ");
    format!("unreachable: {}", text.strip_prefix(&prefix).unwrap_or(&text))
}

fn cells(address: SocketAddr, status: &NodeStatus) -> Vec<String> {
    let connected = status.peers.iter().filter(|peer| peer.connected).count();
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    vec![
        address.to_string(),
        status.id.to_string(),
        role(status.role).to_owned(),
        status.term.to_string(),
        status.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string()),
        status.last.to_string(),
        status.commit.to_string(),
        status.applied.to_string(),
        status.summary.count.to_string(),
        format!(
            "{}/{}/{} MiB",
            mib(status.memory.resident_bytes),
            mib(status.memory.peak_bytes),
            mib(status.memory_bytes_max)
        ),
        format!(
            "{} {connected}/{}",
            if status.quorum_heard { "quorum" } else { "alone" },
            status.peers.len()
        ),
        status.dropped.to_string(),
    ]
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre-candidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    }
}
