//! The table of idle groups.

use std::process;

use clap::Args;

use super::{Only, Scratch, counter, find, say};
use crate::{
    callgrind,
    cell::Contender,
    idle_groups::{self, ELECTION_HEARTBEATS, ENTERED, Idle},
};

/// What it costs to have many groups of three replicas in one process that have nothing to do.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Groups timed, and groups whose heap is counted.
    #[arg(long, default_value_t = 10_000)]
    groups: usize,
    /// Groups that instructions are counted with.
    #[arg(long, default_value_t = 100)]
    counted_groups: usize,
    #[command(flatten)]
    only: Only,
}

#[derive(Debug, Args)]
pub(super) struct CellOptions {
    #[arg(long)]
    contender: String,
    #[arg(long, default_value_t = 10_000)]
    groups: usize,
    /// Ticks between two heartbeats.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    heartbeat_ticks: u64,
    #[arg(long, default_value_t = 20)]
    ticks: u64,
}

/// Ticks between two heartbeats, and ticks measured three times in a row. In the first, nothing is due in any of them;
/// in the others, whole cycles are measured.
const REGIMES: [(u64, u64); 3] = [(1000, 200), (10, 100), (1, 20)];

impl Options {
    pub(super) fn run(&self, contenders: &[Contender]) -> Result<(), String> {
        let takes_part = |contender: &Contender| contender.idle.is_some();
        let chosen = self.only.choose(contenders, takes_part)?;
        let counts = self.only.counts();
        say(&format!(
            "{} groups of {} replicas; an election timeout is {ELECTION_HEARTBEATS} heartbeat intervals\n\n\
             | contender | heap bytes per group | ticks per heartbeat | ns of CPU per group and tick \
             | instructions | messages |\n|---|---|---|---|---|---|",
            self.groups,
            idle_groups::REPLICAS
        ));
        for contender in chosen {
            let heap = heap(contender, self.groups)?.map_or("–".into(), |bytes| format!("{bytes:.0}"));
            for (heartbeat_ticks, ticks) in REGIMES {
                let idle = Idle { groups: self.groups, heartbeat_ticks, ticks };
                let measured = idle_groups::measure(contender, &idle)?;
                let instructions = if counts {
                    let idle = Idle { groups: self.counted_groups, ..idle };
                    format!("{:.1}", instructions(contender, &idle)?)
                } else {
                    "–".into()
                };
                say(&format!(
                    "| {} | {heap} | {heartbeat_ticks} | {:.2} | {instructions} | {:.2} |",
                    contender.name, measured.nanos, measured.messages
                ));
            }
        }
        Ok(())
    }
}

impl CellOptions {
    pub(super) fn run(&self, contenders: &[Contender]) -> Result<(), String> {
        let measured = idle_groups::measure(find(contenders, &self.contender)?, &self.idle())?;
        say(&format!(
            "{} {:?}: {:.2} ns of CPU and {:.2} messages per group and tick",
            self.contender,
            self.idle(),
            measured.nanos,
            measured.messages
        ));
        Ok(())
    }

    /// In the program that counts allocations.
    pub(super) fn run_heap(&self, contenders: &[Contender]) -> Result<(), String> {
        let heap = idle_groups::measure_heap(find(contenders, &self.contender)?, &self.idle())?;
        say(&format!("{heap:.1}"));
        Ok(())
    }

    fn idle(&self) -> Idle {
        Idle { groups: self.groups, heartbeat_ticks: self.heartbeat_ticks, ticks: self.ticks }
    }
}

/// Bytes of heap for each of so many groups; nothing where nothing counts them.
pub(super) fn heap(contender: &Contender, groups: usize) -> Result<Option<f64>, String> {
    let Some(counter) = counter() else { return Ok(None) };
    let idle = Idle { groups, heartbeat_ticks: 1, ticks: 0 };
    let output = process::Command::new(&counter)
        .args(arguments(contender, &idle))
        .output()
        .map_err(|error| format!("{}: {error}", counter.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map(Some).map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Per group and tick.
fn instructions(contender: &Contender, idle: &Idle) -> Result<f64, String> {
    let scratch = Scratch::new().map_err(|error| format!("no folder for callgrind's file: {error}"))?;
    let counts = callgrind::count(&arguments(contender, idle), "measured_ticks", "(none)", &scratch.0)
        .map_err(|error| format!("{} {idle:?} under callgrind: {error}", contender.name))?;
    Ok(counts.all as f64 / (ENTERED * idle.ticks * idle.groups as u64) as f64)
}

fn arguments(contender: &Contender, idle: &Idle) -> Vec<String> {
    let words = [
        ("--contender", contender.name.to_owned()),
        ("--groups", idle.groups.to_string()),
        ("--heartbeat-ticks", idle.heartbeat_ticks.to_string()),
        ("--ticks", idle.ticks.to_string()),
    ];
    let words = words.into_iter().flat_map(|(option, value)| [option.to_owned(), value]);
    std::iter::once("idle-cell".to_owned()).chain(words).collect()
}
