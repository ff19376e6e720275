use bytes::{BufMut, BytesMut};
use machine_core::WriteId;
use raft_core::HardState;
use storage::MemoryLog;
use transport::completion;

use super::*;

/// A run of these entries; `None` is a leader's blank one.
fn run(term: u64, first: u64, payloads: &[Option<&[u8]>]) -> Run {
    let mut body = BytesMut::new();
    for payload in payloads {
        body.put_u32_le(u32::try_from(payload.map_or(0, <[u8]>::len)).expect("short"));
        body.put_u8(u8::from(payload.is_none()));
        body.put_slice(payload.unwrap_or_default());
    }
    let count = u32::try_from(payloads.len()).expect("few");
    Run::decode(Term::new(term), Index::new(first), count, body.freeze()).expect("a sound run")
}

fn worker(runs: &[Run]) -> LogWorker<MemoryLog> {
    let mut worker = LogWorker::new(MemoryLog::new(), 300);
    for (id, run) in (1..).zip(runs) {
        let write = raft_core::Write { hard_state: HardState::default(), run: Some(run.clone()) };
        worker
            .write(to_stored(WriteId::new(id), &write).expect("a hard state fits"))
            .expect("it is in memory");
    }
    worker.sync().expect("it is in memory");
    worker
}

fn list(
    worker: &mut LogWorker<MemoryLog>,
    from: u64,
    applied: u64,
    bytes_max: usize,
) -> (u64, Vec<(u64, Vec<u8>)>) {
    let (done, answer) = completion();
    worker.read(Read::List { from, applied, bytes_max, done }).expect("the answer goes to the client");
    let chunk = answer.wait().expect("it is answered").expect("the log is sound");
    assert_eq!(chunk.applied, applied);
    (chunk.next, chunk.entries.into_iter().map(|entry| (entry.index, entry.payload.to_vec())).collect())
}

fn entries(pairs: &[(u64, &[u8])]) -> Vec<(u64, Vec<u8>)> {
    pairs.iter().map(|(index, payload)| (*index, payload.to_vec())).collect()
}

#[test]
fn a_list_stops_at_what_is_applied_and_leaves_blanks_out() {
    let mut worker = worker(&[run(1, 1, &[None, Some(b"a"), Some(b"b")]), run(1, 4, &[Some(b"c")])]);
    assert_eq!(list(&mut worker, 1, 4, 1000), (5, entries(&[(2, b"a"), (3, b"b"), (4, b"c")])));
    assert_eq!(list(&mut worker, 1, 2, 1000), (3, entries(&[(2, b"a")])));
    assert_eq!(list(&mut worker, 3, 4, 1000), (5, entries(&[(3, b"b"), (4, b"c")])));
    assert_eq!(list(&mut worker, 5, 4, 1000), (5, vec![]), "nothing there yet: go on at the same place");
    assert_eq!(list(&mut worker, 0, 4, 1000), (1, vec![]), "there is no entry 0");
}

#[test]
fn a_list_is_bounded_and_goes_on_where_it_stopped() {
    let mut worker = worker(&[run(1, 1, &[Some(b"aaaa"), Some(b"bbbb"), Some(b"cccc")])]);
    assert_eq!(list(&mut worker, 1, 3, 1), (2, entries(&[(1, b"aaaa")])), "at least one");
    assert_eq!(list(&mut worker, 2, 3, 32), (4, entries(&[(2, b"bbbb"), (3, b"cccc")])));
    assert_eq!(list(&mut worker, 2, 3, 31), (3, entries(&[(2, b"bbbb")])));
}

#[test]
fn entries_that_were_replaced_are_not_listed() {
    let old = run(1, 1, &[Some(b"a"), Some(b"old"), Some(b"old")]);
    let mut worker = worker(&[old, run(2, 2, &[Some(b"new")])]);
    assert_eq!(list(&mut worker, 1, 2, 1000), (3, entries(&[(1, b"a"), (2, b"new")])));
    let fetched = worker.read(Read::Fetch { id: FetchId::new(1), from: Index::new(1) }).expect("it is there");
    let Fetched::Run { id, run } = fetched else { panic!("a run was asked for") };
    assert_eq!((id, run.first(), run.last()), (FetchId::new(1), Index::new(1), Index::new(1)));
}

#[test]
fn a_fetch_brings_small_runs_of_one_term_together_within_its_bound() {
    let small = |first: u64| run(1, first, &[Some(b"a")]);
    let mut worker =
        worker(&[small(1), small(2), small(3), small(4), small(5), small(6), run(2, 7, &[Some(b"b")])]);
    let mut fetch = |from: u64| {
        let fetched = worker.read(Read::Fetch { id: FetchId::new(1), from: Index::new(from) });
        let Ok(Fetched::Run { run, .. }) = fetched else { panic!("{fetched:?}") };
        (run.first().get(), run.last().get(), run.term().get())
    };
    let (_, last, _) = fetch(1);
    assert!((2..6).contains(&last), "several, but not all: {last}");
    assert_eq!(fetch(6), (6, 6, 1), "of one term");
    assert_eq!(fetch(7), (7, 7, 2));
}

#[test]
fn what_the_log_cannot_give_is_an_error_for_the_asker() {
    let mut worker = worker(&[run(1, 1, &[Some(b"a")])]);
    let missing = worker.read(Read::Fetch { id: FetchId::new(1), from: Index::new(9) });
    assert!(matches!(missing, Err(LogError::Read(_))), "{missing:?}");
    let (done, answer) = completion();
    worker
        .read(Read::List { from: 5, applied: 9, bytes_max: 10, done })
        .expect("the answer goes to the client");
    assert!(matches!(answer.wait(), Ok(Err(Refusal::Unreadable { .. }))));
}
