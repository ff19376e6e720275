use super::{
    config::{ConfigError, HlcConfig},
    rules::{self, View},
    time::{HlcStamp, HlcTime, Wall},
};
use crate::ClockError;

/// A hybrid logical clock: stamps that respect causality like Lamport's, and stay near the wall clock (Kulkarni et al.
/// 2014). The wall is an argument of every call.
///
/// | what happens | what this clock does |
/// |---|---|
/// | the wall goes back | counts on, and carries from a full counter into the milliseconds; refuses only when that would lead the wall by more than `max_ahead_ms` |
/// | the wall leaps forward | believes it, or refuses beyond `max_forward_jump_ms` until [`Hlc::accept_jump`] |
/// | a remote stamp is too far ahead | refuses it without a trace, and counts it |
/// | the node restarts | goes on above the persisted bound, whatever the wall says |
/// | the clock was poisoned | [`Hlc::ahead_of`] shows it; [`Hlc::reset_floor`] is the way out |
///
/// # The persisted bound
///
/// No stamp is above the bound that is durable, as with a lease; so a restart at the bound never repeats one. Before the
/// first stamp, and then whenever [`Hlc::persist_request`] has one: write the 8 bytes, sync them, and say
/// [`Hlc::persisted`]. Asking well before the bound is reached costs no waiting.
///
/// ```
/// use lamport::{ClockError, Hlc, HlcConfig, HlcTime, Wall};
///
/// # let wall = Wall::from_ms(1_700_000_000_000);
/// # let mut disk = HlcTime::ZERO; // read at the start; zero the first time
/// let mut clock = Hlc::new(HlcConfig::new(), disk)?;
/// assert!(matches!(clock.tick(wall), Err(ClockError::NotPersisted { .. })));
///
/// if let Some(bound) = clock.persist_request(wall) {
///     disk = bound; // write and sync
///     clock.persisted(bound);
/// }
/// let sent = clock.tick(wall)?;
/// assert_eq!(sent.ms(), wall.ms());
///
/// // Restarted, and the wall went back half a second: still above everything given before.
/// let mut clock = Hlc::new(HlcConfig::new(), disk)?;
/// let wall = Wall::from_ms(wall.ms() - 500);
/// clock.persisted(clock.persist_request(wall).expect("nothing is left of the window"));
/// assert!(clock.tick(wall)? > sent);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Hlc {
    config: HlcConfig,
    view: View,
    rejected: u64,
    max_ahead_seen_ms: u64,
}

impl Hlc {
    /// A clock that goes on above `floor`: the bound that was persisted last, or [`HlcTime::ZERO`] the first time.
    ///
    /// # Errors
    ///
    /// When the configuration contradicts itself.
    pub fn new(config: HlcConfig, floor: HlcTime) -> Result<Self, ConfigError> {
        config.check()?;
        let persisted = if config.persist_window_ms.is_some() { floor } else { HlcTime::MAX };
        let view = View { last: floor, persisted, wall_max: None };
        Ok(Self { config, view, rejected: 0, max_ahead_seen_ms: 0 })
    }

    /// The newest stamp given, or the floor before the first.
    #[must_use]
    pub const fn peek(&self) -> HlcTime {
        self.view.last
    }

    /// How far, in milliseconds, the clock leads the wall. Hours mean that it was poisoned: by a wall clock that has been
    /// set right since, or by peers whose `max_ahead_ms` is too large.
    #[must_use]
    pub const fn ahead_of(&self, wall: Wall) -> u64 {
        rules::lead_ms(self.view.last, wall)
    }

    /// How many stamps from outside were refused, or clamped.
    #[must_use]
    pub const fn rejected(&self) -> u64 {
        self.rejected
    }

    /// How far, in milliseconds, a stamp from outside has ever led the wall, whether it was accepted or not.
    #[must_use]
    pub const fn max_ahead_seen_ms(&self) -> u64 {
        self.max_ahead_seen_ms
    }

    /// A local event, or a message about to be sent: a stamp above all before, and not before the wall.
    ///
    /// # Errors
    ///
    /// Nothing has changed:
    /// [`ClockError::NotPersisted`] until the bound that it names is durable;
    /// [`ClockError::TooFarAhead`] with [`Side::Local`](crate::Side::Local) when the stamp would lead the wall by too
    /// much: wait for `ahead - limit` milliseconds;
    /// [`ClockError::ForwardJump`] when the wall leapt;
    /// [`ClockError::Exhausted`] in the year 10889.
    pub fn tick(&mut self, wall: Wall) -> Result<HlcTime, ClockError> {
        self.advance(HlcTime::ZERO, wall)
    }

    /// A message with the stamp `remote` arrives: a stamp above it, above all before, and not before the wall.
    ///
    /// # Errors
    ///
    /// As [`Hlc::tick`], and [`ClockError::TooFarAhead`] with [`Side::Remote`](crate::Side::Remote) when `remote` leads
    /// the wall by more than `max_ahead_ms`. But for the counters, nothing has changed.
    pub fn observe(&mut self, remote: HlcTime, wall: Wall) -> Result<HlcTime, ClockError> {
        self.notice(remote, wall);
        rules::check_remote(&self.config, remote, wall).inspect_err(|_| self.reject())?;
        self.advance(remote, wall)
    }

    /// Like [`Hlc::observe`] of the stamp's time, and notices when somebody else uses our id.
    ///
    /// # Errors
    ///
    /// As [`Hlc::observe`], and [`ClockError::OwnIdFromFuture`] for a stamp of `own` above all that this clock has given.
    pub fn observe_from<I: PartialEq>(
        &mut self,
        own: &I,
        stamp: &HlcStamp<I>,
        wall: Wall,
    ) -> Result<HlcTime, ClockError> {
        if stamp.node == *own {
            rules::check_own(stamp.time, self.view.last).inspect_err(|_| self.reject())?;
        }
        self.observe(stamp.time, wall)
    }

    /// Like [`Hlc::observe`], but a stamp that is too far ahead counts as one at the limit: for telemetry, where a late
    /// or wrongly ordered sample is better than none. The result may then be below `remote`.
    ///
    /// # Errors
    ///
    /// As [`Hlc::tick`].
    pub fn observe_clamped(&mut self, remote: HlcTime, wall: Wall) -> Result<HlcTime, ClockError> {
        self.notice(remote, wall);
        let clamped = rules::clamped(&self.config, remote, wall);
        if clamped < remote {
            self.reject();
        }
        self.advance(clamped, wall)
    }

    /// The bound to make durable next, when half of the window or less is left; `None` when nothing is to be written.
    /// Asking changes nothing: while a write is under way, do not start another.
    #[must_use]
    pub fn persist_request(&self, wall: Wall) -> Option<HlcTime> {
        rules::persist_request(&self.config, &self.view, wall)
    }

    /// The bound is durable. Lower ones than before, as they come from writes that overtook each other, do nothing.
    pub fn persisted(&mut self, bound: HlcTime) {
        self.view.persisted = self.view.persisted.max(bound);
    }

    /// The wall clock's forward jump is right: believe readings up to this one.
    pub fn accept_jump(&mut self, wall: Wall) {
        self.view.wall_max = self.view.wall_max.max(Some(wall));
    }

    /// Sets the clock *back* to `floor`: the way out for a cluster that was poisoned, and nothing else (cockroach issue
    /// 74909). Returns the newest stamp that was given up, or `None` when `floor` is not below it, which does nothing.
    ///
    /// Stamps given from now on may repeat or precede earlier ones. So stop every node that exchanges stamps, delete or
    /// rewrite what carries stamps from the future, reset all, and start again. The persisted bound comes down as well:
    /// write the next [`Hlc::persist_request`] over the higher one.
    pub fn reset_floor(&mut self, floor: HlcTime) -> Option<HlcTime> {
        if floor >= self.view.last {
            return None;
        }
        let given_up = core::mem::replace(&mut self.view.last, floor);
        if self.config.persist_window_ms.is_some() {
            self.view.persisted = floor;
        }
        self.view.wall_max = None;
        Some(given_up)
    }

    fn advance(&mut self, remote: HlcTime, wall: Wall) -> Result<HlcTime, ClockError> {
        let stamp = rules::next(&self.config, &self.view, remote, wall)?;
        self.view.last = stamp;
        self.view.wall_max = self.view.wall_max.max(Some(wall));
        Ok(stamp)
    }

    fn notice(&mut self, remote: HlcTime, wall: Wall) {
        self.max_ahead_seen_ms = self.max_ahead_seen_ms.max(rules::lead_ms(remote, wall));
    }

    fn reject(&mut self) {
        self.rejected = self.rejected.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
