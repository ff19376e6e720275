use super::{Broken, Cell, Contender, measure};
use crate::{
    cluster::{Applied, Cluster, Load, Turn},
    contenders::OWN,
};

#[test]
fn all_contenders_apply_what_was_proposed() {
    for contender in &OWN {
        for (nodes, size, outstanding) in [(3, 16, 1), (5, 256, 64), (3, 4096, 1024)] {
            let cell = Cell { nodes, size, outstanding, entries: 2 * outstanding + 100 };
            let measured = measure(contender, &cell)
                .unwrap_or_else(|broken| panic!("{} {cell:?}: {broken}", contender.name));
            assert!(measured.messages > 0, "{}", contender.name);
        }
    }
}

/// Three replicas that apply at once; the third changes a payload now and then, or nobody applies at all.
struct Bad {
    applied: [Applied; 3],
    stuck: bool,
}

impl Cluster for Bad {
    fn leader_turn(&mut self, load: &mut Load, room: u64) -> Turn {
        let room = if self.stuck { 0 } else { room };
        for payload in load.take(room) {
            let mut changed = payload.to_vec();
            changed[9] ^= 1;
            self.applied[0].entry(payload);
            self.applied[1].entry(payload);
            self.applied[2].entry(&changed);
        }
        if !self.applied[0].looks() {
            for applied in &mut self.applied {
                applied.digest = 0;
            }
        }
        Turn { proposed: room, applied: room }
    }

    fn follower_turn(&mut self, _: usize) {}

    fn messages(&self) -> u64 {
        0
    }

    fn applied(&self) -> Vec<Applied> {
        self.applied.to_vec()
    }

    fn look(&mut self) {
        for applied in &mut self.applied {
            applied.look();
        }
    }

    fn wait(&mut self) {}
}

fn bad(stuck: bool) -> Result<super::Measured, Broken> {
    let build: fn(&Cell) -> Box<dyn Cluster> = if stuck {
        |_| Box::new(Bad { applied: [Applied::default(); 3], stuck: true })
    } else {
        |_| Box::new(Bad { applied: [Applied::default(); 3], stuck: false })
    };
    let contender =
        Contender { name: "bad", about: "", build, leader_apart: true, idle: None, catch_up: None };
    measure(&contender, &Cell { nodes: 3, size: 16, outstanding: 4, entries: 40 })
}

#[test]
fn replicas_that_differ_are_found() {
    assert!(matches!(bad(false), Err(Broken::Differ { replica: 2, .. })));
}

#[test]
fn a_group_without_progress_ends() {
    assert_eq!(bad(true), Err(Broken::Stuck { applied: 0 }));
}
