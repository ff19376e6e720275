use super::parse;

#[test]
fn totals_are_read() {
    assert_eq!(parse("version: 1\nfn=(1) work\n16 400\n\ntotals: 500\n"), 500);
}

#[test]
fn nothing_collected_is_nothing() {
    assert_eq!(parse("version: 1\n\ntotals: 0\n"), 0);
}
