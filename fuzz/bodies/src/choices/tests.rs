use super::*;

#[test]
fn choices_are_taken_from_the_front_and_are_zero_at_the_end() {
    let mut choices = Choices::new(&[7, 3, 1, 2, 254, 255, 9, 0, 0, 0, 0, 0, 0, 1, 5, 6, 7]);
    assert_eq!((choices.byte(), choices.flag(), choices.u16()), (7, true, 0x0201));
    assert_eq!((choices.number(), choices.number()), (254, 9 | 1 << 56));
    assert_eq!(choices.below(4), 1);
    assert_eq!(choices.bytes(9), [6, 7]);
    assert!(choices.is_over());
    assert_eq!((choices.byte(), choices.u64(), choices.below(0), choices.all()), (0, 0, 0, &[][..]));
}

#[test]
fn a_number_cut_short_is_filled_up_with_zeros() {
    assert_eq!(Choices::new(&[1]).u16(), 1);
    assert_eq!(Choices::new(&[255, 1, 1]).number(), 0x0101);
}
