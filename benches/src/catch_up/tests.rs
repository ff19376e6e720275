use super::{Severed, measure};
use crate::{
    cell::Contender,
    cluster::{Applied, Cluster, Load, Turn},
    contenders::{
        OWN,
        floor::FLOOR,
        ours::{OURS, OURS_WIRE},
    },
};

#[test]
fn what_was_missed_arrives_in_bounded_messages() {
    for contender in [&OURS, &OURS_WIRE] {
        let measured = measure(contender, 16, 100_000).expect("the follower comes back");
        assert!(measured.messages > 10, "{measured:?}");
        assert!((1..20_000).contains(&measured.entries_max), "{measured:?}");
    }
}

#[test]
fn who_takes_no_part_is_told() {
    assert!(OWN.iter().any(|contender| contender.catch_up.is_none()));
    assert!(measure(&FLOOR, 16, 10).is_err());
}

/// Replicas that have everything at once, the last one its payloads when it is back.
struct Stub {
    applied: [Applied; 3],
    missed: Vec<Vec<u8>>,
    cut: bool,
    leaks: bool,
    garbles: bool,
}

impl Cluster for Stub {
    fn leader_turn(&mut self, load: &mut Load, room: u64) -> Turn {
        for payload in load.take(room) {
            self.applied[0].entry(payload);
            self.applied[1].entry(payload);
            self.missed.push(payload.to_vec());
        }
        Turn { proposed: room, applied: room }
    }

    fn follower_turn(&mut self, follower: usize) {
        if follower == 2 && (self.leaks || !self.cut) {
            for mut payload in self.missed.drain(..) {
                payload[0] ^= u8::from(self.garbles);
                self.applied[2].entry(&payload);
            }
        }
    }

    fn messages(&self) -> u64 {
        0
    }

    fn applied(&self) -> Vec<Applied> {
        self.applied.to_vec()
    }

    fn look(&mut self) {
        self.applied.iter_mut().for_each(Applied::look);
    }

    fn wait(&mut self) {}
}

impl Severed for Stub {
    fn cut(&mut self, cut: bool) {
        self.cut = cut;
    }

    fn entries_max(&self) -> u64 {
        0
    }
}

fn stub(leaks: bool, garbles: bool) -> Box<dyn Severed> {
    Box::new(Stub { applied: [Applied::default(); 3], missed: Vec::new(), cut: false, leaks, garbles })
}

#[test]
fn a_cut_that_leaks_and_a_replica_that_garbles_are_found() {
    let good = Contender { catch_up: Some(|_| stub(false, false)), ..FLOOR };
    let leaky = Contender { catch_up: Some(|_| stub(true, false)), ..FLOOR };
    let garbled = Contender { catch_up: Some(|_| stub(false, true)), ..FLOOR };
    assert!(measure(&good, 16, 3000).is_ok());
    assert!(measure(&leaky, 16, 3000).is_err());
    assert!(measure(&garbled, 16, 3000).is_err());
}
