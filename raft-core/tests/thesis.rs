//! One test for each rule taken from Ongaro's thesis (2014), the section in the name.

mod common;

use common::{
    Node, accepted, answered, append, block, config, i, n, pos, pre_vote, pre_vote_reply, runs_to, sends, t,
    vote, vote_reply, writes,
};
use core::time::Duration;
use raft_core::{Event, Message, Output, ProposeError, RoleName, TransferError};

fn told_to_stand(sent: &[(u64, Message)]) -> Vec<u64> {
    sent.iter()
        .filter(|(_, message)| matches!(message, Message::TimeoutNow { .. }))
        .map(|(to, _)| *to)
        .collect()
}

fn reads_ready(node: &Node) -> usize {
    node.events.iter().filter(|event| matches!(event, Event::ReadReady { .. })).count()
}

// §3.10: leadership transfer.

#[test]
fn thesis_3_10_successor_is_told_when_it_has_everything() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.propose(b"x");
    node.pump();
    node.raft.transfer_leadership(node.now, n(2)).expect("leads");
    assert_eq!(told_to_stand(&node.pump()), [], "entry 2 is not there yet");
    assert_eq!(told_to_stand(&node.tell(3, accepted(1, 2))), [], "another has it");
    assert_eq!(told_to_stand(&node.tell(2, accepted(1, 2))), [2]);
    assert_eq!(told_to_stand(&node.tell(2, accepted(1, 2))), [], "once");
}

#[test]
fn thesis_3_10_successor_that_is_up_to_date_is_told_at_once() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.raft.transfer_leadership(node.now, n(2)).expect("leads");
    assert_eq!(told_to_stand(&node.pump()), [2]);
}

#[test]
fn thesis_3_10_no_proposals_while_handing_over_and_again_when_it_failed() {
    let mut node = Node::fresh(3);
    let last = node.lead_committed();
    node.raft.transfer_leadership(node.now, n(2)).expect("leads");
    assert_eq!(node.raft.propose(node.now, b"x"), Err(ProposeError::Transferring { to: n(2) }));
    let again = node.raft.transfer_leadership(node.now, n(3));
    assert_eq!(again, Err(TransferError::Transferring { to: n(2) }));
    node.pump();
    let end = node.now + Duration::from_millis(500);
    while node.now < end {
        node.tick();
        node.tell(2, accepted(1, last));
        node.tell(3, accepted(1, last));
    }
    node.pump();
    assert!(node.events.contains(&Event::TransferFailed { to: n(2) }), "{:?}", node.events);
    assert_eq!(node.role(), RoleName::Leader);
    node.propose(b"x");
}

#[test]
fn thesis_3_10_successor_is_not_told_after_the_leader_gave_up() {
    let mut node = Node::fresh(3);
    let last = node.lead_committed();
    node.raft.transfer_leadership(node.now, n(2)).expect("leads");
    // Nobody polls until the handover has timed out; the majority is there all the while.
    for _ in 0..6 {
        node.now += Duration::from_millis(100);
        node.step(2, accepted(1, last));
        node.step(3, accepted(1, last));
        node.raft.tick(node.now);
    }
    assert_eq!(told_to_stand(&node.pump()), []);
    assert!(node.events.contains(&Event::TransferFailed { to: n(2) }));
}

#[test]
fn thesis_6_4_confirmed_read_that_waits_for_a_lost_entry_is_lost() {
    let mut node = Node::make(3, config(3).with_reads_max(1), common::Store::default());
    node.lead();
    let read = node.raft.read(node.now).expect("leads");
    node.pump();
    node.tell(2, answered(1, 0, 1)); // a majority follows, but the blank entry is not committed
    assert_eq!(reads_ready(&node), 0);
    node.tell(3, append(2, pos(0, 0), 0, Some(block(2, 1, 1))));
    assert!(node.events.contains(&Event::ReadsLost { first: read, last: read }), "{:?}", node.events);
    node.tell(3, append(2, pos(2, 1), 1, None));
    node.wait(600);
    node.lead_committed();
    node.raft.read(node.now).expect("the place of the lost read is free");
}

#[test]
fn thesis_3_10_transfer_is_refused_to_self_strangers_and_by_followers() {
    let mut node = Node::fresh(3);
    let refused = node.raft.transfer_leadership(node.now, n(2));
    assert_eq!(refused, Err(TransferError::NotLeader { leader: None }));
    node.lead();
    for to in [1, 9] {
        let refused = node.raft.transfer_leadership(node.now, n(to));
        assert_eq!(refused, Err(TransferError::NoSuchPeer { to: n(to) }));
    }
    node.propose(b"still leads");
}

#[test]
fn thesis_3_10_successor_stands_at_once_without_pre_vote() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, Some(block(1, 1, 1))));
    let sent = node.tell(2, Message::TimeoutNow { term: t(1) });
    let request = Message::Vote { term: t(2), last: pos(1, 1), transfer: true };
    assert_eq!(sent, [(2, request.clone()), (3, request)]);
    assert_eq!(node.store.hard_state.vote, Some(n(1)));
}

#[test]
fn thesis_3_10_only_the_leader_of_the_term_may_ask_to_stand() {
    let mut node = Node::fresh(3);
    node.tell(2, append(2, pos(0, 0), 0, None));
    for (from, term) in [(3, 2), (2, 1), (2, 3)] {
        node.tell(from, Message::TimeoutNow { term: t(term) });
        assert_eq!((node.role(), node.term()), (RoleName::Follower, 2));
    }
}

// §4.2.3: who hears a leader does not vote.

#[test]
fn thesis_4_2_3_who_hears_a_leader_neither_votes_nor_takes_the_term() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, None));
    node.wait(249);
    assert_eq!(node.tell(3, vote(5, pos(9, 9))), []);
    assert_eq!((node.term(), node.status().leader), (1, Some(n(2))));
    node.wait(1);
    assert_eq!(node.tell(3, vote(5, pos(9, 9))), [(3, vote_reply(5, true))]);
}

#[test]
fn thesis_4_2_3_leader_that_is_well_is_not_unseated() {
    let mut node = Node::fresh(3);
    node.lead();
    assert_eq!(node.tell(3, vote(5, pos(9, 9))), []);
    assert_eq!((node.role(), node.term()), (RoleName::Leader, 1));
}

#[test]
fn thesis_4_2_3_handover_is_an_exception() {
    let handover = Message::Vote { term: t(2), last: pos(1, 1), transfer: true };
    let mut follower = Node::fresh(3);
    follower.tell(2, append(1, pos(0, 0), 0, Some(block(1, 1, 1))));
    assert_eq!(follower.tell(3, handover.clone()), [(3, vote_reply(2, true))]);
    let mut leader = Node::fresh(3);
    leader.lead_committed();
    assert_eq!(leader.tell(3, handover), [(3, vote_reply(2, true))]);
    assert_eq!(leader.role(), RoleName::Follower);
}

// §6.2: check-quorum.

#[test]
fn thesis_6_2_leader_without_a_majority_gives_way() {
    let mut node = Node::fresh(5);
    node.lead();
    let start = node.now;
    while node.role() == RoleName::Leader {
        node.tick();
        node.tell(2, accepted(1, 1)); // one of four: no majority
        assert!(node.now.since(start) < Duration::from_millis(301));
    }
    assert!(node.now.since(start) >= Duration::from_millis(250));
    assert_eq!((node.term(), node.status().leader), (1, None));
}

#[test]
fn thesis_6_2_leader_with_a_majority_stays() {
    let mut node = Node::fresh(5);
    node.lead();
    for _ in 0..100 {
        node.tick();
        node.tell(2, accepted(1, 1));
        node.tell(5, accepted(1, 1));
    }
    assert_eq!(node.role(), RoleName::Leader);
    let mut alone = Node::fresh(1);
    alone.lead();
    alone.wait(10_000);
    assert_eq!(alone.role(), RoleName::Leader);
}

#[test]
fn thesis_6_2_only_answers_to_appends_count() {
    // The leader's own messages do not arrive; what others send does. It must not stay in office.
    let mut node = Node::fresh(3);
    node.lead();
    let end = node.now + Duration::from_millis(300);
    while node.now < end {
        node.tick();
        for chatter in [
            pre_vote(2, pos(0, 0)),
            vote_reply(1, true),
            pre_vote_reply(1, false),
            common::reply(1, 9, 0, common::ok(0)), // an answer in another session
            common::reply(0, 1, 0, common::ok(0)), // in another term
        ] {
            node.tell(2, chatter.clone());
            node.tell(3, chatter);
        }
    }
    assert_ne!(node.role(), RoleName::Leader);
}

// §6.4: reads.

#[test]
fn thesis_6_4_reads_between_two_polls_share_one_question() {
    let mut node = Node::fresh(3);
    let last = node.lead_committed();
    let reads: Vec<_> = (0..100).map(|_| node.raft.read(node.now).expect("leads")).collect();
    let sent = node.pump();
    assert_eq!(sent.len(), 2, "{sent:?}");
    node.tell(2, answered(1, last, 1));
    let ready = Event::ReadReady { first: reads[0], last: reads[99], index: i(last) };
    assert_eq!(node.events.last(), Some(&ready));
}

#[test]
fn thesis_6_4_answer_to_an_earlier_question_confirms_no_later_read() {
    let mut node = Node::fresh(3);
    let last = node.lead_committed();
    node.raft.read(node.now).expect("leads");
    node.pump();
    node.raft.read(node.now).expect("leads"); // after the question was sent: needs its own
    node.pump();
    node.tell(2, answered(1, last, 1));
    assert_eq!(reads_ready(&node), 1);
    node.tell(2, answered(1, last, 1));
    assert_eq!(reads_ready(&node), 1);
    node.tell(2, answered(1, last, 2));
    assert_eq!(reads_ready(&node), 2);
}

#[test]
fn thesis_6_4_read_needs_what_was_committed_when_it_was_asked() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.propose(b"x");
    node.pump();
    node.tell(3, accepted(1, 2));
    node.propose(b"later");
    let read = node.raft.read(node.now).expect("leads");
    node.pump();
    node.tell(2, answered(1, 1, 1));
    assert_eq!(node.events.last(), Some(&Event::ReadReady { first: read, last: read, index: i(2) }));
}

#[test]
fn thesis_6_4_confirmed_read_waits_until_its_index_is_applied() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.propose(b"x");
    node.pump();
    let read = node.raft.read(node.now).expect("leads");
    node.pump();
    node.step(3, accepted(1, 2));
    let later = node.raft.read(node.now).expect("leads");
    node.poll(); // hands entry 2 to the state machine, which takes its time
    node.step(2, answered(1, 1, 2));
    let ready = |read, index| Output::Notify(Event::ReadReady { first: read, last: read, index: i(index) });
    assert_eq!(node.poll(), [ready(read, 1)], "the later one needs entry 2");
    node.raft.applied(node.now, i(2)).expect("handed out");
    assert_eq!(node.poll(), [ready(later, 2)]);
}

#[test]
fn thesis_6_4_reads_are_lost_with_leadership() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    let read = node.raft.read(node.now).expect("leads");
    node.pump();
    node.tell(2, append(3, pos(0, 0), 0, None));
    assert!(node.events.contains(&Event::ReadsLost { first: read, last: read }));
    node.tell(3, answered(1, 1, 1));
    assert_eq!(reads_ready(&node), 0);
}

#[test]
fn thesis_6_4_follower_answers_with_the_round_it_was_asked() {
    let mut node = Node::fresh(3);
    let ask = |round| Message::Append {
        term: t(1),
        session: common::S1,
        prev: pos(0, 0),
        commit: i(0),
        round: raft_core::Round::new(round),
        reply: true,
        run: None,
    };
    assert_eq!(node.tell(2, ask(4)), [(2, answered(1, 0, 4))]);
    assert_eq!(node.tell(2, ask(3)), [(2, answered(1, 0, 4))], "a delayed one does not turn it back");
    // A new leader counts from the start.
    assert_eq!(node.tell(3, append(2, pos(0, 0), 0, None)), [(3, answered(2, 0, 0))]);
}

// §9.6: pre-vote.

#[test]
fn thesis_9_6_pre_vote_changes_nothing_at_either_side() {
    let mut node = Node::fresh(3);
    let sent = node.ask_pre_votes();
    assert_eq!(sent, [(2, pre_vote(1, pos(0, 0))), (3, pre_vote(1, pos(0, 0)))]);
    assert_eq!((node.term(), node.store.hard_state.vote), (0, None));
    let mut voter = Node::with_log(3, &[4]);
    let timer = voter.raft.next_tick();
    assert_eq!(voter.tell(3, pre_vote(9, pos(4, 1))), [(3, pre_vote_reply(9, true))]);
    assert_eq!(voter.tell(2, pre_vote(9, pos(4, 1))), [(2, pre_vote_reply(9, true))], "it is no vote");
    assert_eq!((voter.term(), voter.raft.next_tick(), voter.store.hard_state.vote), (4, timer, None));
}

#[test]
fn thesis_9_6_pre_vote_is_answered_as_a_vote_would_be() {
    for (term, last, granted) in [
        (5, pos(3, 2), true),
        (4, pos(3, 3), true),
        (3, pos(3, 3), false), // the asker is behind in terms
        (9, pos(3, 1), false), // its log is older
        (9, pos(2, 9), false),
    ] {
        let mut node = Node::with_log(3, &[1, 3]);
        let answer = pre_vote_reply(if granted { term } else { 3 }, granted);
        assert_eq!(node.tell(2, pre_vote(term, last)), [(2, answer)], "{term} {last}");
    }
}

#[test]
fn thesis_9_6_who_hears_a_leader_says_no() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, None));
    node.wait(249);
    assert_eq!(node.tell(3, pre_vote(2, pos(0, 0))), [(3, pre_vote_reply(1, false))]);
    node.wait(1);
    assert_eq!(node.tell(3, pre_vote(2, pos(0, 0))), [(3, pre_vote_reply(2, true))]);
    let mut leader = Node::fresh(3);
    leader.lead();
    assert_eq!(leader.tell(3, pre_vote(2, pos(9, 9))), [(3, pre_vote_reply(1, false))]);
}

#[test]
fn thesis_9_6_without_a_majority_of_pre_votes_the_term_stays() {
    let mut node = Node::fresh(5);
    for _ in 0..50 {
        node.tick();
        node.tell(2, pre_vote_reply(1, true));
        node.tell(3, pre_vote_reply(0, false));
    }
    assert_eq!((node.term(), node.role()), (0, RoleName::PreCandidate));
}

#[test]
fn thesis_9_6_laggard_learns_the_term_from_a_refusal() {
    let mut node = Node::with_log(3, &[2]);
    node.ask_pre_votes();
    node.tell(2, pre_vote_reply(7, false));
    assert_eq!((node.term(), node.role()), (7, RoleName::Follower));
    let sent = node.ask_pre_votes();
    assert_eq!(sent[0], (2, pre_vote(8, pos(2, 1))));
}

#[test]
fn thesis_9_6_pre_votes_for_another_term_do_not_count() {
    let mut node = Node::with_log(3, &[2]);
    node.ask_pre_votes();
    for term in [1, 2, 4] {
        node.tell(2, pre_vote_reply(term, true));
        assert_eq!((node.role(), node.term()), (RoleName::PreCandidate, 2));
    }
}

// §10.2.1: the leader writes in parallel.

#[test]
fn thesis_10_2_1_leader_sends_before_its_own_write_is_durable() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.propose(b"x");
    let outputs = node.poll();
    assert_eq!(writes(&outputs).len(), 1);
    assert!(matches!(outputs[0], Output::Persist { .. }), "the disk starts first");
    assert_eq!(
        runs_to(2, &sends(&outputs)),
        writes(&outputs).pop().and_then(|(_, write)| write.run).as_slice()
    );
}

#[test]
fn thesis_10_2_1_leader_counts_itself_only_when_durable() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.propose(b"x");
    let (id, _) = writes(&node.poll())[0].clone();
    node.step(2, accepted(1, 2));
    assert_eq!(node.commit(), 1, "one of three is no majority");
    node.raft.persisted(node.now, id).expect("handed out");
    assert_eq!(node.commit(), 2);
}

#[test]
fn thesis_10_2_1_followers_alone_may_commit_but_only_what_is_durable_here_is_applied() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.propose(b"x");
    let (id, _) = writes(&node.poll())[0].clone();
    node.step(2, accepted(1, 2));
    node.step(3, accepted(1, 2));
    assert_eq!(node.commit(), 2);
    assert!(!node.poll().iter().any(|output| matches!(output, Output::Apply { .. })));
    node.raft.persisted(node.now, id).expect("handed out");
    assert!(node.poll().iter().any(|output| matches!(output, Output::Apply { .. })));
}

#[test]
fn append_with_entries_is_answered_once_when_durable() {
    let mut leader = Node::fresh(3);
    leader.lead_committed();
    let mut follower = Node::fresh(3); // plays peer 2: ids are only names here
    follower.tell(2, append(1, pos(0, 0), 0, Some(block(1, 1, 1))));
    follower.stalled = true;
    leader.propose(b"x");
    let mut answers = vec![];
    for (_, message) in leader.pump().into_iter().filter(|(to, _)| *to == 2) {
        answers.extend(follower.tell(2, message));
    }
    follower.finish_writes();
    answers.extend(follower.pump());
    assert_eq!(answers, [(2, accepted(1, 2))], "four messages an entry, not six");
}

// Practice beside the thesis: priority.

#[test]
fn priority_lengthens_the_wait_by_one_width_a_step() {
    for priority in 0..=3 {
        let mut node = Node::make(3, config(3).with_priority(priority), common::Store::default());
        for _ in 0..100 {
            let before = node.now;
            node.tick();
            let wait = node.now.since(before).as_millis();
            let low = 250 + 250 * u128::from(3 - priority);
            assert!((low..low + 250).contains(&wait), "{priority}: {wait}");
        }
    }
}

#[test]
fn step_down_lets_others_stand_first_in_the_same_term() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.propose(b"never lost from the log");
    node.raft.step_down(node.now);
    assert_eq!((node.role(), node.term(), node.status().leader), (RoleName::Follower, 1, None));
    assert_eq!(node.status().last, i(2));
    node.pump();
    node.wait(749); // the longest timeout, and on top at least the shortest
    assert_eq!(node.role(), RoleName::Follower);
    let mut follower = Node::fresh(3);
    follower.tell(2, append(1, pos(0, 0), 0, None));
    let before = common::shown(&follower.raft);
    follower.raft.step_down(follower.now);
    assert_eq!(common::shown(&follower.raft), before, "only a leader steps down");
}
