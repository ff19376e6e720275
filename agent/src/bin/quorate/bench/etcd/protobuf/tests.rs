use super::*;

#[test]
fn fields_are_found_by_number() {
    let mut inner = Vec::new();
    put_uint(&mut inner, 3, 300);
    let mut bytes = Vec::new();
    put_bytes(&mut bytes, 1, &inner);
    put_uint(&mut bytes, 2, u64::MAX);
    bytes.extend_from_slice(&[0x1d, 1, 2, 3, 4]); // field 3, four fixed bytes
    put_uint(&mut bytes, 4, 7);
    assert_eq!(bytes[..5], [0x0a, 3, 0x18, 0xac, 0x02], "as the specification writes 300");
    let fields = Fields::new(&bytes);
    assert_eq!(fields.message(1).uint(3), 300);
    assert_eq!((fields.uint(2), fields.uint(4)), (u64::MAX, 7));
    assert_eq!((fields.uint(5), fields.message(5).uint(1)), (0, 0));
}

#[test]
fn whatever_comes_is_read_without_a_panic() {
    let mut bytes = Vec::new();
    put_bytes(&mut bytes, 1, &[9; 20]);
    put_uint(&mut bytes, 2, u64::MAX);
    for cut in 0..bytes.len() {
        for bit in 0..8 {
            let mut broken = bytes.clone();
            broken[cut] ^= 1 << bit;
            let _any = (Fields::new(&broken).uint(2), Fields::new(&broken[..cut]).message(1).uint(1));
        }
    }
}
