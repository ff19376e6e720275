//! Counting instructions: this program run again under valgrind's callgrind, which collects only while
//! one function runs. The counts are the same on every run of a binary, whatever else the machine does.

use std::{
    env, fs, io,
    path::Path,
    process::{Command, Stdio},
};

/// Whether valgrind is there.
#[must_use]
pub fn is_there() -> bool {
    let tried =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// Runs this program with `arguments` and counts the instructions executed while a function whose name contains
/// `function` runs.
///
/// # Errors
///
/// When valgrind does not run, when the program fails, or when nothing was collected, since then the function was
/// never entered.
pub fn count(arguments: &[String], function: &str, scratch: &Path) -> io::Result<u64> {
    let out = scratch.join("callgrind.out");
    let status = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(format!("--toggle-collect=*{function}*"))
        .arg(env::current_exe()?)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let text = fs::read_to_string(&out);
    if !status.success() {
        return Err(io::Error::other(format!("valgrind ended with {status}")));
    }
    let instructions = parse(&text?);
    if instructions == 0 {
        return Err(io::Error::other(format!("`{function}` was never entered")));
    }
    Ok(instructions)
}

/// Reads the line `totals: N` of callgrind's format.
fn parse(text: &str) -> u64 {
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
    totals.and_then(|totals| totals.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
