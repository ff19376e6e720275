//! Laws 2 to 5: version vectors are exactly happened-before.

use std::collections::BTreeSet;

use lamport::{Causality, Dot, LexKey, VersionVector};
use proptest::prelude::*;

use crate::strategies::{
    any_vector, dots,
    history::{History, histories},
    id,
    laws::{join_semilattice, partial_order},
    small_vector, three_vectors,
};

fn encoded(vector: &VersionVector) -> Vec<u8> {
    let mut bytes = Vec::new();
    vector.encode(&mut bytes);
    bytes
}

/// By sets of dots: is a subset.
fn oracle(a: &VersionVector, b: &VersionVector) -> Causality {
    let (a, b) = (dots(a), dots(b));
    match (a.is_subset(&b), b.is_subset(&a)) {
        (true, true) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) => Causality::Concurrent,
    }
}

/// The vectors that the nodes have at their events.
fn vectors(history: &History) -> Vec<VersionVector<usize>> {
    let mut clocks = vec![VersionVector::new(); history.nodes];
    let mut vectors: Vec<VersionVector<usize>> = Vec::new();
    for event in &history.events {
        let clock = &mut clocks[event.node];
        if let Some(message) = event.received {
            clock.merge(&vectors[message]);
        }
        clock.tick(&event.node).expect("few events");
        vectors.push(clock.clone());
    }
    vectors
}

proptest! {
    #![proptest_config(crate::strategies::cases())]

    #[test]
    fn causality_is_a_partial_order_and_the_subset_of_dots([a, b, c] in three_vectors()) {
        partial_order([&a, &b, &c], VersionVector::causal_cmp)?;
        for (x, y) in [(&a, &b), (&a, &c), (&b, &c)] {
            prop_assert_eq!(x.causal_cmp(y), oracle(x, y));
            prop_assert_eq!(x == y, encoded(x) == encoded(y), "equal values have equal bytes");
        }
    }

    #[test]
    fn causality_is_a_partial_order_for_any(a in any_vector(), b in any_vector(), c in any_vector()) {
        partial_order([&a, &b, &c], VersionVector::causal_cmp)?;
        partial_order([&a, &VersionVector::join(&a, &b), &c], VersionVector::causal_cmp)?;
        // Entry by entry, without merging lists.
        let all: BTreeSet<u64> = a.iter().chain(b.iter()).map(|(id, _)| *id).collect();
        let less = all.iter().any(|id| a.get(id) < b.get(id));
        let greater = all.iter().any(|id| a.get(id) > b.get(id));
        let verdict = match (less, greater) {
            (false, false) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (true, true) => Causality::Concurrent,
        };
        prop_assert_eq!(a.causal_cmp(&b), verdict);
        prop_assert_eq!(a.descends(&b), !less);
        prop_assert_eq!(a < b, verdict == Causality::Before);
    }

    #[test]
    fn merge_is_the_least_upper_bound([a, b, c] in three_vectors(), x in any_vector(), y in any_vector()) {
        let leq = |a: &VersionVector, b: &VersionVector| b.descends(a);
        join_semilattice([&a, &b, &c], VersionVector::join, leq)?;
        join_semilattice([&x, &y, &a], VersionVector::join, leq)?;
        let union: BTreeSet<_> = dots(&a).union(&dots(&b)).copied().collect();
        prop_assert_eq!(dots(&VersionVector::join(&a, &b)), union);
        let mut merged = x.clone();
        merged.merge(&y);
        prop_assert!(x.iter().all(|(id, n)| merged.get(id) >= n), "no entry is lowered");
        prop_assert_eq!(merged == x, x.descends(&y));
    }

    #[test]
    fn meet_is_the_greatest_lower_bound([a, b, c] in three_vectors(), x in any_vector(), y in any_vector()) {
        let geq = |a: &VersionVector, b: &VersionVector| a.descends(b);
        join_semilattice([&a, &b, &c], VersionVector::meet, geq)?;
        join_semilattice([&x, &y, &a], VersionVector::meet, geq)?;
        let both: BTreeSet<_> = dots(&a).intersection(&dots(&b)).copied().collect();
        prop_assert_eq!(dots(&VersionVector::meet(&a, &b)), both);
        prop_assert_eq!(&VersionVector::join(&a, &VersionVector::meet(&a, &b)), &a, "absorption");
        prop_assert_eq!(&VersionVector::meet(&a, &VersionVector::join(&a, &b)), &a, "absorption");
    }

    /// The lecture's condition and its converse: for vectors, both hold.
    #[test]
    fn one_vector_is_before_the_other_iff_its_event_happened_before(history in histories(4, 30)) {
        let (vectors, before) = (vectors(&history), history.happened_before());
        for (at, causes) in before.iter().enumerate() {
            for (other, vector) in vectors.iter().enumerate() {
                prop_assert_eq!(*vector < vectors[at], causes[other], "{} and {}", other, at);
            }
        }
    }

    #[test]
    fn what_is_missing_is_exactly_the_difference(a in small_vector(), b in small_vector()) {
        let missing: Vec<_> = a.missing_from(&b).map(|(id, range)| (*id, range)).collect();
        let single = missing.iter().flat_map(|(id, range)| range.clone().map(move |n| (*id, n)));
        let single: Vec<_> = single.collect();
        let difference: Vec<_> = dots(&a).difference(&dots(&b)).copied().collect();
        prop_assert_eq!(&single, &difference);
        let mut told = b.clone();
        told.extend(single.into_iter().filter_map(|(id, n)| Dot::new(id, n)));
        prop_assert!(told.descends(&a));
        prop_assert_eq!(told, VersionVector::join(&a, &b));
    }

    #[test]
    fn what_is_missing_from_any(a in any_vector(), b in any_vector()) {
        let mut told = b.clone();
        for (id, range) in a.missing_from(&b) {
            prop_assert!(!range.is_empty());
            prop_assert_eq!((*range.start(), *range.end()), (b.get(id) + 1, a.get(id)));
            told.extend(Dot::new(*id, *range.end()));
        }
        prop_assert_eq!(told, VersionVector::join(&a, &b));
    }

    #[test]
    fn tick_counts_one_event(mut a in any_vector(), id in id()) {
        let before = a.clone();
        let next = a.next_dot(&id);
        let ticked = a.tick(&id);
        prop_assert_eq!(&next, &ticked);
        match ticked {
            Ok(dot) => {
                prop_assert!(before < a && !before.contains(&dot) && a.contains(&dot));
                prop_assert_eq!(a.get(&id), before.get(&id) + 1);
                let others = |(other, n): (&u64, u64)| *other == id || before.get(other) == n;
                prop_assert!(a.iter().all(others));
            }
            Err(_) => prop_assert!(before.get(&id) == u64::MAX && a == before),
        }
    }

    #[test]
    fn the_total_order_extends_causality(a in any_vector(), b in any_vector(), c in any_vector()) {
        for (x, y) in [(&a, &b), (&a, &VersionVector::join(&a, &c)), (&VersionVector::meet(&b, &c), &c)] {
            let order = LexKey(x.clone()).cmp(&LexKey(y.clone()));
            prop_assert_eq!(order, LexKey(y.clone()).cmp(&LexKey(x.clone())).reverse());
            prop_assert!(x.partial_cmp(y).is_none_or(|causal| causal == order));
            prop_assert_eq!(order.is_eq(), x == y);
        }
        let mut keys = [a, b, c].map(LexKey);
        keys.sort();
        prop_assert!(keys[0] <= keys[2], "transitive");
    }

    /// Between vectors that descend what is stable, retiring changes no verdict; what is not covered stays.
    #[test]
    fn retiring_changes_no_verdict([a, b, c] in three_vectors(), gone in 0..6u64) {
        let stable = VersionVector::meet(&a, &b);
        let lift = |vector: &VersionVector| VersionVector::join(vector, &stable);
        // Whoever has left has written its last: all that descend what is stable know the same of it, or it is not.
        let (mut x, mut y) = (lift(&a), lift(&c));
        let is_final = x.get(&gone) == y.get(&gone);
        let verdict = x.causal_cmp(&y);
        let before = [x.get(&gone), y.get(&gone)];
        let went = x.retain_live(|id| *id != gone, &stable);
        y.retain_live(|id| *id != gone, &stable);
        prop_assert_eq!(went, usize::from(before[0] > 0 && before[0] <= stable.get(&gone)));
        prop_assert_eq!(x.get(&gone), if before[0] <= stable.get(&gone) { 0 } else { before[0] });
        if is_final {
            prop_assert_eq!(x.causal_cmp(&y), verdict);
        }
    }
}
