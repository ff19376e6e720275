//! Groups of Raft nodes under seeded faults.

use std::collections::BTreeSet;

use sim::{
    Faults, Hearing, Kind, Schedule, Strike, Trace,
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
    let totals = all_pass(50..150);
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

/// Plays the seed with these faults; what happened, and the digest.
fn under(seed: u64, schedule: Schedule) -> (Vec<Strike>, Totals) {
    let faults = Faults::new(schedule, Hearing::Numbers);
    let totals = raft::run_under(seed, &faults, &mut Trace::quiet()).expect("no law is broken");
    (faults.strikes(), totals)
}

#[test]
fn the_faults_that_happened_give_the_run_again() {
    for seed in 0..10 {
        let (strikes, totals) = under(seed, Schedule::default());
        assert_eq!(raft::run(seed, &mut Trace::quiet()).expect("no law is broken"), totals, "heard or not");
        assert_eq!(under(seed, Schedule::of(&strikes)), (strikes, totals), "seed {seed}");
    }
}

#[test]
fn what_comes_before_a_spared_fault_stays_as_it_was() {
    for seed in 0..15 {
        let (strikes, _) = under(seed, Schedule::default());
        let Some(spared) = strikes.get(strikes.len() / 2) else { continue };
        let (others, _) = under(seed, Schedule::of([spared]).inverse());
        let before = strikes.iter().position(|strike| strike == spared).expect("one of them");
        assert_eq!(strikes[..before], others[..before], "seed {seed} without {spared}");
        assert!(!others.iter().any(|strike| (strike.kind, strike.number) == (spared.kind, spared.number)));
    }
}

#[test]
fn without_faults_there_are_none() {
    for seed in 0..10 {
        let (strikes, totals) = under(seed, Schedule::of_kinds(&[Kind::Call]));
        assert!(strikes.iter().all(|strike| strike.kind == Kind::Call), "seed {seed}");
        let Totals { crashes, disk_stops, torn, pauses, partitions, lost, doubled, resets, .. } = totals;
        assert_eq!(
            [crashes, disk_stops, torn, pauses, partitions, lost, doubled, resets],
            [0; 8],
            "seed {seed}"
        );
        let Totals { broken, syncs_lost, full, partial, sectors_lost, damaged, corrupted, .. } = totals;
        assert_eq!(
            [broken, syncs_lost, full, partial, sectors_lost, damaged, corrupted],
            [0; 7],
            "seed {seed}"
        );
    }
}
