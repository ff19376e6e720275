use crate::{
    Faults, Trace,
    raft::{Explorer, Found, Plan, Shapes, play},
};

fn explored(first_seed: u64, varies: bool, runs: u64) -> (Found, Vec<Plan>) {
    let mut explorer = Explorer::new(first_seed, varies);
    let mut plans = Vec::new();
    for _ in 0..runs {
        let plan = explorer.plan();
        let mut shapes = Shapes::default();
        let played = play(&plan, &Faults::all(), Some(&mut shapes), &mut Trace::quiet());
        let events = played.expect("no law is broken").events;
        plans.push(plan.clone());
        explorer.learn(plan, &shapes, events);
    }
    (explorer.found(), plans)
}

#[test]
fn exploring_varies_what_was_new_and_is_the_same_each_time() {
    let (found, plans) = explored(3, true, 30);
    assert_eq!(found.fresh + found.varied, 30);
    assert!(found.varied >= 10 && found.kept >= 10 && found.shapes > 500, "{found:?}");
    assert_eq!(plans.iter().filter(|plan| !plan.variations.is_empty()).count() as u64, found.varied);
    assert_eq!(explored(3, true, 30), (found, plans));
}

#[test]
fn without_variations_seeds_come_in_order() {
    let (found, plans) = explored(3, false, 5);
    assert_eq!((found.fresh, found.varied), (5, 0));
    assert_eq!(plans, (3..8).map(Plan::of).collect::<Vec<_>>());
}

#[test]
fn shapes_do_not_disturb_a_run() {
    let mut shapes = Shapes::default();
    let watched = play(&Plan::of(11), &Faults::all(), Some(&mut shapes), &mut Trace::quiet());
    assert_eq!(watched, play(&Plan::of(11), &Faults::all(), None, &mut Trace::quiet()));
    assert!(shapes.iter().count() > 20);
}
