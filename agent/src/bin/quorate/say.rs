//! Words for people. The macros of the standard library panic when nobody listens any more; a program must not.

use std::{
    fmt::Display,
    io::{self, Write},
};

use crate::Failure;

/// Writes to standard output what the program was asked for.
pub(crate) fn result(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = write!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|error| Failure::new(format!("standard output cannot be written to: {error}")))
}

/// Writes one line to standard error; if nobody reads it, that is no reason to stop.
pub(crate) fn note(text: impl Display) {
    let _unread = writeln!(io::stderr().lock(), "{text}");
}

/// Writes to standard error without a line feed.
pub(crate) fn hint(text: impl Display) {
    let mut err = io::stderr().lock();
    let _unread = write!(err, "{text}").and_then(|()| err.flush());
}
