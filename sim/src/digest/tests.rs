use super::Digest;

fn of(parts: &[&[u8]]) -> u64 {
    let mut digest = Digest::default();
    for part in parts {
        digest.bytes(part);
    }
    digest.get()
}

#[test]
fn tells_apart_order_length_and_split() {
    let same = of(&[b"ab", b"c"]);
    assert_eq!(same, of(&[b"ab", b"c"]));
    for other in [of(&[b"c", b"ab"]), of(&[b"abc"]), of(&[b"a", b"bc"]), of(&[b"ab", b"c\0"])] {
        assert_ne!(same, other);
    }
}

#[test]
fn is_the_same_on_every_platform() {
    assert_eq!(of(&[b"quorate, adj.: having a quorum"]), REFERENCE);
}

/// From the formula in the type's documentation, by a program in another language.
const REFERENCE: u64 = 0x621b_57f1_8fa7_1c72;
