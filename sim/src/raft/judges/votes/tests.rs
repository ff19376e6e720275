use super::{
    super::testing::{N1, N2, N3, law, state, t},
    DURABLE, ELECTED, ONE_VOTE, Votes,
};

#[test]
fn a_vote_that_is_not_durable_may_not_be_told() {
    let mut votes = Votes::new(3);
    assert_eq!(law(votes.told(0, N2, t(5))), DURABLE);
}

#[test]
fn a_vote_told_is_for_ever() {
    let mut votes = Votes::new(3);
    votes.became_durable(0, state(5, Some(N2), 0)).expect("the first");
    votes.became_durable(0, state(6, None, 0)).expect("no vote at all");
    assert_eq!(votes.told(0, N2, t(5)), Ok(()), "also when the disk is in a later term");
    assert_eq!(law(votes.told(0, N3, t(5))), ONE_VOTE);
    assert_eq!(law(votes.told(0, N3, t(6))), DURABLE);
}

#[test]
fn a_disk_holds_one_vote_in_a_term() {
    let mut votes = Votes::new(3);
    votes.became_durable(0, state(5, Some(N2), 0)).expect("the first");
    assert_eq!(law(votes.became_durable(0, state(5, Some(N3), 0))), ONE_VOTE);
    assert_eq!(votes.became_durable(1, state(5, Some(N3), 0)), Ok(()), "of another voter");
}

#[test]
fn a_leader_needs_a_majority_of_durable_votes() {
    let mut votes = Votes::new(4);
    votes.became_durable(0, state(5, Some(N1), 0)).expect("the first");
    votes.became_durable(1, state(5, Some(N1), 0)).expect("the first");
    votes.became_durable(2, state(4, Some(N1), 0)).expect("the first");
    assert_eq!(law(votes.elected(N1, t(5))), ELECTED, "two of four");
    votes.became_durable(2, state(5, Some(N1), 0)).expect("the first");
    assert_eq!(votes.elected(N1, t(5)), Ok(()));
    assert_eq!(law(votes.elected(N2, t(5))), ELECTED);
}
