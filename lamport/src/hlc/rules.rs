//! What is next: pure functions that both clocks follow.

use super::{
    config::HlcConfig,
    time::{HlcTime, Wall},
};
use crate::{ClockError, Side};

/// What a clock knows when it is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// The newest stamp given, or the floor.
    pub(super) last: HlcTime,
    /// The highest stamp that may be given.
    pub(super) persisted: HlcTime,
    /// The highest wall reading so far; `None` before the first, or when nobody needs it.
    pub(super) wall_max: Option<Wall>,
}

/// The stamp above everything seen, `remote` included, and not before the wall (Kulkarni et al. 2014, Figure 5). We
/// differ from the paper in the counter: when it is full it carries into the milliseconds, where the paper has no end.
pub(super) fn next(
    config: &HlcConfig,
    view: &View,
    remote: HlcTime,
    wall: Wall,
) -> Result<HlcTime, ClockError> {
    let exhausted = ClockError::Exhausted { last: HlcTime::MAX.to_bits() };
    let physical = HlcTime::new(wall.ms(), 0).ok_or(exhausted)?;
    check_jump(config, view.wall_max, wall)?;
    let stamp = view.last.max(remote).next().ok_or(exhausted)?.max(physical);
    let ahead = lead_ms(stamp, wall);
    if ahead > config.max_ahead_ms {
        return Err(ClockError::TooFarAhead { side: Side::Local, ahead, limit: config.max_ahead_ms });
    }
    if stamp > view.persisted {
        // A message may lead to where no routine request reaches: so this one is for the very stamp.
        let request = bound(config, stamp.ms(), wall, Reach::Whole).unwrap_or(stamp);
        return Err(ClockError::NotPersisted { persisted: view.persisted, request });
    }
    Ok(stamp)
}

/// Whether a remote stamp may be believed: only the future is judged, and only the physical part.
pub(super) fn check_remote(config: &HlcConfig, remote: HlcTime, wall: Wall) -> Result<(), ClockError> {
    let ahead = lead_ms(remote, wall);
    if ahead > config.max_ahead_ms {
        return Err(ClockError::TooFarAhead { side: Side::Remote, ahead, limit: config.max_ahead_ms });
    }
    Ok(())
}

/// The remote stamp, or as much of it as may be believed.
pub(super) fn clamped(config: &HlcConfig, remote: HlcTime, wall: Wall) -> HlcTime {
    let limit = HlcTime::new(wall.ms().saturating_add(config.max_ahead_ms), 0);
    limit.map_or(remote, |limit| remote.min(limit))
}

/// Whether a stamp under our own id can be ours.
pub(super) fn check_own(remote: HlcTime, last: HlcTime) -> Result<(), ClockError> {
    if remote > last {
        return Err(ClockError::OwnIdFromFuture { claimed: remote.to_bits(), issued: last.to_bits() });
    }
    Ok(())
}

/// The bound to write, when half of the way to it or less is covered: time enough for the write to finish.
pub(super) fn persist_request(config: &HlcConfig, view: &View, wall: Wall) -> Option<HlcTime> {
    let at = view.last.ms().max(wall.ms());
    let half = bound(config, at, wall, Reach::Half)?;
    let request = bound(config, at, wall, Reach::Whole)?;
    (half > view.persisted).then_some(request)
}

#[derive(Clone, Copy, Debug)]
enum Reach {
    Half,
    Whole,
}

/// A window above `at`, or half of one: everything up to the end of that millisecond. `None` when `at` leads the wall too
/// far for any stamp, and without persistence.
///
/// It never leads the wall by more than stamps may. Otherwise a node that restarts again and again, each time at its bound,
/// would run away by a window each time.
fn bound(config: &HlcConfig, at: u64, wall: Wall, reach: Reach) -> Option<HlcTime> {
    let highest = wall.ms().saturating_add(config.max_ahead_ms).min(HlcTime::MS_MAX);
    let window = highest.checked_sub(at)?.min(config.persist_window_ms?);
    let ahead = match reach {
        Reach::Whole => window,
        // Rounded up: where a single millisecond is left, it is asked for.
        Reach::Half => window.div_ceil(2),
    };
    HlcTime::new(at + ahead, u16::MAX)
}

/// How far the physical part leads the wall.
pub(super) const fn lead_ms(stamp: HlcTime, wall: Wall) -> u64 {
    stamp.ms().saturating_sub(wall.ms())
}

fn check_jump(config: &HlcConfig, wall_max: Option<Wall>, wall: Wall) -> Result<(), ClockError> {
    let (Some(limit), Some(wall_max)) = (config.max_forward_jump_ms, wall_max) else { return Ok(()) };
    let jump = wall.ms().saturating_sub(wall_max.ms());
    if jump > limit {
        return Err(ClockError::ForwardJump { jump, limit });
    }
    Ok(())
}
