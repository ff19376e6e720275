//! The log over a disk that does as it is told.

use common::{Folder, dump, open, options, state, state_write, write};
use machine_core::{NodeId, WriteId};
use storage::{
    AppendError, Damage, Disk, Fate, LogStore, MemoryDisk, OpenError, Options, ReadError, RealDisk,
    ReleaseError, Wal,
};

mod common;

#[test]
fn synced_writes_survive_and_others_do_not() {
    let mut disk = MemoryDisk::new();
    let (mut wal, recovered) = open(&mut disk);
    assert_eq!(recovered, storage::Recovered::default());
    wal.append(&write(1, 1, 3, 100)).expect("appended");
    wal.append(&write(2, 4, 1, 0)).expect("appended");
    assert_eq!(wal.sync(), Ok(WriteId::new(2)));
    let synced = dump(&mut wal);
    wal.append(&write(3, 5, 1, 10)).expect("appended");
    drop(wal);
    disk.crash(|_| Fate::Lost);
    let (mut wal, recovered) = open(&mut disk);
    assert_eq!(dump(&mut wal), synced);
    assert_eq!((recovered.last, recovered.state, recovered.trimmed), (4, Some(state("s2")), None));
    assert_eq!(wal.sync(), Ok(WriteId::NONE), "ids begin anew with each opening");
}

#[test]
fn many_segments_are_replayed_in_order() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    for id in 1..=50 {
        wal.append(&write(id, id, 1, 500)).expect("appended");
    }
    wal.sync().expect("synced");
    assert!(wal.segments() > 5, "{} segments", wal.segments());
    let before = dump(&mut wal);
    drop(wal);
    disk.crash(|_| Fate::Lost);
    let (mut wal, recovered) = open(&mut disk);
    assert_eq!(dump(&mut wal), before);
    assert_eq!(recovered.runs.iter().map(|run| run.count).sum::<u32>(), 50);
    assert!(recovered.runs.len() < 25, "neighbours of one mark are joined: {:?}", recovered.runs);
}

#[test]
fn a_run_overwrites_across_segments() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    for id in 1..=20 {
        wal.append(&write(id, 1 + (id - 1) * 2, 2, 500)).expect("appended");
    }
    wal.append(&write(21, 6, 1, 500)).expect("overwrites from the middle of the third run");
    wal.sync().expect("synced");
    let (_, _, last, runs) = dump(&mut wal);
    let live: Vec<_> = runs.iter().map(|(first, live, mark, _)| (*first, *live, *mark)).collect();
    assert_eq!((last, live), (6, vec![(1, 2, 0), (3, 2, 0), (5, 1, 0), (6, 1, 5)]));
    let before = dump(&mut wal);
    drop(wal);
    disk.crash(|_| Fate::Lost);
    assert_eq!(dump(&mut open(&mut disk).0), before);
}

#[test]
fn what_cannot_be_appended_changes_nothing() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    wal.append(&write(1, 1, 3, 10)).expect("appended");
    wal.sync().expect("synced");
    let before = dump(&mut wal);
    let refused = |wal: &mut Wal<&mut MemoryDisk>, write| wal.append(&write).expect_err("refused");
    assert_eq!(
        refused(&mut wal, write(1, 4, 1, 0)),
        AppendError::OutOfOrder { id: WriteId::new(1), last: WriteId::new(1) }
    );
    assert_eq!(refused(&mut wal, write(2, 5, 1, 0)), AppendError::Gap { first: 5, last: 3 });
    assert_eq!(refused(&mut wal, write(2, 4, 0, 0)), AppendError::Malformed { first: 4, count: 0 });
    assert_eq!(refused(&mut wal, write(2, 0, 1, 0)), AppendError::Malformed { first: 0, count: 1 });
    assert_eq!(
        refused(&mut wal, write(2, u64::MAX, 1, 0)),
        AppendError::Malformed { first: u64::MAX, count: 1 }
    );
    assert_eq!(
        refused(&mut wal, write(2, 4, 1, 2000)),
        AppendError::TooLarge { bytes: 2072, bytes_max: 2048 }
    );
    assert_eq!(dump(&mut wal), before);
    wal.append(&write(2, 4, 1, 1976)).expect("the largest that is allowed");
    wal.sync().expect("synced");
    assert_eq!(wal.disk().pending(), 0);
}

#[test]
fn reads_are_bounded_and_say_what_is_missing() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    for id in 1..=20 {
        wal.append(&write(id, id, 1, 436)).expect("appended");
    }
    assert_eq!(wal.read(3, 1500).expect("read").len(), 3, "500 bytes each");
    assert_eq!(wal.read(3, 0).expect("read").len(), 1, "always at least one");
    assert_eq!(wal.read(21, 1), Err(ReadError::Beyond { first: 21, last: 20 }));
    assert_eq!(wal.read(0, 1), Err(ReadError::Released { first: 0, released: 0 }));
    wal.release(5).expect("released");
    assert_eq!(wal.read(5, 1), Err(ReadError::Released { first: 5, released: 5 }));
    assert_eq!(wal.append(&write(21, 5, 1, 0)), Err(AppendError::Released { first: 5, released: 5 }));
}

#[test]
fn released_segments_are_used_again_and_never_resurrect() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    for id in 1..=40 {
        wal.append(&write(id, id, 1, 500)).expect("appended");
    }
    wal.release(30).expect("released");
    assert_eq!(wal.disk().pending(), 0, "a release is durable when it returns");
    let files: Vec<String> = wal.disk().names().map(str::to_owned).collect();
    assert_eq!(files.iter().filter(|name| name.ends_with(".spare")).count(), 2, "{files:?}");
    // Records of the same sizes at the same offsets as the stale ones: only seq and tag tell them apart.
    for id in 41..=60 {
        wal.append(&write(id, id, 1, 500)).expect("appended");
        wal.sync().expect("synced");
        let before = dump(&mut wal);
        let mut crashed = MemoryDisk::clone(wal.disk());
        crashed.crash(|_| Fate::Lost);
        let (mut again, recovered) = open(&mut crashed);
        assert_eq!(dump(&mut again), before, "after write {id}");
        assert_eq!(recovered.trimmed, None);
    }
}

#[test]
fn releasing_beyond_the_last_position_starts_over_there() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    wal.release(7).expect("an empty log can start anywhere");
    assert_eq!((wal.last(), wal.released()), (7, 7));
    wal.append(&write(1, 8, 2, 10)).expect("appended");
    wal.release(1000).expect("released");
    assert_eq!(wal.append(&write(2, 10, 1, 0)), Err(AppendError::Released { first: 10, released: 1000 }));
    assert_eq!(wal.append(&write(2, 1002, 1, 0)), Err(AppendError::Gap { first: 1002, last: 1000 }));
    assert_eq!(wal.release(u64::MAX), Err(ReleaseError::Malformed));
    drop(wal);
    disk.crash(|_| Fate::Lost);
    let (mut wal, recovered) = open(&mut disk);
    assert_eq!((recovered.last, recovered.released, recovered.runs), (1000, 1000, vec![]));
    wal.append(&write(1, 1001, 1, 0)).expect("appended");
}

#[test]
fn another_cluster_node_or_version_is_refused() {
    let mut disk = MemoryDisk::new();
    open(&mut disk).0.close().expect("closed");
    let file = "memory/000000000001.wal".to_owned();
    let refused = |disk: &mut MemoryDisk, options| Wal::open(disk, options).map(|_| ()).expect_err("refused");
    assert_eq!(
        refused(&mut disk, Options::new(0xc2, NodeId::of(1), 42)),
        OpenError::OtherCluster { file: file.clone(), found: 0xc1, expected: 0xc2 }
    );
    assert_eq!(
        refused(&mut disk, Options::new(0xc1, NodeId::of(2), 42)),
        OpenError::OtherNode { file: file.clone(), found: NodeId::of(1), expected: NodeId::of(2) }
    );
    let mut bytes = disk.contents("000000000001.wal").expect("there");
    bytes[12] = 9;
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..8]), &bytes[12..512]);
    bytes[8..12].copy_from_slice(&crc.to_le_bytes());
    disk.place_file("000000000001.wal", &bytes);
    assert_eq!(refused(&mut disk, options()), OpenError::OtherVersion { file, found: 9, expected: 1 });
}

#[test]
fn missing_and_short_segments_are_damage() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    for id in 1..=30 {
        wal.append(&write(id, id, 1, 500)).expect("appended");
    }
    wal.close().expect("closed");
    let damage = |disk: &mut MemoryDisk| match Wal::open(disk, options()) {
        Err(OpenError::Damaged(damaged)) => (damaged.file, damaged.damage),
        other => panic!("{other:?}"),
    };
    for missing in ["000000000001.wal", "000000000003.wal"] {
        let mut disk = disk.clone();
        disk.remove(missing).expect("removed");
        assert_eq!(damage(&mut disk), (format!("memory/{missing}"), Damage::Missing));
    }
    let bytes = disk.contents("000000000002.wal").expect("there");
    let mut short = disk.clone();
    short.place_file("000000000002.wal", &bytes[..4095]);
    let expected = Damage::Short { found: 4095, expected: 4096 };
    assert_eq!(damage(&mut short), ("memory/000000000002.wal".to_owned(), expected));
    disk.place_file("000000000003.wal", &bytes);
    assert_eq!(damage(&mut disk), ("memory/000000000003.wal".to_owned(), Damage::OtherSegment { found: 2 }));
}

#[test]
fn options_out_of_bounds_are_named() {
    let mut disk = MemoryDisk::new();
    for (bad, option) in [
        (options().with_segment_bytes(1000), "segment_bytes"),
        (options().with_segment_bytes(5000), "segment_bytes modulo 4096"),
        (options().with_record_bytes_max(4000), "record_bytes_max"),
        (options().with_spares_max(65), "spares_max"),
    ] {
        match Wal::open(&mut disk, bad) {
            Err(OpenError::Options(error)) => assert_eq!(error.option, option),
            other => panic!("{other:?}"),
        }
    }
    let largest = Options::record_bytes_limit(4096);
    Wal::open(&mut disk, options().with_record_bytes_max(largest))
        .expect("the largest record fits a segment");
}

#[test]
fn sizes_may_change_between_openings() {
    let mut disk = MemoryDisk::new();
    let sizes = [4096, 16384, 8192, 4096, 65536];
    let mut next = 1;
    for segment_bytes in sizes {
        let options = options().with_segment_bytes(segment_bytes);
        let (mut wal, recovered) = Wal::open(&mut disk, options).expect("opens");
        assert_eq!(recovered.last + 1, next);
        for id in 1..=20 {
            wal.append(&write(id, next, 1, 1500)).expect("appended");
            next += 1;
        }
        wal.release(next - 12).expect("released");
        let spares: Vec<&str> = wal.disk().names().filter(|name| name.ends_with(".spare")).collect();
        for name in spares {
            assert_eq!(wal.disk().contents(name).expect("there").len(), segment_bytes as usize, "{name}");
        }
        let before = dump(&mut wal);
        drop(wal);
        disk.crash(|_| Fate::Lost);
        assert_eq!(dump(&mut Wal::open(&mut disk, options).expect("opens").0), before);
    }
}

/// The adapter above runs the log on a thread of its own.
#[test]
fn the_log_can_be_given_to_another_thread() {
    const fn is_send<T: Send + 'static>() {}
    is_send::<Wal<RealDisk>>();
    is_send::<Wal<MemoryDisk>>();
}

#[test]
fn a_clean_close_and_reopening_add_nothing() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    wal.append(&write(1, 1, 1, 10)).expect("appended");
    wal.close().expect("closed");
    let bytes = disk.contents("000000000001.wal");
    for _ in 0..3 {
        open(&mut disk).0.close().expect("closed");
    }
    assert_eq!(disk.contents("000000000001.wal"), bytes);
}

#[test]
fn state_survives_release_of_the_segment_that_held_it() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    for id in 1..=20 {
        wal.append(&write(id, id, 1, 500)).expect("appended");
    }
    wal.append(&state_write(21)).expect("appended");
    wal.release(20).expect("released");
    drop(wal);
    disk.crash(|_| Fate::Lost);
    assert_eq!(open(&mut disk).1.state, Some(state("s21")));
}

#[test]
fn a_folder_on_a_real_disk_is_made_locked_and_kept() {
    let folder = Folder::new("real");
    let path = folder.path().join("made/on/demand");
    let (mut wal, _) = open(RealDisk::new(&path));
    for id in 1..=30 {
        wal.append(&write(id, id, 1, 500)).expect("appended");
    }
    wal.sync().expect("synced");
    wal.release(10).expect("released");
    for id in 31..=50 {
        wal.append(&write(id, id, 1, 500)).expect("appended");
    }
    let before = dump(&mut wal);
    let locked = Wal::open(RealDisk::new(&path), options()).map(|_| ()).expect_err("locked");
    assert_eq!(locked, OpenError::Locked { folder: path.display().to_string() });
    wal.close().expect("closed");
    let (mut wal, recovered) = open(RealDisk::new(&path));
    assert_eq!(dump(&mut wal), before);
    assert_eq!(recovered.trimmed, None);
}
