//! Law 7: a causal context is a set of dots.

use std::collections::BTreeSet;

use lamport::{CausalContext, ClockError, Dot, VersionVector};
use proptest::{collection, prelude::*};

use crate::strategies::{context, dot, dots};

fn set(context: &CausalContext) -> BTreeSet<(u64, u64)> {
    let mut set = dots(context.base());
    set.extend(context.cloud().map(|dot| (dot.id, dot.n.get())));
    set
}

fn of(dots: &[Dot]) -> CausalContext {
    let mut context = CausalContext::new();
    for dot in dots {
        context.insert(*dot).expect("far below the limit");
    }
    context
}

proptest! {
    #![proptest_config(crate::strategies::cases())]

    #[test]
    fn it_is_the_set_of_what_was_inserted(dots in collection::vec(dot(), 0..40)) {
        let mut context = CausalContext::new();
        let mut oracle = BTreeSet::new();
        for dot in &dots {
            let news = context.insert(*dot).expect("far below the limit");
            prop_assert_eq!(news, oracle.insert((dot.id, dot.n.get())));
            prop_assert_eq!(&set(&context), &oracle);
        }
        for id in 0..4 {
            for n in 1..10 {
                let dot = Dot::new(id, n).expect("not zero");
                prop_assert_eq!(context.contains(&dot), oracle.contains(&(id, n)));
            }
        }
        // Contiguous: for each id the dots up to its largest are all there.
        let top: VersionVector = oracle.iter().copied().collect();
        prop_assert_eq!(context.is_contiguous(), crate::strategies::dots(&top) == oracle);
        prop_assert_eq!(context.is_contiguous(), context.cloud_len() == 0);
        // Compact, whatever the order of arrival: equal sets are equal values.
        let mut sorted = dots;
        sorted.sort_unstable();
        prop_assert_eq!(of(&sorted), context);
    }

    #[test]
    fn merge_is_the_union(a in collection::vec(dot(), 0..20), b in collection::vec(dot(), 0..20)) {
        let (x, y) = (of(&a), of(&b));
        let mut merged = x.clone();
        merged.merge(&y).expect("far below the limit");
        prop_assert_eq!(set(&merged), set(&x).union(&set(&y)).copied().collect());
        prop_assert_eq!(merged, of(&[a, b].concat()), "compact");
    }

    #[test]
    fn merging_any_keeps_what_both_have(a in context(), b in context()) {
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.merge(&b).expect("far below the limit");
        ba.merge(&a).expect("far below the limit");
        prop_assert_eq!(&ab, &ba);
        for dot in a.cloud().chain(b.cloud()) {
            prop_assert!(ab.contains(dot));
        }
        prop_assert!(ab.base().descends(a.base()) && ab.base().descends(b.base()));
        ba.merge(&a).expect("far below the limit");
        prop_assert_eq!(ab, ba, "idempotent");
    }

    #[test]
    fn a_full_cloud_refuses_and_changes_nothing(dots in collection::vec(dot(), 0..40), limit in 0..5usize) {
        let mut context = CausalContext::with_cloud_max(limit);
        for dot in &dots {
            let before = context.clone();
            match context.insert(*dot) {
                Ok(_) => prop_assert!(context.contains(dot)),
                Err(error) => {
                    prop_assert_eq!(error, ClockError::TooManyEntries { limit });
                    prop_assert_eq!(&context, &before);
                    prop_assert_eq!(context.cloud_len(), limit);
                }
            }
            prop_assert!(context.cloud_len() <= limit);
        }
        let (before, all) = (context.clone(), of(&dots));
        match context.merge(&all) {
            Ok(()) => prop_assert_eq!(context, all),
            Err(_) => prop_assert!(context == before && all.cloud_len() > limit),
        }
    }
}
