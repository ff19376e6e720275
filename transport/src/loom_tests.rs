//! Every interleaving of the hand-offs, within a bound of preemptions that `LOOM_MAX_PREEMPTIONS` sets.
//!
//! A lost wake-up is a deadlock, and loom reports deadlocks: so most tests here need no assertion to fail.

mod completion;
mod disk;
mod mailbox;
mod shutdown;
mod signal;

use crate::{
    signal::Signal,
    sync::{Arc, Condvar, Mutex},
};

/// Runs every interleaving; two preemptions unless the environment says otherwise, which finds nearly all races
/// (Musuvathi and Qadeer, 2007) in bounded time.
fn every_interleaving(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(2);
    builder.check(model);
}

/// Stands for the driver's `Poll`: sleeps until the bell was rung, remembers a ring that came before the sleep.
struct Bed {
    rung: Mutex<bool>,
    bell: Condvar,
}

impl Bed {
    fn new() -> (Arc<Self>, Arc<Signal>) {
        let bed = Arc::new(Self { rung: Mutex::new(false), bell: Condvar::new() });
        let ringer = bed.clone();
        let signal = Signal::new(move || {
            *ringer.rung.lock() = true;
            ringer.bell.notify_one();
        });
        (bed, signal)
    }

    /// What the driver does between two turns.
    fn sleep(&self, signal: &Signal) {
        if signal.may_sleep() {
            let mut rung = self.rung.lock();
            while !*rung {
                rung = self.bell.wait(rung);
            }
            *rung = false;
        }
        signal.woke();
    }
}
