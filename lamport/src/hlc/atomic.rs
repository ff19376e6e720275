use super::{
    config::{ConfigError, HlcConfig},
    rules::{self, View},
    time::{HlcStamp, HlcTime, Wall},
};
use crate::{
    ClockError,
    seam::{AtomicU64, Ordering},
};

/// An [`Hlc`](crate::Hlc) for many threads: the same methods on `&self`, the same rules, one compare-and-swap a stamp.
///
/// Stamps are never given twice; those of one thread ascend. Walls of several threads need not agree: a thread whose
/// reading is older gets a stamp above what the others have.
///
/// **Publication.** Each stamp is also a release and an acquire: what a thread wrote before it took a stamp is seen by
/// a thread that takes a later one.
///
/// ```
/// use lamport::{AtomicHlc, HlcConfig, HlcTime, Wall};
///
/// let clock = AtomicHlc::new(HlcConfig::new().with_persist_window_ms(None), HlcTime::ZERO)?;
/// let wall = Wall::from_ms(1_700_000_000_000);
/// let stamps = std::thread::scope(|scope| {
///     let threads = [(); 2].map(|()| scope.spawn(|| clock.tick(wall)));
///     threads.map(|thread| thread.join().expect("it does not panic"))
/// });
/// assert_ne!(stamps[0]?, stamps[1]?);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AtomicHlc {
    config: HlcConfig,
    last: AtomicU64,
    persisted: AtomicU64,
    /// One above the highest wall reading, zero before the first; kept only when jumps are judged.
    wall_max: AtomicU64,
    rejected: AtomicU64,
    max_ahead_seen_ms: AtomicU64,
}

impl AtomicHlc {
    /// A clock that goes on above `floor`: the bound that was persisted last, or [`HlcTime::ZERO`] the first time.
    ///
    /// # Errors
    ///
    /// When the configuration contradicts itself.
    pub fn new(config: HlcConfig, floor: HlcTime) -> Result<Self, ConfigError> {
        config.check()?;
        let persisted = if config.persist_window_ms.is_some() { floor } else { HlcTime::MAX };
        Ok(Self {
            config,
            last: AtomicU64::new(floor.to_bits()),
            persisted: AtomicU64::new(persisted.to_bits()),
            wall_max: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            max_ahead_seen_ms: AtomicU64::new(0),
        })
    }

    /// The newest stamp given to any thread, or the floor before the first.
    #[must_use]
    pub fn peek(&self) -> HlcTime {
        HlcTime::from_bits(self.last.load(Ordering::Acquire))
    }

    /// As [`Hlc::ahead_of`](crate::Hlc::ahead_of).
    #[must_use]
    pub fn ahead_of(&self, wall: Wall) -> u64 {
        rules::lead_ms(self.peek(), wall)
    }

    /// As [`Hlc::rejected`](crate::Hlc::rejected).
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// As [`Hlc::max_ahead_seen_ms`](crate::Hlc::max_ahead_seen_ms).
    #[must_use]
    pub fn max_ahead_seen_ms(&self) -> u64 {
        self.max_ahead_seen_ms.load(Ordering::Relaxed)
    }

    /// As [`Hlc::tick`](crate::Hlc::tick).
    ///
    /// # Errors
    ///
    /// The same ones.
    pub fn tick(&self, wall: Wall) -> Result<HlcTime, ClockError> {
        self.advance(HlcTime::ZERO, wall)
    }

    /// As [`Hlc::observe`](crate::Hlc::observe).
    ///
    /// # Errors
    ///
    /// The same ones.
    pub fn observe(&self, remote: HlcTime, wall: Wall) -> Result<HlcTime, ClockError> {
        self.notice(remote, wall);
        rules::check_remote(&self.config, remote, wall).inspect_err(|_| self.reject())?;
        self.advance(remote, wall)
    }

    /// As [`Hlc::observe_from`](crate::Hlc::observe_from).
    ///
    /// # Errors
    ///
    /// The same ones.
    pub fn observe_from<I: PartialEq>(
        &self,
        own: &I,
        stamp: &HlcStamp<I>,
        wall: Wall,
    ) -> Result<HlcTime, ClockError> {
        if stamp.node == *own {
            rules::check_own(stamp.time, self.peek()).inspect_err(|_| self.reject())?;
        }
        self.observe(stamp.time, wall)
    }

    /// As [`Hlc::observe_clamped`](crate::Hlc::observe_clamped).
    ///
    /// # Errors
    ///
    /// The same ones.
    pub fn observe_clamped(&self, remote: HlcTime, wall: Wall) -> Result<HlcTime, ClockError> {
        self.notice(remote, wall);
        let clamped = rules::clamped(&self.config, remote, wall);
        if clamped < remote {
            self.reject();
        }
        self.advance(clamped, wall)
    }

    /// As [`Hlc::persist_request`](crate::Hlc::persist_request). One thread should care for the bound.
    #[must_use]
    pub fn persist_request(&self, wall: Wall) -> Option<HlcTime> {
        rules::persist_request(&self.config, &self.view(self.peek()), wall)
    }

    /// As [`Hlc::persisted`](crate::Hlc::persisted). Threads that have been refused get stamps from now on.
    pub fn persisted(&self, bound: HlcTime) {
        self.persisted.fetch_max(bound.to_bits(), Ordering::AcqRel);
    }

    /// As [`Hlc::accept_jump`](crate::Hlc::accept_jump).
    pub fn accept_jump(&self, wall: Wall) {
        self.wall_max.fetch_max(wall.ms().saturating_add(1), Ordering::AcqRel);
    }

    /// As [`Hlc::reset_floor`](crate::Hlc::reset_floor). What other threads take meanwhile lies wholly before the reset or
    /// wholly behind it. A write of a bound that is still under way must have ended, or it brings the high bound back.
    pub fn reset_floor(&self, floor: HlcTime) -> Option<HlcTime> {
        loop {
            let last = self.peek();
            if floor >= last {
                return None;
            }
            // The bound first: between the two steps nobody gets a stamp, instead of one that nothing covers.
            if self.config.persist_window_ms.is_some() {
                self.persisted.store(floor.to_bits(), Ordering::Release);
            }
            self.wall_max.store(0, Ordering::Release);
            if self.swap(last, floor).is_ok() {
                return Some(last);
            }
        }
    }

    /// Tries until no other thread was faster; each time one was, it has got a stamp.
    fn advance(&self, remote: HlcTime, wall: Wall) -> Result<HlcTime, ClockError> {
        let mut last = self.peek();
        loop {
            let stamp = rules::next(&self.config, &self.view(last), remote, wall)?;
            match self.swap(last, stamp) {
                Ok(_) => {
                    self.saw(wall);
                    return Ok(stamp);
                }
                Err(newer) => last = HlcTime::from_bits(newer),
            }
        }
    }

    fn swap(&self, from: HlcTime, to: HlcTime) -> Result<u64, u64> {
        // The failure is an acquire as well: it is the next look at the clock.
        self.last.compare_exchange_weak(from.to_bits(), to.to_bits(), Ordering::AcqRel, Ordering::Acquire)
    }

    fn view(&self, last: HlcTime) -> View {
        let judged = self.config.max_forward_jump_ms.is_some();
        let wall_max = if judged { self.wall_max.load(Ordering::Acquire).checked_sub(1) } else { None };
        View {
            last,
            persisted: HlcTime::from_bits(self.persisted.load(Ordering::Acquire)),
            wall_max: wall_max.map(Wall::from_ms),
        }
    }

    fn saw(&self, wall: Wall) {
        if self.config.max_forward_jump_ms.is_some() {
            self.accept_jump(wall);
        }
    }

    fn notice(&self, remote: HlcTime, wall: Wall) {
        let ahead = rules::lead_ms(remote, wall);
        if ahead > 0 && ahead > self.max_ahead_seen_ms() {
            self.max_ahead_seen_ms.fetch_max(ahead, Ordering::Relaxed);
        }
    }

    fn reject(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
