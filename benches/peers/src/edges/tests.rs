use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use super::{Edge, all, edge, replaced, table};

/// Not installed here: what decoders take is then nothing, for all.
static COUNTING: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

#[test]
fn ours_never_panics_and_never_wraps_and_two_runs_tell_the_same() {
    let edges = all(COUNTING);
    for Edge { input, clock, does } in &edges {
        assert!(!clock.starts_with("ours") || !does.contains("**"), "{input}, {clock}: {does}");
    }
    assert_eq!(edges, all(COUNTING));
}

#[test]
fn a_panic_is_an_outcome_with_its_message() {
    let does = edge("", "", || panic!("number {}", 7)).does;
    assert_eq!(does, "**panics**: number 7");
}

#[test]
fn the_table_goes_between_its_lines_and_nothing_else_changes() {
    let text = "before\n<!-- clock_edges: begin -->\nold\n<!-- clock_edges: end -->\nafter\n";
    let edges = [("a", "x"), ("a", "y"), ("b", "x")].map(|(input, clock)| edge(input, clock, String::new));
    let new = replaced(text, &table(&edges)).expect("it has both lines");
    assert!(new.starts_with("before\n<!-- clock_edges: begin -->\n\n| input |"), "{new}");
    assert!(
        new.contains("| a | x |  |\n|  | y |  |\n| b | x |  |\n<!-- clock_edges: end -->\nafter\n"),
        "{new}"
    );
    assert_eq!(replaced(&new, &table(&edges)), Some(new), "once more changes nothing");
    assert_eq!(replaced("no lines", ""), None);
}
