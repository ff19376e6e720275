use std::collections::BTreeSet;

use super::CausalContext;
use crate::{ClockError, Dot, VersionVector};

fn dot(id: u64, n: u64) -> Dot {
    Dot::new(id, n).expect("not zero")
}

#[test]
fn the_dot_that_closes_a_gap_takes_those_behind_it_along() {
    let mut context = CausalContext::new();
    for n in [5, 3, 4, 2] {
        assert_eq!(context.insert(dot(1, n)), Ok(true));
    }
    assert_eq!((context.cloud_len(), context.base().get(&1)), (4, 0));
    assert_eq!(context.insert(dot(1, 1)), Ok(true));
    assert!(context.is_contiguous() && context.base().get(&1) == 5);
    assert_eq!(context.insert(dot(1, 4)), Ok(false));
}

#[test]
fn the_last_event_of_all_is_a_dot_like_others() {
    let mut context = CausalContext::new();
    context.insert(dot(1, u64::MAX)).expect("room");
    assert!(context.contains(&dot(1, u64::MAX)) && !context.contains(&dot(1, u64::MAX - 1)));
    let mut full = CausalContext::from(VersionVector::from([(1, u64::MAX - 1)]));
    full.merge(&context).expect("room");
    assert!(full.is_contiguous());
    assert_eq!(full.insert(dot(1, 3)), Ok(false));
}

#[test]
fn the_limit_is_no_part_of_the_value() {
    let (mut small, mut large) = (CausalContext::with_cloud_max(1), CausalContext::new());
    for context in [&mut small, &mut large] {
        context.insert(dot(1, 3)).expect("room for one");
    }
    assert_eq!(small, large);
    assert_eq!(small.insert(dot(1, 5)), Err(ClockError::TooManyEntries { limit: 1 }));
    assert_eq!(small.insert(dot(1, 1)), Ok(true), "a dot that joins the base needs no room");
    large.insert(dot(2, 7)).expect("room");
    assert_eq!(small.merge(&large), Err(ClockError::TooManyEntries { limit: 1 }));
    assert_eq!(small.insert(dot(1, 2)), Ok(true));
    assert_eq!(small.merge(&large), Ok(()), "one dot apart is left");
}

#[test]
fn parts_must_be_compact() {
    let base = || VersionVector::from([(1, 3)]);
    let of = |dots: &[Dot]| CausalContext::from_parts(base(), dots.iter().copied().collect(), 9);
    assert!(of(&[dot(1, 5), dot(1, 6), dot(2, 2)]).is_some());
    for dots in [[dot(1, 3)], [dot(1, 4)], [dot(1, 1)], [dot(2, 1)]] {
        assert_eq!(of(&dots), None, "{dots:?}");
    }
    assert_eq!(CausalContext::from_parts(base(), BTreeSet::from([dot(1, 5)]), 0), None, "above the limit");
}
