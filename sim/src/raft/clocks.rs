//! Clocks that jump. What a host hands to a core as *now* is whatever its clock shows: seconds later than the last time
//! after a machine has slept, the same for a while, or a little earlier.

use std::time::Duration;

use super::{record::What, world::World};
use crate::{clock::Jump, faults::Kind};

/// The furthest that a clock goes ahead at once.
const AHEAD_MAX: Duration = Duration::from_secs(5);

/// The longest that a clock stands.
const STANDS_MAX: Duration = Duration::from_millis(500);

/// The furthest that a clock goes back. Cores take an earlier time for the latest that they have seen, so that this
/// delays what they do by as much.
const BACK_MAX: Duration = Duration::from_millis(200);

impl World<'_> {
    /// Any node's clock does something that clocks should not do.
    pub(crate) fn jump_somewhere(&mut self) {
        let node = self.pick_victim();
        let upto =
            |dice: &mut machine_core::Rng, most: Duration| dice.duration(Duration::from_micros(1), most);
        let dice = &mut self.dice;
        let jump = match dice.below(6) {
            0 => Jump::Ahead(upto(dice, AHEAD_MAX)),
            // As far as the election timeout: where it matters most which deadlines have passed.
            1 | 2 => Jump::Ahead(upto(dice, self.profile.group.timing.election_max * 2)),
            3 => Jump::Stands(upto(dice, STANDS_MAX)),
            _ => Jump::Back(upto(dice, BACK_MAX)),
        };
        self.jump(node, jump);
    }

    /// The node's clock jumps. Its next tick comes when the clock says so.
    pub(crate) fn jump(&mut self, node: usize, jump: Jump) {
        if !self.strikes(Kind::Jump, node, format_args!("its clock jumps: {jump:?}")) {
            return;
        }
        self.totals.jumps += 1;
        let (kind, by) = match jump {
            Jump::Ahead(by) => (0, by),
            Jump::Stands(by) => (1, by),
            Jump::Back(by) => (2, by),
        };
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.note(node, &[43, kind, nanos], format_args!("its clock jumps: {jump:?}"));
        self.record(node, What::Jumped);
        self.nodes[node].clock.jump(self.now, jump);
        self.nodes[node].tick_at = None;
        self.schedule_tick(node);
    }
}
