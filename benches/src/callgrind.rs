//! Counting instructions: this program run again under valgrind's callgrind, which collects only while
//! one function runs. The counts are the same on every run of a binary, whatever else the machine does.

use std::{
    collections::BTreeSet,
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

/// Instructions counted while one function ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub all: u64,
    /// Those during calls of a second function from within.
    pub inner: u64,
}

/// Runs this program with `arguments` and counts the instructions executed while a function whose name contains
/// `function` runs; among them those of the functions, called from within, whose names contain `inner`.
///
/// # Errors
///
/// When valgrind does not run, when the program fails, or when nothing was collected, since then the function was
/// never entered.
pub fn count(arguments: &[String], function: &str, inner: &str, scratch: &Path) -> io::Result<Counts> {
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
    let counts = parse(&text?, inner);
    if counts.all == 0 {
        return Err(io::Error::other(format!("`{function}` was never entered")));
    }
    Ok(counts)
}

/// Reads the line `totals: N` of callgrind's format, and the inclusive cost of each call of `inner`: the line after
/// `calls=`, which follows the line `cfn=` that names the callee, by `(number) name` the first time that it is
/// mentioned at all and by `(number)` from then on.
fn parse(text: &str, inner: &str) -> Counts {
    let mut counts = Counts::default();
    let (mut numbers, mut is_inner) = (BTreeSet::new(), false);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(total) = line.strip_prefix("totals: ") {
            counts.all = total.trim().parse().unwrap_or(0);
        } else if let Some(named) = line.strip_prefix("fn=").or(line.strip_prefix("cfn=")) {
            let (number, name) = named.split_once(' ').unwrap_or((named, ""));
            if name.contains(inner) {
                numbers.insert(number);
            }
            is_inner = numbers.contains(number);
        } else if line.starts_with("calls=") {
            let cost = lines.next().and_then(|cost| cost.split(' ').nth(1)?.parse::<u64>().ok());
            counts.inner += if is_inner { cost.unwrap_or(0) } else { 0 };
        }
    }
    counts
}

#[cfg(test)]
mod tests;
