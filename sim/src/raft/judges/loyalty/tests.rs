use std::time::Duration;

use machine_core::{Instant, NodeId};
use raft_core::{Index, LogPos, Message, RoleName, Round, SessionId};

use super::{
    super::testing::{N1, N2, law, t},
    Glimpse, LAW, Loyalty, Weighed,
};

const MIN: Duration = Duration::from_millis(100);

fn glimpse(role: RoleName, term: u64, leader: Option<NodeId>) -> Glimpse {
    Glimpse { role: Some(role), term: t(term), leader, commit: Index::ZERO }
}

fn append(term: u64) -> Message {
    let (session, prev, commit, round) = (SessionId::new(1), LogPos::ZERO, Index::ZERO, Round::ZERO);
    Message::Append { term: t(term), session, prev, commit, round, reply: false, run: None }
}

fn vote(term: u64, transfer: bool) -> Message {
    Message::Vote { term: t(term), last: LogPos::ZERO, transfer }
}

fn weighed(message: &Message) -> Weighed {
    Weighed::of(message).expect("appends and votes are weighed")
}

/// A follower in term 3 that has heard its leader at 1,000 ms.
fn follower() -> (Loyalty, Glimpse) {
    let mut loyalty = Loyalty::new(1);
    let follows = glimpse(RoleName::Follower, 3, Some(N2));
    let now = Instant::from_millis(1_000);
    let verdict = loyalty.heard(0, weighed(&append(3)), (&follows, &follows), (now, now), MIN);
    assert_eq!(verdict, Ok(()));
    (loyalty, follows)
}

#[test]
fn a_follower_keeps_its_leader_while_it_hears_it() {
    let (mut loyalty, follows) = follower();
    let turned = glimpse(RoleName::Follower, 4, None);
    let mut heard = |message, after, millis| {
        let now = Instant::from_millis(millis);
        loyalty.heard(0, weighed(&message), (&follows, &after), (now, now), MIN)
    };
    assert_eq!(heard(vote(4, false), follows, 1_099), Ok(()));
    assert_eq!(law(heard(vote(4, false), turned, 1_099)), LAW);
    assert_eq!(heard(vote(4, false), turned, 1_100), Ok(()), "it has heard nothing for too long");
    assert_eq!(heard(vote(4, true), turned, 1_050), Ok(()), "its leader has asked for it");
}

#[test]
fn time_that_the_node_may_have_seen_counts_for_it() {
    let (mut loyalty, follows) = follower();
    let turned = glimpse(RoleName::Follower, 4, None);
    let (now, latest) = (Instant::from_millis(1_050), Instant::from_millis(1_200));
    assert_eq!(loyalty.heard(0, weighed(&vote(4, false)), (&follows, &turned), (now, latest), MIN), Ok(()));
}

#[test]
fn a_leader_hears_itself_and_a_restarted_node_nobody() {
    let (mut loyalty, follows) = follower();
    let now = Instant::from_millis(9_000);
    let (leads, turned) = (glimpse(RoleName::Leader, 3, Some(N1)), glimpse(RoleName::Follower, 4, None));
    assert_eq!(law(loyalty.heard(0, weighed(&vote(4, false)), (&leads, &turned), (now, now), MIN)), LAW);
    loyalty.restarted(0);
    let now = Instant::from_millis(1_010);
    assert_eq!(loyalty.heard(0, weighed(&vote(4, false)), (&follows, &turned), (now, now), MIN), Ok(()));
}
