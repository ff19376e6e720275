use std::collections::VecDeque;

use raft::{
    Error, GetEntriesContext, Storage, StorageError,
    eraftpb::{ConfState, Entry, HardState},
};

use super::{ENTRY_OVERHEAD_BYTES, Ring};

fn ring(kept: usize) -> Ring {
    let mut ring = Ring {
        entries: VecDeque::new(),
        kept,
        before: (0, 0),
        hard_state: HardState::default(),
        voters: ConfState::default(),
    };
    ring.append(entries(1, 5, 1));
    ring
}

fn entries(first: u64, count: u64, term: u64) -> Vec<Entry> {
    let entry = |index| Entry { index, term, data: vec![0; 84].into(), ..Entry::default() };
    (first..first + count).map(entry).collect()
}

fn read(ring: &Ring, low: u64, high: u64, bytes: Option<u64>) -> raft::Result<Vec<u64>> {
    let entries = ring.entries(low, high, bytes, GetEntriesContext::empty(false))?;
    Ok(entries.iter().map(Entry::get_index).collect())
}

#[test]
fn what_is_read_is_bounded_but_never_nothing() {
    let ring = ring(10);
    let each = 84 + ENTRY_OVERHEAD_BYTES;
    assert_eq!(read(&ring, 2, 6, None), Ok(vec![2, 3, 4, 5]));
    assert_eq!(read(&ring, 2, 6, Some(2 * each)), Ok(vec![2, 3]));
    assert_eq!(read(&ring, 2, 6, Some(0)), Ok(vec![2]));
}

#[test]
fn what_contradicts_is_replaced() {
    let mut ring = ring(10);
    ring.append(entries(4, 1, 2));
    assert_eq!(ring.last_index(), Ok(4));
    assert_eq!([3, 4].map(|index| ring.term(index)), [Ok(1), Ok(2)]);
}

#[test]
fn old_entries_go_and_their_last_term_stays() {
    let ring = ring(3);
    assert_eq!(ring.first_index(), Ok(3));
    assert_eq!(ring.term(2), Ok(1));
    assert_eq!(read(&ring, 2, 4, None), Err(Error::Store(StorageError::Compacted)));
    assert_eq!(read(&ring, 3, 7, None), Err(Error::Store(StorageError::Unavailable)));
}
