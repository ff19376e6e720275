use std::time::Duration;

use machine_core::{Instant, Rng};

use super::{Network, NetworkProfile, Shape};
use crate::faults::Faults;

const NOW: Instant = Instant::from_millis(1000);

fn network(nodes: usize, profile: NetworkProfile) -> Network {
    Network::new(nodes, profile, Rng::new(1), Faults::all())
}

/// For each node a string of the nodes that it reaches.
fn reach(network: &mut Network) -> Vec<String> {
    let nodes = network.nodes;
    let reaches = |network: &mut Network, from, to| network.route(NOW, (from, to), &"").iter().count() > 0;
    (0..nodes)
        .map(|from| {
            (0..nodes)
                .filter(|to| *to != from && reaches(network, from, *to))
                .map(|to| to.to_string())
                .collect()
        })
        .collect()
}

#[test]
fn shapes_cut_what_they_say() {
    let mut net = network(5, NetworkProfile::HEALTHY);
    for (shape, expected) in [
        (Shape::Isolate, ["1234", "", "0134", "0124", "0123"].map(|r| r.replace('1', ""))),
        (Shape::Mute, ["1234", "", "0134", "0124", "0123"].map(String::from)),
        (Shape::Deaf, ["234", "0234", "034", "024", "023"].map(String::from)),
        (Shape::Ring, ["14", "02", "13", "24", "03"].map(String::from)),
    ] {
        let sides = net.draw_sides(1);
        net.cut(shape, 1, &sides, None);
        assert_eq!(reach(&mut net), expected, "{shape}");
        net.open();
    }
    assert_eq!(reach(&mut net), ["1234", "0234", "0134", "0124", "0123"]);
}

#[test]
fn a_bridge_reaches_both_sides_that_do_not_reach_each_other() {
    for seed in 0..20 {
        let mut net = Network::new(5, NetworkProfile::HEALTHY, Rng::new(seed), Faults::all());
        let sides = net.draw_sides(2);
        net.cut(Shape::Bridge, 2, &sides, None);
        let reach = reach(&mut net);
        assert_eq!(reach[2], "0134");
        for (from, reached) in reach.iter().enumerate().filter(|(from, _)| *from != 2) {
            assert!(reached.contains('2'));
            for to in reached.chars().filter_map(|to| to.to_digit(10)) {
                let to = usize::try_from(to).expect("one digit");
                assert!(reach[to].contains(&from.to_string()), "{reach:?}");
            }
        }
    }
}

#[test]
fn a_held_message_comes_after_the_cut() {
    let mut net = network(3, NetworkProfile::HEALTHY);
    let end = NOW + Duration::from_secs(2);
    let sides = net.draw_sides(0);
    net.cut(Shape::Isolate, 0, &sides, Some(end));
    let arrivals: Vec<_> = net.route(NOW, (0, 1), &"").iter().collect();
    assert_eq!(arrivals.len(), 1);
    assert!(arrivals[0] >= end);
}

#[test]
fn loss_and_doubles_come_as_often_as_told() {
    let profile = NetworkProfile { loss_per_mille: 300, duplicate_per_mille: 500, ..NetworkProfile::HEALTHY };
    let mut net = network(2, profile);
    let mut copies = [0; 4];
    for _ in 0..10_000 {
        copies[net.route(NOW, (0, 1), &"").iter().count()] += 1;
    }
    let near = |count: i32, expected: i32| (count - expected).abs() < 300;
    assert!(near(copies[0], 3000) && near(copies[1], 3500) && near(copies[2], 1750), "{copies:?}");
}
