//! One run, and what became of it; a panic is a failure like any other.

use std::{
    cell::RefCell,
    fmt,
    panic::{self, AssertUnwindSafe},
};

use machine_core::Instant;
use sim::{
    Digest, Faults, Trace,
    raft::{self, Plan, Shapes, Totals},
};

/// How one seed went.
pub(crate) type Verdict = Result<Totals, Box<Failing>>;

/// A run that broke a law or panicked.
#[derive(Debug, Default)]
pub(crate) struct Failing {
    /// The law, or the place of the panic: two runs with the same one fail alike.
    pub(crate) law: String,
    /// Everything in one line.
    pub(crate) line: String,
    pub(crate) digest: Digest,
    /// When all faults had ended, if they had.
    pub(crate) healed_at: Option<Instant>,
}

thread_local! {
    /// The message of the last panic of this thread, and its place in the source.
    static PANIC: RefCell<(String, String)> = const { RefCell::new((String::new(), String::new())) };
}

/// A panic is told once, with its seed, instead of at once and without.
pub(crate) fn keep_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        PANIC.set((info.to_string().replace('\n', " "), place));
    }));
}

/// Plays the seed with the faults that the gate lets through.
pub(crate) fn play(seed: u64, faults: &Faults, trace: &mut Trace) -> Verdict {
    play_watched(&Plan::of(seed), faults, None, trace)
}

/// Plays the plan, and keeps the shapes of the group, if they are asked for.
pub(crate) fn play_watched(
    plan: &Plan,
    faults: &Faults,
    shapes: Option<&mut Shapes>,
    trace: &mut Trace,
) -> Verdict {
    match panic::catch_unwind(AssertUnwindSafe(|| raft::play(plan, faults, shapes, trace))) {
        Ok(Ok(totals)) => Ok(totals),
        Ok(Err(failure)) => Err(Box::new(Failing {
            law: failure.violation.law.to_owned(),
            line: failure.to_string(),
            digest: failure.digest,
            healed_at: failure.healed_at,
        })),
        Err(_) => {
            let (panic, place) = PANIC.take();
            let line = format!("seed {} at {} (event {}): {panic}", plan.seed, trace.now(), trace.events());
            let law = format!("panicked at {place}");
            Err(Box::new(Failing { law, line, digest: trace.digest(), healed_at: None }))
        }
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}
