//! The program `clocks`: what the clocks cost, ours and other projects', in one run.
//!
//! Every contender gets the same ids, 53 bits of them used, and the same counters. A cell is timed in batches of some
//! 20 microseconds, contenders taking turns, so that what else the machine does hits all alike; the fastest batch counts,
//! since only delays are added to a batch, never time taken away.

mod allocations;
mod cells;
mod hybrid;
mod program;
mod tables;
mod threads;
mod timing;
mod vectors;

pub use allocations::run as run_allocations;
pub use program::run;
pub(crate) use program::say;

/// Operations on whatever a closure holds: performs so many of them, of which only what it hands to the meter counts.
pub(crate) type Work = Box<dyn FnMut(u64, &mut dyn Meter)>;

/// What measures a section of code: a clock, a counter of allocations, or callgrind from outside.
pub(crate) trait Meter {
    /// Runs the section, and measures it.
    fn measure(&mut self, section: &mut dyn FnMut());
}

/// An operation that is repeated as it stands.
pub(crate) fn repeat(mut operation: impl FnMut() + 'static) -> Work {
    Box::new(move |times, meter| {
        meter.measure(&mut || {
            for _ in 0..times {
                operation();
            }
        });
    })
}

#[cfg(test)]
mod tests;
