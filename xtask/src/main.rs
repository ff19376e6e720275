//! The project's own chores. `cargo xtask` says what there is.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

mod debian;
mod digests;
mod guard;
mod msrv;
mod mutants;
mod python;
mod steps;
mod tidy;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

const HELP: &str = "\
cargo xtask: the project's own chores

  cargo xtask test                everything that must pass, in order; stops at the first failure
  cargo xtask test --list         the steps and what each of them runs
  cargo xtask test --only STEP    this step alone (may be given several times)
  cargo xtask tidy                the rules that no compiler checks: import directions, lengths,
                                  banned calls, reasons of relaxed lints, links, licences
  cargo xtask tidy --bless        first accepts that the pages marked `mirrors:` say what their files do
  cargo xtask mutants             breaks the code on purpose, and sees whether the tests find it
  cargo xtask mutants --help      how, and what a mutant is
  cargo xtask digests             whether a seed of the simulator gives the same run in every build
  cargo xtask python              installs the Python package from source, and runs its tests
  cargo xtask guard               counts what our core costs, and fails a tenth above its bars
  cargo xtask msrv                compiles with the oldest Rust that Cargo.toml promises

Start with `cargo xtask tidy`: it takes a second, and each line says what to do.
CONTRIBUTING.md explains the rules; .ci/run is `cargo xtask test`.";

/// What went wrong while doing a chore, and what to do about it. (A finding of tidy is not a failure of tidy.)
type Failure = String;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Does the chore; true when all is well.
fn run(args: &[&str]) -> Result<bool, Failure> {
    match args {
        [] | ["help" | "-h" | "--help", ..] => {
            println!("{HELP}");
            Ok(true)
        }
        ["tidy"] => tidy::check(&Workspace::open()?),
        ["tidy", "--bless"] => {
            tidy::bless(&Workspace::open()?)?;
            tidy::check(&Workspace::open()?)
        }
        ["test", options @ ..] => steps::run(&workspace::root()?, options),
        ["mutants", options @ ..] => mutants::run(&workspace::root()?, options),
        ["digests"] => digests::check(&workspace::root()?),
        ["python"] => python::run(&workspace::root()?),
        ["guard"] => guard::run(&workspace::root()?),
        ["msrv"] => msrv::run(&Workspace::open()?),
        _ => Err(format!("`{}` is not a chore\n\n{HELP}", args.join(" "))),
    }
}
