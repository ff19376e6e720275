//! A failure, made small and told to people.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use sim::{
    Faults, Hearing, Kind, Schedule, Strike, Trace, raft,
    shrink::{Budget, Shrunk, shrink},
};

use crate::{
    clear_progress,
    play::{Failing, play},
    say,
};

/// Lines of the trace shown with a failure.
const TAIL_LINES: usize = 40;

/// Faults shown of a schedule.
const FAULTS_SHOWN: usize = 40;

/// Calls of clients shown of a schedule; if there are more, none is.
const CALLS_SHOWN: usize = 12;

/// How much processor time the search for a small schedule may take, besides its bound of runs.
const CPU_MAX: Duration = Duration::from_secs(60);

/// Runs between two updates of the progress line.
const PROGRESS_EVERY: u32 = 20;

/// Tells what was drawn, the faults that it takes, the last events, and how to see it again.
pub(crate) fn explain(seed: u64, failing: &Failing, shrinks: bool) {
    say(format_args!("what was drawn:"));
    for line in raft::describe(seed).lines() {
        say(format_args!("  {line}"));
    }
    let schedule = if shrinks { shrunk(seed, failing) } else { Schedule::default() };
    let faults = Faults::new(schedule.clone(), Hearing::Words);
    let mut trace = Trace::tail(TAIL_LINES);
    let again = play(seed, &faults, &mut trace);
    if shrinks {
        show_faults(&faults.strikes());
    }
    say(format_args!("the last events{}:", if shrinks { " with these alone" } else { "" }));
    for line in trace.lines() {
        say(format_args!("  {line}"));
    }
    let Err(again) = again else {
        say(format_args!(
            "  played again, the run passes: it is not determined by its seed, which is a bug here"
        ));
        return;
    };
    say(format_args!("  {again}"));
    say(format_args!("replay with: quorate-sim raft --seed {seed}{} --trace", schedule.flags()));
    say(format_args!("     digest: {}", again.digest));
}

/// All faults; what clients ask only where it does not hide them.
fn show_faults(strikes: &[Strike]) {
    let calls = strikes.iter().filter(|strike| strike.kind == Kind::Call).count();
    let shown = |strike: &&Strike| calls <= CALLS_SHOWN || strike.kind != Kind::Call;
    if !strikes.is_empty() {
        say(format_args!("what is left:"));
    }
    for strike in strikes.iter().filter(shown).take(FAULTS_SHOWN) {
        say(format_args!("  {strike}"));
    }
    let hidden = strikes.len() - strikes.iter().filter(shown).take(FAULTS_SHOWN).count();
    if hidden > 0 {
        say(format_args!("  and {hidden} more, calls of clients among them"));
    }
}

/// Looks for the few faults that break the same law.
fn shrunk(seed: u64, failing: &Failing) -> Schedule {
    let numbers = |schedule: Schedule| {
        let faults = Faults::new(schedule, Hearing::Numbers);
        match play(seed, &faults, &mut Trace::quiet()) {
            Err(other) if other.law == failing.law => Some(faults.strikes()),
            _ => None,
        }
    };
    let Some(all) = numbers(Schedule::default()) else { return Schedule::default() };
    let deadline = cpu_time() + CPU_MAX;
    let found = shrink(
        all,
        failing.healed_at,
        Budget::default(),
        |schedule| numbers(schedule.clone()),
        |progress| {
            if progress.runs % PROGRESS_EVERY == 0 && io::stderr().is_terminal() {
                eprint!(
                    "\r\x1b[Kshrinking seed {seed}: run {}, {} faults left",
                    progress.runs, progress.faults
                );
                let _shown = io::stderr().flush();
            }
            cpu_time() < deadline
        },
    );
    clear_progress();
    say(format_args!("{}", summary(&found)));
    found.schedule
}

fn summary(found: &Shrunk) -> String {
    let Shrunk { before, left, runs, is_minimal, .. } = found;
    let calls = left.iter().filter(|strike| strike.kind == Kind::Call).count();
    let faults = left.len() - calls;
    let rest = if left.is_empty() {
        "it fails without any"
    } else if *is_minimal {
        "each of them is needed"
    } else {
        "given up before each was tried"
    };
    format!(
        "shrunk from {before} faults and calls to {faults} faults and {calls} calls in {runs} runs; {rest}"
    )
}

/// Processor time of this thread.
pub(crate) fn cpu_time() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

/// Processor time of this program, all threads together.
pub(crate) fn cpu_time_of_all() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

fn duration(time: rustix::time::Timespec) -> Duration {
    Duration::try_from(time).unwrap_or_default()
}
