//! SIGTERM and SIGINT as a call.

use std::{io, thread};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

/// Calls `stop` for each SIGTERM and SIGINT from here on, on a thread of its own, with the signal's name.
pub(crate) fn on_stop(mut stop: impl FnMut(&'static str) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            stop(if signal == SIGTERM { "SIGTERM" } else { "SIGINT" });
        }
    })?;
    Ok(())
}
