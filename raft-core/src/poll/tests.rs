use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

use machine_core::{Instant, NodeId, Rng, WriteId};

use super::Owed;
use crate::{Config, FetchId, Index, Message, Output, Raft, Recovered, Run};

const NODES: u64 = 3;

/// A node, and what its host has not done yet.
struct Host {
    core: Raft,
    writes: VecDeque<WriteId>,
    applies: VecDeque<Index>,
    fetches: VecDeque<(FetchId, Index)>,
    /// All that was written, the newest last: small caches make it asked for.
    stored: Vec<Run>,
}

impl Host {
    fn new(node: u64) -> Self {
        let config = Config::new(NodeId::of(node), (1..=NODES).map(NodeId::of))
            .with_append_bytes_max(64)
            .with_inflight_bytes_max(64)
            .with_inflight_messages_max(2)
            .with_uncommitted_bytes_max(256)
            .with_cache_bytes_max(64);
        let core = Raft::new(config, Recovered::default(), node, Instant::ZERO).expect("possible");
        Self {
            core,
            writes: VecDeque::new(),
            applies: VecDeque::new(),
            fetches: VecDeque::new(),
            stored: Vec::new(),
        }
    }

    /// Takes an output, and says what goes to others.
    fn take(&mut self, output: Output) -> Option<(NodeId, Message)> {
        match output {
            Output::Persist { id, write } => {
                self.stored.extend(write.run);
                self.writes.push_back(id);
            }
            Output::Send { to, message } => return Some((to, message)),
            Output::Apply { run } => self.applies.push_back(run.last()),
            Output::Fetch { id, from } => self.fetches.push_back((id, from)),
            Output::Notify(_) => {}
            Output::Halt(fault) => unreachable!("nothing contradicts itself: {fault}"),
        }
        None
    }

    /// Something happens at the node.
    fn act(&mut self, rng: &mut Rng, now: Instant) {
        let core = &mut self.core;
        match rng.below(12) {
            0 => core.tick(now),
            1..=3 => drop(core.propose(now, &[7; 24])),
            4 => drop(core.read(now)),
            5 if rng.per_mille(50) => drop(core.transfer_leadership(now, NodeId::of(1 + rng.below(NODES)))),
            5 if rng.per_mille(20) => core.step_down(now),
            6 | 7 => {
                if let Some(id) = self.writes.pop_front() {
                    core.persisted(now, id).expect("it was handed out");
                }
            }
            8 | 9 => {
                if let Some(index) = self.applies.pop_front() {
                    core.applied(now, index).expect("it was handed out");
                }
            }
            _ => {
                if let Some((id, from)) = self.fetches.pop_front() {
                    let holds = |run: &&Run| run.first() <= from && from <= run.last();
                    let run = self.stored.iter().rfind(holds).expect("what is asked for was written");
                    core.fetched(now, id, run.clone()).expect("it was asked for");
                }
            }
        }
    }
}

/// Bits only save looking: whoever was polled to the end owes nothing, wherever one looks.
#[test]
fn nothing_is_owed_that_is_not_looked_for() {
    let (mut polls, mut leaders) = (0, 0);
    for seed in 0..30 {
        let mut rng = Rng::new(seed);
        let mut hosts: Vec<_> = (1..=NODES).map(Host::new).collect();
        let mut letters: Vec<(NodeId, NodeId, Message)> = Vec::new();
        let mut now = Instant::ZERO;
        for step in 0..1_500 {
            let place = usize::try_from(rng.below(NODES)).expect("few");
            now += Duration::from_micros(rng.below(2_000));
            let mail = letters.len() as u64;
            if mail > 0 && !rng.per_mille(300) {
                let (from, to, message) =
                    letters.swap_remove(usize::try_from(rng.below(mail)).expect("in memory"));
                if rng.per_mille(100) {
                    letters.push((from, to, message.clone()));
                }
                if !rng.per_mille(100) {
                    let to = &mut hosts[usize::try_from(to.get() - 1).expect("few")];
                    to.core.step(now, from, message).expect("peers are honest");
                }
            } else {
                hosts[place].act(&mut rng, now);
            }
            let (from, host) = (NodeId::of(place as u64 + 1), &mut hosts[place]);
            while let Some(output) = host.core.poll_output() {
                letters.extend(host.take(output).map(|(to, message)| (from, to, message)));
            }
            let mut everywhere = host.core.clone();
            everywhere.owed = Owed::ANYTHING;
            let missed = everywhere.poll_output();
            assert_eq!(missed, None, "seed {seed}, step {step}: owed, and no bit says so");
            polls += 1;
            leaders += u32::from(host.core.status().role == crate::RoleName::Leader);
        }
    }
    assert!(leaders > polls / 20, "somebody leads now and then: {leaders} of {polls}");
}
