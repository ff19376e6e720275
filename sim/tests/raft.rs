//! Groups of Raft nodes under seeded faults.

use std::collections::BTreeSet;

use sim::{
    Trace,
    raft::{self, Totals},
};

/// Runs the seeds; on a failure says how to look at it.
fn all_pass(seeds: std::ops::Range<u64>) -> Totals {
    let mut totals = Totals::default();
    for seed in seeds {
        match raft::run(seed, &mut Trace::quiet()) {
            Ok(run) => totals.add(&run),
            Err(failure) => panic!("{failure}\n{}\nquorate-sim raft --seed {seed} --trace", failure.profile),
        }
    }
    totals
}

#[test]
fn no_law_is_broken() {
    let totals = all_pass(50..130);
    // A simulator in which nothing happens proves nothing.
    let happened = [
        ("crashes", totals.crashes),
        ("pauses", totals.pauses),
        ("partitions", totals.partitions),
        ("messages lost", totals.lost),
        ("messages doubled", totals.doubled),
        ("fetches", totals.fetches),
        ("reads answered", totals.reads),
        ("entries acknowledged", totals.acknowledged),
        ("leaders elected", totals.elections),
    ];
    for (what, count) in happened {
        assert!(count >= 100, "only {count} {what} in {} seeds", totals.seeds);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let mut digests = BTreeSet::new();
    for seed in 0..50 {
        let (mut silent, mut told) = (Trace::quiet(), Trace::tail(10));
        let (once, again) = (raft::run(seed, &mut silent), raft::run(seed, &mut told));
        assert_eq!(once, again, "seed {seed}");
        assert_eq!(silent.digest(), told.digest(), "seed {seed}");
        assert_eq!((silent.events(), silent.now()), (told.events(), told.now()), "seed {seed}");
        assert_eq!(told.lines().count(), 10, "seed {seed}");
        assert!(once.is_ok(), "{once:?}");
        assert!(digests.insert(silent.digest().get()), "another seed gave the run of seed {seed}");
    }
}
