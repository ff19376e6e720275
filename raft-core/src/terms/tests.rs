extern crate std;

use alloc::vec::Vec;

use proptest::prelude::*;

use super::Terms;
use crate::{Index, Term};

/// Terms of a log, entry by entry, never descending; some steps are wide.
fn log() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(prop_oneof![4 => Just(0u64), 2 => Just(1), 1 => 2..5u64], 0..40).prop_map(|steps| {
        let mut term = 1;
        steps
            .into_iter()
            .map(|step| {
                term += step;
                term
            })
            .collect()
    })
}

fn coded(log: &[u64]) -> Terms {
    let mut terms = Terms::default();
    for (first, term) in (1..).zip(log) {
        terms.push(Index::new(first), Term::new(*term));
    }
    terms
}

fn at(log: &[u64], index: u64) -> u64 {
    index.checked_sub(1).map_or(0, |place| log[usize::try_from(place).expect("short")])
}

proptest! {
    #[test]
    fn says_what_the_list_says(log in log(), asked in 0..12u64) {
        let terms = coded(&log);
        let last = log.len() as u64;
        prop_assert!(terms.is_sound(Index::new(last)));
        for index in 0..=last {
            prop_assert_eq!(terms.at(Index::new(index)).get(), at(&log, index));
            let limit = (0..=index).rev().find(|place| at(&log, *place) <= asked).expect("zero at zero");
            prop_assert_eq!(terms.last_not_after(Index::new(index), Term::new(asked)).get(), limit);
        }
        for index in 1..=last {
            let end = (index..=last).take_while(|place| at(&log, *place) == at(&log, index)).last();
            prop_assert_eq!(Some(terms.end_of_term_at(Index::new(index), Index::new(last)).get()), end);
        }
    }

    #[test]
    fn truncated_is_as_if_never_said(log in log(), cut in 1..45u64, term in 0..3u64) {
        let keep = usize::try_from(cut - 1).expect("short").min(log.len());
        let mut kept = log[..keep].to_vec();
        let mut terms = coded(&log);
        terms.truncate(Index::new(cut));
        prop_assert_eq!(&terms, &coded(&kept));
        let next = kept.last().copied().unwrap_or(1) + term;
        terms.push(Index::new(keep as u64 + 1), Term::new(next));
        kept.push(next);
        prop_assert_eq!(terms, coded(&kept));
    }
}

#[test]
fn one_pair_for_each_change_of_term() {
    let mut terms = Terms::default();
    for index in 1..=1_000_000u64 {
        terms.push(Index::new(index), Term::new(1 + index / 500_000));
    }
    assert_eq!(terms.older().len(), 2);
}

#[test]
#[should_panic(expected = "terms ascend in the log")]
fn terms_that_descend_are_our_bug() {
    let mut terms = coded(&[2]);
    terms.push(Index::new(2), Term::new(1));
}
