use super::*;

const NAMES: &[&str] = &["a", "b", "c"];

#[test]
fn what_is_missing_is_what_no_run_has_seen() {
    let (mut one, mut other) = (Marks::new(NAMES), Marks::new(NAMES));
    one.see("c");
    other.see("a");
    one.add(other);
    assert_eq!(one.missing().collect::<Vec<_>>(), ["b"]);
}

#[test]
#[should_panic(expected = "`d` is not among the target's marks")]
fn a_mark_that_is_not_named_is_refused() {
    Marks::new(NAMES).see("d");
}
