use raft_core::{Message, Outcome};

use super::{FOLLOWER, Pair};

#[test]
fn a_pair_at_rest_commits_what_is_proposed_with_one_append_and_one_answer() {
    let before = Pair::at_rest().leader.status();
    assert!(before.followers[0].streaming && before.followers[0].matched == before.last);
    let mut pair = Pair::with_proposed(64, 256);
    let append = pair.append();
    assert_eq!(append.run().map(raft_core::Run::count), Some(64));
    let answer = pair.answer(append);
    let held = Outcome::Accepted { matched: pair.leader.status().last };
    assert!(matches!(&answer, Message::AppendReply { outcome, .. } if *outcome == held), "{answer:?}");
    pair.leader.step(pair.now, FOLLOWER, answer).expect("the follower is honest");
    assert_eq!(pair.leader.status().followers[0].matched, pair.leader.status().last);
}
