use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn what_was_encoded_comes_back(client: u64, sequence: u64, line in prop::collection::vec(any::<u8>(), 0..300)) {
        let entry = LineEntry { client: ClientId::new(client), sequence, line: &line };
        let mut payload = Vec::new();
        entry.encode(&mut payload);
        prop_assert_eq!(payload.len(), ENTRY_HEADER_BYTES + line.len());
        prop_assert_eq!(LineEntry::decode(&payload), Ok(entry));
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(payload in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(entry) = LineEntry::decode(&payload) {
            let mut again = Vec::new();
            entry.encode(&mut again);
            prop_assert_eq!(again, payload, "what is read is written the same");
        }
    }
}

#[test]
fn the_bytes_are_as_documented() {
    let mut payload = Vec::new();
    LineEntry { client: ClientId::new(0x0102), sequence: 3, line: b"ab" }.encode(&mut payload);
    assert_eq!(payload, [1, 2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, b'a', b'b']);
}

#[test]
fn short_long_and_foreign_payloads_are_named() {
    assert_eq!(LineEntry::decode(&[1; 16]), Err(EntryError::TooShort { bytes: 16 }));
    assert_eq!(LineEntry::decode(&[2; 17]), Err(EntryError::UnknownFormat { format: 2 }));
    let mut longest = vec![0; ENTRY_HEADER_BYTES + LINE_BYTES_MAX];
    longest[0] = 1;
    assert!(LineEntry::decode(&longest).is_ok());
    longest.push(0);
    assert_eq!(LineEntry::decode(&longest), Err(EntryError::TooLong { bytes: LINE_BYTES_MAX + 1 }));
}
