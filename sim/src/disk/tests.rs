use bytes::Bytes;
use machine_core::{Instant, Rng, WriteId};
use raft_core::{HardState, Index, RecoveredRun, Run, Term, Write};

use super::{Disk, DiskProfile};

fn write(term: u64, first: u64, count: u32) -> Write {
    let body: Bytes = [0, 0, 0, 0, 1].repeat(count as usize).into();
    let run = Run::decode(Term::new(term), Index::new(first), count, body).expect("blank entries");
    let hard_state = HardState { term: Term::new(term), vote: None, commit: Index::ZERO };
    Write { hard_state, run: Some(run) }
}

fn disk(seed: u64, writes: &[(u64, u64, u32)]) -> Disk {
    let mut disk = Disk::new(DiskProfile::HEALTHY, Rng::new(seed));
    for (id, (term, first, count)) in (1..).zip(writes) {
        disk.write(WriteId::new(id), write(*term, *first, *count));
    }
    disk
}

#[test]
fn a_later_run_replaces_the_tail_but_the_record_stays_whole() {
    let disk = disk(1, &[(1, 1, 4), (2, 3, 1)]);
    let image = disk.written();
    let recovered = image.recovered(Index::ZERO);
    let live = |first, count, term| RecoveredRun { first: Index::new(first), count, term: Term::new(term) };
    assert_eq!(recovered.runs, [live(1, 2, 1), live(3, 1, 2)]);
    assert_eq!(image.term_at(Index::new(3)), Some(Term::new(2)));
    assert_eq!(image.term_at(Index::new(4)), None);
    assert_eq!(image.fetch(Index::new(2)).map(|run| run.count()), Some(4));
}

#[test]
fn a_sync_makes_durable_what_was_written_before_it_started() {
    let mut disk = disk(1, &[(1, 1, 1)]);
    assert!(disk.start_sync(Instant::ZERO).is_some());
    disk.write(WriteId::new(2), write(1, 2, 1));
    assert!(disk.start_sync(Instant::ZERO).is_none(), "one at a time");
    assert_eq!(disk.finish_sync().len(), 1);
    assert_eq!(disk.durable().last().index, Index::new(1));
    assert_eq!(disk.written().last().index, Index::new(2));
}

#[test]
fn a_crash_leaves_any_prefix_and_nothing_else() {
    let mut seen = [false; 4];
    for seed in 0..100 {
        let mut disk = disk(seed, &[(1, 1, 1), (1, 2, 1), (1, 3, 1)]);
        let kept = disk.crash().len();
        seen[kept] = true;
        assert_eq!(disk.durable().last().index.get(), kept as u64);
        assert_eq!(disk.written().last(), disk.durable().last());
        assert!(disk.start_sync(Instant::ZERO).is_none());
    }
    assert_eq!(seen, [true; 4]);
}
