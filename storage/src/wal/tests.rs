//! Segments with sound checksums over anything at all: made by hand, never by us.

use std::io::IoSlice;

use super::{Wal, segments};
use crate::{
    AppendError, Disk, LogStore, MemoryDisk, OpenError, Options, ReadError, ReleaseError, Run, State, Write,
    format::{self, Content, Place, Record, RunHeader, SegmentHeader},
};
use bytes::Bytes;
use machine_core::{NodeId, WriteId};
use proptest::prelude::*;

fn options() -> Options {
    Options::new(1, NodeId::of(1), 42).with_segment_bytes(4096).with_record_bytes_max(1024)
}

/// A small number, mostly; sometimes the largest ones.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![6 => 0..6_u64, 1 => Just(u64::MAX), 1 => Just(u64::MAX - 1), 1 => Just(u64::MAX / 2)]
}

type Draft = (u32, u64, u64, u64, u32, bool, bool);

fn draft() -> impl Strategy<Value = Draft> {
    let count = prop_oneof![8 => 0..4_u32, 1 => Just(u32::MAX)];
    (0..3_u32, 0..9_u64, number(), number(), count, prop::bool::weighted(0.2), prop::bool::weighted(0.9))
}

fn record((generation, id, first, mark, count, is_mark, has_state): Draft, durable: u32) -> Record {
    let content = match (is_mark, count) {
        (true, _) => Content::Mark { released: first, oldest: mark },
        (false, 0) => Content::Write(None),
        (false, _) => Content::Write(Some(RunHeader { first, count, mark })),
    };
    let state = has_state.then_some(State::default());
    Record { durable, generation: generation + 1, id: WriteId::new(id), state, content }
}

fn segment(header: &SegmentHeader, records: &[Draft]) -> (Vec<u8>, u32) {
    let mut bytes = header.encode().to_vec();
    for draft in records {
        let offset = u32::try_from(bytes.len()).expect("small");
        let record = record(*draft, format::SEGMENT_HEADER_BYTES);
        let place = Place { sequence: header.sequence, tag: header.tag, offset };
        let body = b"a body: ";
        bytes.extend_from_slice(record.encode(place, 72, body).as_bytes());
        bytes.extend_from_slice(body);
    }
    let end = u32::try_from(bytes.len()).expect("small");
    bytes.resize(4096, 0);
    (bytes, end)
}

/// The documentation promises these sizes.
#[test]
fn index_items_are_small() {
    assert_eq!(size_of::<(crate::LiveRun, super::Location)>(), 48);
    assert_eq!(size_of::<super::Sealed>(), 16);
}

/// Many small runs of one mark, in segments large enough to join them.
#[test]
fn neighbours_share_an_item_and_are_read_one_by_one() {
    let mut disk = MemoryDisk::new();
    let options = options().with_segment_bytes(256 << 10);
    let (mut wal, _) = Wal::open(&mut disk, options).expect("opens");
    let write = |id: u64, first| {
        let body = Bytes::from(id.to_string());
        let run = Run { first, count: 2, mark: 7, body };
        Write { id: WriteId::new(id), state: State::default(), run: Some(run) }
    };
    for id in 1..=1000 {
        wal.append(&write(id, id * 2 - 1)).expect("appended");
    }
    assert!(wal.index.iter().count() <= 6, "1000 records of 72 bytes, 16 KiB to an item");
    wal.append(&write(1001, 600)).expect("cuts an item in the middle of a run");
    wal.append(&write(1002, 602)).expect("appended");
    wal.sync().expect("synced");
    let check = |wal: &mut Wal<&mut MemoryDisk>| {
        assert_eq!(wal.last(), 603);
        for first in 1..=603_u64 {
            let (id, start, live) = match first {
                599 => (300, 599, 1),
                600 | 601 => (1001, 600, 2),
                602 | 603 => (1002, 602, 2),
                _ => (first.div_ceil(2), (first - 1) / 2 * 2 + 1, 2),
            };
            let read = wal.read(first, 1).expect("held");
            assert_eq!(read.len(), 1);
            assert_eq!(
                (read[0].run.first, read[0].live, &read[0].run.body[..]),
                (start, live, id.to_string().as_bytes())
            );
        }
        assert_eq!(wal.read(1, usize::MAX).expect("held").len(), 302);
    };
    check(&mut wal);
    drop(wal);
    check(&mut Wal::open(&mut disk, options).expect("opens").0);
}

/// Three runs of one mark in one item: what is before the wanted one is passed over at its own word, and a false word is
/// never believed.
#[test]
fn damage_to_a_neighbour_is_met_by_its_own_readers() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = Wal::open(&mut disk, options()).expect("opens");
    for id in 1..=3 {
        let run = Run { first: id, count: 1, mark: 7, body: Bytes::from(vec![b'x'; 8]) };
        wal.append(&Write { id: WriteId::new(id), state: State::default(), run: Some(run) })
            .expect("appended");
    }
    wal.sync().expect("synced");
    assert_eq!(wal.index.iter().count(), 1, "neighbours share an item");
    let (name, start) = (segments::name(1), format::SEGMENT_HEADER_BYTES as usize);
    let bytes = wal.disk().contents(&name).expect("there");
    let put = |wal: &mut Wal<&mut MemoryDisk>, bytes: &[u8]| {
        let file = wal.active.file;
        wal.disk_mut().write_at(&file, &[IoSlice::new(bytes)], 0).expect("written");
    };
    let length = 72;
    for byte in 0..length {
        let mut bytes = bytes.clone();
        bytes[start + byte] ^= 1;
        put(&mut wal, &bytes);
        match wal.read(1, 1) {
            Err(ReadError::Damaged(damaged)) => assert_eq!(damaged.offset, start as u64),
            other => panic!("byte {byte}: {other:?}"),
        }
        match wal.read(3, 1) {
            Ok(read) => {
                assert_eq!((read.len(), read[0].run.first, &read[0].run.body[..]), (1, 3, &[b'x'; 8][..]));
            }
            Err(ReadError::Damaged(_)) => {}
            other => panic!("byte {byte}: {other:?}"),
        }
    }
    // The first says that it has two entries, and is long enough to be both.
    let mut lie = bytes;
    lie[start + 56] = 2;
    lie[start + 4] = 2 * u8::try_from(length).expect("small");
    put(&mut wal, &lie);
    assert_eq!(wal.read(3, 1).expect("the third proves itself")[0].run.first, 3);
    assert!(matches!(wal.read(2, 1), Err(ReadError::Damaged(_))));
    // It says that it has two, and is as long as it is: then the second is not where the third is looked for.
    lie[start + 4] = u8::try_from(length).expect("small");
    put(&mut wal, &lie);
    assert!(matches!(wal.read(3, 1), Err(ReadError::Damaged(_))));
}

fn one(id: u64, first: u64) -> Write {
    let run = Run { first, count: 1, mark: 1, body: Bytes::from(vec![5; 900]) };
    Write { id: WriteId::new(id), state: State::default(), run: Some(run) }
}

/// A disk with one segment, of this number and generation, that holds position 1.
fn near_the_end(sequence: u64, generation: u32) -> MemoryDisk {
    let header = SegmentHeader {
        cluster: 1,
        node: NodeId::of(1),
        sequence,
        tag: 9,
        segment_bytes: 4096,
        generation: 1,
        previous_end: 0,
        oldest: sequence,
        released: 0,
        last: 0,
        reused: false,
        state: None,
    };
    let (mut bytes, _) = segment(&header, &[]);
    let offset = format::SEGMENT_HEADER_BYTES;
    let place = Place { sequence, tag: 9, offset };
    let drafted = Record { generation, ..record((0, 1, 1, 1, 1, false, true), offset) };
    bytes[offset as usize..][..64].copy_from_slice(drafted.encode(place, 72, b"a body: ").as_bytes());
    bytes[offset as usize + 64..][..8].copy_from_slice(b"a body: ");
    let mut disk = MemoryDisk::new();
    disk.place_file(&segments::name(sequence), &bytes);
    disk
}

/// Opens a few times what holds positions 1 to `last`: it is all there, and nothing can be written.
fn can_only_be_read(disk: &mut MemoryDisk, last: u64) {
    for _ in 0..3 {
        let (mut wal, recovered) =
            Wal::open(&mut *disk, options()).expect("what was acknowledged can be opened");
        assert_eq!((recovered.last, recovered.trimmed), (last, None));
        let runs = wal.read(1, usize::MAX).expect("everything is held");
        assert_eq!(runs.len() as u64, last);
        assert_eq!(wal.append(&one(100, last + 1)), Err(AppendError::UsedUp));
        assert_eq!(wal.append(&one(101, last)), Err(AppendError::UsedUp));
        assert_eq!(wal.release(1), Err(ReleaseError::UsedUp));
        assert_eq!(wal.release(0), Ok(()), "which changes nothing");
        assert_eq!((wal.last(), wal.released()), (last, 0));
        wal.close().expect("a good disk");
    }
}

#[test]
fn after_the_last_generation_a_log_can_only_be_read() {
    can_only_be_read(&mut near_the_end(1, u32::MAX), 1);
    let mut disk = near_the_end(1, u32::MAX - 1);
    let (mut wal, _) = Wal::open(&mut disk, options()).expect("one generation is left");
    wal.append(&one(1, 2)).expect("appended");
    assert_eq!(wal.sync(), Ok(WriteId::new(1)));
    drop(wal);
    can_only_be_read(&mut disk, 2);
}

#[test]
fn the_last_segment_can_only_be_read() {
    can_only_be_read(&mut near_the_end(format::SEQUENCE_MAX, 1), 1);
    let mut disk = near_the_end(format::SEQUENCE_MAX - 1, 1);
    let (mut wal, _) = Wal::open(&mut disk, options()).expect("one number is left");
    let mut last = 1;
    while wal.segments() == 1 {
        last += 1;
        wal.append(&one(last, last)).expect("there is room, or another segment");
    }
    assert_eq!(wal.append(&one(last + 1, last + 1)), Err(AppendError::UsedUp));
    assert_eq!(wal.sync(), Ok(WriteId::new(last)));
    drop(wal);
    can_only_be_read(&mut disk, last);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hand_made_segments_give_an_error_or_a_working_log(
        segments in prop::collection::vec(prop::collection::vec(draft(), 0..8), 1..4),
        (first, oldest, released, last) in (1..3_u64, number(), number(), number()),
        consistent in prop::bool::weighted(0.7),
    ) {
        let mut disk = MemoryDisk::new();
        let mut previous_end = 0;
        for (sequence, records) in (first..).zip(&segments) {
            let header = SegmentHeader {
                cluster: 1,
                node: NodeId::of(1),
                sequence,
                tag: 9,
                segment_bytes: 4096,
                generation: 1,
                previous_end,
                oldest: if consistent { first } else { oldest },
                released: if consistent { 0 } else { released },
                last: if sequence == first && consistent { 0 } else { last },
                reused: false,
                state: if sequence == first { None } else { Some(State::default()) },
            };
            let (bytes, end) = segment(&header, records);
            previous_end = if consistent { end } else { u32::try_from(last % 5000).expect("small") };
            disk.place_file(&segments::name(sequence), &bytes);
        }
        match Wal::open(&mut disk, options()) {
            Err(OpenError::Damaged(_)) => {}
            Err(other) => prop_assert!(false, "{}", other),
            Ok((mut wal, recovered)) => works(&mut wal, recovered.last)?,
        }
    }
}

/// Everything it says it has can be asked for, and it takes more.
fn works(wal: &mut Wal<&mut MemoryDisk>, last: u64) -> Result<(), TestCaseError> {
    let read = wal.read(last, 1000).map(|runs| runs.len());
    prop_assert_eq!(read.is_ok(), last > wal.released(), "{:?} at {}", read, last);
    let Some(first) = last.checked_add(1).filter(|first| *first < u64::MAX) else { return Ok(()) };
    let run = Run { first, count: 1, mark: 0, body: Bytes::from_static(b"more") };
    wal.append(&Write { id: WriteId::new(1), state: State::default(), run: Some(run) }).expect("appended");
    wal.sync().expect("synced");
    wal.release(first).expect("released");
    prop_assert_eq!((wal.last(), wal.released()), (first, first));
    Ok(())
}
