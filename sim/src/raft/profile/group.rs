//! How the cores of a group are configured: every field of [`Config`], now and then at its legal extremes.

use std::time::Duration;

use machine_core::{NodeId, Rng};
use raft_core::{Config, ENTRY_HEADER_BYTES, PRIORITY_MAX, VOTERS_MAX};

use super::pick;

/// The configuration of all nodes of a group; it differs only in the priority.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) nodes: usize,
    pub(crate) timing: Timing,
    pub(crate) limits: Limits,
    /// By node.
    pub(crate) priorities: Vec<u8>,
}

/// The timers of the group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) election_min: Duration,
    pub(crate) election_max: Duration,
    pub(crate) heartbeat: Duration,
}

/// The bounds of the group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) append_bytes: usize,
    pub(crate) inflight_messages: usize,
    pub(crate) inflight_bytes: usize,
    pub(crate) uncommitted_bytes: usize,
    pub(crate) cache_bytes: usize,
    pub(crate) reads: usize,
}

impl Limits {
    /// How much a host brings back for a `Fetch` beyond the first run: some bring that one only.
    pub(crate) fn fetch_bytes(&self, rng: &mut Rng) -> usize {
        if rng.below(4) == 0 { 1 } else { self.append_bytes.min(FETCH_BYTES_MOST) }
    }
}

/// Where appends may be large, a host that answers with half of its log would do little else.
const FETCH_BYTES_MOST: usize = 16 << 10;

/// Room for the header and one byte.
const APPEND_BYTES_LEAST: usize = ENTRY_HEADER_BYTES + 1;

/// The most that a configuration may name.
const APPEND_BYTES_MOST: usize = 64 << 20;

/// Larger caches would mostly only hide `Fetch`, and `check()` walks them after every step.
const CACHE_BYTES_USUAL: usize = 8 << 10;

/// The least range of the election timeout there may be.
const NARROWEST: Duration = Duration::from_nanos(1);

/// How many elections may come to nothing, at most, where nothing but chance keeps the candidates apart.
const TIES: u32 = 20;

/// One group in so many has as many voters as can be.
const CROWD_ONE_IN: u64 = 250;

impl Group {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let crowd = rng.below(CROWD_ONE_IN) == 0;
        let usual = *pick(rng, &[3, 3, 3, 3, 5, 5, 5, 1, 2, 4, 7]);
        let nodes = if crowd { VOTERS_MAX } else { usual };
        let ranked = rng.per_mille(300);
        let priority = |rng: &mut Rng| u8::try_from(rng.below(4)).map_or(PRIORITY_MAX, |drawn| drawn);
        Self {
            nodes,
            timing: draw_timing(rng, nodes),
            limits: draw_limits(rng),
            priorities: (0..nodes).map(|_| if ranked { priority(rng) } else { PRIORITY_MAX }).collect(),
        }
    }

    /// The same with so many nodes; those that come in addition have the highest priority.
    pub(crate) fn resize(&mut self, nodes: usize) {
        self.nodes = nodes;
        self.priorities.resize(nodes, PRIORITY_MAX);
    }

    pub(crate) fn config(&self, node: usize) -> Config {
        let id = |node| NodeId::of(node as u64 + 1);
        Config::new(id(node), (0..self.nodes).map(id))
            .with_election_timeout(self.timing.election_min, self.timing.election_max)
            .with_heartbeat_interval(self.timing.heartbeat)
            .with_priority(self.priorities[node])
            .with_append_bytes_max(self.limits.append_bytes)
            .with_inflight_messages_max(self.limits.inflight_messages)
            .with_inflight_bytes_max(self.limits.inflight_bytes)
            .with_uncommitted_bytes_max(self.limits.uncommitted_bytes)
            .with_cache_bytes_max(self.limits.cache_bytes)
            .with_reads_max(self.limits.reads)
    }

    /// The longest that a node waits before it stands for election, priority included; where all wait as long, and
    /// only the network's delays keep them apart, as if that were many times longer.
    pub(crate) fn patience(&self) -> Duration {
        let Timing { election_min, election_max, .. } = self.timing;
        if election_max - election_min == NARROWEST {
            return election_max * TIES;
        }
        let least = self.priorities.iter().min().map_or(PRIORITY_MAX, |least| *least);
        election_max + (election_max - election_min) * u32::from(PRIORITY_MAX - least)
    }
}

/// The heartbeat goes from half of the election timeout, the most there may be, down to where messages are mostly
/// heartbeats; the range of the election timeout from a nanosecond, the least there may be, to thrice its minimum.
fn draw_timing(rng: &mut Rng, nodes: usize) -> Timing {
    let millis =
        |rng: &mut Rng, least, most| rng.duration(Duration::from_millis(least), Duration::from_millis(most));
    let election_min = match rng.below(20) {
        0 => millis(rng, 20, 40),
        1 => millis(rng, 1000, 2000),
        _ => millis(rng, 100, 300),
    };
    let narrow = rng.below(40) == 0;
    let range = election_min / 10 * *pick(rng, &[2, 2, 5, 5, 10, 10, 15, 15, 30]);
    let often = if nodes > 7 { 3 } else { 50 };
    let beats = (*pick(rng, &[2, 2, 3, 5, 5, 8, 50])).min(often);
    Timing {
        election_min,
        election_max: election_min + if narrow { NARROWEST } else { range },
        heartbeat: election_min / beats,
    }
}

fn draw_limits(rng: &mut Rng) -> Limits {
    let append_bytes = match rng.below(40) {
        0 | 1 => APPEND_BYTES_LEAST,
        2 => APPEND_BYTES_MOST,
        _ => *pick(rng, &[16, 64, 64, 300, 300, 4 << 10, 4 << 10, 24 << 10]),
    };
    let limitless = |rng: &mut Rng| rng.below(20) == 0;
    let above = |rng: &mut Rng| {
        let usual = append_bytes * *pick(rng, &[1, 2, 10, 1000]);
        if limitless(rng) { usize::MAX } else { usual }
    };
    let cache_bytes = above(rng);
    let inflight_messages = *pick(rng, &[1, 1, 2, 2, 4, 4, 64, 64, usize::MAX]);
    Limits {
        append_bytes,
        inflight_messages,
        inflight_bytes: above(rng),
        uncommitted_bytes: above(rng),
        cache_bytes: if limitless(rng) {
            usize::MAX
        } else {
            cache_bytes.min(append_bytes.max(CACHE_BYTES_USUAL))
        },
        reads: *pick(rng, &[1, 1, 3, 3, 1000, 1000, usize::MAX]),
    }
}

#[cfg(test)]
mod tests;
