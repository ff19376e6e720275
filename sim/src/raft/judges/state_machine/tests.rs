use raft_core::Run;

use super::{
    super::{
        Commits, LogMatching,
        testing::{N1, N2, disk, i, law, run, t},
    },
    ONCE, ORDER, PROPOSED, SAME, StateMachines,
};
use crate::disk::Ledger;

/// Proposals 0 to 3 were taken, and `runs` are committed.
fn committed(runs: &[Run]) -> (StateMachines, Commits, LogMatching) {
    let (mut machines, mut commits, mut log) =
        (StateMachines::new(2), Commits::default(), LogMatching::default());
    for number in 0..4u64 {
        machines.numbered(number);
        machines.taken(&number.to_le_bytes());
    }
    machines.numbered(4);
    for held in 0..runs.len() {
        log.written(N1, &runs[held], disk(&runs[..held]).written(), None).expect("a log that matches");
    }
    let disks = [disk(runs)];
    let last = disks[0].durable().last();
    commits.leader(N1, last.term, last.index, &log, disks.iter().map(Ledger::durable)).expect("durable");
    (machines, commits, log)
}

#[test]
fn entries_come_in_order_and_without_gaps() {
    let (mut machines, commits, log) = committed(&[run(1, 1, &[0, 1, 2])]);
    assert_eq!(machines.applied(N1, &run(1, 1, &[0]), &commits, &log), Ok(()));
    assert_eq!(law(machines.applied(N1, &run(1, 3, &[2]), &commits, &log)), ORDER, "a gap");
    assert_eq!(law(machines.applied(N1, &run(1, 1, &[0]), &commits, &log)), ORDER, "again");
    machines.restarted(0, i(0));
    assert_eq!(
        machines.applied(N1, &run(1, 1, &[0, 1, 2]), &commits, &log),
        Ok(()),
        "an empty machine starts anew"
    );
    assert_ne!(machines.digest(0), machines.digest(1));
    machines.applied(N2, &run(1, 1, &[0, 1, 2]), &commits, &log).expect("the same");
    assert_eq!(machines.digest(0), machines.digest(1));
}

#[test]
fn only_what_is_committed_is_applied() {
    let (mut machines, commits, mut log) = committed(&[run(1, 1, &[0, 1])]);
    assert_eq!(law(machines.applied(N1, &run(2, 1, &[0]), &commits, &log)), SAME, "of another term");
    log.written(N2, &run(2, 1, &[2]), disk(&[]).written(), None).expect("a log that matches");
    assert_eq!(
        law(machines.applied(N1, &run(2, 1, &[2]), &commits, &log)),
        SAME,
        "written, but not committed"
    );
    assert_eq!(law(machines.applied(N1, &run(1, 1, &[1]), &commits, &log)), SAME, "of another content");
    assert_eq!(law(machines.applied(N1, &run(1, 1, &[0, 1, 2]), &commits, &log)), SAME, "beyond the end");
}

#[test]
fn a_proposal_is_applied_once() {
    let (mut machines, commits, log) = committed(&[run(1, 1, &[0, 1, 0])]);
    assert_eq!(law(machines.applied(N1, &run(1, 1, &[0, 1, 0]), &commits, &log)), ONCE);
}

#[test]
fn what_was_refused_or_never_proposed_is_not_applied() {
    for number in [4, 5, 1 << 40] {
        let (mut machines, commits, log) = committed(&[run(1, 1, &[number])]);
        assert_eq!(law(machines.applied(N1, &run(1, 1, &[number]), &commits, &log)), PROPOSED, "{number}");
    }
}

#[test]
fn a_machine_that_went_another_way_is_found() {
    let (mut machines, commits, log) = committed(&[run(1, 1, &[0, 1])]);
    machines.applied(N1, &run(1, 1, &[0, 1]), &commits, &log).expect("the first");
    // As if the second node's machine had been fed by hand.
    machines.own[1].word(t(9).get());
    assert_eq!(law(machines.applied(N2, &run(1, 1, &[0]), &commits, &log)), SAME);
}
