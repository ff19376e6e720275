//! Whether the simulator's seeds decide their runs: in two builds of it, and twice in each.

use std::{path::Path, process::Stdio};

use crate::{Failure, workspace::cargo};

/// How many seeds are run in release; in a debug build, which is about fifteen times slower, the first half of them.
const SEEDS: usize = 200;
const SEEDS_DEBUG: usize = 100;

/// Compares the digests of both builds; true when all are equal. That two runs of one process are, each build says.
pub(crate) fn check(root: &Path) -> Result<bool, Failure> {
    let release = digests(root, &["--release"], SEEDS)?;
    let debug = digests(root, &[], SEEDS_DEBUG)?;
    let (equal, text) = compare(&release, &debug);
    println!("{text}");
    Ok(equal)
}

/// A line for each seed; an error when a seed fails.
fn digests(root: &Path, profile: &[&str], seeds: usize) -> Result<Vec<String>, Failure> {
    let mut command = cargo();
    command.arg("run").args(profile).args(["--locked", "--bin", "quorate-sim"]);
    command.args(["--", "raft", "--digests", "--no-shrink", "--seeds", &format!("0..{seeds}")]);
    command.current_dir(root).stderr(Stdio::inherit());
    let ran = command.output().map_err(|error| format!("cargo does not start: {error}"))?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    if !ran.status.success() {
        return Err(format!("the simulator fails; `cargo xtask test --only sim` says more\n{text}"));
    }
    Ok(lines(&text))
}

/// The lines that name a seed and its digest.
fn lines(text: &str) -> Vec<String> {
    let digest = |word: &str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_one = |line: &&str| {
        line.split_once(' ').is_some_and(|(seed, word)| seed.parse::<u64>().is_ok() && digest(word))
    };
    text.lines().filter(is_one).map(str::to_owned).collect()
}

/// Whether there are as many as there should be and all are equal; and what to say.
fn compare(release: &[String], debug: &[String]) -> (bool, String) {
    let (expected, counts) = ((SEEDS, SEEDS_DEBUG), (release.len(), debug.len()));
    if counts != expected {
        return (false, format!("expected {expected:?} digests of the builds, got {counts:?}"));
    }
    let differ: Vec<_> = release.iter().zip(debug).filter(|(one, other)| one != other).collect();
    let Some((one, other)) = differ.first() else {
        return (true, format!("{SEEDS} digests equal twice, {SEEDS_DEBUG} of them in a debug build, too"));
    };
    let seed = one.split(' ').next().unwrap_or_default();
    let count = differ.len();
    (
        false,
        format!(
            "{count} of {SEEDS_DEBUG} seeds give other runs in a debug build than in release; the first:\n  \
             release: {one}\n  debug:   {other}\ncompare: cargo run [--release] --bin quorate-sim \
             -- raft --seed {seed} --trace"
        ),
    )
}

#[cfg(test)]
mod tests;
