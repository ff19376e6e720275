use machine_core::{Instant, NodeId, Rng, WriteId};
use raft_core::Index;

use crate::disk::{Disk, DiskProfile, Trouble, tests::write};
use crate::faults::Faults;

/// A log of several segments, all of it durable, and closed.
fn closed(seed: u64) -> Disk {
    let profile = DiskProfile { segment_bytes: 4096, ..DiskProfile::HEALTHY };
    let mut disk = Disk::new(NodeId::of(1), profile, Rng::new(seed), Faults::all());
    disk.open(Index::ZERO).expect("an empty folder");
    for id in 1..=60 {
        disk.write(WriteId::new(id), write(id, 1));
        assert!(disk.start_sync(Instant::ZERO).expect("healthy").is_some());
        disk.finish_sync().expect("healthy");
    }
    disk.power_fails();
    disk
}

#[test]
fn whatever_is_hit_is_noticed() {
    let (mut hits, mut newest) = (0, 0);
    for seed in 0..300 {
        let mut disk = closed(seed);
        let Some(hit) = disk.damage() else { continue };
        hits += 1;
        newest += u64::from(hit.starts_with("BitFlip") && hit.ends_with("000000000002.wal"));
        let opened = disk.open(Index::ZERO);
        assert!(matches!(opened, Err(Trouble::Damaged(_))), "seed {seed}: {hit}: {opened:?}");
        assert!(matches!(disk.open(Index::ZERO), Err(Trouble::Damaged(_))), "it stays damaged");
    }
    assert!(hits > 200 && newest > 10, "{hits} hits, {newest} in the newest segment");
}

#[test]
fn a_log_without_proof_is_spared() {
    let mut disk = Disk::new(NodeId::of(1), DiskProfile::HEALTHY, Rng::new(1), Faults::all());
    disk.open(Index::ZERO).expect("an empty folder");
    disk.write(WriteId::new(1), write(1, 1));
    assert!(disk.start_sync(Instant::ZERO).expect("healthy").is_some());
    disk.finish_sync().expect("healthy");
    disk.power_fails();
    assert_eq!(disk.damage(), None, "its only record looks like a torn end when it is hit");
}
