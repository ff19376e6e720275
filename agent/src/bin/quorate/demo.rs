//! `quorate demo`: everything that matters, in front of one's eyes.

mod feed;
mod refusal;
mod report;
mod slow;
mod source;
mod verify;

use std::{path::PathBuf, time::Duration};

use agent::wall::now;
use clap::Args;

use self::{report::Report, source::Source};
use crate::{
    Failure,
    cluster::{CleanUp, Cluster, Held, NODES, Place, id},
    progress::Progress,
    say,
};

const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(60);
const SLOW_LINES: u64 = 1_000_000;
const SLOW_LINE_BYTES: usize = 256;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// The file whose lines are sent; a made-up text if not given.
    #[arg(conflicts_with_all = ["lines", "seed", "slow_follower"])]
    file: Option<PathBuf>,
    /// How many lines to make up [default: 20000, with --slow-follower 1000000].
    #[arg(long, value_parser = clap::value_parser!(u64).range(2..))]
    lines: Option<u64>,
    /// The seed of the made-up text: the same seed, the same text.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep data and logs of the nodes in this folder, which must be new or empty.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Most lines under way at once.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    outstanding: u32,
    /// Instead: append lines of 256 bytes while one follower stands still, and show the memory of all nodes.
    #[arg(long)]
    slow_follower: bool,
}

const EXAMPLE: &str = "\
Examples:
  quorate demo                          20,000 made-up lines
  quorate demo access.log               the lines of a file
  quorate demo --lines 100000 --seed 7  another text
  quorate demo --keep /tmp/look         leaves the nodes' folders and logs there
  quorate demo --slow-follower          a million entries while one node stands still: how much memory?

What happens: three processes of this program form a cluster on 127.0.0.1. Half-way through, the leader is killed with
SIGKILL; the others go on. It comes back and catches up. Then every line is fetched from every node's disk and compared
with what was sent. At last two nodes are stopped, and the third must refuse to take a line.
The exit code is 1 if any acknowledged line is missing anywhere, or anything else is not as it should be.";

/// Runs the demo.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut progress = Progress::new();
    let source = match (&arguments.file, arguments.slow_follower) {
        (Some(path), _) => Source::file(path)?,
        (None, false) => {
            let lines = arguments.lines.unwrap_or(20_000);
            Source::Made { seed: arguments.seed, lines, line_bytes_min: 0 }
        }
        (None, true) => {
            let lines = arguments.lines.unwrap_or(SLOW_LINES);
            Source::Made { seed: arguments.seed, lines, line_bytes_min: SLOW_LINE_BYTES }
        }
    };
    if source.lines() < 2 {
        return Err(Failure::new(format!(
            "{}: at least 2 lines are needed for a kill in between",
            source.describe()
        )));
    }
    let held = Held::new();
    held.end_on_stop()?;
    let start = now();
    let _clean_up = CleanUp(held.clone());
    let temporary = Place::Temporary { prefix: "quorate-demo-", within: None };
    let place = arguments.keep.as_deref().map_or(temporary, Place::Kept);
    let cluster = Cluster::start(&held, place, &[])?;
    progress.step(&format!(
        "three nodes are up after {:.0?}; sending {}",
        start.elapsed(),
        source.describe()
    ));
    if arguments.slow_follower {
        return slow::run(&cluster, &source, arguments.outstanding as usize, &mut progress);
    }
    show(&cluster, &source, arguments.outstanding as usize, &mut progress)
}

fn show(
    cluster: &Cluster,
    source: &Source,
    outstanding: usize,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let fed = feed::feed(cluster, source, outstanding, true, progress)?;
    let killed =
        fed.killed.as_ref().ok_or_else(|| Failure::new("the leader was not killed; nothing is shown"))?;
    let caught_up = bring_back(cluster, killed.node, progress)?;
    source.check_unchanged(fed.sent)?;
    let mut found = Vec::new();
    for (node, address) in cluster.clients().iter().enumerate() {
        let has = verify::compare(*address, fed.client, source, progress)?;
        let says = cluster.status(node)?.summary;
        if says != has.summary {
            return Err(Failure::new(format!(
                "{} says it has {says:?}, its disk has {:?}",
                id(node),
                has.summary
            )));
        }
        found.push(has);
    }
    progress.step("compared every line on every node");
    let refused = refusal::refuse(cluster, progress)?;
    let report = Report { fed: &fed, killed, caught_up, found: &found, refused: &refused };
    say::result(report.table())?;
    report.verdict()
}

/// Starts the killed node again; returns how long it took to have everything.
fn bring_back(cluster: &Cluster, node: usize, progress: &mut Progress) -> Result<Duration, Failure> {
    let leader = cluster.leader(CATCH_UP_TIMEOUT)?;
    let goal = cluster.status(leader)?.commit;
    let start = now();
    cluster.spawn(node)?;
    cluster.wait_for("caught-up node", CATCH_UP_TIMEOUT, || {
        // All of them: what the others have heard to be committed may lag by a heartbeat.
        let applied = (0..NODES).filter_map(|node| cluster.status(node).ok()).map(|status| status.applied);
        Ok((applied.filter(|applied| *applied >= goal).count() == NODES).then_some(()))
    })?;
    let took = start.elapsed();
    progress.step(&format!("started {} again; it caught up within {took:.0?}", id(node)));
    Ok(took)
}
