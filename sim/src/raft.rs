//! Groups of [`raft_core::Raft`] nodes under one seed.

use std::fmt;

use machine_core::Instant;

use crate::{Digest, Faults, Trace};

mod adversaries;
mod bench;
mod calls;
mod client;
mod clocks;
mod explore;
mod healing;
mod judges;
mod nemesis;
mod node;
mod outputs;
mod plan;
mod profile;
mod record;
mod setup;
mod shapes;
mod stamps;
mod world;

pub use self::{
    bench::{Bench, Entry, HandError, View},
    explore::{Explorer, Found},
    judges::Violation,
    plan::{Plan, Variation},
    record::{Happening, Letter, What},
    setup::{Setup, SetupError},
    shapes::Shapes,
};

/// Runs one seed from the first start to the last check.
///
/// Everything is drawn from `seed`: the size of the group, its configuration, every fault and every choice. The same
/// seed gives the same run, event by event; [`Trace::digest`] tells.
///
/// # Errors
///
/// The first law that did not hold: a bug, of the core or of the simulator.
///
/// # Panics
///
/// When a core panics, which is a bug of the core.
pub fn run(seed: u64, trace: &mut Trace) -> Result<Totals, Box<Failure>> {
    run_under(seed, &Faults::all(), trace)
}

/// Runs one seed as [`run`] does, with those of its faults that the gate lets through. The gate is for this run only.
///
/// # Errors
///
/// As [`run`].
///
/// # Panics
///
/// As [`run`].
pub fn run_under(seed: u64, faults: &Faults, trace: &mut Trace) -> Result<Totals, Box<Failure>> {
    play(&Plan::of(seed), faults, None, trace)
}

/// Runs a plan as [`run_under`] runs a seed, and adds what the group went through to `shapes`, if they are asked for.
///
/// # Errors
///
/// As [`run`].
///
/// # Panics
///
/// As [`run`].
pub fn play(
    plan: &Plan,
    faults: &Faults,
    shapes: Option<&mut Shapes>,
    trace: &mut Trace,
) -> Result<Totals, Box<Failure>> {
    let world = world::World::new(plan, faults.clone(), shapes, std::mem::take(trace));
    let mut lent = Lent { owner: trace, world };
    let world = &mut lent.world;
    match world.run() {
        Ok(()) => Ok(world.totals),
        Err(violation) => {
            let (at, events, digest) = (world.now, world.totals.events, world.trace.digest());
            let healed_at = world.healing.is_some().then(|| Instant::ZERO + world.profile.unsafe_for);
            let profile = world.profile.to_string();
            Err(Box::new(Failure { plan: plan.clone(), at, events, digest, healed_at, profile, violation }))
        }
    }
}

/// A world with somebody's trace, which goes back to its owner however the run ends: after a panic, too, it tells how far
/// the run came.
struct Lent<'a, 't> {
    owner: &'a mut Trace,
    world: world::World<'t>,
}

impl Drop for Lent<'_, '_> {
    fn drop(&mut self) {
        std::mem::swap(self.owner, &mut self.world.trace);
    }
}

/// What was drawn for a seed, for people.
#[must_use]
pub fn describe(seed: u64) -> String {
    profile::Profile::draw(&mut machine_core::Rng::new(seed)).to_string()
}

/// What happened in one run or in many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals {
    /// Runs.
    pub seeds: u64,
    /// Events handled.
    pub events: u64,
    /// Virtual time, in nanoseconds.
    pub virtual_nanos: u64,
    /// Terms that had a leader.
    pub elections: u64,
    /// Nodes that ended, by whatever cause.
    pub crashes: u64,
    /// Of these, processes that ended while the machine kept its power.
    pub kills: u64,
    /// Of these, nodes that stopped since their disk failed.
    pub disk_stops: u64,
    /// Nodes that did not start since their disk failed.
    pub refused_starts: u64,
    /// Starts that found a torn end and trimmed it.
    pub torn: u64,
    /// Disk operations that failed for good.
    pub broken: u64,
    /// Syncs that failed and dropped what was dirty.
    pub syncs_lost: u64,
    /// New segments for which there was no room.
    pub full: u64,
    /// Disk operations that were interrupted or did only a part.
    pub partial: u64,
    /// Sectors that a loss of power tore, lost or set back.
    pub sectors_lost: u64,
    /// Times that data at rest were damaged.
    pub damaged: u64,
    /// Nodes that met damage and stayed down.
    pub retired: u64,
    /// The most segments that a log had when its node ended.
    pub segments_max: u64,
    /// Nodes that were paused.
    pub pauses: u64,
    /// Times that a clock jumped.
    pub jumps: u64,
    /// Times that an adversary struck.
    pub struck: u64,
    /// Messages that an adversary lost or held back.
    pub gripped: u64,
    /// Times that links were cut.
    pub partitions: u64,
    /// Messages sent.
    pub messages: u64,
    /// Messages of which no copy arrived.
    pub lost: u64,
    /// Messages of which more than one copy arrived.
    pub doubled: u64,
    /// Connections that broke.
    pub resets: u64,
    /// Pieces of streams of which a bit was turned round.
    pub corrupted: u64,
    /// Frames that were refused for it.
    pub frames_refused: u64,
    /// Writes made durable.
    pub writes: u64,
    /// Syncs that did it.
    pub syncs: u64,
    /// Questions to storage.
    pub fetches: u64,
    /// Entries committed.
    pub committed: u64,
    /// Entries of clients that were acknowledged.
    pub acknowledged: u64,
    /// Operations of clients in the histories that were judged.
    pub judged: u64,
    /// Reads answered.
    pub reads: u64,
    /// The digests of all runs, folded into one in the order of [`Totals::add`].
    pub digest: u64,
}

impl Totals {
    /// Adds what happened in another run.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.events += other.events;
        self.virtual_nanos += other.virtual_nanos;
        self.elections += other.elections;
        self.crashes += other.crashes;
        self.kills += other.kills;
        self.disk_stops += other.disk_stops;
        self.refused_starts += other.refused_starts;
        self.torn += other.torn;
        self.broken += other.broken;
        self.syncs_lost += other.syncs_lost;
        self.full += other.full;
        self.partial += other.partial;
        self.sectors_lost += other.sectors_lost;
        self.damaged += other.damaged;
        self.retired += other.retired;
        self.segments_max = self.segments_max.max(other.segments_max);
        self.pauses += other.pauses;
        self.jumps += other.jumps;
        self.struck += other.struck;
        self.gripped += other.gripped;
        self.partitions += other.partitions;
        self.messages += other.messages;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.resets += other.resets;
        self.corrupted += other.corrupted;
        self.frames_refused += other.frames_refused;
        self.writes += other.writes;
        self.syncs += other.syncs;
        self.fetches += other.fetches;
        self.committed += other.committed;
        self.acknowledged += other.acknowledged;
        self.judged += other.judged;
        self.reads += other.reads;
        let mut digest = Digest::default();
        digest.word(self.digest);
        digest.word(other.digest);
        self.digest = digest.get();
    }

    /// All but the digest, each with its name.
    #[must_use]
    pub fn rows(&self) -> [(&'static str, u64); 35] {
        [
            ("seeds", self.seeds),
            ("events", self.events),
            ("virtual seconds", self.virtual_nanos / 1_000_000_000),
            ("leaders elected", self.elections),
            ("crashes", self.crashes),
            ("without loss of power", self.kills),
            ("stopped by their disk", self.disk_stops),
            ("refused to start", self.refused_starts),
            ("torn ends trimmed", self.torn),
            ("sectors lost or torn", self.sectors_lost),
            ("disk operations failed", self.broken),
            ("syncs failed, data lost", self.syncs_lost),
            ("damaged at rest", self.damaged),
            ("retired for damage", self.retired),
            ("no room", self.full),
            ("interrupted or partial", self.partial),
            ("most segments", self.segments_max),
            ("pauses", self.pauses),
            ("clocks jumped", self.jumps),
            ("adversaries struck", self.struck),
            ("messages in their hands", self.gripped),
            ("partitions", self.partitions),
            ("messages sent", self.messages),
            ("messages lost", self.lost),
            ("messages doubled", self.doubled),
            ("connections broken", self.resets),
            ("pieces corrupted", self.corrupted),
            ("frames refused", self.frames_refused),
            ("writes made durable", self.writes),
            ("syncs", self.syncs),
            ("fetches", self.fetches),
            ("entries committed", self.committed),
            ("entries acknowledged", self.acknowledged),
            ("reads answered", self.reads),
            ("operations in histories", self.judged),
        ]
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.rows() {
            writeln!(f, "{name:>24} {value}")?;
        }
        write!(f, "{:>24} {:016x}", "digest", self.digest)
    }
}

/// A run in which a law was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What gives the same run again.
    pub plan: Plan,
    /// The virtual time.
    pub at: Instant,
    /// Events up to and including the one that broke it.
    pub events: u64,
    /// The digest of all that was done up to there.
    pub digest: Digest,
    /// When all faults had ended, if they had.
    pub healed_at: Option<Instant>,
    /// What was drawn for the run.
    pub profile: String,
    /// The law and its breach.
    pub violation: Violation,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, at, events, violation, .. } = self;
        let varied = if plan.variations.is_empty() { String::new() } else { format!(" ({plan})") };
        write!(f, "seed {}{varied} at {at} (event {events}): {violation}", plan.seed)
    }
}

impl std::error::Error for Failure {}
