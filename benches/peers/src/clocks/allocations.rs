//! Allocations of each operation, under a counting allocator that the program has to install.

use std::alloc::System;

use stats_alloc::{Region, StatsAlloc};

use super::{
    Meter, Work,
    cells::{Entries, Operation, VECTORS},
    hybrid::SCALARS,
    program::say,
};

/// Operations that are counted: enough for an average, when a few of them grow a map.
const TIMES: u64 = 64;

/// What must not allocate in ours.
const FREE: [Operation; 6] = [
    Operation::Tick,
    Operation::Get,
    Operation::Less,
    Operation::Concurrent,
    Operation::Equal,
    Operation::MergeKnown,
];

struct Counter<'a> {
    allocator: &'a StatsAlloc<System>,
    allocations: usize,
}

impl Meter for Counter<'_> {
    fn measure(&mut self, section: &mut dyn FnMut()) {
        let region = Region::new(self.allocator);
        section();
        let change = region.change();
        self.allocations += change.allocations + change.reallocations;
    }
}

/// Prints the table, and the bars.
///
/// # Errors
///
/// When an operation of ours allocates that must not.
pub fn run(allocator: &StatsAlloc<System>) -> Result<(), String> {
    let mut broken = Vec::new();
    say("\n### Allocations per operation\n");
    let names: Vec<_> = VECTORS.iter().map(|contender| contender.name).collect();
    say(&format!("| operation | entries | {} |\n|---|---|{}", names.join(" | "), "---|".repeat(names.len())));
    for operation in Operation::ALL {
        for entries in Entries::ALL {
            let counts: Vec<f64> =
                VECTORS.iter().map(|by| count(allocator, &mut (by.work)(operation, entries))).collect();
            let cells: Vec<_> = counts.iter().map(|count| format!("{count:.0}")).collect();
            say(&format!("| {} | {} | {} |", operation.name(), entries.get(), cells.join(" | ")));
            if FREE.contains(&operation) && counts[0] > 0.0 {
                broken.push(format!("{} at {} entries", operation.name(), entries.get()));
            }
        }
    }
    say("\n| hybrid and Lamport clocks | tick | observe |\n|---|---|---|");
    for scalar in SCALARS {
        let tick = count(allocator, &mut (scalar.tick)());
        let observe = scalar.observe.map(|observe| count(allocator, &mut observe()));
        say(&format!(
            "| {} | {tick:.0} | {} |",
            scalar.name,
            observe.map_or("–".into(), |n| format!("{n:.0}"))
        ));
        if scalar.is_ours && tick + observe.unwrap_or(0.0) > 0.0 {
            broken.push(scalar.name.to_owned());
        }
    }
    if broken.is_empty() {
        say("\nbar: compare, get, tick, and merge of known ids allocate nothing in ours: met");
        return Ok(());
    }
    Err(format!("bar missed: these allocate: {}", broken.join(", ")))
}

fn count(allocator: &StatsAlloc<System>, work: &mut Work) -> f64 {
    let mut counter = Counter { allocator, allocations: 0 };
    work(TIMES, &mut counter);
    counter.allocations as f64 / TIMES as f64
}
