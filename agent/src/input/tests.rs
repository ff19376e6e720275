use super::*;

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut input = Input::new(text);
    let mut lines = Vec::new();
    while let Some(line) = input.next_line().expect("the text is sound") {
        lines.push(line);
    }
    lines
}

#[test]
fn a_line_is_what_stands_between_line_feeds() {
    let none: [&[u8]; 0] = [];
    assert_eq!(lines(b""), none);
    assert_eq!(lines(b"a"), [b"a"]);
    assert_eq!(lines(b"a\n"), [b"a"]);
    assert_eq!(lines(b"a\n\n\r\nb"), [&b"a"[..], b"", b"\r", b"b"]);
    assert_eq!(lines(b"\n"), [b""]);
    assert_eq!(lines(b"\xff\0\n"), [b"\xff\0"], "any bytes");
}

#[test]
fn the_longest_line_is_taken_and_a_longer_one_named() {
    let longest = vec![b'x'; LINE_BYTES_MAX];
    assert_eq!(lines(&longest), [longest.as_slice()]);
    let mut ended = longest.clone();
    ended.push(b'\n');
    assert_eq!(lines(&ended), [longest.as_slice()]);
    let mut text = b"short\n".to_vec();
    text.extend_from_slice(&longest);
    text.extend_from_slice(b"x\n");
    let mut input = Input::new(&text[..]);
    input.next_line().expect("the first line is short");
    let error = input.next_line().expect_err("the second is too long");
    assert!(matches!(error, InputError::TooLong { number: 2 }), "{error}");
}
