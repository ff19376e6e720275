use std::collections::BTreeMap;

use super::LexKey;
use crate::VersionVector;

#[test]
fn a_walk_in_this_order_meets_causes_first() {
    let clocks = [
        VersionVector::new(),
        VersionVector::from([(2, 1)]),
        VersionVector::from([(2, 1), (3, 9)]),
        VersionVector::from([(1, 1)]),
        VersionVector::from([(1, 1), (2, 1)]),
        VersionVector::from([(1, 2)]),
    ];
    let keys = clocks.clone().map(LexKey);
    assert!(keys.is_sorted_by(|a, b| a < b), "by the counters of 1, 2, 3 in turn, absent as zero");
    let map: BTreeMap<_, _> = keys.into_iter().rev().map(|key| (key, ())).collect();
    assert!(map.keys().map(|key| &key.0).eq(&clocks));
}
