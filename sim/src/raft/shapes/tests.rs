use machine_core::{Instant, NodeId, Rng};
use raft_core::{Config, Index, RoleName, Term};

use super::{Shapes, shape};
use crate::{
    Faults,
    clock::{Clock, RATE_TRUE_PPM},
    disk::{Disk, DiskProfile},
    raft::node::{Glimpse, Node},
};

/// A group whose nodes do this, in these terms.
fn group(nodes: &[(RoleName, u64)]) -> Vec<Node> {
    let ids = 1..=nodes.len() as u64;
    let node = |(id, (role, term)): (u64, &(RoleName, u64))| {
        let (id, all) = (NodeId::of(id), ids.clone().map(NodeId::of));
        let disk = Disk::new(id, DiskProfile::HEALTHY, Rng::new(1), Faults::all());
        let clock = Clock::new(Instant::ZERO, RATE_TRUE_PPM);
        let mut node = Node::new(Config::new(id, all), id, disk, clock, Rng::new(1));
        let leader = Some(NodeId::of(1));
        node.seen = Glimpse { role: Some(*role), term: Term::new(*term), leader, commit: Index::ZERO };
        node
    };
    ids.clone().zip(nodes).map(node).collect()
}

#[test]
fn it_does_not_matter_what_nodes_are_called_nor_how_many_are_alike() {
    let (f, l) = (RoleName::Follower, RoleName::Leader);
    let one = shape(&group(&[(l, 2), (f, 2), (f, 2), (f, 1)]));
    assert_eq!(one, shape(&group(&[(f, 1), (f, 2), (l, 2), (f, 2)])));
    assert_eq!(one, shape(&group(&[(l, 9), (f, 9), (f, 9), (f, 9), (f, 8)])), "terms count from the newest");
    for other in [
        &[(l, 2), (f, 2), (f, 2), (f, 2)],
        &[(l, 2), (f, 2), (f, 1), (f, 1)],
        &[(f, 2), (f, 2), (f, 2), (f, 1)],
    ] {
        assert_ne!(one, shape(&group(other)), "{other:?}");
    }
}

#[test]
fn a_shape_keeps_the_event_at_which_it_came_first() {
    let nodes = group(&[(RoleName::Leader, 2)]);
    let mut shapes = Shapes::default();
    shapes.see(7, &nodes);
    shapes.see(9, &nodes);
    assert_eq!(shapes.iter().collect::<Vec<_>>(), [(shape(&nodes), 7)]);
}
