use std::{vec, vec::Vec};

use super::{Limits, Reader, put_number};
use crate::{CausalContext, ClockError, Defect, Dot, VersionVector};

type Vector = VersionVector;

fn malformed<T>(at: usize, defect: Defect) -> Result<T, ClockError> {
    Err(ClockError::Malformed { at, defect })
}

fn decode(bytes: &[u8]) -> Result<Vector, ClockError> {
    Vector::decode(bytes, Limits::DEFAULT)
}

fn context(bytes: &[u8]) -> Result<CausalContext, ClockError> {
    CausalContext::decode(bytes, Limits::DEFAULT)
}

/// For other implementations: these bytes mean these values for as long as the format lives.
#[test]
fn golden_vectors() {
    let golden: [(Vector, &[u8]); 4] = [
        (Vector::new(), &[0]),
        (Vector::from([(0, 1), (1, 1), (2, 300)]), &[3, 0, 1, 0, 1, 0, 0xAC, 2]),
        (Vector::from([(200, 127), (1_000, 128)]), &[2, 0xC8, 1, 0x7F, 0x9F, 6, 0x80, 1]),
        (
            Vector::from([(u64::MAX, u64::MAX)]),
            &[
                1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 255, 255, 255, 255, 255, 255, 255, 255,
                255, 1,
            ],
        ),
    ];
    for (vector, bytes) in golden {
        let mut encoded = Vec::new();
        vector.encode(&mut encoded);
        assert_eq!(encoded, bytes, "{vector:?}");
        assert_eq!(decode(bytes), Ok(vector));
    }
    let mut seen = CausalContext::from(Vector::from([(4, 2)]));
    for (id, n) in [(4, 4), (4, 5), (4, 9), (6, 2)] {
        seen.insert(Dot::new(id, n).expect("not zero")).expect("room");
    }
    let bytes = [1, 4, 2, 2, 4, 3, 0, 0, 3, 1, 1, 0];
    let mut encoded = Vec::new();
    seen.encode(&mut encoded);
    assert_eq!(encoded, bytes);
    assert_eq!(context(&bytes), Ok(seen));
}

#[test]
fn every_second_spelling_is_refused() {
    assert_eq!(decode(&[1, 5, 0]), malformed(2, Defect::Zero));
    assert_eq!(decode(&[1, 5, 0x81, 0]), malformed(3, Defect::OverLong));
    assert_eq!(decode(&[0x81, 0, 5, 1]), malformed(1, Defect::OverLong));
    assert_eq!(decode(&[0, 0]), malformed(1, Defect::TrailingBytes));
    assert_eq!(decode(&[]), malformed(0, Defect::Truncated));
    assert_eq!(decode(&[1, 5]), malformed(0, Defect::Truncated), "one entry is at least two bytes");
    assert_eq!(decode(&[1, 0x85, 0x80]), malformed(3, Defect::Truncated));
    let mut over = vec![1, 5];
    over.extend([0xFF; 9]);
    over.push(2); // bit 64
    assert_eq!(decode(&over), malformed(11, Defect::Overflow));
    over.pop();
    over.extend([0x80, 0]); // an eleventh byte
    assert_eq!(decode(&over), malformed(12, Defect::Overflow));
    // An id above the last one: distances add up beyond 64 bits.
    let mut beyond = vec![2];
    beyond.extend([0xFF; 9]);
    beyond.extend([1, 7, 0, 7]);
    assert_eq!(decode(&beyond), malformed(12, Defect::Overflow));
}

#[test]
fn narrow_and_wide_ids_are_held_to_their_order() {
    let mut bytes = vec![2];
    for id in [[2; 16], [1; 16]] {
        bytes.extend(id);
        bytes.push(1);
    }
    assert_eq!(VersionVector::<[u8; 16]>::decode(&bytes, Limits::DEFAULT), malformed(18, Defect::Order));
    bytes.copy_within(1..17, 18);
    assert_eq!(
        VersionVector::<[u8; 16]>::decode(&bytes, Limits::DEFAULT),
        malformed(18, Defect::Order),
        "twice"
    );
    let wide = [1, 0x80, 0x80, 0x80, 0x80, 0x10, 1]; // 2^32
    assert_eq!(VersionVector::<u32>::decode(&wide, Limits::DEFAULT), malformed(1, Defect::Overflow));
    assert!(decode(&wide).is_ok());
}

#[test]
fn what_is_counted_is_held_against_what_is_left() {
    let huge = [0xFF, 0xFF, 3, 1, 1]; // 65,535 entries
    assert_eq!(decode(&huge), malformed(0, Defect::Truncated));
    let refused = Err(ClockError::TooManyEntries { limit: 65_536 });
    assert_eq!(decode(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]), refused);
    assert_eq!(
        Vector::decode(&[2, 1, 1, 1, 1], Limits::entries(1)),
        Err(ClockError::TooManyEntries { limit: 1 })
    );
    let limits = Limits { cloud: 2, ..Limits::DEFAULT };
    let two_ids = [0, 2, 1, 1, 3, 0, 2, 0, 0]; // one dot, then two
    assert_eq!(context(&two_ids).map(|context| context.cloud_len()), Ok(3));
    let refused = Err(ClockError::TooManyEntries { limit: 2 });
    assert_eq!(CausalContext::<u64>::decode(&two_ids, limits), refused);
}

#[test]
fn contexts_have_no_second_spelling_either() {
    assert_eq!(context(&[0, 1, 7, 0, 0]), malformed(3, Defect::Zero), "an id without dots");
    assert_eq!(context(&[0, 1, 7, 1]), malformed(1, Defect::Truncated));
    // A base at the end leaves no room for a dot apart.
    let mut full = vec![1, 7];
    full.extend([0xFF; 9]);
    full.extend([1, 1, 7, 1, 0]);
    assert_eq!(context(&full), malformed(15, Defect::Overflow));
    assert_eq!(context(&[0, 0, 0]), malformed(2, Defect::TrailingBytes));
    assert_eq!(Reader::new(&[0x80]).number(), malformed(1, Defect::Truncated));
}

#[test]
fn numbers_of_all_lengths_are_read_back_wherever_they_stand() {
    let edges = (0..u64::BITS).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]);
    for number in edges.chain([u64::MAX]) {
        let mut plain: Vec<u8> = (0..10).map(|at| (number >> (7 * at)).to_le_bytes()[0] | 0x80).collect();
        plain.truncate((u64::BITS - number.leading_zeros()).div_ceil(7).max(1) as usize);
        *plain.last_mut().expect("at least one byte") &= 0x7F;
        let mut bytes = vec![7];
        put_number(number, &mut bytes);
        assert_eq!(bytes[1..], plain, "{number}");
        // Alone at the end, and with bytes behind it that are none of its own.
        for behind in [&[][..], &[0; 9], &[0xFF; 9]] {
            let bytes: Vec<u8> = plain.iter().chain(behind).copied().collect();
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.number(), Ok(number));
            assert_eq!(reader.left(), behind.len(), "{number}");
        }
        // The same number in one byte more, which no longer is its shortest form.
        *plain.last_mut().expect("at least one byte") |= 0x80;
        let at = plain.len();
        plain.extend([0; 9]);
        let refused = Reader::new(&plain).number();
        let defect = if at < 10 { Defect::OverLong } else { Defect::Overflow };
        assert_eq!(refused, malformed(at, defect), "{number}");
    }
}
