use alloc::vec::Vec;
use core::hash::Hasher;

use machine_core::{Instant, NodeId};

use crate::{Config, Message, Output, Raft, Recovered, Term};

/// Keeps what it is fed.
#[derive(Default)]
struct Fed(Vec<u8>);

impl Hasher for Fed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn fed(raft: &Raft, rename: impl Fn(NodeId) -> NodeId) -> Vec<u8> {
    let mut state = Fed::default();
    raft.hash_state_renamed(rename, &mut state);
    state.0
}

fn node(id: u64, seed: u64, now: Instant) -> Raft {
    let config = Config::new(NodeId::of(id), (1..=3).map(NodeId::of));
    Raft::new(config, Recovered::default(), seed, now).expect("valid")
}

/// Elected with the help of `peer`, then asked to keep something.
fn lead(id: u64, peer: u64, seed: u64, start: Instant) -> Raft {
    let (mut raft, peer) = (node(id, seed, start), NodeId::of(peer));
    let now = raft.next_tick().expect("waits");
    raft.tick(now);
    let term = Term::new(1);
    for answer in [Message::PreVoteReply { term, granted: true }, Message::VoteReply { term, granted: true }]
    {
        while let Some(output) = raft.poll_output() {
            if let Output::Persist { id, .. } = output {
                raft.persisted(now, id).expect("handed out");
            }
        }
        raft.step(now, peer, answer).expect("honest");
        raft.check().expect("sound");
        while let Some(output) = raft.poll_output() {
            if let Output::Persist { id, .. } = output {
                raft.persisted(now, id).expect("handed out");
            }
        }
    }
    raft.propose(now, b"x").expect("leads");
    raft
}

#[test]
fn time_and_chance_are_left_out() {
    let (early, late) = (lead(1, 2, 7, Instant::ZERO), lead(1, 2, 8, Instant::from_millis(9_000)));
    assert_eq!(fed(&early, |id| id), fed(&late, |id| id));
}

#[test]
fn a_node_differs_from_what_it_was() {
    let before = lead(1, 2, 7, Instant::ZERO);
    let mut after = before.clone();
    after.propose(Instant::ZERO, b"y").expect("leads");
    assert_ne!(fed(&before, |id| id), fed(&after, |id| id));
    assert_ne!(fed(&before, |id| id), fed(&node(1, 7, Instant::ZERO), |id| id));
}

#[test]
fn renamed_nodes_are_the_nodes_of_those_names() {
    // Node 3 with the help of node 1 is node 1 with the help of node 2, under other names.
    let rename = |id: NodeId| NodeId::of(id.get() % 3 + 1);
    let (renamed, named) = (lead(3, 1, 7, Instant::ZERO), lead(1, 2, 7, Instant::ZERO));
    assert_eq!(fed(&renamed, rename), fed(&named, |id| id));
    assert_ne!(fed(&renamed, |id| id), fed(&named, |id| id));
}
