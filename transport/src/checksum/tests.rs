use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn combining_is_appending(head in any::<Vec<u8>>(), len in 0_usize..70_000, byte: u8) {
        let body = Bytes::from(vec![byte; len]);
        let expected = crc32c::crc32c(&[&head[..], &body].concat());
        let mut remembered = Remembered::default();
        prop_assert_eq!(remembered.checksum(&head, &body), expected);
        prop_assert_eq!(remembered.checksum(&head, &body), expected, "the second time from memory");
    }
}

#[test]
fn another_body_of_the_same_length_is_another_body() {
    let mut remembered = Remembered::default();
    for byte in [1, 2, 1] {
        let body = Bytes::from(vec![byte; REMEMBERED_BYTES_MIN]);
        assert_eq!(remembered.checksum(&[], &body), crc32c::crc32c(&body));
    }
}
