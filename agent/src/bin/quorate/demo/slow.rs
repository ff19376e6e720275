//! How much memory a leader needs while one follower stands still.

use std::time::Duration;

use agent::table::Table;
use rustix::process::{Pid, Signal, kill_process};

use super::{feed::feed, source::Source};
use crate::{
    Failure,
    cluster::{Cluster, NODES, id},
    progress::Progress,
    say,
};

const TIMEOUT: Duration = Duration::from_secs(10);
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(120);

/// Stops one follower with SIGSTOP, appends everything, lets it go on, and waits until it has caught up.
pub(crate) fn run(
    cluster: &Cluster,
    source: &Source,
    outstanding: usize,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let leader = cluster.leader(TIMEOUT)?;
    let slow = (0..NODES).find(|node| *node != leader).unwrap_or_default();
    signal(cluster, slow, Signal::STOP)?;
    progress.step(&format!("{} leads; {} stands still (SIGSTOP)", id(leader), id(slow)));
    let fed = feed(cluster, source, outstanding, false, progress)?;
    let peak_before = cluster.status(leader)?.memory.peak_bytes;
    signal(cluster, slow, Signal::CONT)?;
    let commit = cluster.status(leader)?.commit;
    cluster.wait_for("caught-up follower", CATCH_UP_TIMEOUT, || {
        let Ok(status) = cluster.status(slow) else { return Ok(None) };
        progress.count("catching up", status.applied, commit);
        Ok((status.applied >= commit).then_some(()))
    })?;
    progress.step(&format!("{} has caught up", id(slow)));

    let mut table = Table::new(["", "peak memory", "configured bound"]);
    let mut above = Vec::new();
    table.row([format!("{} leads, {} stands still", id(leader), id(slow)), mib(peak_before), String::new()]);
    for node in 0..NODES {
        let status = cluster.status(node)?;
        let role = match node {
            _ if node == leader => "led, in the end",
            _ if node == slow => "stood still and caught up",
            _ => "followed",
        };
        let (peak, bound) = (status.memory.peak_bytes, status.memory_bytes_max);
        table.row([format!("{} {role}", id(node)), mib(peak), mib(bound)]);
        if peak > bound || peak == 0 {
            above.push(id(node).to_string());
        }
    }
    say::result(table)?;
    say::result(format_args!(
        "{} entries acknowledged, {:.0} per second, while one of three nodes stood still.\n",
        fed.acknowledged,
        fed.per_second()
    ))?;
    if above.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("{} above the bound, or not measured", above.join(", "))))
}

fn signal(cluster: &Cluster, node: usize, signal: Signal) -> Result<(), Failure> {
    let process =
        cluster.process_id(node).and_then(|process| i32::try_from(process).ok()).and_then(Pid::from_raw);
    let process = process.ok_or_else(|| Failure::new(format!("{} has no process", id(node))))?;
    kill_process(process, signal).map_err(|error| Failure::new(format!("no signal to {}: {error}", id(node))))
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
