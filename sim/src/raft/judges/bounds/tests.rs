use raft_core::{FollowerStatus, Index, Output, RoleName, Status};

use super::{
    super::testing::{N1, N2, i, law, run, t},
    LAW, OUTPUTS_MAX, RUN_OVERHEAD_BYTES, applying, observed, output, step,
};
use crate::raft::profile::Limits;

const LIMITS: Limits = Limits {
    append_bytes: 26,
    inflight_messages: 2,
    inflight_bytes: 100,
    uncommitted_bytes: 200,
    cache_bytes: 300,
    reads: 1,
};

/// What a limit may be overshot by: one append, and what two runs cost besides their bytes.
const SLACK: usize = 26 + 2 * RUN_OVERHEAD_BYTES;

fn status(cached_bytes: usize, pending_bytes: usize, inflight: (usize, usize)) -> Status {
    let follower = FollowerStatus {
        id: N2,
        matched: Index::ZERO,
        next: i(1),
        streaming: true,
        inflight_messages: inflight.0,
        inflight_bytes: inflight.1,
    };
    Status {
        id: N1,
        role: RoleName::Leader,
        term: t(1),
        leader: Some(N1),
        last: i(0),
        durable: i(0),
        commit: i(0),
        applying: i(0),
        applied: i(0),
        cached_bytes,
        pending_bytes,
        quorum_heard: true,
        followers: vec![follower],
    }
}

#[test]
fn what_a_node_holds_is_bounded() {
    let most = status(300 + 200 + 2 * SLACK, 200 + SLACK, (2, 126));
    assert_eq!(observed(&most, &LIMITS), Ok(()));
    for bad in [
        status(most.cached_bytes + 1, 0, (0, 0)),
        status(0, most.pending_bytes + 1, (0, 0)),
        status(0, 0, (3, 0)),
        status(0, 0, (0, 127)),
    ] {
        assert_eq!(law(observed(&bad, &LIMITS)), LAW, "{bad:?}");
    }
    assert_eq!(applying(0, 126, &LIMITS), Ok(()));
    assert_eq!(law(applying(0, 127, &LIMITS)), LAW);
}

#[test]
fn a_run_handed_out_is_bounded() {
    assert_eq!(output(&Output::Apply { run: run(1, 1, &[1, 2]) }, &LIMITS), Ok(()));
    assert_eq!(law(output(&Output::Apply { run: run(1, 1, &[1, 2, 3]) }, &LIMITS)), LAW);
}

#[test]
fn a_step_ends() {
    assert_eq!(step(0, OUTPUTS_MAX), Ok(()));
    assert_eq!(law(step(0, OUTPUTS_MAX + 1)), "no output without progress");
}
