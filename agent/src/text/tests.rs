use std::collections::BTreeSet;

use super::*;

#[test]
fn a_text_has_as_many_lines_as_asked_all_different() {
    let lines: Vec<String> = MadeText::new(1, 20_000).collect();
    assert_eq!(lines.len(), 20_000);
    assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), 20_000);
    assert!(lines.iter().all(|line| !line.contains('\n') && line.len() < 200));
}

#[test]
fn the_seed_decides() {
    let text = |seed| MadeText::new(seed, 50).collect::<Vec<_>>();
    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
    assert_eq!(MadeText::new(0, 0).next(), None);
}

#[test]
fn the_text_of_a_seed_is_for_ever() {
    let first = MadeText::new(1, 1).next().expect("one line was asked for");
    assert_eq!(
        first,
        "1 no lighthouse finds two keys in the rain. the old voter remembers the last page twice."
    );
}
