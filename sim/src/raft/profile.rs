//! What one run is like, all of it drawn from the seed: each kind of fault is on or off by itself, and has its own
//! strength. Runs in which everything happens at once hide as much as runs in which nothing does (swarm testing, Groce
//! et al. 2012; TigerBeetle's VOPR).

use std::{fmt, time::Duration};

use machine_core::Rng;
use raft_core::ENTRY_HEADER_BYTES;

pub(crate) use self::group::{Group, Limits, Timing};
use super::adversaries::Aim;
use crate::{
    disk::{DiskProfile, MediumProfile},
    network::NetworkProfile,
    stream::StreamProfile,
};

mod group;

/// No run grows beyond this, even where the configuration allows it: that is more than a whole log.
const RUN_BYTES_MAX: usize = 2 << 20;

/// Everything about a run but the dice thrown during it.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) group: Group,
    /// How long faults go on before everything heals.
    pub(crate) unsafe_for: Duration,
    pub(crate) network: NetworkProfile,
    /// Connections, or, without them, messages that travel on their own.
    pub(crate) streams: Option<StreamProfile>,
    pub(crate) disk: DiskProfile,
    pub(crate) host: HostProfile,
    pub(crate) faults: FaultProfile,
    pub(crate) load: LoadProfile,
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
    /// Who seeks the worst moments.
    pub(crate) aim: Option<Aim>,
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
    /// Clocks that jump.
    pub(crate) jump: Option<Duration>,
    /// Damage to data at rest.
    pub(crate) damage: Option<Duration>,
    /// Whether damage may hit every copy there is: then nodes must stop, and nothing else is asked of them.
    pub(crate) beyond_repair: bool,
    /// How often of 1,000 a fault picks the leader.
    pub(crate) leader_per_mille: u64,
}

impl FaultProfile {
    /// No faults at all.
    const NONE: Self = Self {
        crash: None,
        crash_between_per_mille: 0,
        aim: None,
        kill_per_mille: 0,
        down_max: Duration::ZERO,
        machine_lost_per_mille: 0,
        pause: None,
        pause_max: Duration::ZERO,
        partition: None,
        partition_max: Duration::ZERO,
        handover: None,
        jump: None,
        damage: None,
        beyond_repair: false,
        leader_per_mille: 0,
    };
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
    /// Whether proposals are stamped by their hosts.
    pub(crate) stamped: bool,
}

impl Profile {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let group = Group::draw(rng);
        let limits = group.limits;
        let mut drawn = Self {
            unsafe_for: rng.duration(Duration::from_secs(4), Duration::from_secs(12)),
            network: draw_network(rng),
            streams: draw_streams(rng),
            disk: draw_disk(rng, &limits),
            host: draw_host(rng),
            faults: draw_faults(rng),
            load: draw_load(rng, &limits),
            group,
        };
        if let Some(aim) = drawn.faults.aim {
            aim.tailor(rng, &mut drawn);
        }
        drawn
    }

    /// Leaves a group that is well: everyone is up, and messages and syncs take far less than an election timeout.
    pub(crate) fn calm_down(&mut self, rng: &mut Rng) {
        self.group.resize(*pick(rng, &[3, 3, 5, 4, 7]));
        self.network = NetworkProfile {
            duplicate_per_mille: self.network.duplicate_per_mille,
            ..NetworkProfile::HEALTHY
        };
        self.streams = self.streams.map(|_| StreamProfile::HEALTHY);
        self.disk = DiskProfile { segment_bytes: self.disk.segment_bytes, ..DiskProfile::HEALTHY };
        self.host = HostProfile {
            undrained_per_mille: 0,
            tick_late_max: Duration::ZERO,
            drift_ppm: self.host.drift_ppm.min(DRIFT_MILD_PPM),
            ..self.host
        };
        let FaultProfile { aim, kill_per_mille, down_max, machine_lost_per_mille, .. } = self.faults;
        self.faults =
            FaultProfile { aim, kill_per_mille, down_max, machine_lost_per_mille, ..FaultProfile::NONE };
        (self.load.transfer_per_mille, self.load.step_down_per_mille) = (0, 0);
    }
}

/// How far the clocks of a group that is well are off, at most, in millionths.
const DRIFT_MILD_PPM: u64 = 50_000;

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
    .with_room_for(limits.append_bytes.min(RUN_BYTES_MAX))
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
    let damage = rng.per_mille(150);
    let every = |rng: &mut Rng, least, most| {
        rng.per_mille(500).then(|| rng.duration(Duration::from_millis(least), Duration::from_millis(most)))
    };
    let up_to = |rng: &mut Rng, millis: &[u64]| Duration::from_millis(*pick(rng, millis));
    FaultProfile {
        crash: every(rng, 200, 3000),
        crash_between_per_mille: *pick(rng, &[0, 0, 1, 5]),
        aim: Aim::draw(rng),
        kill_per_mille: *pick(rng, &[0, 300, 1000]),
        down_max: up_to(rng, &[5, 200, 2000]),
        machine_lost_per_mille: sometimes(rng, 1000),
        pause: every(rng, 500, 3000),
        pause_max: up_to(rng, &[300, 2000, 5000]),
        partition: every(rng, 300, 3000),
        partition_max: up_to(rng, &[300, 1500, 5000]),
        handover: every(rng, 200, 2000),
        jump: every(rng, 200, 2000).filter(|_| rng.per_mille(500)),
        damage: damage.then(|| rng.duration(Duration::from_millis(200), Duration::from_millis(3000))),
        beyond_repair: damage && rng.per_mille(200),
        leader_per_mille: *pick(rng, &[0, 500, 900]),
    }
}

/// The smallest append that has room for a stamped entry.
const STAMPED_BYTES_MIN: usize = 64;

fn draw_load(rng: &mut Rng, limits: &Limits) -> LoadProfile {
    LoadProfile {
        clients: *pick(rng, &[1, 3]),
        interval: *pick(rng, &[5_000, 20_000, 100_000].map(Duration::from_micros)),
        batch_max: *pick(rng, &[1, 4, 30]),
        payload_max: (*pick(rng, &[8, 32, 200])).min(limits.append_bytes - ENTRY_HEADER_BYTES),
        read_per_mille: *pick(rng, &[0, 200, 700]),
        transfer_per_mille: sometimes(rng, 30),
        step_down_per_mille: sometimes(rng, 20),
        history: rng.per_mille(200),
        stamped: rng.per_mille(500) && limits.append_bytes >= STAMPED_BYTES_MIN,
    }
}

/// One of these, each equally likely.
pub(crate) fn pick<'a, T>(rng: &mut Rng, among: &'a [T]) -> &'a T {
    let place = usize::try_from(rng.below(among.len() as u64)).expect("below a length");
    &among[place]
}

/// Zero half of the time, otherwise up to `most`.
const fn sometimes(rng: &mut Rng, most: u64) -> u64 {
    if rng.per_mille(500) { rng.below(most + 1) } else { 0 }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Group { nodes, timing, limits, priorities } = &self.group;
        writeln!(f, "nodes {nodes}, faults for {:?}, priorities {priorities:?}", self.unsafe_for)?;
        writeln!(f, "{timing:?}")?;
        writeln!(f, "{limits:?}")?;
        writeln!(f, "{:?}", self.network)?;
        writeln!(f, "{:?}", self.streams)?;
        writeln!(f, "{:?}", self.disk)?;
        writeln!(f, "{:?}", self.host)?;
        writeln!(f, "{:?}", self.faults)?;
        write!(f, "{:?}", self.load)
    }
}
