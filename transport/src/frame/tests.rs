use proptest::prelude::*;

use super::*;

/// The page that other implementations read; its vectors are these tests' vectors.
const WIRE_FORMAT: &str = include_str!("../../../docs/wire-format.md");

/// Lines of the form "| name | hex |" of the table below this heading.
fn vectors(heading: &str) -> Vec<(String, Vec<u8>)> {
    let section = WIRE_FORMAT.split_once(heading).expect("the page has this heading").1;
    let table = section.lines().skip_while(|line| !line.starts_with("| ---")).skip(1);
    table
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let name = cells.next().expect("a name").to_owned();
            let hex = cells.next().expect("bytes").replace(['`', ' '], "");
            let digits = hex.as_bytes().chunks(2);
            let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16);
            (name, digits.map(byte).collect::<Result<_, _>>().expect("hexadecimal"))
        })
        .collect()
}

fn decode(bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
    let mut decoder = Decoder::new(1 << 12, 64);
    let mut rest = bytes;
    loop {
        let next = decoder.next();
        if next != Ok(None) || rest.is_empty() {
            return next;
        }
        let spare = decoder.spare();
        let count = spare.len().min(rest.len());
        spare[..count].copy_from_slice(&rest[..count]);
        decoder.filled(count);
        rest = &rest[count..];
    }
}

#[test]
fn golden_frames() {
    let golden = vectors("### Frames as bytes");
    let frames: [(u8, &[u8]); 3] = [(1, b""), (1, b"quorate"), (239, &[0, 255, 0, 255])];
    assert_eq!(golden.len(), frames.len());
    for ((name, bytes), (kind, body)) in golden.iter().zip(frames) {
        assert_eq!(encode(kind, body).as_ref(), Ok(bytes), "{name}");
        let frame = Frame { kind, body: Bytes::copy_from_slice(body) };
        assert_eq!(decode(bytes), Ok(Some(frame)), "{name}");
    }
}

#[test]
fn golden_handshakes() {
    use crate::{
        ClusterId, HandshakeError,
        handshake::{Hello, encode_refusal, judge_answer},
    };
    use machine_core::NodeId;

    let golden = vectors("### Handshakes as bytes");
    let (cluster, one, two) = (ClusterId::new(0x0123_4567_89ab_cdef), NodeId::of(1), NodeId::of(2));
    let hello = Hello { cluster, from: one, to: two };
    let welcome = Hello { cluster, from: two, to: one };
    let refusals = [
        HandshakeError::OtherVersion { listener: 1, dialler: 2 },
        HandshakeError::OtherCluster { listener: ClusterId::new(9), dialler: cluster },
        HandshakeError::WrongNode { listener: NodeId::of(3), wanted: two },
        HandshakeError::SameNode { id: one },
        HandshakeError::UnknownNode { listener: two, dialler: one },
    ];
    let mut frames = vec![encode(Kind::HELLO, &hello.encode()), encode(Kind::WELCOME, &welcome.encode())];
    for refusal in &refusals {
        let body = encode_refusal(refusal).expect("the dialler is told");
        frames.push(encode(Kind::REFUSED, &body));
    }
    assert_eq!(golden.len(), frames.len());
    for ((name, bytes), frame) in golden.iter().zip(frames) {
        assert_eq!(frame.as_ref(), Ok(bytes), "{name}");
    }
    let read = |at: usize| decode(&golden[at].1).expect("a frame").expect("a whole one");
    assert_eq!(Hello::decode(&read(0), Kind::HELLO), Ok(hello));
    assert_eq!(judge_answer(&read(1), hello), Ok(()));
    for (at, refusal) in (2..).zip(refusals) {
        assert_eq!(judge_answer(&read(at), hello), Err(refusal), "{}", golden[at].0);
    }
}

proptest! {
    #[test]
    fn any_cut_of_any_frames_gives_the_same_frames(
        bodies in prop::collection::vec((0_u8..240, prop::collection::vec(any::<u8>(), 0..300)), 0..12),
        chunk in 0_usize..200,
        cuts in prop::collection::vec(1_usize..150, 1..40),
    ) {
        let stream: Vec<u8> =
            bodies.iter().flat_map(|(kind, body)| encode(*kind, body).expect("short enough")).collect();
        let mut decoder = Decoder::new(300, chunk);
        let (mut rest, mut cuts, mut frames) = (&stream[..], cuts.iter().cycle(), Vec::new());
        loop {
            while let Some(frame) = decoder.next().expect("good frames") {
                frames.push((frame.kind, frame.body.to_vec()));
            }
            if rest.is_empty() {
                break;
            }
            let spare = decoder.spare();
            prop_assert!(!spare.is_empty(), "there is always room for a byte");
            let count = spare.len().min(rest.len()).min(*cuts.next().expect("a cycle"));
            spare[..count].copy_from_slice(&rest[..count]);
            decoder.filled(count);
            rest = &rest[count..];
        }
        prop_assert_eq!(frames, bodies);
        prop_assert_eq!(decoder.held_bytes(), 0);
    }

    #[test]
    fn a_flipped_bit_is_never_a_frame(kind in 0_u8..240, body in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, bit in 0_u32..8) {
        let mut bytes = encode(kind, &body).expect("short enough");
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        // Damage to the header shows with the header, whatever is still to come.
        let come = if at < HEADER_BYTES { &bytes[..HEADER_BYTES] } else { &bytes[..] };
        match (at, decode(come)) {
            (0..4, Err(FrameError::NotAFrame { .. }))
            | (4, Err(FrameError::OtherVersion { .. }))
            | (5..HEADER_BYTES, Err(FrameError::HeaderChecksum { .. }))
            | (HEADER_BYTES.., Err(FrameError::Checksum { .. })) => {}
            (_, other) => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn any_bytes_are_frames_or_an_error_and_stay_so(bytes in prop::collection::vec(any::<u8>(), 0..100), ours: bool) {
        let bytes = if ours { [&MAGIC[..], &[VERSION], &bytes].concat() } else { bytes };
        let mut decoder = Decoder::new(1000, 64);
        let count = bytes.len().min(64);
        decoder.spare()[..count].copy_from_slice(&bytes[..count]);
        decoder.filled(count);
        let mut last = decoder.next();
        while let Ok(Some(_)) = last {
            last = decoder.next();
        }
        if let Err(error) = last {
            prop_assert_eq!(decoder.next(), Err(error));
        }
    }
}

#[test]
fn a_wrong_byte_is_noticed_as_soon_as_it_is_there() {
    let good = encode(1, b"x").expect("short enough");
    for at in 0..8 {
        let mut bytes = good[..=at].to_vec();
        bytes[at] ^= 0xff;
        let error = decode(&bytes);
        match at {
            0..=3 => assert!(matches!(error, Err(FrameError::NotAFrame { .. })), "{error:?}"),
            4 => assert_eq!(error, Err(FrameError::OtherVersion { ours: 1, theirs: 0xfe })),
            // The kind is nobody's to judge here, and reserved bytes wait for the header.
            _ => assert_eq!(error, Ok(None)),
        }
    }
}

#[test]
fn a_length_above_the_bound_is_refused_before_anything_is_allocated() {
    let header = header(1, u32::MAX, 0);
    let mut decoder = Decoder::new(100, 64);
    decoder.spare()[..HEADER_BYTES].copy_from_slice(&header);
    decoder.filled(HEADER_BYTES);
    assert_eq!(decoder.next(), Err(FrameError::TooLong { len: u64::from(u32::MAX), len_max: 100 }));
    assert_eq!(decoder.held_bytes(), HEADER_BYTES, "no more than what came");
}

/// A length that was damaged upwards, but not above the bound: nothing waits for the bytes that it promises.
#[test]
fn a_damaged_length_swallows_nothing() {
    let mut bytes = encode(1, b"short").expect("short enough");
    for bit in 0..32 {
        bytes[8 + bit / 8] ^= 1 << (bit % 8);
        let mut decoder = Decoder::new(usize::MAX, 64);
        decoder.spare()[..bytes.len()].copy_from_slice(&bytes);
        decoder.filled(bytes.len());
        assert!(matches!(decoder.next(), Err(FrameError::HeaderChecksum { .. })), "bit {bit}");
        bytes[8 + bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn reserved_bytes_are_refused_under_a_right_checksum_too() {
    let mut bytes = encode(1, b"").expect("short enough");
    bytes[7] = 1;
    let checksum = crc32c::crc32c(&bytes[..HEADER_CHECKSUM_AT]);
    bytes[HEADER_CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(decode(&bytes), Err(FrameError::Reserved { found: [0, 1] }));
}

#[test]
fn the_bound_itself_is_allowed() {
    for len in [99, 100, 101] {
        let bytes = encode(1, &vec![1; len]).expect("short enough");
        let mut decoder = Decoder::new(100, 200);
        decoder.spare()[..bytes.len()].copy_from_slice(&bytes);
        decoder.filled(bytes.len());
        assert_eq!(decoder.next().is_ok(), len <= 100);
    }
}

#[test]
fn a_large_body_is_handed_out_where_it_was_received_and_a_small_one_holds_no_chunk() {
    let mut decoder = Decoder::new(1 << 20, 64);
    let bytes = encode(1, &[5; 1000]).expect("short enough");
    decoder.spare()[..64].copy_from_slice(&bytes[..64]);
    decoder.filled(64);
    assert_eq!(decoder.next(), Ok(None));
    let spare = decoder.spare();
    assert_eq!(spare.len(), bytes.len() - 64, "exactly the rest of the frame");
    let place = spare.as_ptr();
    spare.copy_from_slice(&bytes[64..]);
    decoder.filled(bytes.len());
    let frame = decoder.next().expect("good bytes").expect("a whole frame");
    assert_eq!(frame.body[64 - HEADER_BYTES..].as_ptr(), place);

    let bytes = encode(1, b"small").expect("short enough");
    let spare = decoder.spare();
    let chunk = spare.as_ptr_range();
    spare[..bytes.len()].copy_from_slice(&bytes);
    decoder.filled(bytes.len());
    let frame = decoder.next().expect("good bytes").expect("a whole frame");
    assert!(!chunk.contains(&frame.body.as_ptr()));
}

#[test]
fn after_damage_nothing_is_a_frame_any_more() {
    let good = encode(1, b"good").expect("short enough");
    // One that fits into the chunk, and one that does not.
    for len in [20, 200] {
        let mut damaged = encode(1, &vec![7; len]).expect("short enough");
        damaged[HEADER_BYTES + len - 1] ^= 1;
        let mut decoder = Decoder::new(1000, 64);
        let mut outcome = Ok(None);
        for bytes in [&damaged[..64.min(damaged.len())], &damaged[64.min(damaged.len())..], &good, &good] {
            let spare = decoder.spare();
            let count = spare.len().min(bytes.len());
            spare[..count].copy_from_slice(&bytes[..count]);
            decoder.filled(count);
            let next = decoder.next();
            assert!(outcome.is_ok() || outcome == next, "{next:?} after {outcome:?}");
            outcome = next;
        }
        assert!(matches!(outcome, Err(FrameError::Checksum { .. })), "{outcome:?}");
    }
}

#[test]
fn claiming_to_have_filled_more_than_there_is_changes_nothing() {
    let mut decoder = Decoder::new(100, 64);
    decoder.filled(usize::MAX);
    assert_eq!(decoder.held_bytes(), 64);
    assert_eq!(decoder.next(), Err(FrameError::NotAFrame { found: [0; 4] }));
}

#[test]
fn widening_keeps_what_has_come() {
    let bytes = encode(1, &[3; 90]).expect("short enough");
    let mut narrow = Decoder::new(24, 40);
    narrow.spare().copy_from_slice(&bytes[..40]);
    narrow.filled(40);
    let mut wide = narrow.widen(100, 200);
    wide.spare()[..bytes.len() - 40].copy_from_slice(&bytes[40..]);
    wide.filled(bytes.len() - 40);
    assert_eq!(wide.next().expect("good bytes").expect("a whole frame").body, vec![3; 90]);
}

#[test]
fn kinds_of_the_transport_are_nobody_else_s() {
    assert_eq!(Kind::new(239).map(Kind::get), Some(239));
    for kind in 240..=255 {
        assert_eq!(Kind::new(kind), None);
    }
}
