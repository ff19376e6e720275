//! Between a vote and its write: a voter that has decided, and has handed its vote to the disk, crashes before the disk
//! is done. It comes back soon, while others still stand in the same term: if it told anyone, it may now vote twice.

use std::time::Duration;

use machine_core::Rng;
use raft_core::Output;

use super::{Harm, Scene};

/// How often of 1,000 it strikes.
const STRIKES_PER_MILLE: u64 = 500;

/// Who has decided in this event.
#[derive(Debug, Default)]
pub(crate) struct Ambusher {
    voter: Option<usize>,
}

impl Ambusher {
    pub(super) fn sees(
        &mut self,
        scene: &Scene<'_>,
        dice: &mut Rng,
        node: usize,
        output: &Output,
    ) -> Option<Harm> {
        let Output::Persist { write, .. } = output else { return None };
        let before = scene.nodes[node].disk.written().hard_state();
        let (then, now) = ((before.term, before.vote), (write.hard_state.term, write.hard_state.vote));
        if then != now && now.1.is_some() && dice.per_mille(STRIKES_PER_MILLE) {
            // The rest of what it does in this event is seen before.
            self.voter = Some(node);
        }
        None
    }

    pub(super) fn looks(&mut self, scene: &Scene<'_>) -> Option<Harm> {
        let node = self.voter.take()?;
        let within = scene.nodes[node].disk.busy_until().since(scene.now);
        Some(Harm::Doom { node, within: within.max(Duration::from_nanos(1)) })
    }
}
