use std::{format, vec::Vec};

use super::DvvSet;
use crate::{ClockError, Defect, Dot, VersionVector};

type Set = DvvSet<u64, &'static str>;

fn nothing() -> VersionVector {
    VersionVector::new()
}

fn values(set: &Set) -> Vec<&'static str> {
    set.values().copied().collect()
}

#[test]
fn a_write_replaces_what_its_author_has_read_and_nothing_else() {
    let mut set = Set::new();
    set.update(&nothing(), "a", 1).expect("room");
    let read = set.context();
    set.update(&nothing(), "b", 1).expect("room");
    assert_eq!(values(&set), ["b", "a"]);
    set.update(&read, "c", 1).expect("room");
    assert_eq!(values(&set), ["c", "b"], "b was not read");
    assert_eq!(set.context(), VersionVector::from([(1, 3)]));
}

#[test]
fn servers_that_sync_see_replaced_values_go() {
    let (mut one, mut two) = (Set::new(), Set::new());
    one.update(&nothing(), "old", 1).expect("room");
    two.sync(&one);
    let read = two.context();
    two.update(&read, "new", 2).expect("room");
    one.update(&nothing(), "other", 1).expect("room");
    one.sync(&two);
    two.sync(&one);
    assert_eq!(values(&one), ["other", "new"]);
    assert_eq!(one, two);
}

#[test]
fn resolving_leaves_one_value_that_replaces_all() {
    let mut set = Set::new();
    for value in ["x", "y", "z"] {
        set.update(&nothing(), value, 1).expect("room");
    }
    let before = set.clone();
    let dot = set.resolve(2, |siblings| siblings.into_iter().min().expect("there are three"));
    assert_eq!(dot, Ok(Dot::new(2, 1).expect("not zero")));
    assert_eq!(values(&set), ["x"]);
    set.sync(&before);
    assert_eq!(values(&set), ["x"], "the old ones do not come back");
}

#[test]
fn a_context_from_the_future_of_this_server_is_refused() {
    let mut set = Set::new();
    set.update(&nothing(), "a", 1).expect("room");
    let before = set.clone();
    let claim = VersionVector::from([(1, 2)]);
    let error = ClockError::OwnIdFromFuture { claimed: 2, issued: 1 };
    assert_eq!(set.update(&claim, "b", 1), Err(error));
    assert_eq!(set, before);
    // Of other servers a client may know more than we do.
    set.update(&VersionVector::from([(7, 9)]), "b", 1).expect("room");
    assert_eq!(set.context(), VersionVector::from([(1, 2), (7, 9)]));
}

#[test]
fn siblings_are_bounded_and_resolving_makes_room() {
    let mut set = Set::with_siblings_max(2);
    for value in ["a", "b"] {
        set.update(&nothing(), value, 1).expect("room");
    }
    let before = set.clone();
    assert_eq!(set.update(&nothing(), "c", 1), Err(ClockError::TooManyEntries { limit: 2 }));
    assert_eq!(set, before);
    set.update(&VersionVector::from([(1, 1)]), "c", 1).expect("it replaces one");
    set.resolve(1, |_| "d").expect("it replaces all");
    assert_eq!(values(&set), ["d"]);
}

#[test]
fn clients_that_invent_servers_are_stopped() {
    let mut set = Set::new();
    let of = |ids: core::ops::Range<u64>| ids.map(|id| (id, 1)).collect::<VersionVector>();
    set.update(&of(2..65_000), "a", 1).expect("room");
    let before = set.clone();
    assert_eq!(set.update(&of(2..65_600), "b", 1), Err(ClockError::TooManyEntries { limit: 65_536 }));
    assert_eq!(set, before);
    set.update(&of(2..65_500), "b", 1).expect("room");
}

#[test]
fn the_last_write_of_a_server_is_the_end() {
    let context = VersionVector::from([(1, u64::MAX)]);
    let mut set = Set::from_parts(&context, [], 9).expect("no values");
    let end = Err(ClockError::Exhausted { last: u64::MAX });
    assert_eq!(set.update(&nothing(), "a", 1), end);
    assert_eq!(set.resolve(1, |_| "a"), end);
    set.update(&context, "a", 2).expect("another server goes on");
    assert_eq!(values(&set), ["a"]);
}

#[test]
fn parts_that_no_history_leads_to_are_refused() {
    let context = VersionVector::from([(1, 3), (2, 1)]);
    let of = |dots: &[(u64, u64)]| {
        let values = dots.iter().map(|(id, n)| (Dot::new(*id, *n).expect("not zero"), "v"));
        Set::from_parts(&context, values.collect::<Vec<_>>(), 9).map(|set| set.len())
    };
    assert_eq!(of(&[(1, 3), (1, 2), (2, 1)]), Ok(3));
    for (dots, at, defect) in [
        (&[(1, 4)][..], 0, Defect::Uncovered),
        (&[(3, 1)], 0, Defect::Uncovered),
        (&[(1, 2)], 0, Defect::Order),
        (&[(1, 3), (1, 1)], 1, Defect::Order),
        (&[(1, 3), (1, 3)], 1, Defect::Order),
        (&[(2, 1), (1, 3)], 1, Defect::Uncovered),
        (&[(1, 3), (1, 2), (1, 1), (1, 1)], 3, Defect::Order),
    ] {
        assert_eq!(of(dots), Err(ClockError::Malformed { at, defect }), "{dots:?}");
    }
    assert_eq!(format!("{:?}", Set::new()), "{}");
}
