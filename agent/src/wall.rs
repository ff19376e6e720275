//! The wall: the only place where this crate reads the clock or pauses.

use std::{
    thread,
    time::{Duration, Instant},
};

/// The present moment of the monotonic clock.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a program and a client live in real time; here is where they look at it"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// Pauses this thread: between two attempts of something that has a deadline, never instead of an event.
#[expect(
    clippy::disallowed_methods,
    reason = "another process cannot wake us; whoever asks it again pauses in between"
)]
pub fn pause(duration: Duration) {
    thread::sleep(duration);
}
