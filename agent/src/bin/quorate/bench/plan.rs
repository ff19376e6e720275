//! What is measured, in which order.

use std::{fmt, time::Duration};

/// Whose nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum System {
    /// Ours, as it comes.
    Quorate,
    /// Ours, with a leader that sends on a fixed tick only.
    FixedTick(Duration),
    Etcd,
}

/// What the clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Load {
    /// Bytes of one entry.
    pub(crate) size: usize,
    /// Entries of one request.
    pub(crate) batch: u64,
    /// Requests under way at any time.
    pub(crate) clients: usize,
    /// The most connections they share.
    pub(crate) connections_max: usize,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) system: System,
    pub(crate) load: Load,
}

/// The lists that were asked for.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    pub(crate) clients: Vec<usize>,
    pub(crate) sizes: Vec<usize>,
    pub(crate) batches: Vec<u64>,
    pub(crate) connections_max: usize,
    pub(crate) tick: Option<Duration>,
    pub(crate) etcd: bool,
}

impl Load {
    /// How many clients each connection has.
    pub(crate) fn clients_of_connections(self) -> impl Iterator<Item = usize> {
        let connections = self.clients.min(self.connections_max);
        (0..connections)
            .map(move |at| self.clients / connections + usize::from(at < self.clients % connections))
    }
}

impl Sweep {
    /// Every size with every batch; etcd with one entry per request, which is what a put is there; the fixed tick with the
    /// first size and the first batch. Those that are compared come one after the other, so that the machine is in the
    /// same mood for both.
    pub(crate) fn points(&self) -> Vec<Point> {
        let mut points = Vec::new();
        let mut sweep = |system, size, batch| {
            points.extend(self.clients.iter().map(|clients| Point {
                system,
                load: Load { size, batch, clients: *clients, connections_max: self.connections_max },
            }));
        };
        for size in &self.sizes {
            for batch in &self.batches {
                sweep(System::Quorate, *size, *batch);
            }
        }
        let one_by_one = self.batches.contains(&1);
        for size in self.sizes.iter().filter(|_| self.etcd && one_by_one) {
            sweep(System::Etcd, *size, 1);
        }
        if let (Some(tick), Some(size), Some(batch)) = (self.tick, self.sizes.first(), self.batches.first()) {
            sweep(System::FixedTick(tick), *size, *batch);
        }
        points.sort_by_key(|point| (point.load, point.system));
        points
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quorate => f.write_str("quorate"),
            Self::FixedTick(tick) => write!(f, "quorate, tick of {tick:?}"),
            Self::Etcd => f.write_str("etcd"),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { size, batch, clients, .. } = self.load;
        write!(f, "{}, {size} B, {batch} per request, {clients} clients", self.system)
    }
}

#[cfg(test)]
mod tests;
