extern crate std;

use alloc::{format, vec, vec::Vec};

use bytes::BytesMut;
use proptest::prelude::*;

use super::{Log, cost};
use crate::{EntryKind, Index, LogPos, Run, Term, run::OpenRun, terms::Terms};

const APPEND_BYTES_MAX: usize = 64;
const CACHE_BYTES_MAX: usize = 300;

#[derive(Clone, Debug)]
enum Op {
    Propose(usize),
    Seal,
    Push(u64, u64, usize),
    Truncate(u64),
    NextWrite,
    SetDurable(u64),
    Settle(u64),
    RunFrom(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..40usize).prop_map(Op::Propose),
        1 => Just(Op::Seal),
        3 => (0..2u64, 1..5u64, 0..10usize).prop_map(|(term, count, bytes)| Op::Push(term, count, bytes)),
        1 => (0..8u64).prop_map(Op::Truncate),
        3 => Just(Op::NextWrite),
        3 => (0..4u64).prop_map(Op::SetDurable),
        3 => (0..6u64).prop_map(Op::Settle),
        3 => (0..50u64).prop_map(Op::RunFrom),
    ]
}

/// The log as a list; `in_memory_from` is the only thing that depends on how it is kept.
struct Naive {
    entries: Vec<(u64, Vec<u8>)>,
    written: u64,
    durable: u64,
    term: u64,
}

impl Naive {
    fn last(&self) -> u64 {
        self.entries.len() as u64
    }

    fn term_at(&self, index: u64) -> u64 {
        index.checked_sub(1).map_or(0, |place| self.entries[usize::try_from(place).expect("short")].0)
    }

    fn payload(&self, length: usize) -> Vec<u8> {
        let mut payload = format!("{}.{}", self.term, self.last() + 1).into_bytes();
        payload.resize(length, 0);
        payload
    }
}

fn run(term: u64, first: u64, payloads: &[Vec<u8>]) -> Run {
    let mut open =
        OpenRun::new(Term::new(term), Index::new(first), BytesMut::with_capacity(1 << 18), usize::MAX);
    for payload in payloads {
        open.push(EntryKind::Normal, payload);
    }
    open.seal(usize::MAX)
}

fn assert_holds(run: &Run, naive: &Naive) {
    for entry in run.entries() {
        let (term, payload) = &naive.entries[usize::try_from(entry.index.get() - 1).expect("short")];
        assert_eq!((run.term().get(), entry.payload), (*term, &payload[..]), "{}", entry.index);
    }
}

fn perform(op: &Op, log: &mut Log, naive: &mut Naive) {
    match *op {
        Op::Propose(length) => {
            let payload = naive.payload(length);
            let index = log.propose(Term::new(naive.term), EntryKind::Normal, &payload);
            naive.entries.push((naive.term, payload));
            assert_eq!(index.get(), naive.last());
        }
        Op::Seal => log.seal(),
        Op::Push(later, count, length) => {
            log.end_term();
            naive.term += later;
            let first = naive.last() + 1;
            let payloads: Vec<_> = (0..count)
                .map(|_| {
                    let payload = naive.payload(length);
                    naive.entries.push((naive.term, payload.clone()));
                    payload
                })
                .collect();
            log.push(run(naive.term, first, &payloads));
        }
        Op::Truncate(back) => {
            log.end_term();
            let index = naive.last().saturating_sub(back).max(1);
            if index <= naive.last() {
                log.truncate(Index::new(index));
                naive.entries.truncate(usize::try_from(index - 1).expect("short"));
                naive.written = naive.written.min(index - 1);
                naive.durable = naive.durable.min(index - 1);
                naive.term += 1; // who replaces entries has a later term
            }
        }
        Op::NextWrite => match log.next_write() {
            None => assert_eq!(naive.written, naive.last()),
            Some(run) => {
                assert_eq!(run.first().get(), naive.written + 1);
                assert!(run.body().len() <= APPEND_BYTES_MAX);
                assert_holds(&run, naive);
                naive.written = run.last().get();
            }
        },
        Op::SetDurable(back) => {
            naive.durable = naive.durable.max(naive.written.saturating_sub(back));
            log.set_durable(Index::new(naive.durable));
        }
        Op::Settle(back) => {
            log.settle(Index::new(naive.durable.saturating_sub(back)));
            // Only what is not durable may stand above the bound, with the run that reaches into it.
            let pinned: usize =
                log.cache.iter().filter(|run| run.last().get() > naive.durable).map(cost).sum();
            assert!(log.cached_bytes() <= CACHE_BYTES_MAX.max(pinned), "{} {pinned}", log.cached_bytes());
        }
        Op::RunFrom(index) => {
            let sealed = log.open().map_or(naive.last(), |open| open.first().get() - 1);
            match log.run_from(Index::new(index)) {
                Some(run) => {
                    assert_eq!(run.first().get(), index);
                    assert!(run.body().len() <= APPEND_BYTES_MAX);
                    assert_holds(&run, naive);
                }
                None => assert!(index <= naive.durable || index > sealed, "{index} is lost"),
            }
        }
    }
}

proptest! {
    #[test]
    fn holds_what_the_list_holds(ops in prop::collection::vec(op(), 0..150)) {
        let mut log = Log::new(Terms::default(), Index::ZERO, APPEND_BYTES_MAX, CACHE_BYTES_MAX);
        let mut naive = Naive { entries: vec![], written: 0, durable: 0, term: 1 };
        for op in ops {
            perform(&op, &mut log, &mut naive);
            prop_assert!(log.is_sound(), "{op:?}");
            let ends = (log.last().get(), log.written().get(), log.durable().get());
            prop_assert_eq!(ends, (naive.last(), naive.written, naive.durable), "{:?}", op);
            prop_assert_eq!(log.last_pos().term.get(), naive.term_at(naive.last()));
            for index in 0..=naive.last() + 1 {
                let term = (index <= naive.last()).then(|| Term::new(naive.term_at(index)));
                prop_assert_eq!(log.term_at(Index::new(index)), term);
            }
        }
        // Written, durable and settled whole, nothing counts as pending any more.
        while log.next_write().is_some() {}
        log.set_durable(log.last());
        log.settle(log.last());
        prop_assert_eq!(log.pending_bytes(), 0);
        prop_assert!(log.cached_bytes() <= CACHE_BYTES_MAX);
    }

    #[test]
    fn hint_is_the_last_place_that_may_agree(
        steps in prop::collection::vec(0..3u64, 0..30),
        asked_term in 0..30u64,
        asked_index in 0..40u64,
    ) {
        let mut log = Log::new(Terms::default(), Index::ZERO, APPEND_BYTES_MAX, CACHE_BYTES_MAX);
        let mut list = vec![0];
        for step in steps {
            let term = list.last().copied().unwrap_or(0).max(1) + step;
            log.push(run(term, list.len() as u64, &[vec![]]));
            list.push(term);
        }
        let hint = log.conflict_hint(LogPos { term: Term::new(asked_term), index: Index::new(asked_index) });
        let may_agree = |place: &usize| *place as u64 <= asked_index && list[*place] <= asked_term;
        let place = (0..list.len()).rev().find(may_agree).expect("zero always agrees");
        prop_assert_eq!((hint.index.get(), hint.term.get()), (place as u64, list[place]));
    }
}

#[test]
fn small_rest_of_a_truncated_block_does_not_keep_it_alive() {
    let mut log = Log::new(Terms::default(), Index::ZERO, 1 << 20, 1 << 20);
    let block = run(1, 1, &[vec![1; 4], vec![2; 100_000]]);
    log.push(block.clone());
    log.truncate(Index::new(2));
    let kept = log.run_from(Index::new(1)).expect("in memory");
    assert!(!block.body().as_ptr_range().contains(&kept.body().as_ptr()));
}

#[test]
fn small_neighbours_are_joined_for_those_who_lag() {
    let mut log = Log::new(Terms::default(), Index::ZERO, APPEND_BYTES_MAX, CACHE_BYTES_MAX);
    for index in 1..=10 {
        log.push(run(1, index, &[vec![0; 5]]));
    }
    let joined = log.run_from(Index::new(1)).expect("in memory");
    assert_eq!((joined.count(), joined.body().len()), (6, 60));
    assert_eq!(log.cache.len(), 5);
    assert!(log.is_sound());
    assert_eq!(log.run_from(Index::new(3)).expect("in memory").count(), 4, "a slice of it");
    log.push(run(2, 11, &[vec![]]));
    assert_eq!(log.run_from(Index::new(7)).expect("in memory").last(), Index::new(10), "one term a run");
}
