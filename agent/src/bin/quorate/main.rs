//! The program `quorate`: a durable, replicated list of lines in a few processes.

mod append;
mod bench;
mod cluster;
mod demo;
mod node;
mod progress;
mod say;
mod signals;
mod status;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A durable log that several processes keep together: what one of them has acknowledged survives kill -9 of any.
#[derive(Debug, Parser)]
#[command(name = "quorate", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  quorate demo                    three processes, one of them killed half-way; proves that nothing is lost
  quorate demo access.log         the same with the lines of a file of yours
  quorate node --help             how to start a cluster by hand

Exit codes: 0 done, 1 failed (the reason is on stderr), 2 wrong flags, 3 an address is taken by another program.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows it at work: starts three nodes, feeds them, kills the leader, and compares every line on every node.
    Demo(demo::Arguments),
    /// Runs one node of a cluster until it is told to stop (SIGTERM, SIGINT).
    Node(node::Arguments),
    /// Appends the lines of a file, or of standard input, and says how many were acknowledged.
    Append(append::Arguments),
    /// Asks nodes how they are, and prints a table.
    Status(status::Arguments),
    /// Measures what three durable nodes on this machine carry, at which latency, and what stops them.
    Bench(bench::Arguments),
}

/// What went wrong, for people, and the exit code.
#[derive(Debug)]
struct Failure {
    text: String,
    code: u8,
}

const FAILED: u8 = 1;
const ADDRESS_IN_USE: u8 = 3;

impl Failure {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: FAILED }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Node(arguments) => node::run(&arguments),
        Command::Append(arguments) => append::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { text, code }) => {
            say::note(format_args!("quorate: {text}"));
            ExitCode::from(code)
        }
    }
}
