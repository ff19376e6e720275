use super::*;

#[test]
fn columns_are_as_wide_as_their_widest_cell() {
    let mut table = Table::new(["", "count", "why"]);
    table.row(["first", "7", "ä"]);
    table.row(["2", "1234567"]);
    table.row(["2nd"]);
    assert_eq!(table.to_string(), "       count    why\nfirst        7  ä\n    2  1234567\n2nd\n");
}
