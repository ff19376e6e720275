use bytes::Bytes;
use machine_core::WriteId;
use raft_core::{HardState, Index, Run, Term, Write};
use storage::StoredRun;

use super::Ledger;

fn write(term: u64, first: u64, count: u32) -> Write {
    let body: Bytes = [0, 0, 0, 0, 1].repeat(count as usize).into();
    let run = Run::decode(Term::new(term), Index::new(first), count, body).expect("blank entries");
    Write { hard_state: hard_state(term), run: Some(run) }
}

fn hard_state(term: u64) -> HardState {
    HardState { term: Term::new(term), vote: None, commit: Index::ZERO }
}

/// What a log would give back.
fn stored(term: u64, first: u64, count: u32, live: u32) -> StoredRun {
    let body: Bytes = [0, 0, 0, 0, 1].repeat(count as usize).into();
    StoredRun { run: storage::Run { first, count, mark: term, body }, live }
}

/// The first `synced` of the writes are durable.
fn ledger(synced: usize, writes: &[(u64, u64, u32)]) -> Ledger {
    let mut ledger = Ledger::default();
    for (id, (term, first, count)) in (1..).zip(writes) {
        ledger.write(WriteId::new(id), write(*term, *first, *count));
        if usize::try_from(id).expect("small") == synced {
            ledger.sync_begins();
            assert_eq!(ledger.covered(), Some(WriteId::new(id)));
        }
    }
    ledger.sync_ends();
    assert_eq!(ledger.synced().len(), synced);
    ledger
}

#[test]
fn a_later_run_replaces_the_tail_but_the_record_stays_whole() {
    let ledger = ledger(0, &[(1, 1, 4), (2, 3, 1)]);
    let image = ledger.written();
    assert_eq!(image.term_at(Index::new(3)), Some(Term::new(2)));
    assert_eq!(image.term_at(Index::new(4)), None);
    assert_eq!(image.fetch(Index::new(2)).map(Run::count), Some(4));
    assert!(image.is(hard_state(2), &[stored(1, 1, 4, 2), stored(2, 3, 1, 1)]));
    assert!(!image.is(hard_state(2), &[stored(1, 1, 4, 3), stored(2, 3, 1, 1)]), "another live part");
    assert!(!image.is(hard_state(1), &[stored(1, 1, 4, 2), stored(2, 3, 1, 1)]), "another state");
}

#[test]
fn a_sync_makes_durable_what_was_written_before_it_began() {
    let ledger = ledger(1, &[(1, 1, 1), (1, 2, 1)]);
    assert_eq!(ledger.durable().last().index, Index::new(1));
    assert_eq!(ledger.written().last().index, Index::new(2));
    assert!(!ledger.is_clean() && !ledger.is_syncing());
}

#[test]
fn a_log_may_come_back_with_any_prefix_and_nothing_else() {
    let writes = [(1, 1, 1), (1, 2, 1), (2, 3, 1)];
    let all = [stored(1, 1, 1, 1), stored(1, 2, 1, 1), stored(2, 3, 1, 1)];
    let recovered =
        |term, runs: &[StoredRun]| ledger(1, &writes).recovered(hard_state(term), runs).map(|s| s.len());
    assert_eq!(recovered(1, &all[..1]), Some(0));
    assert_eq!(recovered(1, &all[..2]), Some(1));
    assert_eq!(recovered(2, &all), Some(2));
    assert_eq!(recovered(0, &[]), None, "what was synced is gone");
    assert_eq!(recovered(2, &all[..2]), None, "half of a write");
    assert_eq!(recovered(1, &[all[0].clone(), all[2].clone()]), None, "a hole");
    let other =
        StoredRun { run: storage::Run { body: Bytes::from_static(b"other"), ..all[0].run.clone() }, live: 1 };
    assert_eq!(recovered(1, &[other]), None, "other bytes");
}
