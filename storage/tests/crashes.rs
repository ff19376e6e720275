//! The power fails after the k-th operation on the disk, for every k; what was pending is kept, lost or torn.

use common::{
    dump,
    life::{Life, any_fate, check, live, script, states},
    open, options, write,
};
use machine_core::Rng;
use storage::{Fate, FaultDisk, LogStore, MemoryDisk, OpenError, Wal, disk::Pending};

mod common;

/// Up to so many pending things every subset is tried.
const PENDING_MAX: usize = 10;
/// How many times chance decides otherwise.
const ROUNDS: u64 = 200;

/// The life up to each point at which the power can fail, and the disk at that moment.
fn lives() -> impl Iterator<Item = (u64, Life, MemoryDisk)> {
    let whole = {
        let mut disk = FaultDisk::new(MemoryDisk::new());
        live(&mut disk, &script());
        disk.operations()
    };
    (0..=whole).map(|operations| {
        let mut faulty = FaultDisk::new(MemoryDisk::new()).with_power_until(operations);
        let life = live(&mut faulty, &script());
        (operations, life, faulty.into_inner())
    })
}

#[test]
fn every_crash_leaves_what_was_synced_and_a_beginning_of_the_rest() {
    let states = states(&script());
    let (mut subsets, mut longer, mut shorter) = (0, 0, 0);
    for (operations, life, disk) in lives() {
        let pending = disk.pending();
        let mut outcome = |mut disk: MemoryDisk, context: String| {
            let found = check(&mut disk, &life, &states, &context);
            subsets += 1;
            longer += u32::from(found > life.acknowledged);
            shorter += u32::from(found < life.tried);
        };
        if pending <= PENDING_MAX {
            for subset in 0_u32..1 << pending {
                let mut disk = disk.clone();
                let mut bit = 0;
                disk.crash(|_| {
                    bit += 1;
                    if subset >> (bit - 1) & 1 == 1 { Fate::Kept } else { Fate::Lost }
                });
                outcome(disk, format!("after {operations} operations, subset {subset:#b}"));
            }
        }
        // Torn sectors and older versions of them; and all subsets where there are too many to try.
        let rounds = if pending <= PENDING_MAX { ROUNDS / 4 } else { ROUNDS };
        for seed in 0..rounds {
            let mut disk = disk.clone();
            disk.crash(any_fate(&mut Rng::new(seed)));
            outcome(disk, format!("after {operations} operations, seed {seed}"));
        }
    }
    assert!(subsets > 5_000 && longer > 1_000 && shorter > 1_000, "{subsets} {longer} {shorter}");
}

/// Recovery itself is cut off after each of its operations, again and again.
#[test]
fn crashes_during_recovery_lose_nothing_either() {
    let states = states(&script());
    for (operations, life, disk) in lives() {
        for seed in 0..6 {
            let mut rng = Rng::new(seed);
            let mut disk = disk.clone();
            disk.crash(any_fate(&mut rng));
            let mut allowed = rng.below(4);
            loop {
                let mut faulty = FaultDisk::new(disk.clone()).with_power_until(allowed);
                let opened = Wal::open(&mut faulty, options()).map(|_| ());
                let context =
                    format!("after {operations} operations, seed {seed}, recovery cut off after {allowed}");
                if let Err(error) = &opened {
                    assert!(matches!(error, OpenError::Disk(_)), "{context}: {error}");
                }
                disk = faulty.into_inner();
                if opened.is_ok() {
                    check(&mut disk, &life, &states, &context);
                    break;
                }
                disk.crash(any_fate(&mut rng));
                allowed += 1 + rng.below(3);
            }
        }
    }
}

/// A sound record behind a torn one must not come back behind new records, however they are placed.
#[test]
fn what_lies_beyond_a_torn_record_never_comes_back() {
    for size in [400, 432, 464, 500, 600] {
        let mut disk = MemoryDisk::new();
        let (mut wal, _) = open(&mut disk);
        wal.append(&write(1, 1, 1, 400)).expect("appended");
        wal.sync().expect("synced");
        wal.append(&write(2, 2, 1, 432)).expect("appended");
        wal.append(&write(3, 3, 1, 432)).expect("appended");
        wal.append(&write(4, 4, 1, 432)).expect("appended");
        drop(wal);
        // The second record's first sector stays old, everything else is there.
        disk.crash(|pending| match pending {
            Pending::Sector { sector: 2, .. } => Fate::Lost,
            Pending::Sector { .. } | Pending::Length { .. } | Pending::Directory(_) => Fate::Kept,
        });
        let (mut wal, recovered) = open(&mut disk);
        assert_eq!(recovered.last, 1);
        let trimmed = recovered.trimmed.expect("a torn end is told");
        assert_eq!((trimmed.file.as_str(), trimmed.offset), ("memory/000000000001.wal", 984));
        // Zeros that are written ahead later do not count: nothing may be left the moment the log is open.
        let mut at_once = MemoryDisk::clone(wal.disk());
        at_once.crash(|_| Fate::Lost);
        let left = at_once.contents("000000000001.wal").expect("there");
        assert!(left[984..].iter().all(|byte| *byte == 0), "nothing is left behind the first record");
        // With 432 bytes the new record ends exactly where the remnant would begin.
        wal.append(&write(1, 2, 1, size)).expect("appended");
        wal.sync().expect("synced");
        let before = dump(&mut wal);
        drop(wal);
        disk.crash(|_| Fate::Lost);
        assert_eq!(dump(&mut open(&mut disk).0), before, "new record of {size} bytes");
    }
}
