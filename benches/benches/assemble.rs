//! Handing out what was proposed: the write, and the append to each of two followers.

use std::hint::black_box;

use benches::pieces::Pair;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use raft_core::{Output, Raft};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    assemble(&mut criterion);
    criterion.final_summary();
}

fn assemble(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assemble");
    for entries in [1, 64] {
        group.throughput(Throughput::Elements(entries as u64));
        let pair = Pair::with_proposed(entries, 256);
        assert!(matches!(owed(pair.leader.clone()), (1, 1..=2)), "one write, and an append to who streams");
        group.bench_function(BenchmarkId::new("write and appends", entries), |bencher| {
            let routine = |leader| black_box(owed(leader));
            bencher.iter_batched(|| pair.leader.clone(), routine, BatchSize::SmallInput);
        });
    }
    group.finish();
    criterion.bench_function("assemble/nothing owed", |bencher| {
        let mut pair = Pair::at_rest();
        bencher.iter(|| black_box(pair.leader.poll_output()).is_none());
    });
}

/// Takes all that the leader owes; how many writes, and how many messages.
fn owed(mut leader: Raft) -> (u32, u32) {
    let (mut writes, mut messages) = (0, 0);
    while let Some(output) = leader.poll_output() {
        match black_box(output) {
            Output::Persist { .. } => writes += 1,
            Output::Send { .. } => messages += 1,
            Output::Apply { .. } | Output::Fetch { .. } | Output::Notify(_) | Output::Halt(_) => {}
        }
    }
    (writes, messages)
}
