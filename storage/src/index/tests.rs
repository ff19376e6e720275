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
                index.push(LiveRun { first, count, mark: number as u64 }, number);
                last = first + u64::from(count) - 1;
            }
            prop_assert_eq!((index.last(), index.released()), (last, released));
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
    index.push(LiveRun { first: 11, count: 2, mark: 0 }, ());
    assert_eq!(index.from(10).map(|_| ()), Err(ReadError::Released { first: 10, released: 10 }));
    assert_eq!(index.from(13).map(|_| ()), Err(ReadError::Beyond { first: 13, last: 12 }));
}
