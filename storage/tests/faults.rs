//! The k-th operation on the disk fails, for every k and every way to fail, until a run has no failure left.

use common::{
    dump,
    life::{Life, any_fate, check, live, script, states},
    open, options, write,
};
use machine_core::{Rng, WriteId};
use storage::{
    AppendError, Disk, Fate, Fault, FaultDisk, LogStore, MemoryDisk, OpenError, Wal,
    disk::{DropDirty, Operation},
};

mod common;

#[test]
fn interrupted_and_short_operations_are_no_failures() {
    let script = script();
    let states = states(&script);
    for fault in [Fault::Interrupted, Fault::Short] {
        let mut operation = 0;
        let struck = loop {
            operation += 1;
            let mut faulty = FaultDisk::new(MemoryDisk::new()).with_fault(operation, fault);
            let life = live(&mut faulty, &script);
            let context = format!("{fault:?} at operation {operation}: {:?}", faulty.struck());
            assert_eq!(
                (life.opening.clone(), life.stopped.clone(), life.no_segment),
                (None, None, 0),
                "{context}"
            );
            let (end, struck) = (operation > faulty.operations(), faulty.struck().len());
            let mut disk = faulty.into_inner();
            disk.crash(|_| Fate::Lost);
            check(&mut disk, &life, &states, &context);
            if end {
                assert_eq!(struck, 0, "a run without a failure is the last");
                break operation;
            }
        };
        assert!(struck > 80, "only {struck} operations in the whole script");
    }
}

#[test]
fn failed_operations_lose_nothing_and_are_not_tried_again() {
    for fault in [Fault::InputOutput, Fault::NoSpace] {
        let (mut operation, mut stops, mut survived) = (0, 0, 0);
        loop {
            operation += 1;
            let mut faulty = FaultDisk::new(MemoryDisk::new()).with_fault(operation, fault);
            let life = live(&mut faulty, &script());
            if operation > faulty.operations() {
                break;
            }
            match life.stopped {
                Some(_) => stops += 1,
                None => survived += 1,
            }
            judge(&faulty, &life, &format!("{fault:?} at operation {operation}"));
            aftermath(&faulty.into_inner(), &life, operation, &format!("{fault:?} at operation {operation}"));
        }
        assert!(stops > 50 && survived > 3, "{fault:?}: {stops} stops, {survived} without");
    }
}

/// What a life that met a failure must have done at once.
fn judge(faulty: &FaultDisk<MemoryDisk>, life: &Life, context: &str) {
    let Some((_, struck)) = faulty.struck().first() else { return };
    assert_eq!(faulty.after_failure(), [], "{context}: asked the disk again after {struck:?}");
    assert!(life.no_segment <= 1, "{context}: no room although only one operation failed");
    let told = life.stopped.is_some() || life.opening.is_some() || life.no_segment > 0;
    match struck {
        Operation::Write | Operation::Sync => {
            assert!(life.stopped.is_some() || life.opening.is_some(), "{context}: {struck:?}");
        }
        Operation::Lock
        | Operation::List
        | Operation::Create
        | Operation::Open
        | Operation::Rename
        | Operation::Remove
        | Operation::SyncDir
        | Operation::Length
        | Operation::Allocate
        | Operation::Read => assert!(told, "{context}: nothing was said of {struck:?}"),
    }
    if let Some(stopped) = &life.stopped {
        assert_eq!(stopped.cause.operation, *struck, "{context}");
    }
}

/// The process starts anew on the same page cache, or the power fails too.
fn aftermath(disk: &MemoryDisk, life: &Life, seed: u64, context: &str) {
    let states = states(&script());
    check(&mut disk.clone(), life, &states, &format!("{context}, restart"));
    let mut lost = disk.clone();
    lost.crash(|_| Fate::Lost);
    check(&mut lost, life, &states, &format!("{context}, everything unsynced lost"));
    let mut rng = Rng::new(seed);
    for round in 0..10 {
        let mut disk = disk.clone();
        disk.crash(any_fate(&mut rng));
        check(&mut disk, life, &states, &format!("{context}, seed {seed}, round {round}"));
    }
}

#[test]
fn failures_while_opening_change_nothing_durable() {
    let script = script();
    let states = states(&script);
    let mut disk = MemoryDisk::new();
    let life = live(&mut disk, &script);
    let mut rng = Rng::new(3);
    disk.crash(any_fate(&mut rng));
    for fault in [Fault::InputOutput, Fault::NoSpace, Fault::Interrupted, Fault::Short] {
        let mut operation = 0;
        loop {
            operation += 1;
            let mut faulty = FaultDisk::new(disk.clone()).with_fault(operation, fault);
            let opened = Wal::open(&mut faulty, options()).map(|_| ());
            if operation > faulty.operations() {
                assert_eq!(opened, Ok(()));
                break;
            }
            let context = format!("{fault:?} at operation {operation}: {:?}", faulty.struck());
            let harmless = faulty.struck().is_empty() || matches!(fault, Fault::Interrupted | Fault::Short);
            assert_eq!(opened.is_ok(), harmless, "{context}: {opened:?}");
            let mut disk = faulty.into_inner();
            disk.crash(any_fate(&mut rng));
            check(&mut disk, &life, &states, &context);
        }
        assert!(operation > 10);
    }
}

/// What a failed sync was to make durable may be in the page cache, clean and not on the disk. A process that starts
/// anew must not take it for durable because a sync of nothing succeeds.
#[test]
fn a_failed_sync_is_not_believed_after_a_restart() {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = open(&mut disk);
    wal.append(&write(1, 1, 1, 600)).expect("appended");
    wal.sync().expect("synced");
    wal.append(&write(2, 2, 1, 600)).expect("appended");
    drop(wal);
    let file = disk.open("000000000001.wal").expect("there");
    disk.drop_dirty(&file);
    let (mut wal, recovered) = open(&mut disk);
    let before = dump(&mut wal);
    assert_eq!(recovered.last, 2, "read back from the page cache");
    drop(wal);
    disk.crash(|_| Fate::Lost);
    assert_eq!(dump(&mut open(&mut disk).0), before, "what was handed out is durable");
}

#[test]
fn a_full_disk_refuses_a_write_and_takes_it_later() {
    let mut operation = 0;
    let (faulty, life) = loop {
        operation += 1;
        let mut faulty = FaultDisk::new(MemoryDisk::new()).with_fault(operation, Fault::NoSpace);
        let life = live(&mut faulty, &script());
        if life.no_segment > 0 {
            break (faulty, life);
        }
    };
    assert!(
        matches!(faulty.struck(), [(_, Operation::Create | Operation::Allocate)]),
        "{:?}",
        faulty.struck()
    );
    assert_eq!((life.stopped, life.tried), (None, states(&script()).len() - 1), "went on to the end");
}

#[test]
fn a_disk_that_stays_full_refuses_and_goes_on_when_there_is_room() {
    let full = FaultDisk::new(MemoryDisk::new()).with_fault_on(Operation::Allocate, Fault::NoSpace);
    let error = Wal::open(full, options()).map(|_| ()).expect_err("no room for the first segment");
    assert!(
        matches!(&error, OpenError::Disk(cause) if cause.kind == std::io::ErrorKind::StorageFull),
        "{error}"
    );

    let (mut wal, _) = open(FaultDisk::new(MemoryDisk::new()));
    wal.append(&write(1, 1, 1, 1900)).expect("appended");
    *wal.disk_mut() = wal.disk().clone().with_fault_on(Operation::Allocate, Fault::NoSpace);
    let before = dump(&mut wal);
    for _ in 0..3 {
        let error = wal.append(&write(2, 2, 1, 1900)).expect_err("no room for the second segment");
        assert!(matches!(&error, AppendError::NoSegment(_)), "{error}");
        assert_eq!(dump(&mut wal), before);
        let disk = wal.disk().clone().into_inner();
        assert!(disk.names().all(|name| name.ends_with(".wal")), "nothing half made is left");
    }
    wal.append(&write(2, 2, 1, 100)).expect("what fits the segment goes on");
    assert_eq!(wal.sync(), Ok(WriteId::new(2)));
    // Opened anew, it comes up, and stands where it stood.
    let before = dump(&mut wal);
    let (mut wal, _) = open(wal.into_disk());
    assert_eq!(dump(&mut wal), before);
    let error = wal.append(&write(1, 3, 1, 1900)).expect_err("no room for the second segment");
    assert!(matches!(&error, AppendError::NoSegment(_)), "{error}");
    wal.disk_mut().heal();
    wal.append(&write(1, 3, 1, 1900)).expect("there is room again");
    assert_eq!(wal.sync(), Ok(WriteId::new(1)));
    let before = dump(&mut wal);
    let mut disk = wal.into_disk().into_inner();
    assert!(disk.names().all(|name| name.ends_with(".wal")), "nothing half made is left");
    disk.crash(|_| Fate::Lost);
    assert_eq!(dump(&mut open(disk).0), before);
}
