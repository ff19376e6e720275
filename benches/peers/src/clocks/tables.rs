//! The tables of time and of bytes, and the bars.

use super::{
    Work,
    cells::{Entries, Operation, VECTORS},
    hybrid::{self, SCALARS, UHLC},
    program::say,
    threads, timing,
};

/// How many times as long as ours a peer must take.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) ratio: f64,
    pub(crate) ratio_min: f64,
}

impl Bar {
    pub(crate) fn is_met(&self) -> bool {
        self.ratio >= self.ratio_min
    }
}

/// Measures and prints everything that takes time; returns the bars.
pub(crate) fn print(rounds: u32) -> Vec<Bar> {
    say("### Contenders\n");
    for contender in &VECTORS {
        say(&format!("* {}: {}", contender.name, contender.about));
    }
    for scalar in SCALARS {
        say(&format!("* {}: {}", scalar.name, scalar.about));
    }
    let mut bars = vectors(rounds);
    bars.extend(scalars(rounds));
    two_threads();
    bytes();
    say("\n### Bars\n\n| bar | at least | measured | |\n|---|---|---|---|");
    for bar in &bars {
        let verdict = if bar.is_met() { "met" } else { "MISSED" };
        say(&format!("| {} | {} | {:.1} | {verdict} |", bar.name, bar.ratio_min, bar.ratio));
    }
    bars
}

/// What is asked of the vectors of 1000 entries.
const VECTOR_BARS: [(Operation, &str, f64); 4] = [
    (Operation::Less, "yrs", 4.0),
    (Operation::Less, "crdts", 15.0),
    (Operation::MergeKnown, "yrs", 3.0),
    (Operation::MergeKnown, "crdts", 15.0),
];

fn vectors(rounds: u32) -> Vec<Bar> {
    let names: Vec<_> = VECTORS.iter().map(|contender| contender.name).collect();
    say("\n### Version vectors\n\nNanoseconds, and in parentheses how many times ours.\n");
    say(&format!("| operation | entries | {} |\n|---|---|{}", names.join(" | "), "---|".repeat(names.len())));
    let mut bars = Vec::new();
    for operation in Operation::ALL {
        for entries in Entries::ALL {
            let mut work: Vec<Work> = VECTORS.iter().map(|by| (by.work)(operation, entries)).collect();
            let nanos = timing::fastest(&mut work, rounds);
            say(&format!("| {} | {} |{}", operation.name(), entries.get(), row(&nanos)));
            if entries.get() == Entries::MOST.get() {
                for (_, peer, ratio_min) in VECTOR_BARS.into_iter().filter(|bar| bar.0 == operation) {
                    let at = names.iter().position(|name| *name == peer).unwrap_or(0);
                    let name =
                        format!("{} at {} entries, {peer}'s time by ours", operation.name(), entries.get());
                    bars.push(Bar { name, ratio: nanos[at] / nanos[0], ratio_min });
                }
            }
        }
    }
    bars
}

fn scalars(rounds: u32) -> Vec<Bar> {
    say(
        "\n### Clocks in one number, one thread\n\nNanoseconds, and in parentheses how many times the first row's.\n",
    );
    say("| clock | tick | observe |\n|---|---|---|");
    let mut ticks: Vec<Work> = SCALARS.iter().map(|scalar| (scalar.tick)()).collect();
    let mut observes: Vec<Work> =
        SCALARS.iter().filter_map(|scalar| scalar.observe).map(|observe| observe()).collect();
    let ticks = timing::fastest(&mut ticks, rounds);
    let observes = timing::fastest(&mut observes, rounds);
    let mut left = observes.iter();
    for (scalar, &tick) in SCALARS.iter().zip(&ticks) {
        let observe = scalar.observe.and_then(|_| left.next());
        let observe = observe.map_or("–".into(), |nanos| cell(*nanos, observes[0]));
        say(&format!("| {} | {} | {observe} |", scalar.name, cell(tick, ticks[0])));
    }
    let at = SCALARS.iter().position(|scalar| scalar.name == UHLC).unwrap_or(0);
    let name = "tick of AtomicHlc with injected time, uhlc's time by ours".to_owned();
    vec![Bar { name, ratio: ticks[at] / ticks[0], ratio_min: 4.0 }]
}

fn two_threads() {
    say(
        "\n### Two threads on one clock\n\nMillions of stamps a second of both, the median of the batches during which \
         both moved.\n",
    );
    say("| clock | M/s | to ours | batches |\n|---|---|---|---|");
    let rows = threads::all();
    for row in &rows {
        if row.batches == 0 {
            say(&format!("| {} | not measured: the threads never ran at once | – | 0 |", row.name));
        } else {
            let ratio =
                if rows[0].batches == 0 { "–".into() } else { format!("{:.2}", row.mops / rows[0].mops) };
            say(&format!("| {} | {:.1} | {ratio} | {} |", row.name, row.mops, row.batches));
        }
    }
}

fn bytes() {
    let names: Vec<_> = VECTORS.iter().map(|contender| contender.name).collect();
    say("\n### Bytes\n\nOf an encoded vector: random ids of 53 bits, counters of about a million.\n");
    say(&format!("| entries | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len())));
    for entries in Entries::ALL {
        let sizes: Vec<_> = VECTORS.iter().map(|by| (by.bytes)(entries).to_string()).collect();
        say(&format!("| {} | {} |", entries.get(), sizes.join(" | ")));
    }
    say("\n| a stamp | bytes | |\n|---|---|---|");
    for (name, size, about) in hybrid::stamp_bytes() {
        say(&format!("| {name} | {size} | {about} |"));
    }
}

fn row(nanos: &[f64]) -> String {
    nanos.iter().map(|&each| format!(" {} |", cell(each, nanos[0]))).collect()
}

/// Nanoseconds, and how many times the first's.
fn cell(nanos: f64, first: f64) -> String {
    let digits = usize::from(nanos < 100.0);
    format!("{nanos:.digits$} ({:.1})", nanos / first)
}
