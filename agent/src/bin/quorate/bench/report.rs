//! The tables at the end.

use std::{fmt, time::Duration};

use agent::table::Table;

use super::{
    limits::{self, Limit, Shares},
    load::Loaded,
    plan::{Load, Point, System},
};
use crate::cluster::NODES;

/// One point, measured and checked.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) point: Point,
    pub(crate) leader: usize,
    pub(crate) loaded: Loaded,
    /// Of each node under the whole load, the warm-up included.
    pub(crate) syncs: [u64; NODES],
    /// Entries of the whole load, the warm-up included.
    pub(crate) acknowledged: u64,
    pub(crate) shares: Shares,
    pub(crate) limit: Limit,
}

impl Measured {
    /// Entries that were acknowledged while it was measured.
    fn entries(&self) -> f64 {
        self.loaded.requests as f64 * self.point.load.batch as f64
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.entries() / self.loaded.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// How long requests took.
    pub(crate) fn latency(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.loaded.latencies_ns.value_at_quantile(quantile))
    }

    /// Processor time of all nodes for each entry, in microseconds.
    pub(crate) fn processor_us(&self) -> f64 {
        self.per_entry_us(self.loaded.nodes.iter().map(|node| node.processor).sum())
    }

    pub(crate) fn leader_us(&self) -> f64 {
        self.per_entry_us(self.loaded.nodes[self.leader].processor)
    }

    pub(crate) fn generator_us(&self) -> f64 {
        self.per_entry_us(self.loaded.generator.processor)
    }

    fn per_entry_us(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.entries().max(1.0)
    }

    /// How often a thread of any node got a processor, for each entry.
    pub(crate) fn runs(&self) -> f64 {
        let runs: u64 = self.loaded.nodes.iter().map(|node| node.runs).sum();
        runs as f64 / self.entries().max(1.0)
    }

    /// Bytes that reached the disk for each entry.
    pub(crate) fn written_bytes(&self) -> Option<f64> {
        self.loaded.written_bytes.map(|written| written as f64 / self.entries().max(1.0))
    }

    /// Syncs of all nodes for each entry.
    pub(crate) fn syncs(&self) -> f64 {
        self.syncs.iter().sum::<u64>() as f64 / self.acknowledged.max(1) as f64
    }

    pub(crate) fn in_short(&self) -> String {
        let (p50, p99) = (self.latency(0.5), self.latency(0.99));
        format!("{:.0} puts/s, p50 {}, p99 {}", self.per_second(), millis(p50), millis(p99))
    }
}

/// Of each point the measurement in the middle, by puts per second: whole, so that its figures belong together.
pub(crate) fn medians(mut measured: Vec<Measured>) -> Vec<Measured> {
    measured.sort_by(|a, b| a.point.cmp(&b.point).then(a.per_second().total_cmp(&b.per_second())));
    measured.chunk_by(|a, b| a.point == b.point).map(|same| same[(same.len() - 1) / 2].clone()).collect()
}

/// What the leader's threads do, by their names.
const THREADS: [(&str, &str); 4] = [
    ("loop", "quorate-driver"),
    ("disk", "quorate-disk"),
    ("requests", "quorate-client"),
    ("answers", "quorate-answers"),
];

/// Everything, for people.
pub(crate) struct Report<'a> {
    pub(crate) measured: &'a [Measured],
    /// Entries of all rounds.
    pub(crate) acknowledged: u64,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut of_interest: Vec<_> = self.measured.iter().collect();
        of_interest.sort_by_key(|measured| {
            (
                measured.point.load.size,
                measured.point.load.batch,
                measured.point.system,
                measured.point.load.clients,
            )
        });
        writeln!(f, "\n{}", costs(&of_interest))?;
        writeln!(f, "{}", saturation(&of_interest))?;
        writeln!(f, "{}", limits::legend())?;
        writeln!(f, "{}", threads(&of_interest))?;
        if let Some(table) = comparison(&of_interest) {
            writeln!(f, "{table}")?;
        }
        writeln!(
            f,
            "After each load the three nodes held the same, and every acknowledged entry: {} in all. Ours were\n\
             read back from each disk; etcd's, if it ran, are proven by each member's revision and hash.",
            self.acknowledged
        )
    }
}

fn costs(measured: &[&Measured]) -> Table {
    let mut table = Table::new([
        "system",
        "B",
        "batch",
        "clients",
        "puts/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "CPU us/put",
        "of it leader",
        "load us/put",
        "runs/put",
        "disk B/put",
        "syncs/put",
    ]);
    for found in measured {
        let mut cells = head(&found.point);
        cells.extend([
            format!("{:.0}", found.per_second()),
            ms(found.latency(0.5)),
            ms(found.latency(0.99)),
            ms(found.latency(0.999)),
            digits(found.processor_us()),
            digits(found.leader_us()),
            digits(found.generator_us()),
            digits(found.runs()),
            found.written_bytes().map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.0}")),
            digits(found.syncs()),
        ]);
        table.row(cells);
    }
    table
}

fn saturation(measured: &[&Measured]) -> Table {
    let mut table = Table::new([
        "busy, in %",
        "B",
        "batch",
        "clients",
        "leader",
        "followers",
        "load",
        "others",
        "loop",
        "in sync",
        "load thread",
        "network",
        "what saturates",
    ]);
    for found in measured {
        let shares = found.shares;
        let percent = |share: f64| format!("{:.0}", share * 100.0);
        let mut cells = head(&found.point);
        cells.extend([
            percent(shares.leader),
            percent(shares.followers),
            percent(shares.generator),
            percent(shares.others),
            shares.leader_loop.map_or_else(|| "-".to_owned(), percent),
            percent(shares.disk),
            percent(shares.generator_thread),
            percent(shares.network),
            found.limit.to_string(),
        ]);
        table.row(cells);
    }
    table
}

/// What our leader's processor time is spent on.
fn threads(measured: &[&Measured]) -> Table {
    let mut headings = vec!["leader's CPU us/put", "B", "batch", "clients"];
    headings.extend(THREADS.map(|(title, _)| title));
    let mut table = Table::new(headings);
    for found in measured.iter().filter(|found| found.point.system != System::Etcd) {
        let mut cells = head(&found.point);
        cells.extend(THREADS.map(|(_, name)| {
            let time = found.loaded.nodes[found.leader].threads.get(name).copied();
            digits(found.per_entry_us(time.unwrap_or_default()))
        }));
        table.row(cells);
    }
    table
}

/// Ours beside each other system under the same load.
fn comparison(measured: &[&Measured]) -> Option<Table> {
    let mut table = Table::new([
        "quorate, in times of",
        "B",
        "batch",
        "clients",
        "puts/s",
        "p50",
        "p99",
        "CPU/put",
        "disk B/put",
    ]);
    let mut any = false;
    for other in measured.iter().filter(|found| found.point.system != System::Quorate) {
        let same = |found: &&&Measured| {
            found.point.system == System::Quorate && found.point.load == other.point.load
        };
        let Some(ours) = measured.iter().find(same) else { continue };
        let times =
            |ours: f64, theirs: f64| if theirs > 0.0 { digits(ours / theirs) } else { "-".to_owned() };
        let latency =
            |quantile| times(ours.latency(quantile).as_secs_f64(), other.latency(quantile).as_secs_f64());
        let mut cells = head(&other.point);
        cells.extend([
            times(ours.per_second(), other.per_second()),
            latency(0.5),
            latency(0.99),
            times(ours.processor_us(), other.processor_us()),
            times(ours.written_bytes().unwrap_or(0.0), other.written_bytes().unwrap_or(0.0)),
        ]);
        table.row(cells);
        any = true;
    }
    any.then_some(table)
}

fn head(point: &Point) -> Vec<String> {
    let Load { size, batch, clients, .. } = point.load;
    vec![point.system.to_string(), size.to_string(), batch.to_string(), clients.to_string()]
}

fn ms(duration: Duration) -> String {
    digits(duration.as_secs_f64() * 1e3)
}

fn millis(duration: Duration) -> String {
    format!("{} ms", ms(duration))
}

/// Three digits that say something.
pub(crate) fn digits(value: f64) -> String {
    match value {
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ if value >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
pub(super) mod tests;
