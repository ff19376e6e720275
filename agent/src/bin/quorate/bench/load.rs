//! The closed loop: so many clients, each of which asks again as soon as it is answered.
//!
//! One thread for each connection, and the clients spread over them. A thread sends what its clients ask in one piece,
//! waits for answers, and takes all that have come before it sends again. So a client waits only for the system it
//! loads, and the load generator costs little beside it.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, AtomicU8, Ordering},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use agent::wall::{now, pause};
use hdrhistogram::Histogram;
use machine_core::Rng;

use super::usage::{Device, Processors, Usage, loopback_bytes, waits_for_disk};
use crate::{Failure, cluster::NODES};

/// The names of the load's threads begin so.
pub(crate) const THREAD: &str = "load-";
/// Latencies above a minute count as a minute.
const LATENCY_NS_MAX: u64 = 60_000_000_000;
/// How far looks at the leader's threads are apart, at least and at most; by chance, because at equal distances they could
/// fall in step with what they look at.
const LOOK_INTERVAL: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(50));

const WARMING: u8 = 0;
const MEASURED: u8 = 1;
const OVER: u8 = 2;

/// What the threads of the load and the one that watches them tell each other.
#[derive(Debug)]
struct Stage {
    phase: AtomicU8,
    /// Whether a request has been answered while it is measured.
    answered: AtomicBool,
}

impl Stage {
    const fn at(phase: u8) -> Self {
        Self { phase: AtomicU8::new(phase), answered: AtomicBool::new(false) }
    }
}

/// One connection with its clients.
pub(crate) trait Wire: Send {
    /// How many clients it serves.
    fn clients(&self) -> usize;

    /// Puts the next request of this client, which has none under way, into the buffer.
    fn ask(&mut self, client: usize) -> Result<(), Failure>;

    /// The client that has been answered next. Before it waits, what is in the buffer is sent.
    fn answered(&mut self) -> Result<usize, Failure>;
}

/// What a load did to three nodes.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// Requests answered while it was measured.
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latencies_ns: Histogram<u64>,
    pub(crate) nodes: [Spent; NODES],
    pub(crate) generator: Spent,
    /// The share of all processors' time that anyone used, from 0 to 1.
    pub(crate) processors_busy: f64,
    /// The share of looks at which a thread of the leader waited for the disk, from 0 to 1.
    pub(crate) disk_waits: f64,
    pub(crate) loopback_bytes: u64,
    /// What reached the disk, of all programs, the file system's own journal included; none if it cannot be told.
    pub(crate) written_bytes: Option<u64>,
}

/// What a process used while it was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) processor: Duration,
    /// How often a thread of it got a processor.
    pub(crate) runs: u64,
    /// The time by the names of its threads.
    pub(crate) threads: BTreeMap<String, Duration>,
    /// Of the thread that does most: running, or ready and waiting for a processor. See [`Watched`].
    pub(crate) busiest: Option<Duration>,
}

/// Whom to look at.
pub(crate) struct Watched {
    pub(crate) processes: [u32; NODES],
    pub(crate) leader: usize,
    /// The thread of the leader through which everything must pass.
    pub(crate) bottleneck: Option<&'static str>,
    /// Where the data goes.
    pub(crate) device: Option<Device>,
}

/// How long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phases {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// Loads the nodes through these connections. `looked` is called now and then, with the time since the beginning. At
/// the end every request is answered.
pub(crate) fn load<W: Wire>(
    wires: Vec<W>,
    watched: &Watched,
    phases: Phases,
    mut looked: impl FnMut(Duration),
) -> Result<(Loaded, Vec<W>), Failure> {
    let stage = Stage::at(WARMING);
    thread::scope(|scope| {
        let stage = &stage;
        let mut threads = Vec::new();
        for (at, wire) in wires.into_iter().enumerate() {
            let thread = thread::Builder::new().name(format!("{THREAD}{at}"));
            match thread.spawn_scoped(scope, move || drive(wire, stage)) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    stage.phase.store(OVER, Ordering::Relaxed);
                    return Err(error.into());
                }
            }
        }
        let start = now();
        let measured = watch(&threads, watched, phases, stage, || looked(start.elapsed()));
        stage.phase.store(OVER, Ordering::Relaxed);
        // A thread's own failure says more than that it ended early.
        let mut tallies = Vec::new();
        for thread in threads {
            tallies.push(thread.join().map_err(|_panic| Failure::new("the load generator panicked"))??);
        }
        let mut loaded = measured?;
        let mut wires = Vec::new();
        for (wire, latencies_ns) in tallies {
            loaded.requests += latencies_ns.len();
            loaded.latencies_ns.add(latencies_ns)?;
            wires.push(wire);
        }
        Ok((loaded, wires))
    })
}

fn watch<T>(
    threads: &[ScopedJoinHandle<'_, T>],
    watched: &Watched,
    phases: Phases,
    stage: &Stage,
    mut looked: impl FnMut(),
) -> Result<Loaded, Failure> {
    let ended = || threads.iter().any(ScopedJoinHandle::is_finished);
    let deadline = now() + phases.warm_up;
    while now() < deadline && !ended() {
        pause(LOOK_INTERVAL.0.min(phases.warm_up));
        looked();
    }
    let before = Look::take(watched)?;
    stage.phase.store(MEASURED, Ordering::Relaxed);
    let start = now();
    let (mut looks, mut waits) = (0_u32, 0_u32);
    let mut chance = Rng::new(1);
    // Until there is something to tell: a machine may stand still for longer than a quick look takes.
    while (start.elapsed() < phases.measured || !stage.answered.load(Ordering::Relaxed)) && !ended() {
        looks += 1;
        waits += u32::from(waits_for_disk(watched.processes[watched.leader]));
        looked();
        let next = chance.duration(LOOK_INTERVAL.0, LOOK_INTERVAL.1);
        let left = phases.measured.saturating_sub(start.elapsed());
        pause(if left.is_zero() { next } else { next.min(left) });
    }
    // Before it is over: a thread that has ended is not counted any more.
    let after = Look::take(watched)?;
    let elapsed = start.elapsed();
    stage.phase.store(OVER, Ordering::Relaxed);
    let mut loaded = after.since(&before, watched);
    loaded.elapsed = elapsed;
    loaded.disk_waits = f64::from(waits) / f64::from(looks.max(1));
    Ok(loaded)
}

/// Everything that is counted, at one moment.
struct Look {
    nodes: [Usage; NODES],
    generator: Usage,
    processors: Processors,
    loopback_bytes: u64,
    written_bytes: Option<u64>,
}

impl Look {
    fn take(watched: &Watched) -> Result<Self, Failure> {
        let [a, b, c] = watched.processes.map(Usage::of);
        Ok(Self {
            nodes: [a?, b?, c?],
            generator: Usage::own()?,
            processors: Processors::now(),
            loopback_bytes: loopback_bytes(),
            written_bytes: watched.device.as_ref().map(Device::written_bytes),
        })
    }

    fn since(&self, before: &Self, watched: &Watched) -> Loaded {
        let spent = |after: &Usage, before: &Usage, thread: Option<&str>| Spent {
            processor: Duration::from_nanos(after.time_since(before).running_ns),
            runs: after.time_since(before).runs,
            threads: after.running_by_name_since(before),
            busiest: thread
                .and_then(|thread| after.longest_since(before, thread))
                .map(|time| Duration::from_nanos(time.running_ns + time.waiting_ns)),
        };
        let nodes =
            std::array::from_fn(|node| spent(&self.nodes[node], &before.nodes[node], watched.bottleneck));
        Loaded {
            requests: 0,
            elapsed: Duration::ZERO,
            latencies_ns: histogram(),
            nodes,
            generator: spent(&self.generator, &before.generator, Some(THREAD)),
            processors_busy: self.processors.busy_since(before.processors),
            disk_waits: 0.0,
            loopback_bytes: self.loopback_bytes.saturating_sub(before.loopback_bytes),
            written_bytes: self
                .written_bytes
                .zip(before.written_bytes)
                .map(|(after, before)| after.saturating_sub(before)),
        }
    }
}

/// One thread's life: every client asks, and whoever is answered asks again, until it is over and all are answered.
fn drive<W: Wire>(mut wire: W, stage: &Stage) -> Result<(W, Histogram<u64>), Failure> {
    let mut latencies_ns = histogram();
    let mut asked: Vec<Instant> = Vec::with_capacity(wire.clients());
    for client in 0..wire.clients() {
        asked.push(now());
        wire.ask(client)?;
    }
    let mut waiting = wire.clients();
    while waiting > 0 {
        let client = wire.answered()?;
        let at = now();
        let phase = stage.phase.load(Ordering::Relaxed);
        if phase == MEASURED {
            latencies_ns.saturating_record(nanos(at.saturating_duration_since(asked[client])));
            stage.answered.store(true, Ordering::Relaxed);
        }
        if phase == OVER {
            waiting -= 1;
        } else {
            asked[client] = at;
            wire.ask(client)?;
        }
    }
    Ok((wire, latencies_ns))
}

pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).expect("the bounds are a number and a larger one")
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
