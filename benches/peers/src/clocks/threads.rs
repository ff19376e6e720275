//! Two threads on one clock.
//!
//! On a machine that does other work, a thread that is alone for a while is fast, since nobody takes the cache line away.
//! So only batches count during which the other thread moved as well, and their median is told, not the best.

use std::{
    hint::black_box,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use hlc_gen::HlcGenerator;
use lamport::AtomicLamport;
use uhlc::HLC;

use super::{
    hybrid::{WALL, atomic, hybrid_system, system_wall},
    timing::now,
};

const BATCH: u64 = 10_000;
/// Batches that count, and how long they are waited for.
const BATCHES: usize = 300;
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the other thread says how far it is.
const STRIDE: u64 = 100;

/// Millions of operations a second, both threads together, and how many batches that is the median of.
pub(crate) struct Contended {
    pub(crate) name: &'static str,
    pub(crate) mops: f64,
    pub(crate) batches: usize,
}

pub(crate) fn all() -> Vec<Contended> {
    let (ours, lamport, hlc) = (atomic(), AtomicLamport::new(), atomic());
    let (uhlc, generator) = (HLC::default(), HlcGenerator::default());
    let hybrid = Mutex::new(hybrid_system());
    vec![
        contended("ours: AtomicHlc", || ours.tick(black_box(WALL))),
        contended("ours: AtomicHlc, system clock", || hlc.tick(system_wall())),
        contended("uhlc", || uhlc.new_timestamp()),
        contended("hlc-gen", || generator.next_timestamp()),
        contended("hybrid-clocks in a Mutex", || hybrid.lock().expect("no holder panics").now()),
        contended("ours: AtomicLamport", || lamport.tick()),
    ]
}

fn contended<T>(name: &'static str, stamp: impl Fn() -> T + Sync) -> Contended {
    let operation = || {
        black_box(stamp());
    };
    let (others, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let rates = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                (0..STRIDE).for_each(|_| operation());
                others.fetch_add(STRIDE, Ordering::Relaxed);
            }
        });
        let (mut rates, start) = (Vec::new(), now());
        while rates.len() < BATCHES && start.elapsed() < PATIENCE {
            rates.extend(batch(&operation, &others));
        }
        done.store(true, Ordering::Relaxed);
        rates.sort_by(f64::total_cmp);
        rates
    });
    let mops = rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN);
    Contended { name, mops, batches: rates.len() }
}

/// The rate of both, when the other moved all through: did at least a fiftieth of what this one did, and at most
/// fifty times as much. The loser of a compare-and-swap can be that slow.
fn batch(operation: &impl Fn(), others: &AtomicU64) -> Option<f64> {
    let (before, start) = (others.load(Ordering::Relaxed), now());
    (0..BATCH).for_each(|_| operation());
    let (elapsed, theirs) = (start.elapsed(), others.load(Ordering::Relaxed) - before);
    let together = (BATCH / 50..=BATCH * 50).contains(&theirs);
    together.then(|| (BATCH + theirs) as f64 / elapsed.as_secs_f64() / 1e6)
}
