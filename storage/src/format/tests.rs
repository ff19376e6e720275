use super::{
    Content, HeaderError, Place, RECORD_HEADER_BYTES, Record, RunHeader, SegmentHeader, decode, padding,
    plausible, record_bytes, tag,
};
use crate::State;
use machine_core::{NodeId, WriteId};
use proptest::prelude::*;

fn header() -> SegmentHeader {
    SegmentHeader {
        cluster: 0xc1,
        node: NodeId::of(3),
        sequence: 2,
        tag: 0x1122_3344_5566_7788,
        segment_bytes: 4096,
        generation: 5,
        previous_end: 4000,
        oldest: 1,
        released: 6,
        last: 7,
        reused: true,
        state: State::new(b"state"),
    }
}

fn bytes_of(record: &Record, place: Place, body: &[u8]) -> Vec<u8> {
    let length = record_bytes(record.state, body.len());
    let head = record.encode(place, u32::try_from(length).expect("small"), body);
    let mut bytes = [head.as_bytes(), body].concat();
    bytes.resize(usize::try_from(length).expect("small"), 0);
    bytes
}

/// The bytes are a promise to later releases: docs/wal-format.md prints them. Checked against another CRC-32C.
#[test]
fn segment_header_vector() {
    let bytes = header().encode();
    assert_eq!(
        hex(&bytes[..96]),
        concat!(
            "51525457414c0d0a363e84c501000000c1000000000000000300000000000000",
            "020000000000000088776655443322110010000005000000a00f000005010000",
            "0100000000000000060000000000000007000000000000007374617465000000",
        )
    );
    assert!(bytes[96..].iter().all(|byte| *byte == 0));
    assert_eq!(SegmentHeader::decode(&bytes), Ok(header()));
}

#[test]
fn record_vector() {
    let place = Place { sequence: 2, tag: 0x1122_3344_5566_7788, offset: 512 };
    let run = RunHeader { first: 8, count: 2, mark: 9 };
    let record = Record {
        durable: 512,
        generation: 5,
        id: WriteId::new(1),
        state: State::new(b"s"),
        content: Content::Write(Some(run)),
    };
    let bytes = bytes_of(&record, place, b"body");
    assert_eq!(
        hex(&bytes),
        concat!(
            "8be345e348000000887766554433221100020000000200000500000001010000",
            "0100000000000000080000000000000009000000000000000200000004000000",
            "73626f6479000000",
        )
    );
    let found = decode(&bytes, place).expect("sound");
    assert_eq!((found.record, found.length), (record, 72));
    assert_eq!(&bytes[found.body_start..found.body_start + found.body_bytes], b"body");
}

#[test]
fn other_versions_are_told_apart_from_damage() {
    let mut bytes = header().encode();
    bytes[12] = 2;
    assert_eq!(SegmentHeader::decode(&bytes), Err(HeaderError::Unsound), "the checksum covers the version");
    let crc = super::header_crc(&bytes);
    bytes[8..12].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(SegmentHeader::decode(&bytes), Err(HeaderError::Version(2)));
}

/// A sound checksum over an impossible header: made by hand.
#[test]
fn impossible_headers_are_refused() {
    let sound = header();
    let impossible = [
        SegmentHeader { segment_bytes: 4088, ..sound },
        SegmentHeader { segment_bytes: (1 << 30) + 8, ..sound },
        SegmentHeader { segment_bytes: 4097, ..sound },
        SegmentHeader { oldest: 0, ..sound },
        SegmentHeader { oldest: 3, ..sound },
        SegmentHeader { released: 8, ..sound },
        SegmentHeader { sequence: u64::MAX, ..sound },
    ];
    for header in impossible {
        assert_eq!(SegmentHeader::decode(&header.encode()), Err(HeaderError::Unsound), "{header:?}");
    }
}

#[test]
fn tags_of_one_seed_differ() {
    for seed in [0, 1, u64::MAX] {
        let mut tags: Vec<u64> = (1..2000).map(|sequence| tag(seed, sequence)).collect();
        tags.sort_unstable();
        tags.dedup();
        assert_eq!(tags.len(), 1999);
    }
    assert_ne!(tag(1, 1), tag(2, 1));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_come_back_and_only_from_their_place(
        state in prop::option::of(prop::collection::vec(any::<u8>(), 0..=64)),
        body in prop::collection::vec(any::<u8>(), 0..300),
        (durable, offset) in (0..1000_u32, 1000..5000_u32),
        (id, first, mark, count) in any::<(u64, u64, u64, u32)>(),
        is_mark in any::<bool>(),
        flip in any::<(prop::sample::Index, u8)>(),
    ) {
        let content = match (is_mark, count) {
            (true, _) => Content::Mark { released: first, oldest: mark },
            (false, 0) => Content::Write(None),
            (false, _) => Content::Write(Some(RunHeader { first, count, mark })),
        };
        let state = state.map(|bytes| State::new(&bytes).expect("at most 64"));
        let record = Record { durable, generation: 3, id: WriteId::new(id), state, content };
        let place = Place { sequence: 7, tag: 99, offset };
        let mut bytes = bytes_of(&record, place, &body);
        prop_assert_eq!(bytes.len() % 8, 0);
        bytes.extend([1; 40]);
        let found = decode(&bytes, place).expect("sound");
        prop_assert_eq!(found.record, record);
        prop_assert_eq!(&bytes[found.body_start..found.body_start + found.body_bytes], &body[..]);
        for other in [
            Place { sequence: 8, ..place },
            Place { sequence: 7 + (1 << 32), ..place },
            Place { tag: 98, ..place },
            Place { offset: offset + 8, ..place },
        ] {
            prop_assert_eq!(decode(&bytes, other), None, "{:?}", other);
        }
        for cut in [0, RECORD_HEADER_BYTES - 1, found.length as usize - 1] {
            prop_assert_eq!(decode(&bytes[..cut], place), None);
        }
        let at = flip.0.index(found.length as usize);
        bytes[at] ^= flip.1.max(1);
        prop_assert_eq!(decode(&bytes, place), None, "byte {} changed", at);
    }

    #[test]
    fn any_bytes_decode_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..700), seal in any::<bool>()) {
        let mut bytes = bytes;
        let place = Place { sequence: 1, tag: 2, offset: 512 };
        if seal && bytes.len() >= RECORD_HEADER_BYTES {
            // A sound checksum over whatever it is.
            let length = bytes.len() / 8 * 8;
            bytes[4..8].copy_from_slice(&u32::try_from(length).expect("small").to_le_bytes());
            bytes[8..16].copy_from_slice(&2_u64.to_le_bytes());
            bytes[16..20].copy_from_slice(&512_u32.to_le_bytes());
            let crc = crc32c::crc32c_append(crc32c::crc32c(&1_u64.to_le_bytes()), &bytes[4..length]);
            bytes[..4].copy_from_slice(&crc.to_le_bytes());
            prop_assert_eq!(plausible(&bytes, place), Some(u32::try_from(length).expect("small")));
        }
        if let Some(found) = decode(&bytes, place) {
            prop_assert!(found.length as usize <= bytes.len());
            prop_assert!(found.body_start + found.body_bytes + padding(found.body_start + found.body_bytes) == found.length as usize);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
