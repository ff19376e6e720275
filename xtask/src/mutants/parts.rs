//! The parts of the ordinary tests to which a mutant is given.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;

use super::{child, tree::Tree};
use crate::{Failure, guard, workspace::cargo};

/// How long one test program may run. The slowest takes a tenth of it.
const TESTS_TIME_MAX: Duration = Duration::from_secs(240);
/// Tests that run at a time: many wait for the clock, not for a processor.
const TESTS_AT_ONCE: &str = "4";
/// How long loom may search.
const LOOM_TIME_MAX: Duration = Duration::from_secs(300);
/// How long a range of seeds may run.
const SIM_TIME_MAX: Duration = Duration::from_secs(120);
/// How long the guard may count.
const GUARD_TIME_MAX: Duration = Duration::from_secs(240);
/// Seeds of the first range; each further range ends four times as far, so that a time-out says roughly where.
const SIM_SEEDS_MIN: u64 = 8;

/// What test programs are told: how deep loom searches, and what proptest draws, so that a scoreboard can be had twice.
const SETTINGS: [(&str, &str); 2] = [("LOOM_MAX_PREEMPTIONS", "2"), ("PROPTEST_RNG_SEED", "1")];

/// Who looks for a mutant, in the order of their cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The crate's own tests, in debug.
    Tests,
    /// Every interleaving of the hand-offs, with at most two preemptions.
    Loom,
    /// The simulator, in release.
    Sim,
    /// The counts of instructions and allocations beside their bars.
    Guard,
}

/// What a run may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) jobs: u64,
    pub(super) first_seed: u64,
    pub(super) budget_seeds: u64,
}

/// What a part says of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Found {
        /// The test, or the law.
        by: String,
        /// How many seeds it took.
        seeds: Option<u64>,
    },
    Missed,
}

impl Part {
    pub(super) fn named(name: &str) -> Result<Self, Failure> {
        match name {
            "tests" => Ok(Self::Tests),
            "loom" => Ok(Self::Loom),
            "sim" => Ok(Self::Sim),
            "guard" => Ok(Self::Guard),
            _ => Err(format!("expects `{name}`, which is no part; tests, loom, sim and guard are")),
        }
    }

    /// Compiles the copy and lets this part look at it. A copy that does not compile is a failure: no bug was tried.
    pub(super) fn run(self, tree: &Tree, krate: &str, bounds: Bounds) -> Result<Verdict, Failure> {
        if self == Self::Guard {
            return count(tree);
        }
        let package = format!("quorate-{krate}");
        let mut cargo = cargo();
        cargo
            .current_dir(tree.path())
            .envs([("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_PROFILE_RELEASE_DEBUG", "0")]);
        cargo.env("CARGO_INCREMENTAL", "1");
        match self {
            // Judges have their tests beside them; the simulator's other tests are runs, in which honest cores play.
            Self::Tests if krate == "sim" => cargo.args(["test", "--no-run", "--lib", "-p", &package]),
            Self::Tests => cargo.args(["test", "--no-run", "--tests", "-p", &package]),
            Self::Loom => cargo.args(["test", "--no-run", "--release", "--lib", "-p", &package]),
            Self::Sim | Self::Guard => {
                cargo.args(["build", "--release", "-p", "quorate-sim", "--bin", "quorate-sim"])
            }
        };
        let jobs = bounds.jobs.to_string();
        cargo.args(["--locked", "--message-format=json", "--jobs", &jobs]);
        if self == Self::Loom {
            cargo.env("CARGO_TARGET_DIR", tree.target("loom")).env("RUSTFLAGS", "--cfg loom");
        } else {
            cargo.env("CARGO_TARGET_DIR", tree.target("build"));
        }
        let programs = compiled(&mut cargo, self != Self::Sim)?;
        match self {
            Self::Tests => test(&programs, TESTS_AT_ONCE, TESTS_TIME_MAX, &[]),
            Self::Loom => test(&programs, &jobs, LOOM_TIME_MAX, &["loom_tests"]),
            Self::Sim | Self::Guard => simulate(&programs[0], bounds),
        }
    }
}

/// A program that cargo made.
#[derive(Debug)]
struct Program {
    /// The name of a file of integration tests; nothing for a library or a binary.
    file: Option<String>,
    path: PathBuf,
    /// The folder of its package, where tests expect to be started.
    folder: PathBuf,
}

/// The programs that the command makes: tests, or binaries; libraries' own tests first.
fn compiled(cargo: &mut Command, tests: bool) -> Result<Vec<Program>, Failure> {
    let output = cargo.output().map_err(|error| format!("cargo does not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if !output.status.success() {
        let errors = messages.iter().filter(|message| message["message"]["level"] == "error");
        let told: String = errors.filter_map(|message| message["message"]["rendered"].as_str()).collect();
        let said = if told.is_empty() { String::from_utf8_lossy(&output.stderr).into_owned() } else { told };
        return Err(format!("does not compile:\n{said}"));
    }
    let mut programs: Vec<_> =
        messages.iter().filter(|made| made["profile"]["test"] == tests).filter_map(program).collect();
    programs.sort_by(|a, b| a.file.cmp(&b.file));
    if programs.is_empty() { Err("cargo made no program".to_owned()) } else { Ok(programs) }
}

fn program(made: &Value) -> Option<Program> {
    let path = PathBuf::from(made["executable"].as_str()?);
    let is_file = made["target"]["kind"][0] == "test";
    let file = made["target"]["name"].as_str().filter(|_| is_file).map(str::to_owned);
    let folder = Path::new(made["manifest_path"].as_str()?).parent()?.to_path_buf();
    Some(Program { file, path, folder })
}

/// Runs the test programs up to the first that fails.
fn test(programs: &[Program], threads: &str, limit: Duration, filter: &[&str]) -> Result<Verdict, Failure> {
    for Program { file, path, folder } in programs {
        let mut tests = Command::new(path);
        tests.current_dir(folder).env("CARGO_MANIFEST_DIR", folder).envs(SETTINGS);
        let ended = child::run(tests.args(filter).args(["--test-threads", threads]), limit)?;
        let verdict = match ended.status {
            Some(status) if status.success() => continue,
            Some(_) => failed_tests(&ended.text),
            None => format!("time-out in {}", hung_test(&ended.text)),
        };
        let by = file.as_ref().map_or_else(|| verdict.clone(), |file| format!("{file}::{verdict}"));
        return Ok(Verdict::Found { by, seeds: None });
    }
    Ok(Verdict::Missed)
}

/// The first test that failed, and how many others did.
fn failed_tests(text: &str) -> String {
    let name = |line: &str| Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.to_owned());
    let mut names: Vec<_> = text.lines().filter_map(name).collect();
    names.sort_unstable(); // they end in any order
    let Some(first) = names.first() else { return format!("abort in {}", hung_test(text)) };
    let first = first.trim_end_matches(" - should panic");
    match names.len() - 1 {
        0 => first.to_owned(),
        more => format!("{first} and {more} more"),
    }
}

/// The test that was running, if only one did: then its name is printed when it begins, and its result behind it.
fn hung_test(text: &str) -> &str {
    let name = |line| str::split_once(str::strip_prefix(line, "test ")?, " ...");
    let last = text.lines().filter_map(name).rfind(|(_, result)| *result != " ok");
    last.map_or("a test", |(name, _)| name)
}

/// Plays ranges of seeds, each further than the one before, up to the first seed that fails.
fn simulate(simulator: &Program, bounds: Bounds) -> Result<Verdict, Failure> {
    for seeds in ranges(bounds) {
        let mut command = Command::new(&simulator.path);
        let range = format!("{}..{}", seeds.start, seeds.end);
        let jobs = bounds.jobs.min(256).to_string();
        command.args(["raft", "--fail-fast", "--no-shrink", "--seeds", &range, "--jobs", &jobs]);
        let ended = child::run(&mut command, SIM_TIME_MAX)?;
        match ended.status {
            Some(status) if status.success() => {}
            Some(_) => {
                let (seed, by) = failed_seed(&ended.text)
                    .ok_or_else(|| format!("the simulator fails on seeds {range} without a seed"))?;
                return Ok(Verdict::Found { by, seeds: Some(seed - bounds.first_seed + 1) });
            }
            None => {
                let by = format!("time-out in seeds {range}");
                return Ok(Verdict::Found { by, seeds: Some(seeds.end - bounds.first_seed) });
            }
        }
    }
    Ok(Verdict::Missed)
}

fn ranges(bounds: Bounds) -> Vec<Range<u64>> {
    let Bounds { first_seed, budget_seeds, .. } = bounds;
    let mut ranges = Vec::new();
    let mut done = 0;
    while done < budget_seeds {
        let end = (done * 4).max(SIM_SEEDS_MIN).min(budget_seeds);
        ranges.push(first_seed + done..first_seed + end);
        done = end;
    }
    ranges
}

/// The seed of the first failure, and the law that was broken.
fn failed_seed(text: &str) -> Option<(u64, String)> {
    let line = text.lines().find_map(|line| line.strip_prefix("seed "))?;
    let (seed, rest) = line.split_once(' ')?;
    let (_, violation) = rest.split_once("): ")?;
    let by = match violation.strip_prefix("panicked at ") {
        // Lines move; the words of an assertion stay.
        Some(panic) => format!("assertion: {}", panic.split_once(": ").map_or(panic, |(_, words)| words)),
        None => violation.split(": ").next()?.to_owned(),
    };
    Some((seed.parse().ok()?, by))
}

/// Builds what counts, and runs it.
fn count(tree: &Tree) -> Result<Verdict, Failure> {
    let mut guard = guard::command(&tree.path(), &tree.target("guard"), &tree.target("valgrind"))?;
    let ended = child::run(&mut guard, GUARD_TIME_MAX)?;
    match ended.status {
        Some(status) if status.success() => Ok(Verdict::Missed),
        Some(_) => {
            let by = grown(&ended.text).ok_or("the guard fails without a figure that has grown")?;
            Ok(Verdict::Found { by, seeds: None })
        }
        None => Ok(Verdict::Found { by: "time-out of the guard".to_owned(), seeds: None }),
    }
}

/// The first figure that the guard found above its bar, and how many others.
fn grown(text: &str) -> Option<String> {
    let mut above = text.lines().filter(|line| line.contains("| ABOVE |"));
    let mut columns = above.next()?.split('|').map(str::trim).skip(1);
    let first = format!("{} at {} outstanding", columns.next()?, columns.next()?);
    Some(match above.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    })
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tests => "tests",
            Self::Loom => "loom",
            Self::Sim => "sim",
            Self::Guard => "guard",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found { by, seeds: None } => f.write_str(by),
            Self::Found { by, seeds: Some(1) } => write!(f, "{by}, at once"),
            Self::Found { by, seeds: Some(seeds) } => write!(f, "{by}, after {seeds} seeds"),
            Self::Missed => f.write_str("NOT FOUND"),
        }
    }
}

#[cfg(test)]
mod tests;
