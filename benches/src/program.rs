//! The program `leader-limit`: the tables, for whichever contenders it is given.

use std::{
    fmt::Write as _,
    io::{self, Write},
    path::PathBuf,
    process::{self, ExitCode},
};

use clap::{Args, Parser, Subcommand};

use crate::{
    callgrind,
    cell::{Cell, Contender, Measured, measure, measure_allocations},
};

mod catch_up;
mod guard;
mod idle_groups;

/// What a leader costs per entry, beside the floor and whoever else takes part.
///
/// Groups of replicas in one thread, logs in memory, a closed loop. Without options: 3 replicas, 256 bytes, 1, 64, 1024
/// and 16384 outstanding. Each cell ends with a check that all replicas applied what was proposed, in order.
#[derive(Debug, Parser)]
#[command(name = "leader-limit", version)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    sweep: Sweep,
}

#[derive(Debug, Subcommand)]
enum Command {
    IdleGroups(idle_groups::Options),
    CatchUp(catch_up::Options),
    Guard(guard::Options),
    /// Measures one cell and prints it: what callgrind is run over.
    Cell(CellOptions),
    /// The same for idle groups.
    IdleCell(idle_groups::CellOptions),
    /// The same for catching up.
    CatchUpCell(catch_up::CellOptions),
}

#[derive(Debug, Args)]
struct Sweep {
    /// Replicas.
    #[arg(long, value_delimiter = ',', default_value = "3")]
    nodes: Vec<usize>,
    /// Bytes of a payload, at least 8.
    #[arg(long, value_delimiter = ',', default_value = "256", value_parser = parse_size)]
    size: Vec<usize>,
    /// Proposals outstanding.
    #[arg(long, value_delimiter = ',', default_value = "1,64,1024,16384")]
    outstanding: Vec<u64>,
    #[command(flatten)]
    only: Only,
    /// 3 and 5 replicas, 16, 256 and 4096 bytes.
    #[arg(long)]
    all: bool,
    /// CPU seconds that each throughput is measured for, about; three times each.
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
}

/// Who takes part in a table, and what is counted.
#[derive(Debug, Args)]
struct Only {
    /// Only these contenders.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Count no instructions.
    #[arg(long)]
    no_callgrind: bool,
}

#[derive(Debug, Args)]
struct CellOptions {
    #[arg(long)]
    contender: String,
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    #[arg(long, default_value_t = 256, value_parser = parse_size)]
    size: usize,
    #[arg(long, default_value_t = 1024)]
    outstanding: u64,
    #[arg(long, default_value_t = 10_000)]
    entries: u64,
}

fn parse_size(text: &str) -> Result<usize, String> {
    let size: usize = text.parse().map_err(|error| format!("{error}"))?;
    if size < 8 { Err("a payload has room for its number: at least 8".into()) } else { Ok(size) }
}

/// Entries of a run that is counted: enough that the warm-up's leftovers do not show.
fn counted_entries(outstanding: u64) -> u64 {
    (10 * outstanding).clamp(4_000, 10_000).max(2 * outstanding)
}

/// Entries measured at least, in CPU time.
const TIMED_ENTRIES_MIN: u64 = 20_000;

/// Runs the program over these contenders.
///
/// # Errors
///
/// What went wrong, in a sentence.
pub fn run(contenders: &[Contender]) -> Result<(), String> {
    let Options { command, sweep } = Options::parse();
    match command {
        Some(Command::IdleGroups(options)) => options.run(contenders),
        Some(Command::CatchUp(options)) => options.run(contenders),
        Some(Command::Guard(options)) => options.run(contenders),
        Some(Command::Cell(options)) => one(contenders, &options),
        Some(Command::IdleCell(options)) => options.run(contenders),
        Some(Command::CatchUpCell(options)) => options.run(contenders),
        None => sweep.run(contenders),
    }
}

fn one(contenders: &[Contender], options: &CellOptions) -> Result<(), String> {
    let (contender, cell) = options.resolve(contenders)?;
    let measured = measure(contender, &cell).map_err(|broken| format!("{}: {broken}", contender.name))?;
    say(&format!(
        "{} {cell:?}: {:.0} entries per CPU second, {:.3} messages per entry",
        contender.name,
        measured.entries_per_cpu_second(),
        measured.messages_per_entry()
    ));
    Ok(())
}

fn find<'a>(contenders: &'a [Contender], name: &str) -> Result<&'a Contender, String> {
    contenders.iter().find(|contender| contender.name == name).ok_or_else(|| {
        let names: Vec<_> = contenders.iter().map(|contender| contender.name).collect();
        format!("nobody is called `{name}`; there are {}", names.join(", "))
    })
}

/// Prints the allocations of one cell: the leader's, and the group's; or the bytes of heap of one idle group.
///
/// # Errors
///
/// What went wrong, in a sentence.
pub fn run_allocations(contenders: &[Contender]) -> Result<(), String> {
    let options = match Options::parse().command {
        Some(Command::Cell(options)) => options,
        Some(Command::IdleCell(options)) => return options.run_heap(contenders),
        None
        | Some(Command::IdleGroups(_) | Command::CatchUp(_) | Command::Guard(_) | Command::CatchUpCell(_)) => {
            return Err("this program counts the allocations of a cell, or the heap of an idle-cell".into());
        }
    };
    let (contender, cell) = options.resolve(contenders)?;
    let (leader, group) =
        measure_allocations(contender, &cell).map_err(|broken| format!("{}: {broken}", contender.name))?;
    say(&format!("{leader} {group}"));
    Ok(())
}

impl CellOptions {
    fn resolve<'a>(&self, contenders: &'a [Contender]) -> Result<(&'a Contender, Cell), String> {
        let Self { contender, nodes, size, outstanding, entries } = self;
        let cell = Cell { nodes: *nodes, size: *size, outstanding: *outstanding, entries: *entries };
        Ok((find(contenders, contender)?, cell))
    }
}

impl Only {
    /// Those named, or all that take part.
    fn choose<'a>(
        &self,
        contenders: &'a [Contender],
        takes_part: impl Fn(&Contender) -> bool,
    ) -> Result<Vec<&'a Contender>, String> {
        if self.only.is_empty() {
            return Ok(contenders.iter().filter(|contender| takes_part(contender)).collect());
        }
        self.only.iter().map(|name| find(contenders, name)).collect()
    }

    /// Whether instructions are counted; says so if not.
    fn counts(&self) -> bool {
        let counts = !self.no_callgrind && callgrind::is_there();
        if !counts {
            say("instructions are not counted: valgrind is not there, or was not wanted\n");
        }
        counts
    }
}

impl Sweep {
    fn run(&self, contenders: &[Contender]) -> Result<(), String> {
        let chosen = self.only.choose(contenders, |_| true)?;
        let counts = self.only.counts();
        if counter().is_none() {
            say(
                "allocations are not counted: `cargo build --profile bench -p quorate-benches` builds what counts them\n",
            );
        }
        for contender in &chosen {
            say(&format!("{:16} {}", contender.name, contender.about));
        }
        let (nodes, sizes) =
            if self.all { (&[3, 5][..], &[16, 256, 4096][..]) } else { (&self.nodes[..], &self.size[..]) };
        for &nodes in nodes {
            for &size in sizes {
                self.table(&chosen, nodes, size, counts)?;
            }
        }
        Ok(())
    }

    fn table(
        &self,
        contenders: &[&Contender],
        nodes: usize,
        size: usize,
        counts: bool,
    ) -> Result<(), String> {
        say(&format!(
            "\n{nodes} replicas, {size} bytes\n\n\
             | contender | outstanding | M entries per CPU second | to the first | instructions per entry, leader \
             | group | allocations per entry, leader | group | messages per entry |\n\
             |---|---|---|---|---|---|---|---|---|"
        ));
        for &outstanding in &self.outstanding {
            let mut first = None;
            for contender in contenders {
                let cell = Cell { nodes, size, outstanding, entries: TIMED_ENTRIES_MIN.max(2 * outstanding) };
                let timed = self.timed(contender, cell)?;
                let speed = timed.entries_per_cpu_second();
                let ratio = speed / *first.get_or_insert(speed);
                let mut row =
                    format!("| {} | {outstanding} | {:.2} | {ratio:.2} ", contender.name, speed / 1e6);
                let counted = if counts { Some(instructions(contender, cell)?) } else { None };
                write_pair(&mut row, contender, counted, 0);
                write_pair(&mut row, contender, allocations(contender, cell)?, 3);
                let _ = write!(row, "| {:.3} |", timed.messages_per_entry());
                say(&row);
            }
        }
        Ok(())
    }

    /// The median of three runs, each long enough.
    fn timed(&self, contender: &Contender, mut cell: Cell) -> Result<Measured, String> {
        let run = |cell: &Cell| {
            measure(contender, cell).map_err(|broken| format!("{} {cell:?}: {broken}", contender.name))
        };
        let first = run(&cell)?;
        let wanted = self.seconds * first.entries_per_cpu_second();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive count, far below 2^53"
        )]
        let entries = wanted as u64;
        cell.entries = cell.entries.max(entries);
        let mut runs = [run(&cell)?, run(&cell)?, run(&cell)?];
        runs.sort_by_key(|run| run.cpu);
        Ok(runs[1])
    }
}

/// Per entry: the leader's, and the group's.
fn instructions(contender: &Contender, cell: Cell) -> Result<(f64, f64), String> {
    let cell = Cell { entries: counted_entries(cell.outstanding), ..cell };
    let scratch = Scratch::new().map_err(|error| format!("no folder for callgrind's file: {error}"))?;
    let arguments = arguments(contender, &cell);
    let counts = callgrind::count(&arguments, "measured_cluster", "measured_leader", &scratch.0)
        .map_err(|error| format!("{} {cell:?} under callgrind: {error}", contender.name))?;
    let per_entry = |instructions: u64| instructions as f64 / cell.entries as f64;
    Ok((per_entry(counts.inner), per_entry(counts.all)))
}

/// Per entry: the leader's, and the group's.
fn allocations(contender: &Contender, cell: Cell) -> Result<Option<(f64, f64)>, String> {
    let cell = Cell { entries: counted_entries(cell.outstanding).max(16 * cell.outstanding), ..cell };
    let Some(counter) = counter() else { return Ok(None) };
    let failed = |why: String| format!("{} {cell:?} in {}: {why}", contender.name, counter.display());
    let output = process::Command::new(&counter)
        .args(arguments(contender, &cell))
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut counts = text.split_whitespace().map(str::parse::<f64>);
    match (counts.next(), counts.next()) {
        (Some(Ok(leader)), Some(Ok(group))) if output.status.success() => {
            let entries = cell.entries as f64;
            Ok(Some((leader / entries, group / entries)))
        }
        _ => Err(failed(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

/// The program that counts allocations, where it was built: beside this one.
fn counter() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name("leader-limit-allocations");
    path.is_file().then_some(path)
}

fn arguments(contender: &Contender, cell: &Cell) -> Vec<String> {
    let words = [
        ("--contender", contender.name.to_owned()),
        ("--nodes", cell.nodes.to_string()),
        ("--size", cell.size.to_string()),
        ("--outstanding", cell.outstanding.to_string()),
        ("--entries", cell.entries.to_string()),
    ];
    let words = words.into_iter().flat_map(|(option, value)| [option.to_owned(), value]);
    std::iter::once("cell".to_owned()).chain(words).collect()
}

/// Two columns: the leader's, where it can be told apart, and the group's.
fn write_pair(row: &mut String, contender: &Contender, counted: Option<(f64, f64)>, digits: usize) {
    let _ = match counted {
        None => write!(row, "| – | – "),
        Some((_, group)) if !contender.leader_apart => write!(row, "| – | {group:.digits$} "),
        Some((leader, group)) => write!(row, "| {leader:.digits$} | {group:.digits$} "),
    };
}

/// A folder that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("leader-limit-{}", process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A line at once: a sweep takes minutes, and its reader sees how far it is.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// How the program ends; the reason for a failure on stderr.
#[must_use]
pub fn end(result: Result<(), String>) -> ExitCode {
    let Err(why) = result else { return ExitCode::SUCCESS };
    let _ = writeln!(io::stderr(), "leader-limit: {why}");
    ExitCode::FAILURE
}
