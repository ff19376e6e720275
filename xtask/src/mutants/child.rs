//! Running a program that may hang.

use std::{
    io::{self, Read},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use crate::{Failure, steps::now, workspace::shown};

/// So much of what a program says is kept; a mutant may go on for ever.
const OUTPUT_BYTES_MAX: usize = 8 << 20;

/// What a program said, and how it ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) text: String,
    /// `None` when it had to be stopped.
    pub(super) status: Option<ExitStatus>,
}

/// Runs the command, for at most `limit`; then it is killed. What it says on stderr is lost.
pub(super) fn run(command: &mut Command, limit: Duration) -> Result<Ended, Failure> {
    ended(command, limit).map_err(|error| format!("`{}`: {error}", shown(command)))
}

fn ended(command: &mut Command, limit: Duration) -> io::Result<Ended> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (tell, told) = mpsc::sync_channel(16);
    if let Some(mut stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut chunk = vec![0; 1 << 16];
            while let Ok(count @ 1..) = stdout.read(&mut chunk) {
                if tell.send(chunk[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
    }
    let (said, in_time) = listen(&told, limit);
    if !in_time {
        // It may have ended by itself just now.
        let _gone = child.kill();
    }
    let status = child.wait()?;
    Ok(Ended { text: String::from_utf8_lossy(&said).into_owned(), status: in_time.then_some(status) })
}

/// Everything that is said within the limit, and whether the speaker came to an end.
fn listen(told: &Receiver<Vec<u8>>, limit: Duration) -> (Vec<u8>, bool) {
    let start = now();
    let mut said = Vec::new();
    loop {
        let left = limit.saturating_sub(now().duration_since(start));
        match told.recv_timeout(left) {
            // Who never stops talking is stopped, too.
            Ok(_) if left.is_zero() => return (said, false),
            Ok(chunk) if said.len() < OUTPUT_BYTES_MAX => said.extend(chunk),
            Ok(_) => {}
            Err(RecvTimeoutError::Disconnected) => return (said, true),
            Err(RecvTimeoutError::Timeout) => return (said, false),
        }
    }
}

#[cfg(test)]
mod tests;
