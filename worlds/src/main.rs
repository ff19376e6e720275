//! `quorate-worlds`: explores every small world of the table and prints what it found.
//!
//! `--threads N` (2), `--only PART` of a name, `--named` to tell the nodes apart (no symmetry). The last line is
//! `N passed, N failed`.
#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use std::{env, process::ExitCode, time::Instant};

use worlds::{
    explore::Explored,
    table::{Entry, entries},
    world::Bounds,
};

fn main() -> ExitCode {
    let options = match Options::read(env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            println!("{wrong}; usage: quorate-worlds [--threads N] [--only PART-OF-A-NAME] [--named]");
            return ExitCode::from(2);
        }
    };
    println!(
        "nodes, terms, proposals, crashes, reminders; l: any message lost, d: one delivered twice, a: asks first"
    );
    println!(
        "{:22} {:12} {:>11} {:>10} {:>6} {:>6} {:>7} {:>8}",
        "world", "bounds", "generated", "unique", "steps", "depth", "whole", "time"
    );
    let (mut passed, mut failed) = (0, 0);
    for mut entry in entries().into_iter().filter(|entry| entry.name.contains(&options.only)) {
        entry.exploration.threads = options.threads;
        entry.exploration.symmetric &= !options.named;
        let start = now();
        let explored = entry.exploration.run();
        let time = now().duration_since(start).as_secs_f64();
        let whole = if explored.complete { "yes" } else { "no" };
        let Explored { generated, unique, depth, steps, .. } = explored;
        let bounds = bounds(&entry.exploration.bounds);
        println!(
            "{:22} {bounds:12} {generated:>11} {unique:>10} {steps:>6} {depth:>6} {whole:>7} {time:>6.1} s",
            entry.name
        );
        if judge(&entry, &explored) { passed += 1 } else { failed += 1 }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the world passes; if not, why.
fn judge(entry: &Entry, explored: &Explored) -> bool {
    if let Some((law, what, actions)) = &explored.broken {
        println!("  broken: {law:?}: {what}, after {} actions from a root:", actions.len());
        for action in actions {
            println!("    {action}");
        }
        return false;
    }
    let whole = explored.complete || !entry.whole;
    if !whole {
        println!("  {} worlds were left for having too many messages on their way", explored.left);
    }
    let committed = explored.seen.contains(&"committed");
    if !committed {
        println!("  nothing was ever committed: this proves nothing");
    }
    whole && committed
}

fn bounds(bounds: &Bounds) -> String {
    let Bounds { nodes, term_max, proposals_max, crashes_max, reminders_max, .. } = bounds;
    let flags = [(bounds.lossy, "l"), (bounds.duplicates_max > 0, "d"), (bounds.asks, "a")];
    let flags: String = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag).collect();
    format!("{nodes},{term_max},{proposals_max},{crashes_max},{reminders_max} {flags}")
}

struct Options {
    threads: usize,
    only: String,
    named: bool,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { threads: 2, only: String::new(), named: false };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--threads" => {
                    options.threads = value()?.parse().map_err(|error| format!("--threads: {error}"))?;
                }
                "--only" => options.only = value()?,
                "--named" => options.named = true,
                _ => return Err(format!("`{word}` is no option")),
            }
        }
        Ok(options)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this program reads the clock: for its table"
)]
fn now() -> Instant {
    Instant::now()
}
