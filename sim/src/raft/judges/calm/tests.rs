use machine_core::{Instant, NodeId};
use raft_core::{Config, Raft, Recovered, RoleName, Status};

use super::{
    super::testing::{law, t},
    Calm, LAW,
};

fn status(id: u64, role: RoleName, term: u64) -> Status {
    let config = Config::new(NodeId::of(id), (1..=3).map(NodeId::of));
    let core = Raft::new(config, Recovered::default(), 1, Instant::ZERO).expect("the defaults are valid");
    Status { role, term: t(term), ..core.status() }
}

#[test]
fn the_leader_stays_and_no_term_begins() {
    let mut calm = Calm::default();
    let (leads, follows) = (status(1, RoleName::Leader, 4), status(2, RoleName::PreCandidate, 4));
    let (deposed, stands) = (status(1, RoleName::Follower, 4), status(2, RoleName::Candidate, 5));
    assert_eq!(calm.observed(0, &deposed), Ok(()), "it is not watched yet");
    calm.begins(0, t(4));
    assert_eq!(calm.observed(0, &leads), Ok(()));
    assert_eq!(calm.observed(1, &follows), Ok(()));
    assert_eq!(law(calm.observed(0, &deposed)), LAW);
    assert_eq!(law(calm.observed(1, &stands)), LAW);
    assert_eq!(law(calm.observed(0, &status(1, RoleName::Leader, 5))), LAW);
    calm.ends();
    assert_eq!(calm.observed(0, &deposed), Ok(()));
}
