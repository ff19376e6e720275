//! `quorate-sim`: runs seeds, and runs one again.

#![allow(clippy::print_stderr, reason = "a program speaks to its user")]

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    io::{self, IsTerminal, Write},
    ops::Range,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use clap::{Parser, Subcommand};
use sim::{
    Trace,
    raft::{self, Totals},
};

/// Lines of the trace shown with a failure.
const TAIL_LINES: usize = 40;

/// Failures shown whole; of the others only the first line.
const FAILURES_SHOWN: u64 = 3;

/// Seeds between two updates of the progress line.
const PROGRESS_EVERY: u64 = 50;

#[derive(Parser)]
#[command(
    name = "quorate-sim",
    version,
    about = "Runs groups of Quorate's cores under seeded faults, and judges every step",
    after_help = "Examples:\n  quorate-sim raft --seeds 0..1000        a thousand runs, each with its own faults\n  \
                  quorate-sim raft --seed 42 --trace      one run again, told event by event\n\n\
                  A run is a function of its seed: the same seed gives the same digest, everywhere.\n\
                  The exit code is 0 when all seeds pass, 1 when one fails, 2 when the flags are wrong."
)]
struct Cli {
    #[command(subcommand)]
    core: Core,
}

#[derive(Subcommand)]
enum Core {
    /// Raft: loss, delay, doubles, partitions, pauses, slow disks, crashes; then healing and convergence
    Raft {
        /// Which seeds to run: from A up to, not including, B
        #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = parse_seeds, conflicts_with = "seed")]
        seeds: Range<u64>,
        /// Run this seed alone, and say what was drawn for it
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// Print every event of the run; with --seed
        #[arg(long, requires = "seed")]
        trace: bool,
        /// How many seeds run at the same time [default: one for each processor]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
        jobs: Option<u16>,
        /// Stop at the first seed that fails
        #[arg(long)]
        fail_fast: bool,
    },
}

fn main() -> ExitCode {
    let Cli { core: Core::Raft { seeds, seed, trace, jobs, fail_fast } } = Cli::parse();
    keep_panics();
    let passed = match seed {
        Some(seed) => run_one(seed, trace),
        None => run_all(&seeds, jobs, fail_fast),
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

/// How one seed went.
type Verdict = Result<Totals, String>;

fn run_one(seed: u64, told: bool) -> bool {
    say(format_args!("seed {seed}\n{}", raft::describe(seed)));
    let verdict =
        if told { judge(seed, &mut Trace::told(Box::new(io::stdout()))) } else { judge_quietly(seed) };
    match verdict {
        Ok(totals) => {
            say(format_args!("{totals}\n1 passed, 0 failed"));
            true
        }
        Err(failure) => {
            say(format_args!("{failure}"));
            if !told {
                show_tail(seed);
            }
            say(format_args!("0 passed, 1 failed"));
            false
        }
    }
}

fn run_all(seeds: &Range<u64>, jobs: Option<u16>, fail_fast: bool) -> bool {
    let jobs = jobs.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
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
                    if tell.send((seed, judge_quietly(seed))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        for (seed, verdict) in in_order(seeds.start, told) {
            match verdict {
                Ok(run) => totals.add(&run),
                Err(failure) => {
                    failed += 1;
                    clear_progress();
                    say(format_args!("{failure}"));
                    if failed <= FAILURES_SHOWN {
                        show_tail(seed);
                    }
                    if fail_fast {
                        break; // with the receiver gone the jobs end, too
                    }
                }
            }
            show_progress(seed - seeds.start + 1, seeds.end - seeds.start, failed);
        }
    });
    clear_progress();
    say(format_args!("{totals}\n{} passed, {failed} failed", totals.seeds));
    failed == 0
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

fn judge_quietly(seed: u64) -> Verdict {
    judge(seed, &mut Trace::quiet())
}

/// One run; a panic is a failure like any other.
fn judge(seed: u64, trace: &mut Trace) -> Verdict {
    match panic::catch_unwind(AssertUnwindSafe(|| raft::run(seed, trace))) {
        Ok(Ok(totals)) => Ok(totals),
        Ok(Err(failure)) => Err(failure.to_string()),
        Err(_) => {
            let panic = PANIC.take();
            Err(format!("seed {seed} at {} (event {}): {panic}", trace.now(), trace.events()))
        }
    }
}

thread_local! {
    /// The message of the last panic of this thread, with its place in the source.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A panic is told once, with its seed, instead of at once and without.
fn keep_panics() {
    panic::set_hook(Box::new(|info| PANIC.set(info.to_string().replace('\n', " "))));
}

/// Runs the seed once more for its last events.
fn show_tail(seed: u64) {
    let mut trace = Trace::tail(TAIL_LINES);
    let _same = judge(seed, &mut trace);
    say(format_args!("what was drawn:"));
    for line in raft::describe(seed).lines() {
        say(format_args!("  {line}"));
    }
    say(format_args!("the last events:"));
    for line in trace.lines() {
        say(format_args!("  {line}"));
    }
    say(format_args!("replay with: quorate-sim raft --seed {seed} --trace"));
}

/// A reader that goes away, as `head` does, is no failure.
fn say(text: fmt::Arguments<'_>) {
    let _gone = writeln!(io::stdout(), "{text}");
}

fn show_progress(done: u64, of: u64, failed: u64) {
    if io::stderr().is_terminal() && (done % PROGRESS_EVERY == 0 || done == of) {
        eprint!("\r{done} of {of} seeds, {failed} failed");
        let _shown = io::stderr().flush();
    }
}

fn clear_progress() {
    if io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}
