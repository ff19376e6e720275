use proptest::prelude::*;

use super::*;

fn pending(first: u64, last: u64, done: &'static str) -> Pending<&'static str> {
    Pending { first, last, refusal: None, done }
}

/// Applies entries `first..=last` of `term`, all of them new lines.
fn apply(
    appends: &mut PendingAppends<&'static str>,
    term: u64,
    first: u64,
    last: u64,
) -> Vec<Decided<&'static str>> {
    let mut decided = Vec::new();
    for index in first..=last {
        appends.applied(term, index, Some(Applied::Appended), &mut decided);
    }
    decided
}

const fn taken(done: &'static str, index: u64) -> Decided<&'static str> {
    Decided { done, outcome: Ok(index) }
}

const fn superseded(done: &'static str) -> Decided<&'static str> {
    Decided { done, outcome: Err(Refusal::Superseded) }
}

#[test]
fn an_append_is_decided_with_its_last_entry() {
    let mut appends = PendingAppends::with_limit(9);
    appends.push(1, pending(2, 4, "a"));
    appends.push(1, pending(5, 5, "b"));
    assert_eq!(apply(&mut appends, 1, 1, 3), []);
    assert_eq!(apply(&mut appends, 1, 4, 4), [taken("a", 4)]);
    assert_eq!(apply(&mut appends, 1, 5, 9), [taken("b", 5)]);
}

#[test]
fn an_entry_of_another_term_in_its_place_decides_against_it() {
    let mut appends = PendingAppends::with_limit(9);
    appends.push(1, pending(2, 4, "a"));
    appends.push(1, pending(5, 6, "b"));
    assert_eq!(apply(&mut appends, 1, 2, 3), [], "two of three entries were committed");
    assert_eq!(apply(&mut appends, 2, 4, 4), [superseded("a")]);
    assert_eq!(apply(&mut appends, 2, 5, 5), [superseded("b")]);
}

#[test]
fn nothing_is_decided_before_something_is_applied_there() {
    let mut appends = PendingAppends::with_limit(9);
    appends.push(1, pending(10, 20, "old"));
    // This node was deposed, and leads again: its log was cut, and new entries claim the same places.
    appends.push(3, pending(12, 13, "new"));
    assert_eq!(apply(&mut appends, 2, 8, 9), [], "entries before them say nothing");
    // A third leader may still have had the old entries, and commit them.
    assert_eq!(apply(&mut appends, 1, 10, 11), []);
    assert_eq!(apply(&mut appends, 1, 12, 12), [superseded("new")]);
    assert_eq!(apply(&mut appends, 1, 13, 20), [taken("old", 20)]);
}

#[test]
fn what_happened_to_one_line_is_said_of_the_whole_append() {
    let mut appends = PendingAppends::with_limit(9);
    let mut decided = Vec::new();
    appends.push(1, pending(1, 3, "gap"));
    appends.applied(1, 1, Some(Applied::Duplicate), &mut decided);
    appends.applied(1, 2, Some(Applied::Gap { expected: 7 }), &mut decided);
    appends.applied(1, 3, Some(Applied::Gap { expected: 8 }), &mut decided);
    appends.push(1, Pending { refusal: Some(Refusal::Full), ..pending(4, 4, "half") });
    appends.applied(1, 4, Some(Applied::Appended), &mut decided);
    appends.push(1, pending(5, 5, "blank"));
    appends.applied(1, 5, None, &mut decided);
    let outcomes: Vec<_> = decided.into_iter().map(|decided| decided.outcome).collect();
    assert_eq!(outcomes, [Err(Refusal::Gap { expected: 7 }), Err(Refusal::Full), Err(Refusal::Superseded)]);
}

#[test]
fn the_table_is_bounded_and_empties() {
    let mut appends = PendingAppends::with_limit(2);
    appends.push(1, pending(1, 1, "a"));
    assert!(!appends.is_full());
    appends.push(2, pending(1, 1, "b"));
    assert!(appends.is_full());
    assert_eq!(apply(&mut appends, 2, 1, 1).len(), 2);
    assert!(!appends.is_full() && appends.terms.is_empty());
    appends.push(3, pending(7, 8, "c"));
    assert_eq!(appends.drain().collect::<Vec<_>>(), ["c"]);
    assert_eq!(appends.len, 0);
}

proptest! {
    /// Against a model: whatever terms the log ends up with, an append succeeds if and only if every entry at its
    /// indexes has its term, and each append is decided exactly once, as soon as it can be.
    #[test]
    fn an_append_succeeds_if_and_only_if_all_its_entries_are_its_own(
        sizes in prop::collection::vec((1_u64..4, 1_u64..5, 0_u64..3), 1..12),
        log_terms in prop::collection::vec(1_u64..4, 40),
    ) {
        let mut appends = PendingAppends::with_limit(100);
        let mut sizes = sizes;
        sizes.sort_by_key(|(term, ..)| *term);
        let mut model = Vec::new();
        let (mut term, mut next) = (0, 1);
        for (place, (of_term, size, gap)) in sizes.into_iter().enumerate() {
            if of_term != term {
                (term, next) = (of_term, 1);
            }
            let (first, last) = (next + gap, next + gap + size - 1);
            next = last + 1;
            model.push((term, first, last));
            appends.push(term, Pending { first, last, refusal: None, done: place });
        }
        let mut log_terms = log_terms;
        log_terms.sort_unstable();
        let mut decided = Vec::new();
        for (index, term) in (1..).zip(&log_terms) {
            appends.applied(*term, index, Some(Applied::Appended), &mut decided);
        }
        let mut outcomes: Vec<_> = decided.into_iter().map(|decided| (decided.done, decided.outcome.is_ok())).collect();
        outcomes.sort_unstable();
        let expected: Vec<_> = model.iter().enumerate().filter_map(|(place, (term, first, last))| {
            let there: Vec<_> = (*first..=*last).filter_map(|index| usize::try_from(index - 1).ok().and_then(|place| log_terms.get(place))).collect();
            let own = there.iter().all(|found| *found == term);
            let whole = there.len() as u64 == last - first + 1;
            match (own, whole) {
                (true, true) => Some((place, true)),
                (true, false) => None,
                (false, _) => Some((place, false)),
            }
        }).collect();
        prop_assert_eq!(outcomes, expected);
    }
}
