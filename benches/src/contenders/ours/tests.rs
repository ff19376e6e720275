use bytes::Bytes;
use raft_core::{Config, Index, Run, Term};

use super::{Replica, id};
/// Entries without payloads: a length of zero, and the kind of an ordinary entry.
fn run(first: u64, count: u32) -> Run {
    let body = [0, 0, 0, 0, 1].repeat(count as usize);
    Run::decode(Term::new(1), Index::new(first), count, Bytes::from(body)).expect("well-formed entries")
}

fn replica(kept: usize) -> Replica {
    let mut replica = Replica::new(Config::new(id(0), [id(0)]), 1, kept);
    for (first, count) in [(1, 1), (2, 3), (5, 4)] {
        replica.log.push(run(first, count));
    }
    replica
}

#[test]
fn the_run_that_holds_an_entry_is_fetched() {
    let replica = replica(usize::MAX);
    let first = |from| replica.fetch(Index::new(from)).map(|run| run.first().get());
    assert_eq!([1, 2, 4, 5, 8].map(first), [1, 2, 2, 5, 5].map(Some));
    assert_eq!(first(9), None);
}
