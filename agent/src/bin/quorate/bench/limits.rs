//! What saturates, and how that is judged.

use std::{fmt, time::Duration};

use super::{load::Loaded, machine::Machine, plan::System};

/// From here on the processors have no time left: the rest goes into changing from one task to another.
const PROCESSORS_FULL: f64 = 0.92;
/// With this share of the processors, others are to blame: the kernel's own threads take less for us.
const OTHERS_MANY: f64 = 0.25;
/// A thread that runs, or would if it were let, for so much of the time is what everything waits for.
const THREAD_FULL: f64 = 0.90;
/// Between two syncs there are writes to be made, so a log without a pause is in a sync for less than all the time.
const DISK_FULL: f64 = 0.75;
/// Of what one stream reaches alone.
const NETWORK_FULL: f64 = 0.70;

/// Which share of what is used, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Shares {
    /// Of all processors, by the leader.
    pub(crate) leader: f64,
    /// Of all processors, by the other two nodes.
    pub(crate) followers: f64,
    /// Of all processors, by the load generator.
    pub(crate) generator: f64,
    /// Of all processors, by anything else on the machine, the kernel's own threads among it.
    pub(crate) others: f64,
    /// Of one processor, wanted by the leader's loop. Not known of another's program.
    pub(crate) leader_loop: Option<f64>,
    /// Of the time, in which the leader waits for the disk.
    pub(crate) disk: f64,
    /// Of one processor, wanted by the busiest thread of the load generator.
    pub(crate) generator_thread: f64,
    /// Of what the loopback interface can carry in one stream.
    pub(crate) network: f64,
}

/// What would have to be faster for more throughput, or less latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Processors,
    /// The processors, but other programs have a good part of them: the figure says little.
    OtherPrograms,
    LeaderLoop,
    Disk,
    Generator,
    Network,
    /// Nothing is full: each client waits for syncs and round trips, one after the other.
    Waiting,
    /// The leader waits for its tick by intention.
    Tick,
}

impl Shares {
    pub(crate) fn of(loaded: &Loaded, leader: usize, machine: &Machine) -> Self {
        let elapsed = loaded.elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        let of_all = |time: Duration| time.as_secs_f64() / elapsed / machine.processors as f64;
        let of_one = |time: Duration| time.as_secs_f64() / elapsed;
        let nodes: f64 = loaded.nodes.iter().map(|node| of_all(node.processor)).sum();
        let (leader, busiest) = (of_all(loaded.nodes[leader].processor), loaded.nodes[leader].busiest);
        let generator = of_all(loaded.generator.processor);
        Self {
            leader,
            followers: nodes - leader,
            generator,
            others: (loaded.processors_busy - nodes - generator).max(0.0),
            leader_loop: busiest.map(of_one),
            disk: loaded.disk_waits,
            generator_thread: loaded.generator.busiest.map_or(0.0, of_one),
            network: loaded.loopback_bytes as f64 / elapsed / machine.loopback_bytes_per_second.max(1.0),
        }
    }

    /// The first of these that is full. The processors come first, because without them every thread waits.
    pub(crate) fn limit(&self, system: System) -> Limit {
        let processors = self.leader + self.followers + self.generator + self.others;
        let full = [
            (processors >= PROCESSORS_FULL && self.others >= OTHERS_MANY, Limit::OtherPrograms),
            (processors >= PROCESSORS_FULL, Limit::Processors),
            (self.leader_loop.is_some_and(|share| share >= THREAD_FULL), Limit::LeaderLoop),
            (self.disk >= DISK_FULL, Limit::Disk),
            (self.generator_thread >= THREAD_FULL, Limit::Generator),
            (self.network >= NETWORK_FULL, Limit::Network),
            (matches!(system, System::FixedTick(_)), Limit::Tick),
        ];
        full.into_iter().find(|(full, _)| *full).map_or(Limit::Waiting, |(_, limit)| limit)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Processors => "processors",
            Self::OtherPrograms => "other programs",
            Self::LeaderLoop => "leader's loop",
            Self::Disk => "disk",
            Self::Generator => "load generator",
            Self::Network => "network",
            Self::Waiting => "nothing",
            Self::Tick => "the tick",
        })
    }
}

/// The rule, for people.
pub(crate) fn legend() -> String {
    let percent = |share: f64| share * 100.0;
    format!(
        "What saturates, the first that holds: the processors, when all together are busy for {:.0} % of the time (other programs,\n\
         when {:.0} % goes to them); the leader's loop, when that thread runs or waits for a processor for {:.0} %; the disk, when\n\
         the leader waits for a sync at {:.0} % of the looks at it; the load generator, when a thread of it is as busy as the loop\n\
         would have to be; the network, at {:.0} % of what one stream carries alone; else the tick, if there is one. \"nothing\":\n\
         the clients wait for syncs and round trips, one after the other, and more clients would get more.\n",
        percent(PROCESSORS_FULL),
        percent(OTHERS_MANY),
        percent(THREAD_FULL),
        percent(DISK_FULL),
        percent(NETWORK_FULL)
    )
}

#[cfg(test)]
mod tests;
