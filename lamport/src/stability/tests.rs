use std::vec::Vec;

use super::Stability;
use crate::VersionVector;

#[test]
fn members_come_and_go() {
    let mut known = Stability::new(["a", "b", "c"]);
    known.observe(&"a", &VersionVector::from([("a", 5)])).expect("a member");
    known.observe(&"b", &VersionVector::from([("a", 3)])).expect("a member");
    assert!(known.stable().is_empty());
    assert_eq!(known.laggards(), [&"c"]);
    assert_eq!(known.remove_member(&"c"), Some(VersionVector::new()));
    assert_eq!(known.remove_member(&"c"), None);
    assert_eq!(known.stable(), VersionVector::from([("a", 3)]));
    assert!(known.add_member("d", VersionVector::from([("a", 1)])));
    assert!(!known.add_member("a", VersionVector::new()), "it is one already");
    assert_eq!(known.stable(), VersionVector::from([("a", 1)]));
    assert_eq!(known.members().collect::<Vec<_>>(), [&"a", &"b", &"d"]);
}

#[test]
fn late_and_doubled_vectors_do_no_harm() {
    let mut known = Stability::new([1]);
    known.observe(&1, &VersionVector::from([(1, 9)])).expect("a member");
    known.observe(&1, &VersionVector::from([(1, 4)])).expect("a member");
    assert_eq!(known.stable(), VersionVector::from([(1, 9)]));
    assert!(known.laggards().is_empty(), "nobody else waits");
    assert!(Stability::<u64>::new([]).stable().is_empty());
}
