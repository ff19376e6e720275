//! Encoding and decoding messages. The body of an append is never copied: its encoding is made once, when it is
//! proposed, so encoding an append costs what its head costs. Decoding looks at the header of every entry.

use std::hint::black_box;

use benches::pieces::Pair;
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion};
use raft_core::{Message, wire};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("wire");
    for (name, entries, message) in messages() {
        let mut head = Vec::with_capacity(wire::HEAD_BYTES_MAX);
        group.bench_function(BenchmarkId::new(format!("encode {name}"), entries), |bencher| {
            bencher.iter(|| {
                head.clear();
                wire::encode_head(black_box(&message), &mut head);
                black_box(head.len())
            });
        });
        if let Some(run) = message.run() {
            head.extend_from_slice(run.body());
        }
        let bytes = Bytes::from(head);
        assert_eq!(wire::decode(bytes.clone()), Ok(message), "what is encoded comes back");
        group.bench_function(BenchmarkId::new(format!("decode {name}"), entries), |bencher| {
            bencher.iter(|| black_box(wire::decode(black_box(bytes.clone()))).is_ok());
        });
    }
    group.finish();
    criterion.final_summary();
}

fn messages() -> Vec<(&'static str, usize, Message)> {
    let mut messages = Vec::new();
    for entries in [1, 64] {
        let mut pair = Pair::with_proposed(entries, 256);
        let append = pair.append();
        messages.push(("append", entries, append.clone()));
        messages.push(("answer", entries, pair.answer(append)));
    }
    messages
}
