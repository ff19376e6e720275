use super::Index;
use crate::{LiveRun, ReadError};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Beside a map from each position to the run that last wrote it.
    #[test]
    fn agrees_with_a_map_of_positions(steps in prop::collection::vec((0..30_u64, 1..9_u32, 0..8_u8), 1..60)) {
        let (mut index, mut map) = (Index::new(0, 0), BTreeMap::new());
        let (mut last, mut released) = (0, 0);
        for (number, (back, count, kind)) in steps.into_iter().enumerate() {
            if kind == 0 {
                let up_to = released + back;
                index.release(up_to);
                map.retain(|position, _| *position > up_to);
                released = up_to;
                last = last.max(up_to);
            } else {
                let first = (last + 1).saturating_sub(back);
                prop_assert_eq!(index.admits(first), first > released, "without a gap by construction");
                prop_assert!(!index.admits(last + 2));
                if first <= released {
                    continue;
                }
                map.retain(|position, _| *position < first);
                map.extend((first..first + u64::from(count)).map(|position| (position, number)));
                index.push(LiveRun { first, count, mark: number as u64 / 3 }, number, |_, _| false);
                last = first + u64::from(count) - 1;
            }
            prop_assert_eq!((index.last(), index.released(), index.is_whole()), (last, released, true));
            let held: BTreeMap<u64, usize> = index
                .iter()
                .flat_map(|(live, number)| (live.first..live.first + u64::from(live.count)).map(|at| (at, *number)))
                .filter(|(position, _)| *position > released)
                .collect();
            prop_assert_eq!(&held, &map);
            for (position, number) in &map {
                let found = index.from(*position).expect("held").next().map(|(_, number)| *number);
                prop_assert_eq!(found, Some(*number));
            }
        }
    }
}

#[test]
fn what_is_not_held_is_said() {
    let mut index = Index::new(10, 10);
    assert!(index.is_whole() && !Index::<()>::new(10, 9).is_whole());
    index.push(LiveRun { first: 11, count: 2, mark: 0 }, (), |_, ()| true);
    assert_eq!(index.from(10).map(|_| ()), Err(ReadError::Released { first: 10, released: 10 }));
    assert_eq!(index.from(13).map(|_| ()), Err(ReadError::Beyond { first: 13, last: 12 }));
}

#[test]
fn neighbours_of_one_mark_are_joined_if_asked() {
    let runs = |index: &Index<u32>| {
        index.iter().map(|(live, item)| (live.first, live.count, *item)).collect::<Vec<_>>()
    };
    let mut index = Index::new(0, 0);
    let mut push = |first, mark, agree: bool| {
        index.push(LiveRun { first, count: 2, mark }, 1, |live, item| {
            *item += u32::from(agree) * live;
            agree
        });
        runs(&index)
    };
    assert_eq!(push(1, 7, true), [(1, 2, 1)]);
    assert_eq!(push(3, 7, true), [(1, 4, 3)]);
    assert_eq!(push(5, 7, false), [(1, 4, 3), (5, 2, 1)]);
    assert_eq!(push(7, 8, true), [(1, 4, 3), (5, 2, 1), (7, 2, 1)], "another mark");
    assert_eq!(push(4, 7, true), [(1, 5, 6)], "what is left of a cut one is named to the judge");
    let mut index = Index::new(0, 0);
    index.push(LiveRun { first: 1, count: u32::MAX, mark: 0 }, 1, |_, _| true);
    index.push(LiveRun { first: 1 + u64::from(u32::MAX), count: 1, mark: 0 }, 2, |_, _| true);
    assert_eq!(index.iter().count(), 2, "a count that would not fit");
}
