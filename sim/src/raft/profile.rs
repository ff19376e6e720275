//! What one run is like, all of it drawn from the seed: each kind of fault is on or off by itself, and has its own
//! strength. Runs in which everything happens at once hide as much as runs in which nothing does (swarm testing, Groce
//! et al. 2012; TigerBeetle's VOPR).

use std::{fmt, time::Duration};

use machine_core::{NodeId, Rng};
use raft_core::{Config, PRIORITY_MAX};

use crate::{
    disk::{DiskProfile, MediumProfile},
    network::NetworkProfile,
    stream::StreamProfile,
};

/// Everything about a run but the dice thrown during it.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) nodes: usize,
    /// How long faults go on before everything heals.
    pub(crate) unsafe_for: Duration,
    pub(crate) timing: Timing,
    pub(crate) limits: Limits,
    /// By node.
    pub(crate) priorities: Vec<u8>,
    pub(crate) network: NetworkProfile,
    /// Connections, or, without them, messages that travel on their own.
    pub(crate) streams: Option<StreamProfile>,
    pub(crate) disk: DiskProfile,
    pub(crate) host: HostProfile,
    pub(crate) faults: FaultProfile,
    pub(crate) load: LoadProfile,
}

/// The timers of the group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) election_min: Duration,
    pub(crate) election_max: Duration,
    pub(crate) heartbeat: Duration,
}

/// The bounds of the group; the same on all nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) append_bytes: usize,
    pub(crate) inflight_messages: usize,
    pub(crate) inflight_bytes: usize,
    pub(crate) uncommitted_bytes: usize,
    pub(crate) cache_bytes: usize,
    pub(crate) reads: usize,
}

/// How the program around a core behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostProfile {
    /// How often of 1,000 outputs are left for later.
    pub(crate) undrained_per_mille: u64,
    pub(crate) apply_max: Duration,
    pub(crate) fetch_max: Duration,
    /// How late a tick may be.
    pub(crate) tick_late_max: Duration,
    /// How often of 1,000 a completion is told again, or piecemeal.
    pub(crate) repeat_per_mille: u64,
    /// How far clocks differ from the true rate, in millionths.
    pub(crate) drift_ppm: u64,
}

/// What is done to the nodes; a mean interval each, or never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultProfile {
    pub(crate) crash: Option<Duration>,
    /// How often of 1,000 a node that has outputs crashes between two of them.
    pub(crate) crash_between_per_mille: u64,
    /// Where crashes are sought.
    pub(crate) hunt: Option<Hunt>,
    /// How often of 1,000 only the process ends, and not the power.
    pub(crate) kill_per_mille: u64,
    pub(crate) down_max: Duration,
    /// How often of 1,000 a restarted state machine is empty.
    pub(crate) machine_lost_per_mille: u64,
    pub(crate) pause: Option<Duration>,
    pub(crate) pause_max: Duration,
    pub(crate) partition: Option<Duration>,
    pub(crate) partition_max: Duration,
    pub(crate) handover: Option<Duration>,
    /// Damage to data at rest.
    pub(crate) damage: Option<Duration>,
    /// Whether damage may hit every copy there is: then nodes must stop, and nothing else is asked of them.
    pub(crate) beyond_repair: bool,
    /// How often of 1,000 a fault picks the leader.
    pub(crate) leader_per_mille: u64,
}

/// The moment at which a crash does most harm: one run in five looks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hunt {
    /// A voter, just after it said yes.
    Voter,
    /// A follower, just after it acknowledged entries.
    Acknowledger,
    /// A leader, just after its first follower was sent entries: the start of the paper's Figure 8.
    Leader,
    /// Anyone, just after handing something to the disk.
    Writer,
}

/// What clients do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadProfile {
    pub(crate) clients: usize,
    /// Mean time between two commands of all clients.
    pub(crate) interval: Duration,
    pub(crate) batch_max: u64,
    /// Largest payload, usually.
    pub(crate) payload_max: usize,
    pub(crate) read_per_mille: u64,
    pub(crate) transfer_per_mille: u64,
    pub(crate) step_down_per_mille: u64,
    /// Whether what clients saw is kept, and judged at the end.
    pub(crate) history: bool,
}

/// Room for the header and a payload's number.
const APPEND_BYTES_LEAST: usize = 16;

/// Larger caches would only hide `Fetch`, and `check()` walks them after every step.
const CACHE_BYTES_MOST: usize = 8 << 10;

impl Profile {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let nodes = *pick(rng, &[3, 3, 3, 3, 5, 5, 5, 1, 2, 4, 7]);
        let limits = draw_limits(rng);
        let ranked = rng.per_mille(300);
        let priority = |rng: &mut Rng| u8::try_from(rng.below(4)).map_or(PRIORITY_MAX, |drawn| drawn);
        Self {
            nodes,
            unsafe_for: rng.duration(Duration::from_secs(4), Duration::from_secs(12)),
            timing: draw_timing(rng),
            limits,
            priorities: (0..nodes).map(|_| if ranked { priority(rng) } else { PRIORITY_MAX }).collect(),
            network: draw_network(rng),
            streams: draw_streams(rng),
            disk: draw_disk(rng, &limits),
            host: draw_host(rng),
            faults: draw_faults(rng),
            load: draw_load(rng, &limits),
        }
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

    /// The longest that a node waits before it stands for election, priority included.
    pub(crate) fn patience(&self) -> Duration {
        let Timing { election_min, election_max, .. } = self.timing;
        let least = self.priorities.iter().min().map_or(PRIORITY_MAX, |least| *least);
        election_max + (election_max - election_min) * u32::from(PRIORITY_MAX - least)
    }
}

fn draw_timing(rng: &mut Rng) -> Timing {
    let election_min = rng.duration(Duration::from_millis(100), Duration::from_millis(300));
    let election_max = election_min + election_min / 10 * *pick(rng, &[2, 5, 10, 15]);
    Timing { election_min, election_max, heartbeat: election_min / *pick(rng, &[2, 3, 5, 8]) }
}

fn draw_limits(rng: &mut Rng) -> Limits {
    let append_bytes = *pick(rng, &[APPEND_BYTES_LEAST, 64, 64, 300, 300, 4 << 10, 4 << 10, 24 << 10]);
    let above = |rng: &mut Rng| append_bytes * *pick(rng, &[1, 2, 10, 1000]);
    Limits {
        append_bytes,
        inflight_messages: *pick(rng, &[1, 2, 4, 64]),
        inflight_bytes: above(rng),
        uncommitted_bytes: above(rng),
        cache_bytes: above(rng).min(append_bytes.max(CACHE_BYTES_MOST)),
        reads: *pick(rng, &[1, 3, 1000]),
    }
}

fn draw_network(rng: &mut Rng) -> NetworkProfile {
    let late = rng.per_mille(500);
    NetworkProfile {
        loss_per_mille: sometimes(rng, 300),
        duplicate_per_mille: sometimes(rng, 500),
        delay_min: rng.duration(Duration::from_micros(50), Duration::from_millis(2)),
        delay_mean: *pick(rng, &[200, 1_000, 5_000, 20_000].map(Duration::from_micros)),
        late_per_mille: if late { 20 } else { 0 },
        late_max: Duration::from_secs(3),
    }
}

fn draw_streams(rng: &mut Rng) -> Option<StreamProfile> {
    let streams =
        StreamProfile { reset_per_mille: sometimes(rng, 50), corrupt_per_mille: *pick(rng, &[0, 5, 50]) };
    rng.per_mille(500).then_some(streams)
}

fn draw_disk(rng: &mut Rng, limits: &Limits) -> DiskProfile {
    let sync_max = *pick(rng, &[200, 2_000, 10_000, 50_000].map(Duration::from_micros));
    let stall_per_mille = sometimes(rng, 20);
    DiskProfile {
        sync_min: Duration::from_micros(50),
        sync_max,
        stall_per_mille,
        stall_max: Duration::from_secs(2),
        power_per_mille: *pick(rng, &[0, 0, 1, 5]),
        mark_per_mille: *pick(rng, &[0, 500, 1000]),
        segment_bytes: *pick(rng, &[4 << 10, 4 << 10, 8 << 10, 32 << 10]),
        medium: draw_medium(rng),
    }
    .with_room_for(limits.append_bytes)
}

fn draw_medium(rng: &mut Rng) -> MediumProfile {
    MediumProfile {
        broken_per_100k: *pick(rng, &[0, 0, 0, 30, 100]),
        sync_lost_per_100k: *pick(rng, &[0, 0, 100, 300, 1000]),
        full_per_mille: *pick(rng, &[0, 0, 0, 50]),
        interrupted_per_mille: sometimes(rng, 30),
        short_per_mille: sometimes(rng, 100),
        kept_per_mille: *pick(rng, &[0, 100, 500, 900, 1000]),
    }
}

fn draw_host(rng: &mut Rng) -> HostProfile {
    HostProfile {
        undrained_per_mille: sometimes(rng, 300),
        apply_max: *pick(rng, &[0, 500, 20_000, 300_000].map(Duration::from_micros)),
        fetch_max: *pick(rng, &[100, 2_000, 50_000].map(Duration::from_micros)),
        tick_late_max: *pick(rng, &[0, 1_000, 30_000].map(Duration::from_micros)),
        repeat_per_mille: sometimes(rng, 200),
        drift_ppm: sometimes(rng, 300_000),
    }
}

fn draw_faults(rng: &mut Rng) -> FaultProfile {
    let hunt = match rng.below(20) {
        0 => Some(Hunt::Voter),
        1 => Some(Hunt::Acknowledger),
        2 => Some(Hunt::Leader),
        3 => Some(Hunt::Writer),
        _ => None,
    };
    let damage = rng.per_mille(150);
    let every = |rng: &mut Rng, least, most| {
        rng.per_mille(500).then(|| rng.duration(Duration::from_millis(least), Duration::from_millis(most)))
    };
    let up_to = |rng: &mut Rng, millis: &[u64]| Duration::from_millis(*pick(rng, millis));
    FaultProfile {
        crash: every(rng, 200, 3000),
        crash_between_per_mille: *pick(rng, &[0, 0, 1, 5]),
        hunt,
        kill_per_mille: *pick(rng, &[0, 300, 1000]),
        down_max: up_to(rng, &[5, 200, 2000]),
        machine_lost_per_mille: sometimes(rng, 1000),
        pause: every(rng, 500, 3000),
        pause_max: up_to(rng, &[300, 2000, 5000]),
        partition: every(rng, 300, 3000),
        partition_max: up_to(rng, &[300, 1500, 5000]),
        handover: every(rng, 200, 2000).filter(|_| hunt.is_none()),
        damage: damage.then(|| rng.duration(Duration::from_millis(200), Duration::from_millis(3000))),
        beyond_repair: damage && rng.per_mille(200),
        leader_per_mille: *pick(rng, &[0, 500, 900]),
    }
}

fn draw_load(rng: &mut Rng, limits: &Limits) -> LoadProfile {
    LoadProfile {
        clients: *pick(rng, &[1, 3]),
        interval: *pick(rng, &[5_000, 20_000, 100_000].map(Duration::from_micros)),
        batch_max: *pick(rng, &[1, 4, 30]),
        payload_max: (*pick(rng, &[8, 32, 200])).min(limits.append_bytes),
        read_per_mille: *pick(rng, &[0, 200, 700]),
        transfer_per_mille: sometimes(rng, 30),
        step_down_per_mille: sometimes(rng, 20),
        history: rng.per_mille(200),
    }
}

fn pick<'a, T>(rng: &mut Rng, among: &'a [T]) -> &'a T {
    let place = usize::try_from(rng.below(among.len() as u64)).expect("below a length");
    &among[place]
}

/// Zero half of the time, otherwise up to `most`.
const fn sometimes(rng: &mut Rng, most: u64) -> u64 {
    if rng.per_mille(500) { rng.below(most + 1) } else { 0 }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "nodes {}, faults for {:?}, priorities {:?}",
            self.nodes, self.unsafe_for, self.priorities
        )?;
        writeln!(f, "{:?}", self.timing)?;
        writeln!(f, "{:?}", self.limits)?;
        writeln!(f, "{:?}", self.network)?;
        writeln!(f, "{:?}", self.streams)?;
        writeln!(f, "{:?}", self.disk)?;
        writeln!(f, "{:?}", self.host)?;
        writeln!(f, "{:?}", self.faults)?;
        write!(f, "{:?}", self.load)
    }
}
