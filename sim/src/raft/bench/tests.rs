use std::time::Duration;

use machine_core::Instant;
use raft_core::{Index, ProposeError, RoleName};

use super::{Bench, HandError};
use crate::{
    Kind, Trace,
    raft::{self, Setup, What},
};

fn bench(seed: u64, nodes: usize) -> Bench {
    Bench::new(&Setup::new(seed, nodes).expect("few nodes").with_memory(100, 100_000))
}

/// Runs until it holds, for ten seconds at most.
fn until(bench: &mut Bench, holds: impl Fn(&Bench) -> bool) {
    let end = bench.now() + Duration::from_secs(10);
    while !holds(bench) {
        assert!(bench.next_at().is_some_and(|at| at < end), "it does not come to that");
        bench.step().expect("no law is broken");
    }
}

fn run(bench: &mut Bench, time: Duration) {
    let end = bench.now() + time;
    assert!(bench.run_until(end, 1_000_000).expect("no law is broken"));
    assert_eq!(bench.now(), end);
}

fn converge(bench: &mut Bench) -> Result<(), HandError> {
    bench.end_faults()?;
    while !bench.is_over() {
        bench.step()?;
    }
    Ok(())
}

#[test]
fn a_whole_run_on_the_bench_is_the_run() {
    for seed in 0..20 {
        let mut bench = Bench::drawn(seed, 10, 10);
        while bench.step().expect("no law is broken") {}
        let whole = raft::run(seed, &mut Trace::quiet()).expect("no law is broken");
        assert!(bench.is_over() && bench.totals() == whole, "seed {seed}");
    }
}

#[test]
fn a_leader_on_the_smaller_side_decides_nothing() {
    let mut bench = bench(1, 5);
    until(&mut bench, |bench| bench.leader().is_some());
    let old = bench.leader().expect("just seen").get();
    let first = bench.propose(old, b"first").expect("it leads");
    until(&mut bench, |bench| bench.is_acknowledged(first));
    let friend = old % 5 + 1;
    bench.partition(&[vec![old, friend]]).expect("two nodes");
    let lost = bench.propose(old, b"never").expect("it does not know yet");
    until(&mut bench, |bench| bench.leader().is_some_and(|leader| ![old, friend].contains(&leader.get())));
    let refused = bench.propose(old, b"no").expect_err("no majority");
    assert!(matches!(refused, HandError::Propose(ProposeError::NoQuorum | ProposeError::NotLeader { .. })));
    let new = bench.leader().expect("just seen").get();
    let second = bench.propose(new, b"second").expect("it leads");
    until(&mut bench, |bench| bench.is_acknowledged(second));
    assert_eq!(bench.log(old, lost.index).expect("a node")[0].payload.as_deref(), Some(&b"never"[..]));
    bench.heal().expect("nothing broken");
    until(&mut bench, |bench| bench.view(old).expect("a node").applied >= second.index);
    let log: Vec<_> = bench.log(old, Index::ZERO).expect("a node");
    let payloads: Vec<_> = log.iter().filter_map(|entry| entry.payload.as_deref()).collect();
    assert_eq!(payloads, [&b"first"[..], b"second"]);
    assert!(!bench.is_acknowledged(lost));
    converge(&mut bench).expect("no law is broken");
}

#[test]
fn the_same_calls_do_the_same() {
    let play = |seed| {
        let mut bench = bench(seed, 3);
        run(&mut bench, Duration::from_secs(1));
        bench.crash(1, true).expect("up");
        run(&mut bench, Duration::from_secs(2));
        bench.restart(1).expect("down");
        bench.cut(2, 3).expect("two nodes");
        run(&mut bench, Duration::from_secs(2));
        (bench.digest(), bench.events(), bench.happenings_count())
    };
    assert_eq!(play(3), play(3));
    assert_ne!(play(3).0, play(4).0);
}

#[test]
fn a_hand_holds_what_it_holds() {
    let kinds = [Kind::Crash, Kind::Pause, Kind::Partition, Kind::Loss, Kind::Double, Kind::Late];
    let setup = Setup::new(5, 3).expect("few nodes").with_faults(&kinds).expect("they come by themselves");
    let mut bench = Bench::new(&setup.with_clients(2).expect("few").with_memory(0, 1 << 20));
    until(&mut bench, |bench| (1..=3).all(|node| bench.role(node).is_ok_and(|role| role.is_some())));
    bench.crash(1, false).expect("up");
    bench.pause(2).expect("up");
    bench.cut(3, 2).expect("two nodes");
    let before = bench.happenings_count();
    run(&mut bench, Duration::from_secs(20));
    assert_eq!(bench.role(1), Ok(None));
    let two_crashed = bench
        .happenings(before)
        .any(|one| one.node.is_some_and(|id| id.get() == 2) && matches!(one.what, What::Crashed { .. }));
    assert!(bench.view(2).expect("a node").paused || two_crashed);
    let heard = bench.happenings(before).filter(|one| one.node.is_some_and(|id| id.get() == 2));
    let after = Instant::ZERO + Duration::from_secs(2);
    let from_three = |what: &What| matches!(what, What::Heard { from, .. } if from.get() == 3);
    assert!(!heard.filter(|one| one.at > after).any(|one| from_three(&one.what)), "the link is cut");
    converge(&mut bench).expect("no law is broken");
    assert!((1..=3).all(|node| bench.view(node).is_ok_and(|view| view.status.is_some() && !view.paused)));
    assert!(bench.totals().crashes > 1 && bench.totals().lost > 0 && bench.totals().judged > 0);
    run(&mut bench, Duration::from_secs(5));
}

#[test]
fn what_one_hand_pauses_no_other_lets_go() {
    let setup = Setup::new(5, 3).expect("few nodes").with_faults(&[Kind::Pause]).expect("it comes by itself");
    let mut bench = Bench::new(&setup);
    let paused = |bench: &Bench| (1..=3).find(|node| bench.view(*node).is_ok_and(|view| view.paused));
    until(&mut bench, |bench| paused(bench).is_some());
    let node = paused(&bench).expect("just seen");
    bench.resume(node).expect("paused");
    bench.pause(node).expect("runs"); // and the end of the first pause is still to come
    run(&mut bench, Duration::from_secs(3));
    assert!(bench.view(node).is_ok_and(|view| view.paused));
    bench.resume(node).expect("paused");
    assert!(bench.view(node).is_ok_and(|view| !view.paused));
}

#[test]
fn every_kind_of_fault_comes_by_itself() {
    for kind in Kind::ALL {
        let setup = Setup::new(1, 3).expect("few nodes").with_faults(&[kind]);
        let Ok(setup) = setup else { continue };
        let mut bench = Bench::new(&setup.with_clients(10).expect("few"));
        run(&mut bench, Duration::from_secs(20));
        converge(&mut bench).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let Some(struck) = struck(kind, &bench.totals()) else { continue };
        assert!(struck > 0, "{kind}");
    }
}

/// How often that kind was done to the run, where its totals tell.
fn struck(kind: Kind, totals: &raft::Totals) -> Option<u64> {
    Some(match kind {
        Kind::Crash | Kind::Between | Kind::Power => totals.crashes,
        Kind::Pause => totals.pauses,
        Kind::Partition => totals.partitions,
        Kind::Damage => totals.damaged,
        Kind::Jump => totals.jumps,
        Kind::Broken => totals.broken,
        Kind::Sync => totals.syncs_lost,
        Kind::Part => totals.partial,
        Kind::Loss => totals.lost,
        Kind::Double => totals.doubled,
        Kind::Reset => totals.resets,
        Kind::Flip => totals.corrupted,
        Kind::Hunt
        | Kind::Sector
        | Kind::Machine
        | Kind::Handover
        | Kind::Full
        | Kind::Stall
        | Kind::Late
        | Kind::Grip
        | Kind::Lazy
        | Kind::Call => return None,
    })
}

#[test]
fn arrows_join_what_was_sent_to_what_was_heard() {
    let mut bench = bench(2, 3);
    run(&mut bench, Duration::from_secs(2));
    let mut heard = 0;
    for one in bench.happenings(0) {
        let What::Heard { sent, .. } = one.what else { continue };
        let took = one.at.since(sent.expect("all were sent"));
        assert!((Duration::from_micros(500)..=Duration::from_micros(1500)).contains(&took), "{took:?}");
        heard += 1;
    }
    assert!(heard > 100);
    assert_eq!(bench.lines().count(), 100);
}

#[test]
fn a_broken_law_is_told_at_every_call() {
    let mut bench = bench(9, 3);
    until(&mut bench, |bench| bench.leader().is_some());
    bench.promise_too_much().expect("nothing is broken yet");
    let broken = converge(&mut bench).expect_err("nobody can keep that");
    let HandError::Failed(failure) = &broken else { panic!("{broken}") };
    assert_eq!(failure.violation.law, "no acknowledged entry is lost");
    assert!(failure.to_string().starts_with("seed 9 at "), "{failure}");
    assert_eq!(bench.step().expect_err("over"), *failure);
    assert_eq!(bench.propose(1, b"x").expect_err("over"), broken);
    assert_eq!(bench.failure(), Some(&**failure));
}

#[test]
fn a_panic_is_a_law_broken() {
    let mut bench = bench(9, 3);
    bench.world.nodes.pop();
    let failure = loop {
        match bench.step() {
            Ok(_) => {}
            Err(failure) => break failure,
        }
    };
    assert_eq!(failure.violation.law, "no core panics");
    assert!(failure.violation.detail.contains("index out of bounds"), "{failure}");
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut bench = bench(1, 3);
    let says = |error: HandError| error.to_string();
    assert_eq!(says(bench.propose(1, b"x").expect_err("not started")), "n1 is down; restart it first");
    assert_eq!(says(bench.crash(0, true).expect_err("none")), "there is no node 0; they are numbered 1 to 3");
    assert_eq!(says(bench.partition(&[vec![1], vec![2, 1]]).expect_err("twice")), "n1 is named twice");
    until(&mut bench, |bench| bench.leader().is_some());
    let leader = bench.leader().expect("just seen").get();
    assert_eq!(bench.role(leader), Ok(Some(RoleName::Leader)));
    assert_eq!(says(bench.restart(leader).expect_err("up")), format!("n{leader} is up"));
    assert_eq!(says(bench.resume(leader).expect_err("runs")), format!("n{leader} is not paused"));
    assert!(says(bench.propose(leader, &[0; 17_000]).expect_err("huge")).contains("at most"));
    bench.read(leader).expect("it leads");
    bench.transfer(leader, leader % 3 + 1).expect("it leads");
    bench.step_down(leader).expect("it is up");
    bench.pause(leader).expect("runs");
    let paused = says(bench.propose(leader, b"x").expect_err("paused"));
    assert_eq!(paused, format!("n{leader} is paused; resume it first"));
    bench.resume(leader).expect("paused");
    assert!(Setup::new(1, 0).is_err() && Setup::new(1, 3).expect("few").with_clients(101).is_err());
    let hunt = Setup::new(1, 3).expect("few").with_faults(&[Kind::Hunt]).expect_err("an adversary's");
    assert!(hunt.to_string().contains("hunt does not come by itself"));
}

#[test]
fn a_bench_may_move_to_another_thread() {
    const fn can_be_sent<T: Send>() {}
    can_be_sent::<Bench>();
}
