use raft_core::{RoleName, Status};

use super::{
    super::testing::{N1, N2, N3, disk, i, law, run, state, t, unsynced},
    HONEST, LAW, Monotone, POLLING, following, leading,
};

fn status(term: u64, commit: u64, applying: u64) -> Status {
    Status {
        id: N1,
        role: RoleName::Follower,
        term: t(term),
        leader: Some(N2),
        last: i(2),
        durable: i(2),
        commit: i(commit),
        applying: i(applying),
        applied: i(0),
        cached_bytes: 0,
        pending_bytes: 0,
        quorum_heard: true,
        followers: Vec::new(),
    }
}

#[test]
fn nothing_goes_back_while_a_node_lives() {
    for bad in [status(2, 2, 1), status(3, 1, 1), status(3, 2, 0), status(3, 2, 3), status(4, 3, 1)] {
        let mut monotone = Monotone::new(1);
        assert_eq!(monotone.observed(0, &status(3, 2, 1)), Ok(()));
        assert_eq!(law(monotone.observed(0, &bad)), LAW, "{bad:?}");
    }
}

#[test]
fn a_restart_may_forget_only_what_was_not_durable() {
    let mut monotone = Monotone::new(1);
    monotone.observed(0, &status(9, 2, 2)).expect("the first");
    monotone.restarted(0, state(7, None, 1), i(0));
    assert_eq!(monotone.observed(0, &status(7, 1, 0)), Ok(()));
    monotone.restarted(0, state(7, None, 1), i(0));
    assert_eq!(law(monotone.observed(0, &status(6, 1, 0))), LAW);
}

#[test]
fn a_vote_written_is_not_changed_in_its_term() {
    for (next, good) in [
        (state(5, Some(N2), 1), true),
        (state(6, None, 1), true),
        (state(5, Some(N3), 1), false),
        (state(5, None, 1), false),
        (state(4, Some(N2), 1), false),
        (state(6, None, 0), false),
    ] {
        let mut monotone = Monotone::new(1);
        monotone.written(0, state(5, Some(N2), 1)).expect("the first");
        assert_eq!(monotone.written(0, next).is_ok(), good, "{next:?}");
    }
}

#[test]
fn a_status_agrees_with_the_disk() {
    let mut monotone = Monotone::new(1);
    monotone.observed(0, &status(1, 0, 0)).expect("the first");
    let runs = [run(1, 1, &[1, 2])];
    assert_eq!(monotone.drained(0, &status(1, 0, 0), &disk(&runs)), Ok(()));
    assert_eq!(law(monotone.drained(0, &status(1, 0, 0), &disk(&[run(1, 1, &[1])]))), HONEST, "its end");
    assert_eq!(law(monotone.drained(0, &status(1, 0, 0), &unsynced(&runs))), HONEST, "what is durable");
    assert_eq!(law(monotone.drained(0, &status(2, 0, 0), &disk(&runs))), HONEST, "its term");
    assert_eq!(law(monotone.drained(0, &status(1, 1, 0), &disk(&runs))), POLLING);
}

#[test]
fn who_leads_and_who_follows() {
    let mut said = status(3, 0, 0);
    assert_eq!((leading(&said), following(&said)), (None, Some((N2, t(3)))));
    said.role = RoleName::Leader;
    assert_eq!(leading(&said), Some(t(3)));
}
