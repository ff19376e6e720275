//! The program `clock_edges`: what the clocks do at their edges, by doing it.
//!
//! Each line is one clock and one input that a peer, a disk or a long run can give it, and what came of it. Where a clock
//! has a source of time that can be set, it is set, so that two runs print the same.

mod hybrid;
mod vectors;

use std::{
    fmt::Write as _,
    fs,
    panic::{self, UnwindSafe},
    path::{Path, PathBuf},
};

use clap::Parser;
use stats_alloc::StatsAlloc;

/// One clock at one edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    input: &'static str,
    clock: &'static str,
    does: String,
}

/// What the clocks, ours and other projects', do at their edges: as a Markdown table.
#[derive(Debug, Parser)]
#[command(name = "clock_edges", version)]
struct Options {
    /// Writes the table into this file, between the lines that name this program, instead of printing it.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// Runs the program. `allocator` must be the one that is installed: it tells what a few bytes make a decoder take.
///
/// # Errors
///
/// When the file cannot be written, or has no place for the table.
pub fn run(allocator: &'static StatsAlloc<std::alloc::System>) -> Result<(), String> {
    let options = Options::parse();
    let table = table(&all(allocator));
    let Some(path) = options.write else {
        crate::clocks::say(&table);
        return Ok(());
    };
    write(&path, &table).map_err(|why| format!("{}: {why}", path.display()))
}

const START: &str = "<!-- clock_edges: begin -->\n";
const END: &str = "<!-- clock_edges: end -->\n";

fn write(path: &Path, table: &str) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let text = replaced(&text, table).ok_or_else(|| format!("has no lines {START}and {END}"))?;
    fs::write(path, text).map_err(|error| error.to_string())
}

/// The text with the table between the two lines.
fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(START)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{START}\n{table}\n{END}{after}"))
}

/// All edges. Panics are part of what is told, so they print nothing while this runs.
fn all(allocator: &'static StatsAlloc<std::alloc::System>) -> Vec<Edge> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let edges = [vectors::edges(allocator), hybrid::edges()].concat();
    panic::set_hook(hook);
    edges
}

fn table(edges: &[Edge]) -> String {
    let mut table = String::from("| input | clock | what it does |\n|---|---|---|\n");
    let mut before = "";
    for Edge { input, clock, does } in edges {
        let told = if *input == before { "" } else { input };
        let _ = writeln!(table, "| {told} | {clock} | {does} |");
        before = input;
    }
    table.truncate(table.trim_end().len());
    table
}

/// What came of it; a panic is an outcome as well.
pub(crate) fn edge(
    input: &'static str,
    clock: &'static str,
    tried: impl FnOnce() -> String + UnwindSafe,
) -> Edge {
    let does = panic::catch_unwind(tried).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        format!("**panics**: {text}")
    });
    Edge { input, clock, does }
}

/// `refused: …`, or what was accepted.
pub(crate) fn outcome<T, E: std::fmt::Display>(
    result: Result<T, E>,
    accepted: impl FnOnce(T) -> String,
) -> String {
    result.map_or_else(|error| format!("refused: {error}"), accepted)
}

#[cfg(test)]
mod tests;
