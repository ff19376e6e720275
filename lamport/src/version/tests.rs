use std::{format, vec::Vec};

use super::{Causality, Dot, VersionVector};
use crate::ClockError;

fn long(count: usize) -> VersionVector {
    (0..count as u64).map(|id| (id * 7, id + 1)).collect()
}

#[test]
fn zero_is_absent_and_equal_knowledge_is_equal() {
    let clock = VersionVector::from([(2, 3), (1, 0), (2, 5), (3, 0)]);
    assert_eq!(clock, VersionVector::from([(2, 5)]));
    assert_eq!((clock.len(), clock.get(&1), clock.get(&2)), (1, 0, 5));
    assert_eq!(clock.causal_cmp(&VersionVector::from([(1, 0), (2, 5)])), Causality::Equal);
    assert!(Dot::new(1, 0).is_none());
}

#[test]
fn the_last_event_is_the_end_and_may_be_merged() {
    let end = Err(ClockError::Exhausted { last: u64::MAX });
    let mut clock = VersionVector::from([(1, u64::MAX), (2, 1)]);
    let before = clock.clone();
    assert_eq!((clock.tick(&1), clock.next_dot(&1)), (end, end));
    assert_eq!(clock, before);
    let mut other = VersionVector::from([(1, 7)]);
    other.merge(&clock);
    assert_eq!(other.get(&1), u64::MAX);
    assert!(other == clock && other > VersionVector::from([(1, 7)]));
    assert_eq!(VersionVector::from([(1, 7)]).missing_from(&clock).count(), 0);
    assert!(clock.missing_from(&VersionVector::from([(1, 7), (2, 1)])).eq([(&1, 8..=u64::MAX)]));
}

/// Differences at every place, with the same ids and with others.
#[test]
fn verdicts_do_not_depend_on_where_the_difference_is() {
    for count in 1..=20 {
        let base = long(count);
        assert_eq!(base.causal_cmp(&base.clone()), Causality::Equal);
        for at in 0..count {
            let (id, mut more) = (at as u64 * 7, base.clone());
            more.tick(&id).expect("small");
            assert_eq!(base.causal_cmp(&more), Causality::Before, "{at} of {count}");
            assert_eq!(more.causal_cmp(&base), Causality::After, "{at} of {count}");
            let mut beside = base.clone();
            beside.tick(&(count as u64 * 7)).expect("a new id behind the others");
            assert_eq!(beside.causal_cmp(&more), Causality::Concurrent, "{at} of {count}");
            let mut between = base.clone();
            between.tick(&(id + 3)).expect("a new id between the others");
            assert_eq!(base.causal_cmp(&between), Causality::Before, "{at} of {count}");
            assert_eq!(more.causal_cmp(&between), Causality::Concurrent, "{at} of {count}");
            let mut joined = more.clone();
            joined.merge(&between);
            assert_eq!(joined.causal_cmp(&more), Causality::After);
            assert_eq!((joined.len(), joined.get(&id)), (count + 1, base.get(&id) + 1));
        }
    }
}

/// What needs no room takes none: the entries stay where they are.
#[test]
fn known_ids_allocate_nothing() {
    let mut clock = long(100);
    clock.entries.shrink_to_fit();
    let place = |clock: &VersionVector| (clock.entries.as_ptr(), clock.entries.capacity());
    let before = place(&clock);
    let some: VersionVector = (0..50).map(|id| (id * 14, 500)).collect();
    clock.merge(&some);
    clock.merge(&long(100));
    clock.tick(&7).expect("small");
    clock.set_max(Dot::new(14, 1_000).expect("not zero"));
    clock.merge(&VersionVector::new());
    assert_eq!(place(&clock), before);
    assert_eq!((clock.get(&0), clock.get(&7), clock.get(&14)), (500, 3, 1_000));
}

#[test]
fn an_entry_stays_until_it_is_stable() {
    let mut clock = VersionVector::from([(1, 4), (2, 9), (3, 2)]);
    let is_member = |id: &u64| *id != 2;
    assert_eq!(
        clock.retain_live(is_member, &VersionVector::from([(1, 9), (2, 8), (3, 9)])),
        0,
        "a tombstone"
    );
    assert_eq!(clock.retain_live(is_member, &VersionVector::from([(2, 9)])), 1);
    assert_eq!(clock, VersionVector::from([(1, 4), (3, 2)]), "members stay whatever is stable");
}

#[test]
fn the_order_is_partial() {
    let (a, b) = (VersionVector::from([(1, 1)]), VersionVector::from([(2, 1)]));
    assert_eq!(a.partial_cmp(&b), None);
    assert_eq!([a < b, a > b, a <= b, a >= b, a == b], [false; 5]);
    assert!(a <= a.clone() && VersionVector::new() < a);
}

#[test]
fn any_ordered_type_is_an_id() {
    let mut clock = VersionVector::new();
    for id in ["b", "a", "b"] {
        clock.tick(&id).expect("small");
    }
    assert_eq!(clock.iter().collect::<Vec<_>>(), [(&"a", 1), (&"b", 2)]);
    assert_eq!(format!("{clock:?}"), r#"{"a": 1, "b": 2}"#);
    assert_eq!(format!("{:?}", Dot::new(7, 3)), "Some(7:3)");
}

#[test]
fn a_bounded_merge_is_all_or_nothing() {
    let mut clock = VersionVector::from([(1, 4), (2, 1)]);
    let before = clock.clone();
    let other = VersionVector::from([(1, 9), (3, 1), (4, 1)]);
    assert_eq!(clock.merge_bounded(&other, 3), Err(ClockError::TooManyEntries { limit: 3 }));
    assert_eq!(clock, before);
    assert_eq!(clock.merge_bounded(&other, 4), Ok(()));
    assert_eq!(clock, VersionVector::join(&before, &other));
}
