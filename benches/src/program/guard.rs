//! The guard: what must not grow, each figure beside its bar.
//!
//! Nothing is timed, so it says the same on a busy machine as on an idle one.

use std::fmt;

use clap::Args;

use super::{allocations, find, idle_groups, instructions, say};
use crate::{
    callgrind,
    cell::{Cell, Contender, measure},
};

/// Holds our own core to its bars: counts instructions, allocations, messages and heap in small runs.
///
/// Fails when a figure is more than a tenth above its bar.
#[derive(Debug, Args)]
pub(super) struct Options;

/// How far above its bar a figure may be: compilers and libraries move it, too.
const SLACK: f64 = 1.1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    /// Instructions per entry in the turns of the leader.
    Leader,
    /// Instructions per entry in all turns.
    Group,
    /// Allocations per entry in the turns of the leader.
    Allocations,
    /// Messages per entry.
    Messages,
    /// Bytes of heap of an idle group of three.
    Heap,
}

/// A figure, and how large it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bar {
    figure: Figure,
    most: f64,
}

/// Three replicas, 256 bytes: who, how many proposals outstanding, and what is held.
const CELLS: [(&str, u64, &[Bar]); 3] = [
    (
        "quorate",
        1024,
        &[bar(Figure::Leader, 120.0), bar(Figure::Group, 250.0), bar(Figure::Allocations, 0.01)],
    ),
    (
        "quorate",
        1,
        &[
            bar(Figure::Leader, 2_000.0),
            bar(Figure::Group, 5_000.0),
            bar(Figure::Allocations, 2.0),
            bar(Figure::Messages, 4.0),
        ],
    ),
    ("quorate-wire", 1024, &[bar(Figure::Leader, 350.0), bar(Figure::Group, 800.0)]),
];

/// Of [`IDLE_GROUPS`] groups of [`CELLS`]' first contender.
const HEAP: Bar = bar(Figure::Heap, 2_400.0);

/// So many that the host's own tables are shared as in the published figure.
const IDLE_GROUPS: usize = 10_000;

/// Entries counted for allocations and messages: as in the published tables.
const ENTRIES: u64 = 20_000;

const fn bar(figure: Figure, most: f64) -> Bar {
    Bar { figure, most }
}

impl Options {
    pub(super) fn run(&self, contenders: &[Contender]) -> Result<(), String> {
        if !callgrind::is_there() {
            return Err("valgrind is not on the path, and the guard counts with it: install it (apt install valgrind), \
                        or call `cargo xtask guard`, which finds one"
                .into());
        }
        say("| what | outstanding | measured | bar | red above | |\n|---|---|---|---|---|---|");
        let (mut held, mut above) = (0, 0);
        let mut judge = |row: &str, bar: &Bar, measured: f64| {
            say(&bar.line(row, measured));
            *(if bar.holds(measured) { &mut held } else { &mut above }) += 1;
        };
        for (name, outstanding, bars) in CELLS {
            let figures = Figures::of(find(contenders, name)?, outstanding)?;
            for bar in bars {
                judge(&format!("{name}: {} | {outstanding}", bar.figure), bar, figures.get(bar.figure));
            }
        }
        let name = CELLS[0].0;
        let heap = idle_groups::heap(find(contenders, name)?, IDLE_GROUPS)?.ok_or_else(no_counter)?;
        judge(&format!("{name}: {} | –", HEAP.figure), &HEAP, heap);
        say(&format!("guard: {held} held, {above} above"));
        if above > 0 { Err("a figure has grown: see `docs/testing.md`, The guard".into()) } else { Ok(()) }
    }
}

/// What is measured of one cell.
struct Figures {
    instructions: (f64, f64),
    allocations: f64,
    messages: f64,
}

impl Figures {
    fn of(contender: &Contender, outstanding: u64) -> Result<Self, String> {
        let cell = Cell { nodes: 3, size: 256, outstanding, entries: ENTRIES };
        let broken = |broken| format!("{} {cell:?}: {broken}", contender.name);
        Ok(Self {
            instructions: instructions(contender, cell)?,
            allocations: allocations(contender, cell)?.ok_or_else(no_counter)?.0,
            messages: measure(contender, &cell).map_err(broken)?.messages_per_entry(),
        })
    }

    fn get(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Leader => self.instructions.0,
            Figure::Group => self.instructions.1,
            Figure::Allocations => self.allocations,
            Figure::Messages => self.messages,
            Figure::Heap => unreachable!("the heap is not a figure of a cell"),
        }
    }
}

fn no_counter() -> String {
    "leader-limit-allocations is not beside this program: `cargo build --profile bench -p quorate-benches` builds both"
        .into()
}

impl Bar {
    fn red_above(&self) -> f64 {
        self.most * SLACK
    }

    fn holds(&self, measured: f64) -> bool {
        // A figure that is no number holds nothing.
        measured <= self.red_above()
    }

    fn line(&self, row: &str, measured: f64) -> String {
        let verdict = if self.holds(measured) { "held" } else { "ABOVE" };
        let digits = if self.most < 10.0 { 3 } else { 0 };
        let (most, red) = (self.most, self.red_above());
        format!("| {row} | {measured:.digits$} | {most} | {red:.digits$} | {verdict} |")
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leader => "instructions per entry, leader",
            Self::Group => "instructions per entry, group",
            Self::Allocations => "allocations per entry, leader",
            Self::Messages => "messages per entry",
            Self::Heap => "bytes of heap, idle group of 3",
        })
    }
}

#[cfg(test)]
mod tests;
