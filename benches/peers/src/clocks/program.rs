//! The options, and what is printed in which order.

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::{self, Command},
};

use benches::callgrind;
use clap::Parser;

use super::{
    Meter, Work,
    cells::{Entries, Operation, VECTORS},
    hybrid::{OURS, SCALARS, UHLC},
    tables,
};

/// What the clocks cost: ours beside other projects', in one run, as Markdown tables, with the bars they must meet.
#[derive(Debug, Parser)]
#[command(name = "clocks", version)]
struct Options {
    /// Batches of each cell; the fastest counts.
    #[arg(long, default_value_t = 500)]
    rounds: u32,
    /// Only runs this row so often, in a section that callgrind finds, and prints nothing.
    #[arg(long, num_args = 2, value_names = ["ROW", "OPERATION"])]
    count: Option<Vec<String>>,
}

/// Runs the program.
///
/// # Errors
///
/// Which bars are missed, or what went wrong.
pub fn run() -> Result<(), String> {
    let options = Options::parse();
    if let Some([row, operation]) = options.count.as_deref() {
        let mut work = find(row, operation).ok_or_else(|| format!("no such cell: {row}, {operation}"))?;
        work(COUNTED, &mut Section);
        return Ok(());
    }
    let bars = tables::print(options.rounds.max(1));
    instructions()?;
    allocations()?;
    let missed: Vec<_> = bars.into_iter().filter(|bar| !bar.is_met()).map(|bar| bar.name).collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("bars missed: {}", missed.join("; "))) }
}

/// Operations under callgrind.
const COUNTED: u64 = 256;

/// A section that callgrind knows by its name.
struct Section;

impl Meter for Section {
    fn measure(&mut self, section: &mut dyn FnMut()) {
        measured_section(section);
    }
}

#[inline(never)]
fn measured_section(section: &mut dyn FnMut()) {
    section();
}

/// The cells that bars are about, by name.
const COUNTED_CELLS: [(&str, &str); 8] = [
    ("ours", "compare: less"),
    ("crdts", "compare: less"),
    ("yrs", "compare: less"),
    ("ours", "merge: same ids"),
    ("crdts", "merge: same ids"),
    ("yrs", "merge: same ids"),
    (OURS, "tick"),
    (UHLC, "tick"),
];

fn find(row: &str, operation: &str) -> Option<Work> {
    if let Some(scalar) = SCALARS.iter().find(|scalar| scalar.name == row) {
        return (operation == "tick").then(scalar.tick);
    }
    let vectors = VECTORS.iter().find(|contender| contender.name == row)?;
    let operation = Operation::ALL.into_iter().find(|known| known.name() == operation)?;
    Some((vectors.work)(operation, Entries::MOST))
}

fn instructions() -> Result<(), String> {
    if !callgrind::is_there() {
        say("\ninstructions are not counted: valgrind is not there");
        return Ok(());
    }
    say("\n### Instructions per operation\n\nBy callgrind, vectors of 1000 entries.\n");
    say("| operation | clock | instructions | to ours |\n|---|---|---|---|");
    let folder = Scratch::new().map_err(|error| format!("no folder for callgrind's file: {error}"))?;
    let mut ours = f64::NAN;
    for (row, operation) in COUNTED_CELLS {
        let arguments = ["--count", row, operation].map(str::to_owned);
        let counts = callgrind::count(&arguments, "measured_section", "measured_section", &folder.0)
            .map_err(|error| format!("{row}, {operation} under callgrind: {error}"))?;
        let each = counts.all as f64 / COUNTED as f64;
        if row.starts_with("ours") {
            ours = each;
        }
        say(&format!("| {operation} | {row} | {each:.0} | {:.1} |", each / ours));
    }
    Ok(())
}

/// The counting program, where it was built: an allocator that counts would slow down what is timed here.
fn allocations() -> Result<(), String> {
    let path = env::current_exe().ok().map(|path| path.with_file_name("clocks-allocations"));
    let Some(path) = path.filter(|path| path.is_file()) else {
        say(
            "\nallocations are not counted: `cargo build --profile bench --manifest-path benches/peers/Cargo.toml` \
             builds what counts them",
        );
        return Ok(());
    };
    let status = Command::new(&path).status().map_err(|error| format!("{}: {error}", path.display()))?;
    if status.success() { Ok(()) } else { Err("allocations: a bar is missed".into()) }
}

/// A folder that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("clocks-{}", process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A line at once: a run takes a while, and its reader sees how far it is.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
