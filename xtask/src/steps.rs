//! Everything that must pass, in order. To add a step, add a line to [`STEPS`].

use std::{
    env,
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Failure,
    workspace::{cargo, output},
};

/// Worlds that the simulator plays on each run. Other commits play other worlds.
const SEEDS: u64 = 10_000;

/// One thing that must pass: a cargo command, and the environment in which it runs.
#[derive(Debug)]
struct Step {
    name: &'static str,
    why: &'static str,
    /// Words separated by spaces; `{seeds}` stands for the range drawn from the commit.
    cargo: &'static str,
    env: &'static [(&'static str, &'static str)],
    /// Text that a pass prints besides ending well: a filter that matches no test ends well, too, and so does a program
    /// that does nothing.
    proof: Option<&'static str>,
}

/// The cheap and telling ones first; the oldest Rust last, since it may have to be downloaded. The release tests take the
/// release profile as it is published, without overflow checks: a sum that wraps there panics in the tests before them. xtask is
/// never built with it. Programs are named without their package: so cargo builds them all with one set of features, and what
/// they share once.
const STEPS: &[Step] = &[
    step("fmt", "one layout", "fmt --all --check"),
    step("tidy", "the rules no compiler checks", "xtask tidy"),
    step("mutants", "every deliberate bug still applies", "xtask mutants --check"),
    step("clippy", "no warning", "clippy --workspace --all-targets --locked -- -D warnings"),
    step("test", "unit, integration and documentation tests", "test --workspace --locked"),
    Step {
        env: &[("RUSTDOCFLAGS", "-D warnings")],
        ..step("doc", "every link in the documentation resolves", "doc --workspace --no-deps --locked")
    },
    step(
        "release",
        "the same tests as users run the code: without debug assertions",
        "test --workspace --exclude quorate-xtask --release --locked",
    ),
    Step {
        env: &[
            ("RUSTFLAGS", "--cfg loom"),
            ("CARGO_TARGET_DIR", "target/loom"),
            ("LOOM_MAX_PREEMPTIONS", "2"),
        ],
        proof: Some("test loom_tests::"),
        ..step(
            "loom",
            "every interleaving of the hand-offs between threads, with at most 2 preemptions",
            "test -p quorate-transport --release --locked --lib loom_tests",
        )
    },
    Step {
        env: &[("RUSTFLAGS", "--cfg loom"), ("CARGO_TARGET_DIR", "target/loom")],
        proof: Some("AtomicHlc, 2 threads of 3 calls"),
        ..step(
            "clocks",
            "every interleaving of the atomic clocks, large cases with at most 3 preemptions",
            "test -p quorate-lamport --release --locked --lib loom_tests",
        )
    },
    Step {
        proof: Some("10000 passed, 0 failed"),
        ..step(
            "sim",
            "raft under faults, in worlds that no earlier commit has seen",
            "run --release --locked --bin quorate-sim -- raft --seeds {seeds}",
        )
    },
    Step {
        proof: Some("200 digests equal"),
        ..step(
            "digests",
            "a seed of the simulator gives the same run, twice and in every build",
            "xtask digests",
        )
    },
    Step {
        proof: Some("11 passed, 0 failed"),
        ..step(
            "worlds",
            "every interleaving of raft in small worlds",
            "run --release --locked --bin quorate-worlds -- --threads 2",
        )
    },
    Step {
        proof: Some("lost"),
        ..step(
            "demo",
            "three processes, one killed, nothing lost",
            "run --release --locked --bin quorate -- demo",
        )
    },
    Step {
        proof: Some("guard: 10 held, 0 above"),
        ..step("guard", "what raft costs, in instructions and allocations, is within its bars", "xtask guard")
    },
    Step {
        proof: Some("python: passed"),
        ..step("python", "pip installs the package from source; its tests and its types", "xtask python")
    },
    step("msrv", "compiles with the oldest Rust that we promise", "xtask msrv"),
];

const fn step(name: &'static str, why: &'static str, cargo: &'static str) -> Step {
    Step { name, why, cargo, env: &[], proof: None }
}

/// Runs the steps that the options choose; true when all of them pass.
pub(crate) fn run(root: &Path, options: &[&str]) -> Result<bool, Failure> {
    if options == ["--list"] {
        for step in STEPS {
            println!("{:8} {}\n         {}", step.name, step.why, step.shown("{seeds}"));
        }
        return Ok(true);
    }
    let chosen = choose(options)?;
    let seeds = seeds(&output(Command::new("git").current_dir(root).args(["rev-parse", "HEAD"]))?)?;
    let mut times = Vec::new();
    for step in &chosen {
        println!("== {}: {}", step.name, step.shown(&seeds));
        let start = now();
        let passed = step.passes(root, &seeds)?;
        let time = now().duration_since(start);
        println!("== {}: {} in {}", step.name, word(passed), seconds(time));
        times.push((passed, time));
        if !passed {
            println!("== failed: {}", step.shown(&seeds));
            break;
        }
    }
    println!("{}", summary(&chosen, &times));
    Ok(times.iter().all(|(passed, _)| *passed))
}

/// The steps that the options name, in the order of the table; all without options.
fn choose(options: &[&str]) -> Result<Vec<&'static Step>, Failure> {
    let mut names = Vec::new();
    for option in options.chunks(2) {
        match option {
            ["--only", name] if STEPS.iter().any(|step| step.name == *name) => names.push(*name),
            ["--only", name] => {
                return Err(format!("no step is called `{name}`; `cargo xtask test --list` names all"));
            }
            _ => return Err(format!("`{}` is not an option: --list, or --only STEP", option.join(" "))),
        }
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name)).collect())
}

impl Step {
    fn passes(&self, root: &Path, seeds: &str) -> Result<bool, Failure> {
        // Chores are this very program: started directly, so that cargo does not wait for itself.
        let mut words =
            self.cargo.split(' ').map(|word| if word == "{seeds}" { seeds } else { word }).peekable();
        let mut command = if words.next_if_eq(&"xtask").is_some() {
            Command::new(
                env::current_exe().map_err(|error| format!("this program does not find itself: {error}"))?,
            )
        } else {
            cargo()
        };
        command.args(words).envs(self.env.iter().copied()).current_dir(root);
        run_and_prove(command, self.proof).map_err(|error| format!("`{}`: {error}", self.shown(seeds)))
    }

    /// The step as one would type it.
    fn shown(&self, seeds: &str) -> String {
        let env = self.env.iter().map(|(name, value)| format!("{name}='{value}' "));
        format!("{}cargo {}", env.collect::<String>(), self.cargo.replace("{seeds}", seeds))
    }
}

/// Whether the command ends well and, while what it prints is passed on, prints the proof.
fn run_and_prove(mut command: Command, proof: Option<&str>) -> io::Result<bool> {
    let Some(proof) = proof else { return Ok(command.status()?.success()) };
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut proven = false;
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line?;
        println!("{line}");
        proven |= line.contains(proof);
    }
    if !proven {
        println!("== printed no line with `{proof}`: not proven");
    }
    Ok(child.wait()?.success() && proven)
}

/// A range of seeds that begins at a number drawn from the commit, so that a failure is found again from the commit.
fn seeds(commit: &str) -> Result<String, Failure> {
    let start = commit.get(..8).and_then(|head| u64::from_str_radix(head, 16).ok());
    let start = start.ok_or_else(|| format!("git names the commit `{}`, which is no hash", commit.trim()))?;
    Ok(format!("{start}..{}", start + SEEDS))
}

/// A line for each step, and a last line that counts them. What was not reached is said, and passes nothing.
fn summary(chosen: &[&Step], times: &[(bool, Duration)]) -> String {
    let mut lines = vec![String::new()];
    for (at, step) in chosen.iter().enumerate() {
        lines.push(match times.get(at) {
            Some((passed, time)) => format!("{:8} {:8} {:>9}", step.name, word(*passed), seconds(*time)),
            None => format!("{:8} not run", step.name),
        });
    }
    let passed = times.iter().filter(|(passed, _)| *passed).count();
    lines.push(format!("{passed} passed, {} failed", times.len() - passed));
    lines.join("\n")
}

const fn word(passed: bool) -> &'static str {
    if passed { "passed" } else { "FAILED" }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where xtask reads the clock: how long a step took"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
