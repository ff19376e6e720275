//! `quorate-sim`: runs seeds, and runs one again.

#![allow(clippy::print_stderr, reason = "a program speaks to its user")]

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    ops::Range,
    path::PathBuf,
    process::ExitCode,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use clap::{Args, Parser, Subcommand};
use machine_core::Instant;
use sim::{
    Faults, Hearing, Schedule, Trace,
    raft::{self, Plan, Totals, Variation},
};

use crate::{
    explain::{cpu_time_of_all, explain},
    explore::explore,
    play::{Failing, Verdict, keep_panics, play, play_watched},
};

#[path = "main/explain.rs"]
mod explain;
#[path = "main/explore.rs"]
mod explore;
#[path = "main/play.rs"]
mod play;

/// Failures explained; of the others only the first line is shown.
const FAILURES_EXPLAINED: u64 = 3;

/// Seeds between two updates of the progress line, and between two lines where nobody looks at a terminal.
const PROGRESS_EVERY: u64 = 50;
const PROGRESS_LINE_EVERY: u64 = 5000;

#[derive(Parser)]
#[command(
    name = "quorate-sim",
    version,
    about = "Runs groups of Quorate's cores under seeded faults, and judges every step",
    after_help = HELP
)]
struct Cli {
    #[command(subcommand)]
    core: Core,
}

const HELP: &str = "\
Examples:
  quorate-sim raft --seeds 0..1000           a thousand runs, each with its own faults
  quorate-sim raft --seed 42 --trace | less  one run again, told event by event
  quorate-sim raft --seed 42 --shiviz FILE   the same run for ShiViz, which draws who heard what from whom
  quorate-sim raft --seed 42 --without loss  the same run, but no message is lost
  quorate-sim raft --seed 42 --only crash:2  the same run with its second crash and no other fault
  quorate-sim raft --explore 10000           runs that come to something new are varied

A run is a function of its seed: the same seed gives the same digest, everywhere. A seed that fails is shrunk: what is
printed are the few faults that break the same law, and the command that plays them.
The exit code is 0 when all seeds pass, 1 when one fails, 2 when the flags are wrong.";

const RAFT_HELP: &str = "\
Faults are numbered by kind, in the order in which they happen; a trace names them at the end of their lines, as in
[crash:2]. --only and --without take a list of kinds, numbers and ranges: crash, crash:2, loss:8-12, loss:100-

  of nodes        crash, between (two outputs), hunt (at the worst moment), pause, machine (restarted empty or old),
                  lazy (outputs left for later), jump (its clock)
  of the network  grip (an adversary has the message), partition, handover (the leader hears late), loss, double, late; reset and flip on connections
  of disks        power (fails within what a log does), sector (lost or torn by it), damage, broken, sync, full,
                  part (interrupted, or a part only), stall
  no fault        call (what clients ask for)";

#[derive(Subcommand)]
enum Core {
    /// Raft: loss, delay, doubles, partitions, pauses, bad disks, crashes; then healing and convergence
    #[command(after_help = RAFT_HELP)]
    Raft(RaftFlags),
}

#[derive(Args)]
struct RaftFlags {
    /// Which seeds to run: from A up to, not including, B
    #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = parse_seeds, conflicts_with = "seed")]
    seeds: Range<u64>,
    /// Draw each kind of fault and each limit from the seed, as every run does; a script may say so
    #[arg(long)]
    swarm: bool,
    /// Run this seed alone, and say what was drawn for it
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print every event of the run; with --seed
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Write the run to this file as a log that ShiViz draws; with --seed
    #[arg(long, value_name = "FILE", requires = "seed")]
    shiviz: Option<PathBuf>,
    /// Only these faults happen; with --seed
    #[arg(long, value_name = "FAULTS", requires = "seed", conflicts_with = "without")]
    only: Option<Schedule>,
    /// These faults do not happen; with --seed
    #[arg(long, value_name = "FAULTS", requires = "seed")]
    without: Option<Schedule>,
    /// All faults end at this virtual time, in seconds, if they would end later; with --seed
    #[arg(long, value_name = "SECONDS", requires = "seed", value_parser = parse_moment)]
    heal_at: Option<Instant>,
    /// Throw other dice from these events on, as --explore says it; with --seed
    #[arg(long, value_name = "EVENT:SALT,..", requires = "seed", value_delimiter = ',')]
    vary: Vec<Variation>,
    /// Run so many times, from the first of the seeds on, and vary the runs that come to something new
    #[arg(long, value_name = "RUNS", conflicts_with_all = ["seed", "digests"], value_parser = clap::value_parser!(u64).range(1..))]
    explore: Option<u64>,
    /// Count what as many fresh seeds come to, without varying any; with --explore
    #[arg(long, requires = "explore")]
    fresh: bool,
    /// Run each seed twice, and print its digest; two computers, and two builds, must agree on all of them
    #[arg(long, conflicts_with = "seed")]
    digests: bool,
    /// How many seeds run at the same time [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Stop at the first seed that fails
    #[arg(long)]
    fail_fast: bool,
    /// Show failures as they are, without a search for the few faults that it takes
    #[arg(long)]
    no_shrink: bool,
}

fn main() -> ExitCode {
    let Cli { core: Core::Raft(flags) } = Cli::parse();
    keep_panics();
    let passed = match (flags.seed, flags.explore) {
        (Some(seed), _) => run_one(seed, flags),
        (None, Some(runs)) => explore(flags.seeds.start, runs, !flags.fresh, jobs(&flags), flags.fail_fast),
        (None, None) => run_all(&flags),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse_seeds(text: &str) -> Result<Range<u64>, String> {
    let hint = || format!("{text:?} is no range of seeds; write A..B with A below B, for example 0..1000");
    let (first, end) = text.split_once("..").ok_or_else(hint)?;
    let number = |digits: &str| digits.trim().parse::<u64>().map_err(|_| hint());
    let seeds = number(first)?..number(end)?;
    if seeds.is_empty() { Err(hint()) } else { Ok(seeds) }
}

/// Seconds with up to nine decimals, as a trace shows them.
fn parse_moment(text: &str) -> Result<Instant, String> {
    let hint = || format!("{text:?} is no moment; write seconds as a trace does, for example 4.25");
    let (seconds, fraction) = text.trim_end_matches('s').split_once('.').unwrap_or((text, "0"));
    let seconds = seconds.trim_end_matches('s').parse::<u64>().map_err(|_| hint())?;
    let digits = fraction.bytes().all(|digit| digit.is_ascii_digit()) && fraction.len() <= 9;
    let nanos = format!("{fraction:0<9}").parse::<u64>().ok().filter(|_| digits).ok_or_else(hint)?;
    let all = seconds.checked_mul(1_000_000_000).and_then(|all| all.checked_add(nanos));
    all.map(Instant::from_nanos).ok_or_else(hint)
}

fn run_one(seed: u64, flags: RaftFlags) -> bool {
    say(format_args!("seed {seed}\n{}", raft::describe(seed)));
    let schedule = flags.only.or_else(|| flags.without.map(|without| without.inverse())).unwrap_or_default();
    let schedule = schedule.healed_at(flags.heal_at);
    let plan = flags.vary.iter().fold(Plan::of(seed), |plan, variation| plan.varied(*variation));
    let plain = plan.variations.is_empty();
    let shrinks = !flags.no_shrink && !flags.trace && schedule.is_all();
    let (mut trace, hearing) = if flags.trace {
        (Trace::told(Box::new(BufWriter::new(io::stdout()))), Hearing::Words)
    } else {
        (Trace::quiet(), Hearing::Nothing)
    };
    if let Some(path) = &flags.shiviz {
        match File::create(path) {
            Ok(file) => trace = trace.with_shiviz(Box::new(BufWriter::new(file))),
            Err(error) => {
                eprintln!("quorate-sim: {} cannot be written: {error}", path.display());
                return false;
            }
        }
    }
    let verdict = play_watched(&plan, &Faults::new(schedule.clone(), hearing), None, &mut trace);
    drop(trace); // and with it goes what was not yet written
    match verdict {
        Ok(totals) => {
            say(format_args!("{totals}\n1 passed, 0 failed"));
            true
        }
        Err(failing) => {
            say(format_args!("{failing}\ndigest {}", failing.digest));
            if plain && !flags.trace {
                explain(seed, &failing, schedule, shrinks);
            }
            say(format_args!("0 passed, 1 failed"));
            false
        }
    }
}

/// How many runs at a time.
fn jobs(flags: &RaftFlags) -> usize {
    flags.jobs.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from)
}

fn run_all(flags: &RaftFlags) -> bool {
    let seeds = &flags.seeds;
    let jobs = jobs(flags);
    let next = AtomicU64::new(seeds.start);
    let (mut totals, mut failed) = (Totals::default(), 0);
    thread::scope(|scope| {
        let (tell, told) = mpsc::sync_channel(jobs * 4);
        for _ in 0..jobs {
            let (tell, next) = (tell.clone(), &next);
            scope.spawn(move || {
                // A seed may be u64::MAX - 1, so the counter may not run past the end by more than the jobs.
                while let Ok(seed) = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |seed| {
                    (seed < seeds.end).then(|| seed + 1)
                }) {
                    let once = || play(seed, &Faults::all(), &mut Trace::quiet());
                    let verdict = if flags.digests { twice(seed, once) } else { once() };
                    if tell.send((seed, verdict)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        for (seed, verdict) in in_order(seeds.start, told) {
            let digest = match verdict {
                Ok(run) => {
                    totals.add(&run);
                    run.digest
                }
                Err(failing) => {
                    failed += 1;
                    clear_progress();
                    say(format_args!("{failing}"));
                    if failed <= FAILURES_EXPLAINED {
                        explain(seed, &failing, Schedule::default(), !flags.no_shrink);
                    }
                    if flags.fail_fast {
                        break; // with the receiver gone the jobs end, too
                    }
                    failing.digest.get()
                }
            };
            if flags.digests {
                say(format_args!("{seed} {digest:016x}"));
            }
            show_progress(seed - seeds.start + 1, seeds.end - seeds.start, failed);
        }
    });
    clear_progress();
    if totals.seeds > 0 {
        say(format_args!("{totals}"));
        show_speed(&totals);
    }
    say(format_args!("{} passed, {failed} failed", totals.seeds));
    failed == 0
}

/// Plays a seed twice; that the runs differ is a failure, too.
fn twice(seed: u64, once: impl Fn() -> Verdict) -> Verdict {
    let (one, other) = (once()?, once()?);
    if one == other {
        return Ok(one);
    }
    let line = format!("seed {seed}: run twice, it gives {:016x} and {:016x}", one.digest, other.digest);
    Err(Box::new(Failing { law: "a run is a function of its seed".to_owned(), line, ..Failing::default() }))
}

/// What the jobs tell, in the order of the seeds, so that the output does not depend on who was faster.
fn in_order(first: u64, told: mpsc::Receiver<(u64, Verdict)>) -> impl Iterator<Item = (u64, Verdict)> {
    let mut early = BTreeMap::new();
    let mut next = first;
    std::iter::from_fn(move || {
        loop {
            if let Some(verdict) = early.remove(&next) {
                next += 1;
                return Some((next - 1, verdict));
            }
            let (seed, verdict) = told.recv().ok()?;
            early.insert(seed, verdict);
        }
    })
}

/// A reader that goes away, as `head` does, is no failure.
pub(crate) fn say(text: fmt::Arguments<'_>) {
    let _gone = writeln!(io::stdout(), "{text}");
}

fn show_progress(done: u64, of: u64, failed: u64) {
    if io::stderr().is_terminal() {
        if done % PROGRESS_EVERY == 0 || done == of {
            eprint!("\r{done} of {of} seeds, {failed} failed");
            let _shown = io::stderr().flush();
        }
    } else if done % PROGRESS_LINE_EVERY == 0 && done < of {
        eprintln!("{done} of {of} seeds, {failed} failed");
    }
}

pub(crate) fn clear_progress() {
    if io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}

/// How fast it was, on standard error: what is on standard output depends on the seeds only.
fn show_speed(totals: &Totals) {
    let nanos = cpu_time_of_all().as_nanos().max(1);
    let rate = |count: u64| u128::from(count) * 1_000_000_000 / nanos;
    let (seeds, events) = (rate(totals.seeds), rate(totals.events));
    eprintln!("{seeds} seeds and {events} events for each second of processor time");
}
