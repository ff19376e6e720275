//! How a host stamps what its clients propose: with a hybrid clock over its own wall clock, which drifts and jumps, and
//! which has observed the stamp of every entry that the node was given to write.

use lamport::{ClockError, Hlc, HlcConfig, HlcTime, Wall};
use machine_core::Instant;
use raft_core::{Run, Stamp};

/// Clocks here are wrong by seconds at most: no honest stamp leads by more than this.
const AHEAD_MAX_MS: u64 = 3_600_000;

/// When all walls show zero.
const EPOCH_MS: u64 = 1_700_000_000_000;

/// The hybrid clock of one node, and the bound that it has made durable.
#[derive(Debug)]
pub(crate) struct Stamper {
    clock: Hlc,
    /// What a restart goes on above. Written at once: a host waits for it before it stamps anything above.
    bound: HlcTime,
}

impl Stamper {
    /// The clock of a node that never ran.
    pub(crate) fn new() -> Self {
        Self::above(HlcTime::ZERO)
    }

    /// The process ends: but for the bound the clock is gone.
    pub(crate) fn forget(&mut self) {
        *self = Self::above(self.bound);
    }

    /// A stamp for what is about to be proposed.
    pub(crate) fn stamp(&mut self, now: Instant) -> Result<Stamp, ClockError> {
        self.bounded(|clock, wall| clock.tick(wall), wall(now)).map(|time| Stamp::new(time.to_bits()))
    }

    /// The node is given entries to write.
    pub(crate) fn observe(&mut self, run: &Run, now: Instant) -> Result<(), ClockError> {
        let newest = run.entries().filter_map(|entry| entry.kind.stamp()).max();
        let Some(newest) = newest.map(|stamp| HlcTime::from_bits(stamp.get())) else { return Ok(()) };
        if newest > self.clock.peek() {
            self.bounded(|clock, wall| clock.observe(newest, wall), wall(now))?;
        }
        Ok(())
    }

    fn above(bound: HlcTime) -> Self {
        let config = HlcConfig::new().with_max_ahead_ms(AHEAD_MAX_MS);
        Self { clock: Hlc::new(config, bound).expect("the window is smaller than the lead"), bound }
    }

    /// Makes the bound durable that the clock asks for, where it asks, and calls it again.
    fn bounded(
        &mut self,
        mut call: impl FnMut(&mut Hlc, Wall) -> Result<HlcTime, ClockError>,
        wall: Wall,
    ) -> Result<HlcTime, ClockError> {
        match call(&mut self.clock, wall) {
            Err(ClockError::NotPersisted { request, .. }) => {
                self.bound = request;
                self.clock.persisted(request);
                call(&mut self.clock, wall)
            }
            answer => answer,
        }
    }
}

fn wall(now: Instant) -> Wall {
    Wall::from_ms(EPOCH_MS + now.as_nanos() / 1_000_000)
}

#[cfg(test)]
mod tests;
