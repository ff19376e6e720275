use std::cell::Cell;

use machine_core::Instant;

use super::{Budget, Shrunk, shrink};
use crate::{Kind, Place, Schedule, Strike};

/// A world in which these faults happen: the numbers of each kind, up to a most.
fn world(most: &[(Kind, u64)]) -> Vec<Strike> {
    let numbered = |(kind, most): &(Kind, u64)| (1..=*most).map(|number| (*kind, number)).collect::<Vec<_>>();
    let strike =
        |(kind, number)| Strike { kind, number, at: Instant::ZERO, place: Place::World, what: String::new() };
    most.iter().flat_map(numbered).map(strike).collect()
}

/// Shrinks a world that fails when `breaks` says so of the faults that are allowed; also checks what is returned.
fn shrunk(all: &[Strike], runs_max: u32, breaks: impl Fn(&Schedule) -> bool) -> Shrunk {
    assert!(breaks(&Schedule::default()));
    let played = Cell::new(0);
    let happen = |schedule: &Schedule| {
        all.iter().filter(|strike| schedule.allows(strike.kind, strike.number)).cloned().collect::<Vec<_>>()
    };
    let play = |schedule: &Schedule| {
        played.set(played.get() + 1);
        breaks(schedule).then(|| happen(schedule))
    };
    let shrunk = shrink(all.to_vec(), None, Budget { runs_max }, play, |_| true);
    assert!(breaks(&shrunk.schedule), "what is left breaks the law: {}", shrunk.schedule);
    assert_eq!((shrunk.before, shrunk.runs), (all.len(), played.get()));
    assert_eq!(happen(&shrunk.schedule).len(), shrunk.left.len());
    shrunk
}

fn holds(schedule: &Schedule, needed: &[(Kind, u64)]) -> bool {
    needed.iter().all(|(kind, number)| schedule.allows(*kind, *number))
}

#[test]
fn finds_the_faults_that_matter_and_no_others() {
    let all = || world(&[(Kind::Loss, 1000), (Kind::Crash, 50), (Kind::Pause, 50), (Kind::Late, 500)]);
    for needed in [
        &[][..],
        &[(Kind::Loss, 1)],
        &[(Kind::Late, 500)],
        &[(Kind::Loss, 17), (Kind::Loss, 18), (Kind::Crash, 50)],
        &[(Kind::Loss, 3), (Kind::Crash, 7), (Kind::Pause, 30), (Kind::Late, 499), (Kind::Loss, 900)],
    ] {
        let shrunk = shrunk(&all(), 2000, |schedule| holds(schedule, needed));
        assert!(shrunk.is_minimal);
        assert_eq!(shrunk.left.len(), needed.len(), "{}", shrunk.schedule);
        assert!(shrunk.runs < 600, "{} runs for {}", shrunk.runs, shrunk.schedule);
    }
}

#[test]
fn one_of_two_ways_to_fail_is_left() {
    let ways = [[(Kind::Loss, 10), (Kind::Crash, 1)], [(Kind::Loss, 90), (Kind::Pause, 2)]];
    let shrunk = shrunk(&world(&[(Kind::Crash, 9), (Kind::Pause, 9), (Kind::Loss, 99)]), 2000, |schedule| {
        ways.iter().any(|way| holds(schedule, way))
    });
    assert_eq!((shrunk.left.len(), shrunk.is_minimal), (2, true), "{}", shrunk.schedule);
}

#[test]
fn nothing_more_can_be_left_out_even_where_faults_hide_each_other() {
    let breaks = |schedule: &Schedule| {
        let count = (1..=64).filter(|number| schedule.allows(Kind::Loss, *number)).count();
        count >= 3 && count != 10 && count != 5
    };
    let shrunk = shrunk(&world(&[(Kind::Loss, 64)]), 2000, breaks);
    assert_eq!((shrunk.left.len(), shrunk.is_minimal), (3, true), "past five and ten, which do not fail");
    for number in (1..=64).filter(|number| shrunk.schedule.allows(Kind::Loss, *number)) {
        let strikes = world(&[(Kind::Loss, 64)]);
        let rest = strikes
            .iter()
            .filter(|strike| strike.number != number && shrunk.schedule.allows(Kind::Loss, strike.number));
        assert!(!breaks(&Schedule::of(rest)));
    }
}

#[test]
fn the_budget_bounds_the_runs() {
    let needed: Vec<_> = (1..=100).map(|number| (Kind::Loss, number * 9)).collect();
    let shrunk = shrunk(&world(&[(Kind::Loss, 900)]), 50, |schedule| holds(schedule, &needed));
    assert_eq!((shrunk.runs, shrunk.is_minimal), (50, false));
}

#[test]
fn the_search_ends_when_it_is_told_to() {
    let all = world(&[(Kind::Loss, 100)]);
    let shrunk =
        shrink(all.clone(), None, Budget::default(), |_| Some(all.clone()), |progress| progress.runs < 3);
    assert_eq!((shrunk.runs, shrunk.is_minimal, shrunk.left.len()), (3, false, 100));
}
