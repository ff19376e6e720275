//! Encodings of clocks with their neighbours, and runs of operations on each.

use lamport::{CausalContext, Dot, VersionVector};

/// Every kind of value, as it is, too short, too long, and with each byte changed; and parts of siblings.
pub(crate) fn encodings() -> Vec<Vec<u8>> {
    let mut vector = Vec::new();
    VersionVector::<u64>::from([(0, 1), (1, 300), (1 << 50, u64::MAX)]).encode(&mut vector);
    let mut narrow = Vec::new();
    VersionVector::<u32>::from([(7, 1), (u32::MAX, 2)]).encode(&mut narrow);
    let mut wide = Vec::new();
    VersionVector::from([([1u8; 16], 1), ([2; 16], 2)]).encode(&mut wide);
    let mut context = CausalContext::<u64>::from(VersionVector::from([(4, 2)]));
    for (id, n) in [(4, 4), (4, 5), (4, 9), (6, 2)] {
        context.insert(Dot::new(id, n).expect("not zero")).expect("room");
    }
    let mut cloud = Vec::new();
    context.encode(&mut cloud);
    let stream = vec![5, 1, 7, 2, 0xAC, 2, 3, 9, 1];
    let siblings = vec![2, 1, 3, 2, 1, 1, 3, 1, 2, 2, 1];
    let mut seeds = Vec::new();
    for (kind, bytes) in (0..).zip([vector, narrow, wide, cloud, stream, siblings]) {
        for limit in [200, 1] {
            seeds.push([&[kind, limit], &bytes[..]].concat());
        }
        seeds.push([&[kind, 200], &bytes[..bytes.len() - 1]].concat());
        seeds.push([&[kind, 200], &bytes[..], &[0]].concat());
        for at in 0..bytes.len() {
            for byte in [0, 0x80, 0xFF, bytes[at].wrapping_add(1)] {
                let mut other = [&[kind, 200], &bytes[..]].concat();
                other[at + 2] = byte;
                seeds.push(other);
            }
        }
    }
    // A context without a cloud and with one of a single id, a number in too many bytes, ids that do not ascend.
    seeds.extend([vec![3, 9, 1, 1, 1, 0], vec![3, 9, 1, 1, 1, 1, 1, 1, 0], vec![0, 9, 1, 0x81, 0, 1]]);
    seeds.push([&[2, 9, 2], &[2; 16][..], &[1], &[1; 16], &[1]].concat());
    seeds
}

/// Plain chance, for each clock: long enough to come by everything.
pub(crate) fn laws() -> Vec<Vec<u8>> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut byte = move || {
        // xorshift64, as in Marsaglia 2003; any will do.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for clock in 0..6 {
        for _ in 0..12 {
            // Small choices and, at times, any number: 255 asks for eight more bytes.
            let rest = (0..400).map(|_| match byte() {
                250.. => u8::MAX,
                other => other % 16,
            });
            seeds.push([clock].into_iter().chain(rest.collect::<Vec<_>>()).collect());
            let rest: Vec<u8> = (0..400).map(|_| byte()).collect();
            seeds.push([clock].into_iter().chain(rest).collect());
        }
    }
    // A vector whose counter stands at its end: set to the maximum, then ticked.
    seeds.push([&[1, 1, 0, 3, 255][..], &[255; 8], &[0, 0, 3]].concat());
    // The same for Lamport's clock.
    seeds.push([&[0, 255][..], &[255; 8], &[0, 1, 9, 9]].concat());
    seeds
}
