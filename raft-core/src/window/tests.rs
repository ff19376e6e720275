extern crate std;

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use proptest::prelude::*;

use super::Window;
use crate::Index;

/// What the window counts, entry by entry: a block is under way until its last entry has arrived.
#[derive(Default)]
struct Naive(Vec<(u64, usize)>);

impl Naive {
    fn bytes(&self) -> usize {
        self.0.iter().map(|(_, bytes)| bytes).sum()
    }
}

#[derive(Clone, Debug)]
enum Op {
    Push(u64, usize),
    Release(u64),
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1..5u64, 0..100usize).prop_map(|(entries, bytes)| Op::Push(entries, bytes)),
        2 => (0..60u64).prop_map(Op::Release),
        1 => Just(Op::Clear),
    ]
}

proptest! {
    #[test]
    fn counts_what_has_not_arrived(ops in prop::collection::vec(op(), 0..60)) {
        let (mut window, mut naive, mut last) = (Window::default(), Naive::default(), 0);
        for op in ops {
            match op {
                Op::Push(entries, bytes) => {
                    last += entries;
                    window.push(Index::new(last), bytes);
                    naive.0.push((last, bytes));
                }
                Op::Release(index) => {
                    window.release(Index::new(index));
                    naive.0.retain(|(last, _)| *last > index);
                }
                Op::Clear => {
                    window.clear();
                    naive.0.clear();
                }
            }
            prop_assert_eq!(window.bytes(), naive.bytes());
            prop_assert_eq!(window.len(), naive.0.len());
            prop_assert_eq!(window.is_empty(), naive.0.is_empty());
        }
    }

    #[test]
    fn truncation_never_counts_too_little_and_releases_all_in_the_end(
        blocks in prop::collection::vec((1..5u64, 1..100usize), 0..20),
        released in 0..60u64,
        cut in 1..60u64,
    ) {
        let mut window = Window::default();
        let (mut last, mut kept) = (0, 0);
        for (entries, bytes) in &blocks {
            let first = last + 1;
            last += entries;
            window.push(Index::new(last), *bytes);
            // What must be counted still: blocks with an entry that is neither released nor cut off.
            if last > released && first < cut && released + 1 < cut {
                kept += bytes;
            }
        }
        window.release(Index::new(released));
        window.truncate(Index::new(cut));
        prop_assert!(window.bytes() >= kept, "{} {kept}", window.bytes());
        let all: usize = blocks.iter().map(|(_, bytes)| bytes).sum();
        prop_assert!(window.bytes() <= all);
        window.release(Index::new(cut - 1));
        prop_assert_eq!(window.bytes(), 0);
        prop_assert!(window.is_empty());
        window.push(Index::new(cut), 7);
        prop_assert_eq!(window.bytes(), 7);
    }
}

#[test]
fn block_cut_in_the_middle_counts_in_full() {
    let mut window = Window::default();
    window.push(Index::new(3), 30);
    window.push(Index::new(6), 60);
    window.truncate(Index::new(5));
    assert_eq!((window.bytes(), window.len()), (90, 2));
    window.release(Index::new(4));
    assert!(window.is_empty());
}

#[test]
fn what_is_under_way_hashes_alike_wherever_it_lies() {
    let digest = |window: &Window| {
        let mut state = DefaultHasher::new();
        window.hash(&mut state);
        state.finish()
    };
    let (mut one, mut queued) = (Window::default(), Window::default());
    queued.push(Index::new(1), 10);
    queued.push(Index::new(2), 20);
    queued.release(Index::new(1));
    assert_ne!(digest(&one), digest(&queued));
    one.push(Index::new(2), 20);
    assert!(matches!(one, Window::One { .. }) && matches!(queued, Window::Many(Some(_))));
    assert_eq!(digest(&one), digest(&queued));
    assert_eq!((one.release(Index::new(2)), queued.release(Index::new(2))), (1, 1));
    queued.rest();
    assert!(matches!(queued, Window::Many(None)), "memory that holds nothing is given back");
}
