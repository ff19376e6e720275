use super::*;

fn payload(client: u64, sequence: u64, line: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    LineEntry { client: ClientId::new(client), sequence, line }.encode(&mut payload);
    payload
}

#[test]
fn a_line_sent_twice_is_in_the_list_once() {
    let (mut once, mut twice) = (Lines::new(), Lines::new());
    assert_eq!(once.apply(1, &payload(9, 1, b"a")), Applied::Appended);
    assert_eq!(once.apply(2, &payload(9, 2, b"b")), Applied::Appended);
    twice.apply(1, &payload(9, 1, b"a"));
    assert_eq!(twice.apply(2, &payload(9, 1, b"a")), Applied::Duplicate);
    assert_eq!(twice.apply(5, &payload(9, 3, b"c")), Applied::Gap { expected: 2 });
    assert_eq!(twice.apply(6, b"?"), Applied::Unreadable);
    twice.apply(7, &payload(9, 2, b"b"));
    assert_eq!(once.summary(), twice.summary());
    assert_eq!((twice.summary().count, twice.last_sequence(ClientId::new(9))), (2, 2));
}

#[test]
fn the_checksum_tells_order_content_and_bounds_of_lines_apart() {
    let summary = |lines: &[&[u8]]| {
        let mut summary = Summary::default();
        for line in lines {
            summary.push(line);
        }
        summary.checksum
    };
    let lists: [&[&[u8]]; 6] =
        [&[b"ab", b"c"], &[b"a", b"bc"], &[b"c", b"ab"], &[b"ab", b"c", b""], &[b"ab"], &[]];
    for (place, one) in lists.iter().enumerate() {
        for other in &lists[place + 1..] {
            assert_ne!(summary(one), summary(other), "{one:?} and {other:?}");
        }
    }
}
