//! The explorer itself: names do not matter, the laws are put to the test, roots are found again.

use worlds::{
    explore::{Exploration, Explored},
    table::{DEEP, PLAIN, WALKS},
    world::Bounds,
};

const ELECTIONS: Bounds = Bounds { proposals_max: 0, ..PLAIN };

#[test]
fn six_names_for_three_nodes_are_nearly_six_times_the_states() {
    let named = Exploration { symmetric: false, ..Exploration::new(ELECTIONS) }.run();
    let unnamed = Exploration::new(ELECTIONS).run();
    let counts =
        |explored: &Explored| (explored.complete, explored.generated, explored.unique, explored.depth);
    assert_eq!(counts(&named), (true, 256_270, 54_899, 23));
    assert_eq!(counts(&unnamed), (true, 42_852, 9_189, 23));
}

#[test]
fn all_can_apply_what_is_committed() {
    let pair = Bounds { nodes: 2, crashes_max: 1, drops_moot: true, ..PLAIN };
    let explored = Exploration::new(pair).run();
    assert!(explored.complete, "{explored:?}");
    assert_eq!(explored.seen, ["applied by all", "committed"]);
}

#[test]
fn roots_are_the_same_every_time_and_at_odds() {
    let walks = worlds::roots::Walks { count: 600, ..WALKS };
    let (once, again) = (walks.gather(&DEEP, true), walks.gather(&DEEP, true));
    assert!(once == again && !once.is_empty(), "{walks:?}");
    assert!(once.iter().all(|world| world.is_precarious()), "{walks:?}");
}
