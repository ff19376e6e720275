use super::{Beyond, Chain, beyond};
use crate::{
    State,
    format::{Content, Place, Record, SEGMENT_HEADER_BYTES, SegmentHeader},
};
use machine_core::{NodeId, WriteId};

const START: u32 = SEGMENT_HEADER_BYTES;

fn header() -> SegmentHeader {
    SegmentHeader {
        cluster: 1,
        node: NodeId::of(1),
        sequence: 4,
        tag: 77,
        segment_bytes: 4096,
        generation: 2,
        previous_end: 600,
        oldest: 1,
        released: 0,
        last: 0,
        reused: false,
        state: None,
    }
}

/// A segment with records of a state and nothing else, 72 bytes each: (offset, generation, durable).
fn segment(records: &[(u32, u32, u32)]) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    for (number, (offset, generation, durable)) in (1..).zip(records) {
        let state = State::new(b"12345678");
        let record = Record {
            durable: *durable,
            generation: *generation,
            id: WriteId::new(number),
            state,
            content: Content::Write(None),
        };
        let head = record.encode(Place { sequence: 4, tag: 77, offset: *offset }, 72, &[]);
        bytes[*offset as usize..*offset as usize + 72].copy_from_slice(head.as_bytes());
    }
    bytes
}

fn walk(bytes: &[u8]) -> (usize, u32, u32, u32) {
    let mut chain = Chain::new(bytes, header());
    let count = chain.by_ref().count();
    (count, chain.end, chain.generation, chain.proven)
}

#[test]
fn a_chain_ends_at_the_first_hole() {
    let bytes = segment(&[(START, 2, START), (START + 72, 2, START), (START + 216, 2, START)]);
    assert_eq!(walk(&bytes), (2, START + 144, 2, START));
    assert_eq!(walk(&bytes[..START as usize + 100]), (1, START + 72, 2, START), "the second is cut off");
    assert_eq!(walk(&bytes[..100]), (0, START, 2, START));
}

#[test]
fn a_chain_remembers_the_highest_watermark() {
    let bytes = segment(&[(START, 2, START), (START + 72, 2, START + 72), (START + 144, 2, START)]);
    assert_eq!(walk(&bytes), (3, START + 216, 2, START + 72));
}

/// A record of an earlier opening behind one of a later one was there before the later one began.
#[test]
fn generations_never_go_back() {
    let bytes = segment(&[(START, 2, START), (START + 72, 3, START), (START + 144, 2, START)]);
    assert_eq!(walk(&bytes), (2, START + 144, 3, START));
    let bytes = segment(&[(START, 1, START)]);
    assert_eq!(walk(&bytes), (0, START, 2, START), "nor below the segment's own");
}

#[test]
fn only_a_watermark_beyond_the_end_proves_damage() {
    let end = START + 72;
    let nothing = Beyond { proof: false, remnants: false, generation: 2, dirty_end: end };
    let bytes = segment(&[(START, 2, START)]);
    assert_eq!(beyond(&bytes, &header(), end, 2), nothing);
    let bytes = segment(&[(START, 2, START), (START + 144, 5, end)]);
    let remnant = Beyond { remnants: true, generation: 5, dirty_end: START + 216, ..nothing };
    assert_eq!(beyond(&bytes, &header(), end, 2), Beyond { dirty_end: remnant.dirty_end, ..remnant });
    let bytes = segment(&[(START, 2, START), (START + 144, 5, end + 8)]);
    assert!(beyond(&bytes, &header(), end, 2).proof);
    // Behind a torn record that looks like one, too.
    let mut bytes = segment(&[(START, 2, START), (START + 72, 2, START), (START + 144, 2, START + 144)]);
    bytes[START as usize + 72 + 66] ^= 1;
    assert!(beyond(&bytes, &header(), end, 2).proof);
}

/// Headers that overlap so that each costs a checksum of the rest: looking for proof must not take for ever, and what
/// no crash can leave is not trimmed.
#[test]
fn a_segment_made_to_waste_time_is_damage() {
    let mut bytes = vec![0; 1 << 20];
    let mut offset = START as usize;
    while offset + 64 <= bytes.len() {
        let length = u32::try_from(bytes.len() - offset).expect("small");
        bytes[offset + 4..offset + 8].copy_from_slice(&length.to_le_bytes());
        bytes[offset + 8..offset + 16].copy_from_slice(&77_u64.to_le_bytes());
        bytes[offset + 16..offset + 20].copy_from_slice(&u32::try_from(offset).expect("small").to_le_bytes());
        offset += 24;
    }
    assert!(beyond(&bytes, &header(), START, 2).proof);
}
