//! Damage to something durable is told with file and offset, and never trimmed; a torn end is trimmed.

use common::{
    Dump, dump,
    life::{live, script, states},
    open, options, state, write,
};
use proptest::prelude::*;
use storage::{Damage, Disk, LogStore, MemoryDisk, OpenError, ReadError, State, Wal, Write};

mod common;

const FIRST: &str = "000000000001.wal";
const HEADER_BYTES: usize = 512;

/// Three records of several shapes and a mark behind them; the offsets at which they begin, and where the last ends.
fn marked() -> (MemoryDisk, Dump, [usize; 5]) {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    wal.append(&write(1, 1, 2, 37)).expect("appended");
    wal.append(&Write { id: machine_core::WriteId::new(2), state: state(""), run: None }).expect("appended");
    wal.append(&write(3, 3, 1, 70)).expect("appended");
    let before = dump(&mut wal);
    wal.close().expect("closed");
    // Header of 64 bytes, state, body; rounded up to 8.
    (disk, before, [512, 512 + 104, 616 + 64, 680 + 136, 816 + 72])
}

#[test]
fn every_flipped_bit_before_the_mark_is_told_and_none_is_trimmed() {
    let (disk, whole, offsets) = marked();
    let bytes = disk.contents(FIRST).expect("there");
    assert!(bytes[offsets[4]..].iter().all(|byte| *byte == 0) && bytes[offsets[4] - 8..offsets[4]] != [0; 8]);
    for byte in 0..offsets[4] {
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[byte] ^= 1 << bit;
            let mut disk = disk.clone();
            disk.place_file(FIRST, &bytes);
            let opened = Wal::open(&mut disk, options());
            let file = format!("memory/{FIRST}");
            match opened {
                Err(OpenError::Damaged(damaged)) if byte < HEADER_BYTES => {
                    assert_eq!((damaged.file, damaged.offset, damaged.damage), (file, 0, Damage::Header));
                }
                Err(OpenError::Damaged(damaged)) if byte < offsets[3] => {
                    let record = offsets.iter().rfind(|offset| **offset <= byte).expect("behind the header");
                    let expected = (file, *record as u64, Damage::Record);
                    assert_eq!((damaged.file, damaged.offset, damaged.damage), expected, "byte {byte}");
                    assert_eq!(disk.contents(FIRST).expect("there"), bytes, "nothing was changed");
                }
                // The mark itself proves others, and nothing proves it: it is trimmed, and nothing is lost by that.
                Ok((mut wal, recovered)) if byte >= offsets[3] => {
                    assert_eq!(dump(&mut wal), whole);
                    let trimmed = recovered.trimmed.expect("told");
                    assert_eq!((trimmed.file, trimmed.offset), (file, offsets[3] as u64), "byte {byte}");
                }
                other => panic!("bit {bit} of byte {byte}: {other:?}"),
            }
        }
    }
}

/// The window that stays open, as the format's description says: the last sync before a crash, with no mark behind it.
#[test]
fn damage_to_the_last_sync_looks_like_a_torn_end_without_a_mark() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    wal.append(&write(1, 1, 1, 40)).expect("appended");
    wal.sync().expect("synced");
    wal.append(&write(2, 2, 1, 40)).expect("appended");
    wal.sync().expect("synced");
    drop(wal);
    let bytes = disk.contents(FIRST).expect("there");
    let flipped_in = |bytes: &[u8], offset: usize| {
        let mut bytes = bytes.to_vec();
        bytes[offset] ^= 1;
        let mut disk = disk.clone();
        disk.place_file(FIRST, &bytes);
        Wal::open(&mut disk, options()).map(|(wal, recovered)| (wal.last(), recovered.trimmed.is_some()))
    };
    assert_eq!(flipped_in(&bytes, HEADER_BYTES + 112 + 20), Ok((1, true)), "the last sync is not proven");
    assert!(matches!(flipped_in(&bytes, HEADER_BYTES + 20), Err(OpenError::Damaged(_))), "the one before is");
    // A mark proves it, also if the process dies before it syncs again.
    let mut marked = disk.clone();
    let (mut wal, _) = open(&mut marked);
    wal.append(&write(1, 3, 1, 40)).expect("appended");
    wal.sync().expect("synced");
    let end = HEADER_BYTES + 2 * 112 + 72;
    wal.mark().expect("marked");
    drop(wal);
    let bytes_marked = marked.contents(FIRST).expect("there");
    assert!(matches!(flipped_in(&bytes_marked, end + 20), Err(OpenError::Damaged(_))), "proven by a mark");
    // Opening makes all of it durable, and says so.
    let mut opened = disk.clone();
    drop(open(&mut opened));
    let bytes = opened.contents(FIRST).expect("there");
    assert!(
        matches!(flipped_in(&bytes, HEADER_BYTES + 112 + 20), Err(OpenError::Damaged(_))),
        "proven by opening"
    );
}

#[test]
fn every_damaged_byte_of_older_segments_is_told() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    for id in 1..=12 {
        wal.append(&write(id, id, 1, 800)).expect("appended");
    }
    wal.sync().expect("synced");
    let whole = dump(&mut wal);
    drop(wal);
    let second = "000000000002.wal";
    let bytes = disk.contents(second).expect("there");
    let end = HEADER_BYTES + 3 * 872;
    for byte in (0..bytes.len()).step_by(3) {
        let mut bytes = bytes.clone();
        bytes[byte] ^= 0x10;
        let mut disk = disk.clone();
        disk.place_file(second, &bytes);
        match Wal::open(&mut disk, options()) {
            Err(OpenError::Damaged(damaged)) if byte < end => {
                let record =
                    if byte < HEADER_BYTES { 0 } else { HEADER_BYTES + (byte - HEADER_BYTES) / 872 * 872 };
                assert_eq!((damaged.file, damaged.offset), (format!("memory/{second}"), record as u64));
            }
            Ok((mut wal, _)) if byte >= end => assert_eq!(dump(&mut wal), whole),
            other => panic!("byte {byte}: {other:?}"),
        }
    }
}

#[test]
fn damage_is_met_again_when_reading() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    for id in 1..=12 {
        wal.append(&write(id, id, 1, 800)).expect("appended");
    }
    let bytes = wal.disk().contents(FIRST).expect("there");
    for byte in HEADER_BYTES..HEADER_BYTES + 872 {
        let mut bytes = bytes.clone();
        bytes[byte] ^= 1;
        // The second record's place must not matter for the first's.
        wal.disk_mut().place_file(FIRST, &bytes);
        match wal.read(1, 1) {
            Err(ReadError::Damaged(damaged)) => {
                assert_eq!((damaged.file, damaged.offset), (format!("memory/{FIRST}"), HEADER_BYTES as u64));
            }
            other => panic!("byte {byte}: {other:?}"),
        }
        // Reads the second segment, so that the first is opened anew next time.
        assert_eq!(wal.read(12, 1).expect("sound")[0].run.first, 12);
        assert_eq!(wal.read(5, 1).expect("sound")[0].run.first, 5);
    }
    wal.append(&write(13, 13, 1, 1)).expect("reading damage does not stop the log");
}

/// A sound segment of another log with the same seed, put in the place of ours: its records are not the ones we wrote.
#[test]
fn sound_records_that_are_not_ours_are_damage() {
    let fill = |released: u64| {
        let mut disk = MemoryDisk::new();
        let (mut wal, _) = open(&mut disk);
        wal.release(released).expect("released");
        for id in 1..=12 {
            wal.append(&write(id, released + id, 1, 800)).expect("appended");
        }
        wal.close().expect("closed");
        disk
    };
    let (mut disk, other) = (fill(10), fill(20));
    let (mut wal, _) = open(&mut disk);
    assert_eq!(wal.read(11, 1).map(|runs| runs.len()), Ok(1));
    assert_eq!(
        wal.read(17, 1).map(|runs| runs.len()),
        Ok(1),
        "another segment, so that the first is opened anew"
    );
    wal.disk_mut().place_file(FIRST, &other.contents(FIRST).expect("there"));
    let read = wal.read(11, 1);
    assert!(matches!(read, Err(ReadError::Damaged(_))), "{read:?}");
}

/// What a client puts into a body may look like a record: it must not turn a torn end into damage.
#[test]
fn a_body_cannot_forge_proof_without_the_tag() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    wal.append(&write(1, 1, 1, 40)).expect("appended");
    wal.close().expect("closed");
    // A record that names its own place and proves everything, made on a log with another seed.
    let forged = {
        let mut disk = MemoryDisk::new();
        let options = storage::Options::new(0xc1, machine_core::NodeId::of(1), 43)
            .with_segment_bytes(4096)
            .with_record_bytes_max(2048);
        let (mut wal, _) = Wal::open(&mut disk, options).expect("opens");
        for id in 1..=8 {
            wal.append(&write(id, id, 1, 100)).expect("appended");
            wal.sync().expect("synced");
        }
        disk.contents(FIRST).expect("there")
    };
    let mut bytes = disk.contents(FIRST).expect("there");
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("not empty") + 1;
    bytes[end.next_multiple_of(8)..].copy_from_slice(&forged[end.next_multiple_of(8)..]);
    disk.place_file(FIRST, &bytes);
    let (_, recovered) = Wal::open(&mut disk, options()).expect("a torn end, not damage");
    assert_eq!(recovered.last, 1);
}

#[test]
fn a_header_that_promises_more_than_the_file_has_is_not_believed() {
    let mut disk = MemoryDisk::new();
    let large = options().with_segment_bytes(1 << 30);
    drop(Wal::open(&mut disk, large).expect("opens"));
    let file = disk.open(FIRST).expect("there");
    let mut header = vec![0; HEADER_BYTES];
    disk.read_at(&file, &mut header, 0).expect("read");
    let mut disk = MemoryDisk::new();
    disk.place_file(FIRST, &header);
    match Wal::open(&mut disk, options()) {
        Err(OpenError::Damaged(damaged)) => {
            assert_eq!(damaged.damage, Damage::Short { found: 512, expected: 1 << 30 });
        }
        other => panic!("{other:?}"),
    }
}

/// One thing done to the files of a log.
#[derive(Clone, Debug)]
enum Edit {
    Flip { file: usize, at: usize, mask: u8 },
    Zero { file: usize, at: usize, count: usize },
    Copy { from: usize, at: usize, to: usize, there: usize, count: usize },
    Cut { file: usize, at: usize },
    Fill { file: usize, bytes: Vec<u8> },
    Swap { file: usize, with: usize },
    Remove { file: usize },
}

fn edit() -> impl Strategy<Value = Edit> {
    let (file, at, count) = (0_usize..6, 0_usize..4200, 1_usize..1500);
    prop_oneof![
        4 => (file.clone(), at.clone(), 1_u8..).prop_map(|(file, at, mask)| Edit::Flip { file, at, mask }),
        2 => (file.clone(), at.clone(), count.clone()).prop_map(|(file, at, count)| Edit::Zero { file, at, count }),
        3 => (file.clone(), at.clone(), file.clone(), at.clone(), count)
            .prop_map(|(from, at, to, there, count)| Edit::Copy { from, at: at & !7, to, there: there & !7, count }),
        1 => (file.clone(), at).prop_map(|(file, at)| Edit::Cut { file, at }),
        1 => (file.clone(), prop::collection::vec(any::<u8>(), 0..5000)).prop_map(|(file, bytes)| Edit::Fill { file, bytes }),
        1 => (file.clone(), file.clone()).prop_map(|(file, with)| Edit::Swap { file, with }),
        1 => file.prop_map(|file| Edit::Remove { file }),
    ]
}

fn apply(disk: &mut MemoryDisk, edit: &Edit) {
    let names: Vec<String> = disk.names().map(str::to_owned).collect();
    if names.is_empty() {
        return;
    }
    let name = |file: usize| names[file % names.len()].as_str();
    let bytes = |disk: &MemoryDisk, file| disk.contents(name(file)).expect("listed");
    let range = |at: usize, count: usize, length: usize| at.min(length)..(at + count).min(length);
    match edit {
        Edit::Flip { file, at, mask } => {
            let mut bytes = bytes(disk, *file);
            if let Some(byte) = bytes.get_mut(*at) {
                *byte ^= mask;
            }
            disk.place_file(name(*file), &bytes);
        }
        Edit::Zero { file, at, count } => {
            let mut bytes = bytes(disk, *file);
            let range = range(*at, *count, bytes.len());
            bytes[range].fill(0);
            disk.place_file(name(*file), &bytes);
        }
        Edit::Copy { from, at, to, there, count } => {
            let (source, mut target) = (bytes(disk, *from), bytes(disk, *to));
            let source = &source[range(*at, *count, source.len())];
            let range = range(*there, source.len(), target.len());
            let count = range.len();
            target[range].copy_from_slice(&source[..count]);
            disk.place_file(name(*to), &target);
        }
        Edit::Cut { file, at } => {
            let bytes = bytes(disk, *file);
            disk.place_file(name(*file), &bytes[..(*at).min(bytes.len())]);
        }
        Edit::Fill { file, bytes } => disk.place_file(name(*file), bytes),
        Edit::Swap { file, with } => {
            let (one, other) = (bytes(disk, *file), bytes(disk, *with));
            disk.place_file(name(*file), &other);
            disk.place_file(name(*with), &one);
        }
        Edit::Remove { file } => disk.remove(name(*file)).expect("listed"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to the files: a typed error, or a state that the log once had, and it works.
    #[test]
    fn edited_files_give_an_error_or_a_beginning(steps in 0..40_usize, edits in prop::collection::vec(edit(), 1..5)) {
        let script = script();
        let script = &script[..steps.min(script.len())];
        let mut disk = MemoryDisk::new();
        live(&mut disk, script);
        for edit in &edits {
            apply(&mut disk, edit);
        }
        if let Ok((mut wal, recovered)) = Wal::open(&mut disk, options()) {
            let found = dump(&mut wal);
            prop_assert!(states(script).contains(&found), "{:?} of {:?}", found, edits);
            let next = write(1, recovered.last + 1, 1, 100);
            wal.append(&next).expect("appended");
            wal.sync().expect("synced");
            let longer = dump(&mut wal);
            drop(wal);
            prop_assert_eq!(dump(&mut open(&mut disk).0), longer);
        }
    }

    /// Bytes that were never a log.
    #[test]
    fn random_files_give_an_error(bytes in prop::collection::vec(any::<u8>(), 0..6000), magic in any::<bool>()) {
        let mut bytes = bytes;
        if let (true, Some(start)) = (magic, bytes.get_mut(..8)) {
            start.copy_from_slice(b"QRTWAL\r\n");
        }
        let mut disk = MemoryDisk::new();
        disk.place_file(FIRST, &bytes);
        let opened = Wal::open(&mut disk, options());
        prop_assert!(matches!(opened, Err(OpenError::Damaged(_))), "{:?}", opened);
    }
}

#[test]
fn a_state_has_at_most_64_bytes() {
    assert_eq!(State::new(&[7; 64]).map(|state| state.as_bytes().len()), Some(64));
    assert_eq!(State::new(&[7; 65]), None);
}
