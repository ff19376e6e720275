use super::{Counts, parse};

#[test]
fn totals_are_read() {
    let counts = parse("version: 1\nfn=(1) work\n16 400\n\ntotals: 500\n", "inner");
    assert_eq!(counts, Counts { all: 500, inner: 0 });
}

#[test]
fn nothing_collected_is_nothing() {
    assert_eq!(parse("version: 1\n\ntotals: 0\n", "inner"), Counts::default());
}

#[test]
fn calls_are_added_up_by_name_and_by_number() {
    let text = "fn=(1) outer\n16 7\ncfn=(2) the_inner_one\ncalls=3 40\n+1 30\ncfn=(3) other\ncalls=1 9\n+1 500\n\
                fn=(4) elsewhere\n* 1\ncfn=(2)\ncalls=1 40\n* 12\n\ntotals: 900\n";
    assert_eq!(parse(text, "inner"), Counts { all: 900, inner: 42 });
}

#[test]
fn what_a_function_costs_itself_is_no_call() {
    assert_eq!(parse("fn=(2) inner\n16 400\n\ntotals: 400\n", "inner"), Counts { all: 400, inner: 0 });
}
