//! Every interleaving of the atomic clocks, and proof that the tests can fail: broken clocks that they must find.
//!
//! Each test runs its model to the end, prints how many executions that took, and bounds preemptions where the model says
//! so, whatever `LOOM_MAX_PREEMPTIONS` is.

mod broken;
mod hlc;
mod lamport;

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    vec::Vec,
};

/// How far a model is searched.
#[derive(Clone, Copy, Debug)]
enum Search {
    /// Every interleaving.
    Unbounded,
    /// With at most three preemptions: two threads with three calls each, and the main one, have millions without.
    ThreePreemptions,
}

/// Runs the model in every interleaving, and says how many there were.
fn explore(name: &str, search: Search, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = match search {
        Search::Unbounded => None,
        Search::ThreePreemptions => Some(3),
    };
    let executions = Arc::new(AtomicUsize::new(0));
    let counter = executions.clone();
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let (executions, bound) = (executions.load(Ordering::Relaxed), builder.preemption_bound);
    writeln!(io::stdout(), "loom: {name}: {executions} executions, preemptions at most {bound:?}")
        .expect("tests have an output");
}

/// Fails unless each thread's stamps ascend and no stamp was given twice.
fn check_stamps<T: Ord + Copy + core::fmt::Debug>(threads: &[Vec<T>]) {
    for stamps in threads {
        assert!(stamps.is_sorted_by(|a, b| a < b), "a thread went back: {stamps:?}");
    }
    let mut all = threads.concat();
    all.sort_unstable();
    assert!(all.is_sorted_by(|a, b| a < b), "a duplicate stamp: {threads:?}");
}
