//! Taking in a message: an append at a follower, its answer at the leader.

use std::hint::black_box;

use benches::pieces::{FOLLOWER, LEADER, Pair};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use raft_core::{Message, Raft};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    step(&mut criterion);
    criterion.final_summary();
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    for entries in [1, 64] {
        group.throughput(Throughput::Elements(entries as u64));
        let mut pair = Pair::with_proposed(entries, 256);
        let append = pair.append();
        group.bench_function(BenchmarkId::new("append", entries), |bencher| {
            let setup = || (pair.follower.clone(), append.clone());
            let routine = |(mut follower, append): (Raft, Message)| {
                follower.step(pair.now, LEADER, black_box(append)).expect("the leader is honest");
                follower
            };
            bencher.iter_batched(setup, routine, BatchSize::SmallInput);
        });
        let answer = pair.clone().answer(append.clone());
        group.bench_function(BenchmarkId::new("answer", entries), |bencher| {
            let setup = || (pair.leader.clone(), answer.clone());
            let routine = |(mut leader, answer): (Raft, Message)| {
                leader.step(pair.now, FOLLOWER, black_box(answer)).expect("the follower is honest");
                leader
            };
            bencher.iter_batched(setup, routine, BatchSize::SmallInput);
        });
    }
    group.finish();
}
