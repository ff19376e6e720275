use super::{CELLS, Figure, HEAP, bar, ratchet};

#[test]
fn a_figure_is_red_from_a_tenth_above_its_bar() {
    let bar = bar(Figure::Leader, 120.0);
    assert!(bar.holds(111.0) && bar.holds(131.9));
    assert!(!bar.holds(132.1) && !bar.holds(f64::NAN) && !bar.holds(f64::INFINITY));
    assert!(bar.line("x", 133.0).contains("ABOVE") && !bar.line("x", 131.0).contains("ABOVE"));
}

#[test]
fn a_ratchet_holds_what_misses_its_bar_and_says_so() {
    let bar = ratchet(Figure::Group, 5_000.0, 9_000.0);
    assert!(bar.holds(9_899.0) && !bar.holds(9_901.0));
    assert!(bar.line("x", 9_000.0).contains("misses its bar"));
    assert!(bar.line("x", 4_999.0).contains("take the ratchet out"));
}

#[test]
fn a_ratchet_is_only_where_a_bar_is_missed() {
    let bars = CELLS.iter().flat_map(|(_, _, bars)| bars.iter()).chain([&HEAP]);
    assert!(bars.clone().all(|bar| bar.ratchet.is_none_or(|held| held > bar.most)));
    assert!(bars.count() >= 10, "every bar about a fixed small run is held");
}
