use super::{CELLS, Figure, bar};

#[test]
fn a_figure_is_red_from_a_tenth_above_its_bar() {
    let bar = bar(Figure::Leader, 120.0);
    assert!(bar.holds(111.0) && bar.holds(131.9));
    assert!(!bar.holds(132.1) && !bar.holds(f64::NAN) && !bar.holds(f64::INFINITY));
    assert!(bar.line("x", 133.0).contains("ABOVE") && !bar.line("x", 131.0).contains("ABOVE"));
}

#[test]
fn every_bar_about_a_fixed_small_run_is_held() {
    assert_eq!(CELLS.iter().map(|(_, _, bars)| bars.len()).sum::<usize>(), 9);
}
