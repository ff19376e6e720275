use std::format;

use super::HlcTime;

#[test]
fn parts_and_the_carry() {
    let time = HlcTime::new(0x1234, 7).expect("in this era");
    assert_eq!((time.ms(), time.counter(), time.to_bits()), (0x1234, 7, 0x1234_0007));
    assert_eq!(time.to_be_bytes(), [0, 0, 0, 0, 0x12, 0x34, 0, 7]);
    let full = HlcTime::new(5, u16::MAX).expect("in this era");
    assert_eq!(full.next(), HlcTime::new(6, 0), "a full counter carries");
    assert_eq!(HlcTime::new(HlcTime::MS_MAX, u16::MAX), Some(HlcTime::MAX));
    assert_eq!((HlcTime::MAX.next(), HlcTime::new(HlcTime::MS_MAX + 1, 0)), (None, None));
    assert_eq!(format!("{time} {time:?}"), "4660ms+7 4660ms+7");
}
