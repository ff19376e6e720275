//! Deliberate bugs that the tests must find: one patch file each below `mutants/`, applied one at a time to a copy.

mod board;
mod child;
mod parts;
mod patch;
mod tree;

use std::{path::Path, process::Command};

use self::{
    board::{Board, Row},
    parts::{Bounds, Part, Verdict},
    patch::Mutant,
    tree::Tree,
};
use crate::{Failure, steps, workspace::output};

const HELP: &str = "\
cargo xtask mutants: breaks the code on purpose, and sees whether the tests find it

  cargo xtask mutants                   every mutant; a line for each, a table and totals at the end
  cargo xtask mutants --only NAME..     those whose names begin so: `raft-core`, `storage/03`, `figure-8`
  cargo xtask mutants --list            the mutants and the rules that they break
  cargo xtask mutants --check           only whether every patch still applies; takes a second
      --jobs N            processes that compile and simulate at a time [1]
      --budget-seeds N    seeds within which the simulator must find a mutant of raft-core [2000]
      --first-seed N      the first of them [0]

A mutant is a file mutants/CRATE/NN-short-name.patch: a unified diff of two context lines against CRATE/src, behind lines
that say what it is:

  rule: the rule that it breaks
  source: where the rule stands
  expect: what is to find it, the cheapest first, from
            tests   the crate's own tests
            loom    every interleaving of the hand-offs (transport) and of the atomic clocks (lamport)
            sim     the simulator (raft-core)
            guard   what a run counts, beside its bars (raft-core)
  not-sim: why the simulator cannot find it; a mutant of raft-core needs this or `sim`

One that is expected by several parts is given to them in turn until one finds it; in raft-core each of them must, since
the bar is about the simulator. Whatever hangs is stopped after a while, counts as found, and is called a time-out.

First the unchanged code must pass, or else a failure would prove nothing. The copy is target/mutants/tree; it is made
of the files as they are when it starts, committed or not. The exit code is 0 when all were found, 1 when not, 2 when a patch
no longer applies or compiles: then make it anew, with `git diff -U2`, for the rule still needs its test.";

/// What the simulator needs at most for half of raft-core's mutants. (For all: the budget.)
const MEDIAN_SEEDS_MAX: u64 = 50;

/// Does what the options say; true when every mutant was found.
pub(crate) fn run(root: &Path, options: &[&str]) -> Result<bool, Failure> {
    if matches!(options, ["help" | "-h" | "--help"]) {
        println!("{HELP}");
        return Ok(true);
    }
    let options = Options::parse(options)?;
    let all = patch::load(root)?;
    let chosen = options.choose(&all)?;
    match options.chore {
        Chore::List => {
            for mutant in &chosen {
                println!("{}\n    {}", mutant.name, mutant.rule);
            }
            Ok(true)
        }
        Chore::Check => check(root, &chosen),
        Chore::Run => find(root, &options, &chosen),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Chore {
    Run,
    List,
    Check,
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    chore: Chore,
    only: Vec<String>,
    bounds: Bounds,
}

impl Options {
    fn parse(words: &[&str]) -> Result<Self, Failure> {
        let bounds = Bounds { jobs: 1, first_seed: 0, budget_seeds: 2_000 };
        let mut options = Self { chore: Chore::Run, only: Vec::new(), bounds };
        let mut words = words.iter().copied().peekable();
        while let Some(word) = words.next() {
            let mut number = || {
                let number = words.next().and_then(|number| number.parse::<u32>().ok());
                number.map(u64::from).ok_or_else(|| format!("`{word}` wants a number below {}", u32::MAX))
            };
            match word {
                "--list" => options.chore = Chore::List,
                "--check" => options.chore = Chore::Check,
                "--jobs" => options.bounds.jobs = number()?.max(1),
                "--budget-seeds" => options.bounds.budget_seeds = number()?.max(1),
                "--first-seed" => options.bounds.first_seed = number()?,
                "--only" => {
                    let before = options.only.len();
                    options.only.extend(
                        std::iter::from_fn(|| words.next_if(|name| !name.starts_with('-')))
                            .map(str::to_owned),
                    );
                    if options.only.len() == before {
                        return Err("`--only` wants names; `cargo xtask mutants --list` has them".to_owned());
                    }
                }
                _ => return Err(format!("`{word}` is not an option of mutants\n\n{HELP}")),
            }
        }
        Ok(options)
    }

    /// The mutants that the options name; all without names. A name that names nothing is an error.
    fn choose<'a>(&self, all: &'a [Mutant]) -> Result<Vec<&'a Mutant>, Failure> {
        if let Some(unknown) = self.only.iter().find(|name| !all.iter().any(|mutant| mutant.is(name))) {
            return Err(format!("no mutant is called `{unknown}`; `cargo xtask mutants --list` has them"));
        }
        let is_chosen =
            |mutant: &&Mutant| self.only.is_empty() || self.only.iter().any(|name| mutant.is(name));
        Ok(all.iter().filter(is_chosen).collect())
    }
}

/// Whether every patch still applies to the files as they are.
fn check(root: &Path, mutants: &[&Mutant]) -> Result<bool, Failure> {
    let mut stale = 0;
    for mutant in mutants {
        let mut git = Command::new("git");
        git.current_dir(root).args(["apply", "--check"]).arg(&mutant.path);
        if let Err(failure) = output(&mut git) {
            println!("{}: {}", mutant.name, failure.lines().skip(1).collect::<Vec<_>>().join("; "));
            stale += 1;
        }
    }
    if stale > 0 {
        println!("make each of them anew, with `git diff -U2`: the rule still needs its test");
    }
    println!("mutants: {} apply, {stale} do not", mutants.len() - stale);
    Ok(stale == 0)
}

/// Applies one after the other, and prints who found it.
fn find(root: &Path, options: &Options, mutants: &[&Mutant]) -> Result<bool, Failure> {
    let tree = Tree::open(root)?;
    tree.restore()?;
    let mut parts: Vec<(&str, Part)> = Vec::new();
    for mutant in mutants {
        parts.extend(mutant.expect.iter().map(|part| (mutant.krate.as_str(), *part)));
    }
    parts.sort_unstable();
    parts.dedup();
    for (krate, part) in parts {
        println!("unchanged: {krate}, {part}");
        let verdict = part.run(&tree, krate, options.bounds)?;
        if verdict != Verdict::Missed {
            return Err(format!("{krate}, {part}: {verdict} in the unchanged code; mend that first"));
        }
    }
    let mut board = Board::default();
    for mutant in mutants {
        let start = steps::now();
        tree.restore()?;
        tree.apply(mutant)?;
        let row = try_out(&tree, mutant, options.bounds)
            .map_err(|failure| format!("{}: {failure}", mutant.name))?;
        println!("{row}  {:.0} s", steps::now().duration_since(start).as_secs_f64());
        board.rows.push(row);
    }
    tree.restore()?;
    println!("\n{board}");
    let whole = options.only.is_empty();
    let slow = board.median_seeds().is_some_and(|median| median > MEDIAN_SEEDS_MAX);
    if whole && slow {
        println!("the median is above {MEDIAN_SEEDS_MAX} seeds");
    }
    Ok(board.missed() == 0 && !(whole && slow))
}

fn try_out(tree: &Tree, mutant: &Mutant, bounds: Bounds) -> Result<Row, Failure> {
    let mut verdicts = Vec::new();
    for part in &mutant.expect {
        let verdict = part.run(tree, &mutant.krate, bounds)?;
        let found = verdict != Verdict::Missed;
        verdicts.push((*part, verdict));
        if found && !mutant.needs_all() {
            break;
        }
    }
    Ok(Row { mutant: mutant.name.clone(), needs_all: mutant.needs_all(), verdicts })
}

#[cfg(test)]
mod tests;
