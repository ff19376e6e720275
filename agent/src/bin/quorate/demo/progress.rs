//! What the demo is doing, on standard error: one line that changes on a terminal, plain lines elsewhere.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

use agent::wall::now;

/// How often the changing line changes.
const INTERVAL: Duration = Duration::from_millis(100);

pub struct Progress {
    terminal: bool,
    shown: Option<Instant>,
}

impl Progress {
    pub fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: None }
    }

    /// Something is done.
    pub fn step(&mut self, what: &str) {
        self.clear();
        eprintln!("{what}");
    }

    /// Something goes on. Nothing is shown elsewhere than on a terminal.
    pub fn count(&mut self, what: &str, done: u64, total: u64) {
        if !self.terminal || self.shown.is_some_and(|at| at.elapsed() < INTERVAL) {
            return;
        }
        self.shown = Some(now());
        let percent = done.saturating_mul(100) / total.max(1);
        eprint!("\r\x1b[K{what}: {done} of {total} ({percent} %)");
        // Progress that cannot be shown is no reason to stop.
        let _flushed = std::io::stderr().flush();
    }

    fn clear(&mut self) {
        if self.shown.take().is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
