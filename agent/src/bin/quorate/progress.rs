//! What the program is doing, on standard error: one line that changes on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use agent::wall::now;

use crate::say;

/// How often the changing line changes.
const INTERVAL: Duration = Duration::from_millis(100);

pub(crate) struct Progress {
    terminal: bool,
    shown: Option<Instant>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: None }
    }

    /// Something is done.
    pub(crate) fn step(&mut self, what: &str) {
        self.clear();
        say::note(what);
    }

    /// Something goes on. Nothing is shown elsewhere than on a terminal.
    pub(crate) fn count(&mut self, what: &str, done: u64, total: u64) {
        if !self.terminal || self.shown.is_some_and(|at| at.elapsed() < INTERVAL) {
            return;
        }
        self.shown = Some(now());
        let percent = done.saturating_mul(100) / total.max(1);
        say::hint(format_args!("\r\x1b[K{what}: {done} of {total} ({percent} %)"));
    }

    fn clear(&mut self) {
        if self.shown.take().is_some() {
            say::hint("\r\x1b[K");
        }
    }
}
