//! What each fuzz target does with its input: one function a target, called by libFuzzer (in `fuzz/fuzz_targets`, on
//! nightly) and by an ordinary test that replays the corpora (in `tests/replay.rs`, on stable).
//!
//! A body takes any bytes, panics when a promise is broken, and otherwise returns the [`Marks`] it came by. It reads no
//! clock, draws no chance, and keeps nothing between two calls: the same input does the same again.
//!
//! Checksums are neither guessed nor switched off: a body writes the right ones into what the input describes, as an
//! attacker would, unless the input asks it not to. So what is fuzzed is what is shipped, an input goes as deep on
//! stable as it does under libFuzzer, and torn writes are still told from sound ones.

pub mod canary;
mod choices;
pub mod clock_decode;
pub mod clock_laws;
pub mod frame_decode;
mod marks;
mod node;
pub mod raft_cluster;
pub mod raft_step;
mod store;
pub mod wal_recover;
pub mod wire_decode;

pub use choices::Choices;
pub use marks::Marks;

/// One fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its program, of its corpus and of its regressions.
    pub name: &'static str,
    /// What it does with an input.
    pub run: fn(&[u8]) -> Marks,
    /// What its corpus must come by.
    pub marks: &'static [&'static str],
}

/// All targets; the canary last, since it must fail.
pub const TARGETS: &[Target] = &[
    Target { name: "wal_recover", run: wal_recover::run, marks: wal_recover::MARKS },
    Target { name: "raft_cluster", run: raft_cluster::run, marks: raft_cluster::MARKS },
    Target { name: "raft_step", run: raft_step::run, marks: raft_step::MARKS },
    Target { name: "frame_decode", run: frame_decode::run, marks: frame_decode::MARKS },
    Target { name: "wire_decode", run: wire_decode::run, marks: wire_decode::MARKS },
    Target { name: "clock_laws", run: clock_laws::run, marks: clock_laws::MARKS },
    Target { name: "clock_decode", run: clock_decode::run, marks: clock_decode::MARKS },
    Target { name: "canary", run: canary::run, marks: canary::MARKS },
];
