use bytes::Bytes;
use machine_core::{Instant, NodeId, Rng, WriteId};
use raft_core::{HardState, Index, Run, Term, Write};

use super::{Disk, DiskProfile, MediumProfile, Trouble};
use crate::faults::Faults;

pub(crate) fn write(first: u64, count: u32) -> Write {
    let body: Bytes = [0, 0, 0, 0, 1].repeat(count as usize).into();
    let run = Run::decode(Term::new(1), Index::new(first), count, body).expect("blank entries");
    let hard_state = HardState { term: Term::new(1), vote: None, commit: Index::ZERO };
    Write { hard_state, run: Some(run) }
}

fn opened(seed: u64, profile: DiskProfile) -> Disk {
    let mut disk = Disk::new(NodeId::of(1), profile, Rng::new(seed), Faults::all());
    let opened = disk.open(Index::ZERO).expect("an empty folder");
    assert!(opened.recovered.runs.is_empty() && opened.survived.is_empty());
    disk
}

fn synced(disk: &mut Disk, id: u64, first: u64) {
    disk.write(WriteId::new(id), write(first, 1));
    assert!(disk.start_sync(Instant::ZERO).expect("healthy").is_some());
    assert_eq!(disk.finish_sync().expect("healthy").len(), 1);
}

#[test]
fn what_was_synced_comes_back_from_the_real_log() {
    let mut disk = opened(1, DiskProfile { segment_bytes: 4096, ..DiskProfile::HEALTHY });
    for id in 1..=100 {
        synced(&mut disk, id, id);
    }
    assert!(disk.segments() > 2, "small segments change often");
    assert_eq!(disk.read(Index::new(7), 1), Ok(Some(write(7, 1).run.expect("it has one"))));
    disk.power_fails();
    let opened = disk.open(Index::ZERO).expect("all of it was synced");
    assert_eq!(disk.durable().last().index, Index::new(100));
    assert_eq!(opened.recovered.runs.iter().map(|run| run.count).sum::<u32>(), 100);
}

#[test]
fn writes_wait_for_the_sync_under_way() {
    let mut disk = opened(1, DiskProfile::HEALTHY);
    disk.write(WriteId::new(1), write(1, 1));
    let end = disk.start_sync(Instant::ZERO).expect("healthy").expect("something to do");
    disk.write(WriteId::new(2), write(2, 1));
    assert_eq!(disk.start_sync(Instant::ZERO), Ok(None), "one at a time");
    assert_eq!(disk.read(Index::new(1), 1), Ok(None), "a reader must find what waits");
    assert_eq!(disk.busy_until(), end);
    assert_eq!(disk.finish_sync().expect("healthy").len(), 1);
    assert_eq!(disk.durable().last().index, Index::new(1));
    assert_eq!(disk.written().last().index, Index::new(2));
}

#[test]
fn a_crash_leaves_any_prefix_and_the_end_of_a_process_nothing_less_than_was_synced() {
    let mut seen = [false; 5];
    for seed in 0..200 {
        let profile = DiskProfile { power_per_mille: 0, ..DiskProfile::HEALTHY };
        let mut disk = opened(seed, profile);
        synced(&mut disk, 1, 1);
        for id in 2..=4 {
            disk.write(WriteId::new(id), write(id, 40));
        }
        assert!(disk.start_sync(Instant::ZERO).expect("healthy").is_some());
        if seed % 2 == 0 {
            disk.power_fails()
        } else {
            disk.process_ends()
        }
        let survived = disk.open(Index::ZERO).expect("a crash damages nothing").survived.len();
        seen[survived] = true;
    }
    assert!(seen[0] && seen[3], "{seen:?}");
}

#[test]
fn a_failed_sync_stops_the_log() {
    let medium = MediumProfile { sync_lost_per_100k: 100_000, ..MediumProfile::HEALTHY };
    let mut disk = opened(1, DiskProfile::HEALTHY);
    disk.medium().profile = medium;
    disk.write(WriteId::new(1), write(1, 1));
    assert!(disk.start_sync(Instant::ZERO).expect("appending needs no sync").is_some());
    assert!(matches!(disk.finish_sync(), Err(Trouble::Failed(_))));
    assert_eq!(disk.durable().last().index, Index::ZERO);
}
