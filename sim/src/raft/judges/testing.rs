//! Small histories by hand, for the tests of the judges.

use bytes::{BufMut, Bytes, BytesMut};
use machine_core::{NodeId, WriteId};
use raft_core::{HardState, Index, LogPos, Run, Term, Write};

use super::Verdict;
use crate::disk::Ledger;

pub(crate) const N1: NodeId = NodeId::of(1);
pub(crate) const N2: NodeId = NodeId::of(2);
pub(crate) const N3: NodeId = NodeId::of(3);

pub(crate) fn t(term: u64) -> Term {
    Term::new(term)
}

pub(crate) fn i(index: u64) -> Index {
    Index::new(index)
}

pub(crate) fn pos(index: u64, term: u64) -> LogPos {
    LogPos { term: t(term), index: i(index) }
}

pub(crate) fn state(term: u64, vote: Option<NodeId>, commit: u64) -> HardState {
    HardState { term: t(term), vote, commit: i(commit) }
}

/// A run of normal entries, one for each number.
pub(crate) fn run(term: u64, first: u64, numbers: &[u64]) -> Run {
    let mut body = BytesMut::new();
    for number in numbers {
        body.put_u32_le(8);
        body.put_u8(0);
        body.put_u64_le(*number);
    }
    let count = u32::try_from(numbers.len()).expect("short");
    Run::decode(t(term), i(first), count, Bytes::from(body)).expect("well formed")
}

/// A disk that holds these runs, durably.
pub(crate) fn disk(runs: &[Run]) -> Ledger {
    let mut disk = unsynced(runs);
    disk.sync_begins();
    disk.sync_ends();
    disk
}

/// A disk that was given these runs and has synced none.
pub(crate) fn unsynced(runs: &[Run]) -> Ledger {
    let mut disk = Ledger::default();
    for (id, run) in (1..).zip(runs) {
        let hard_state = HardState { term: run.term(), vote: None, commit: Index::ZERO };
        disk.write(WriteId::new(id), Write { hard_state, run: Some(run.clone()) });
    }
    disk
}

/// The law that was broken.
pub(crate) fn law(verdict: Verdict) -> &'static str {
    verdict.expect_err("the history is bad").law
}
