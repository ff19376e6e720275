//! One test for each rule of the Raft paper's Figure 2 (extended version, 2014), the section in the name. The thesis's
//! chapters are in `thesis.rs`.

mod common;

use common::{
    Node, Store, accepted, append, block, cluster::Cluster, n, ok, outcomes, pos, pre_vote_reply, rejected,
    runs_to, sends, t, vote, vote_reply, writes,
};
use raft_core::{EntryKind, Event, Message, Outcome, ProposeError, RoleName};

const fn grants(term: u64) -> Message {
    vote_reply(term, true)
}

const fn denies(term: u64) -> Message {
    vote_reply(term, false)
}

// §5.1: terms.

#[test]
fn section_5_1_term_is_taken_from_any_message() {
    let late = [
        vote(9, pos(9, 9)),
        append(9, pos(0, 0), 0, None),
        denies(9),
        pre_vote_reply(9, false),
        rejected(9, 0, pos(0, 0)),
    ];
    for message in late {
        let mut follower = Node::fresh(3);
        let mut candidate = Node::fresh(3);
        candidate.stand();
        let mut leader = Node::fresh(3);
        leader.lead();
        leader.wait(1); // a leader refuses votes for as long as it leads (thesis §4.2.3)
        for node in [&mut follower, &mut candidate, &mut leader] {
            let sticks = node.role() == RoleName::Leader && matches!(message, Message::Vote { .. });
            node.tell(2, message.clone());
            assert_eq!(node.term(), if sticks { 1 } else { 9 }, "{message:?}");
            assert_eq!(node.role(), if sticks { RoleName::Leader } else { RoleName::Follower });
        }
    }
}

#[test]
fn section_5_1_term_is_durable_before_it_is_answered_in() {
    let mut node = Node::fresh(3);
    node.step(2, append(4, pos(0, 0), 0, None));
    let outputs = node.poll();
    assert_eq!(writes(&outputs)[0].1.hard_state.term, t(4));
    assert_eq!(outcomes(&sends(&outputs)), []);
    let (id, _) = writes(&outputs)[0];
    node.raft.persisted(node.now, id).expect("handed out");
    assert_eq!(outcomes(&sends(&node.poll())), [ok(0)]);
}

#[test]
fn section_5_1_messages_of_earlier_terms_are_refused() {
    let mut node = Node::with_log(3, &[1, 5]);
    let sent = node.tell(2, append(4, pos(1, 1), 0, Some(block(4, 2, 3))));
    assert_eq!(node.store.terms(), [1, 5], "an old leader's entries are not taken");
    assert!(matches!(
        sent[..],
        [(2, Message::AppendReply { term, outcome: Outcome::Rejected { .. }, .. })] if term == t(5)
    ));
    assert_eq!(node.tell(3, vote(4, pos(9, 9))), [(3, denies(5))]);
    assert_eq!(node.tell(3, pre_vote_reply(3, true)), []);
    assert_eq!(node.tell(3, accepted(3, 9)), []);
    assert_eq!((node.term(), node.role()), (5, RoleName::Follower));
}

#[test]
fn section_5_1_starts_as_follower() {
    let mut node = Node::fresh(3);
    assert_eq!((node.role(), node.term()), (RoleName::Follower, 0));
    assert_eq!(node.poll(), []);
    assert!(node.raft.next_tick().is_some());
}

// §5.2: elections.

#[test]
fn section_5_2_votes_once_per_term() {
    let mut node = Node::fresh(5);
    assert_eq!(node.tell(2, vote(1, pos(0, 0))), [(2, grants(1))]);
    assert_eq!(node.store.hard_state.vote, Some(n(2)));
    assert_eq!(node.tell(3, vote(1, pos(0, 0))), [(3, denies(1))]);
    assert_eq!(node.tell(2, vote(1, pos(0, 0))), [(2, grants(1))], "the same vote may be told again");
    assert_eq!(node.tell(3, vote(2, pos(0, 0))), [(3, grants(2))], "a new term is a new vote");
}

#[test]
fn section_5_2_vote_outlives_a_restart() {
    let mut node = Node::fresh(3);
    node.tell(2, vote(3, pos(0, 0)));
    let mut node = Node::make(3, common::config(3), node.store);
    assert_eq!(node.tell(3, vote(3, pos(0, 0))), [(3, denies(3))]);
    assert_eq!(node.tell(2, vote(3, pos(0, 0))), [(2, grants(3))]);
}

#[test]
fn section_5_2_vote_is_durable_before_it_is_told() {
    let mut node = Node::with_log(3, &[2]);
    node.step(2, vote(2, pos(2, 1))); // of the own term: only the vote is new
    let outputs = node.poll();
    let (id, write) = writes(&outputs)[0].clone();
    assert_eq!(write.hard_state.vote, Some(n(2)));
    assert_eq!(sends(&outputs), []);
    node.raft.persisted(node.now, id).expect("handed out");
    assert_eq!(sends(&node.poll()), [(2, grants(2))]);
}

#[test]
fn section_5_2_granting_resets_the_election_timer_and_denying_does_not() {
    let mut node = Node::with_log(3, &[2]);
    let before = node.raft.next_tick().expect("set");
    node.wait(200);
    node.tell(2, vote(3, pos(1, 9)));
    assert_eq!(node.raft.next_tick(), Some(before), "denied: the log is older");
    node.tell(2, vote(3, pos(2, 1)));
    let after = node.raft.next_tick().expect("set");
    assert!(after > before && after >= node.now + core::time::Duration::from_millis(250));
}

#[test]
fn section_5_2_candidate_raises_the_term_and_votes_for_itself() {
    let mut node = Node::with_log(5, &[3, 3]);
    let sent = node.stand();
    assert_eq!(node.store.hard_state.term, t(4));
    assert_eq!(node.store.hard_state.vote, Some(n(1)));
    let asked: Vec<_> = (2..=5).map(|peer| (peer, vote(4, pos(3, 2)))).collect();
    assert_eq!(sent, asked);
    assert_eq!(node.tell(2, vote(4, pos(9, 9))), [(2, denies(4))], "its vote is its own");
}

#[test]
fn section_5_2_majority_elects() {
    for (voters, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)] {
        let mut node = Node::fresh(voters);
        node.ask_pre_votes();
        for peer in 2..=needed {
            node.tell(peer, pre_vote_reply(1, true));
        }
        for peer in 2..=needed {
            assert_eq!(node.role(), RoleName::Candidate, "{voters} voters, {} votes", peer - 1);
            node.tell(peer, grants(1));
        }
        assert_eq!(node.role(), RoleName::Leader, "{voters} voters");
        assert_eq!(node.status().leader, Some(n(1)));
        assert!(node.events.contains(&Event::BecameLeader { term: t(1) }));
    }
}

#[test]
fn section_5_2_one_voice_counts_once() {
    let mut node = Node::fresh(5);
    node.stand();
    for _ in 0..5 {
        node.tell(2, grants(1));
    }
    assert_eq!(node.role(), RoleName::Candidate);
    node.tell(3, grants(1));
    assert_eq!(node.role(), RoleName::Leader);
}

#[test]
fn section_5_2_votes_of_another_term_do_not_count() {
    let mut node = Node::fresh(3);
    node.stand();
    node.ask_pre_votes();
    node.tell(2, pre_vote_reply(2, true));
    assert_eq!((node.role(), node.term()), (RoleName::Candidate, 2));
    node.tell(2, grants(1));
    assert_eq!(node.role(), RoleName::Candidate);
    node.tell(2, grants(2));
    assert_eq!(node.role(), RoleName::Leader);
}

#[test]
fn section_5_2_candidate_yields_to_the_leader_of_its_term() {
    let mut node = Node::fresh(3);
    node.stand();
    node.tell(3, append(1, pos(0, 0), 0, None));
    assert_eq!((node.role(), node.status().leader), (RoleName::Follower, Some(n(3))));
    assert_eq!(node.store.hard_state.vote, Some(n(1)), "its vote in this term stays");
    assert_eq!(node.tell(2, vote(1, pos(9, 9))), []);
}

#[test]
fn section_5_2_candidate_restarts_election_on_split_vote() {
    let mut node = Node::fresh(3);
    node.stand();
    node.tell(2, denies(1));
    node.tell(3, denies(1));
    assert_eq!((node.role(), node.term()), (RoleName::Candidate, 1));
    let sent = node.tick();
    assert_eq!(node.role(), RoleName::PreCandidate);
    assert_eq!(sent.len(), 2);
    node.tell(2, pre_vote_reply(2, true));
    assert_eq!((node.role(), node.term()), (RoleName::Candidate, 2));
}

#[test]
fn section_5_2_election_timeouts_are_drawn_anew_within_their_range() {
    let mut drawn = vec![];
    let mut node = Node::fresh(3);
    for _ in 0..200 {
        let before = node.now;
        node.tick();
        drawn.push(node.now.since(before).as_millis());
    }
    assert!(drawn.iter().all(|wait| (250..500).contains(wait)), "{drawn:?}");
    assert!(drawn.iter().any(|wait| *wait < 300) && drawn.iter().any(|wait| *wait > 450), "{drawn:?}");
}

#[test]
fn section_5_2_heartbeats_keep_followers_from_standing() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, None));
    for _ in 0..100 {
        node.wait(240);
        assert_eq!(node.role(), RoleName::Follower);
        node.tell(2, append(1, pos(0, 0), 0, None));
    }
    node.wait(501);
    assert_eq!(node.role(), RoleName::PreCandidate);
}

#[test]
fn section_5_2_leader_says_at_once_and_regularly_that_it_is_there() {
    let mut node = Node::fresh(3);
    let sent = node.lead();
    assert_eq!(sent.iter().filter(|(_, message)| matches!(message, Message::Append { .. })).count(), 2);
    for _ in 0..3 {
        let before = node.now;
        let sent = node.tick();
        assert_eq!(node.now.since(before).as_millis(), 50);
        assert_eq!(sent.len(), 2, "{sent:?}");
        node.tell(2, accepted(1, 0));
    }
}

// §5.3: replication, the follower's side.

#[test]
fn section_5_3_follower_rejects_without_matching_prev() {
    // (what the leader says comes before, what the follower answers)
    let cases = [
        (pos(1, 1), ok(1)),
        (pos(2, 3), ok(3)),
        (pos(2, 4), Outcome::Rejected { prev: common::i(4), hint: pos(2, 3) }), // the log is shorter
        (pos(3, 9), Outcome::Rejected { prev: common::i(9), hint: pos(2, 3) }),
        (pos(3, 3), Outcome::Rejected { prev: common::i(3), hint: pos(2, 3) }), // another term there
        (pos(1, 3), Outcome::Rejected { prev: common::i(3), hint: pos(1, 1) }), // a later term there: skip it
    ];
    for (prev, answer) in cases {
        let mut node = Node::with_log(3, &[1, 2, 2]);
        assert_eq!(outcomes(&node.tell(2, append(3, prev, 0, None))), [answer], "{prev}");
        let mut node = Node::with_log(3, &[1, 2, 2]);
        node.tell(2, append(3, prev, 0, Some(block(3, prev.index.get() + 1, 2))));
        let taken = matches!(answer, Outcome::Accepted { .. });
        assert_eq!(node.store.terms().last() == Some(&3), taken, "{prev}");
    }
}

#[test]
fn section_5_3_follower_deletes_conflicting_entries_and_all_that_follow() {
    let mut node = Node::with_log(3, &[1, 1, 2, 2, 2]);
    let sent = node.tell(2, append(3, pos(1, 2), 0, Some(block(3, 3, 1))));
    assert_eq!(node.store.terms(), [1, 1, 3]);
    assert_eq!(node.store.entries[2].2, common::content(3, 3));
    assert_eq!(outcomes(&sent), [ok(3)]);
}

#[test]
fn section_5_3_follower_deletes_only_conflicting_entries() {
    // The run begins with what is there already; only from the first difference on is anything replaced.
    let mut node = Node::with_log(3, &[1, 1, 1, 2, 2]);
    node.step(2, append(3, pos(0, 0), 0, Some(block(1, 1, 4))));
    let outputs = node.poll();
    let run = writes(&outputs)[0].1.run.clone().expect("entry 4 differs");
    assert_eq!((run.first(), run.last(), run.term()), (common::i(4), common::i(4), t(1)));
}

#[test]
fn section_5_3_old_append_does_not_truncate() {
    let mut node = Node::with_log(3, &[1, 1, 1, 1, 1]);
    node.tell(2, append(1, pos(1, 5), 0, None));
    let before = node.raft.status();
    let sent = node.tell(2, append(1, pos(1, 1), 0, Some(block(1, 2, 2))));
    assert_eq!(node.store.terms(), [1; 5]);
    assert_eq!(node.raft.status().last, before.last);
    assert_eq!(outcomes(&sent), [ok(5)]);
}

#[test]
fn section_5_3_follower_appends_what_is_new() {
    let mut node = Node::fresh(3);
    node.tell(2, append(2, pos(0, 0), 0, Some(block(1, 1, 3))));
    node.tell(2, append(2, pos(1, 3), 0, Some(block(2, 4, 2))));
    let sent = node.tell(2, append(2, pos(1, 2), 0, Some(block(1, 3, 1))));
    assert_eq!(node.store.terms(), [1, 1, 1, 2, 2]);
    assert_eq!(outcomes(&sent), [ok(5)]);
    for (at, (term, _, payload)) in (1..).zip(&node.store.entries) {
        assert_eq!(*payload, common::content(term.get(), at));
    }
}

#[test]
fn section_5_3_entries_are_durable_before_they_are_acknowledged() {
    let mut node = Node::with_log(3, &[1]);
    node.tell(2, append(1, pos(1, 1), 0, None));
    node.step(2, append(1, pos(1, 1), 0, Some(block(1, 2, 2))));
    let outputs = node.poll();
    let acks = outcomes(&sends(&outputs));
    assert!(acks.iter().all(|outcome| *outcome == ok(1)), "{acks:?}");
    let (id, _) = writes(&outputs)[0];
    node.raft.persisted(node.now, id).expect("handed out");
    assert_eq!(outcomes(&sends(&node.poll())), [ok(3)]);
}

#[test]
fn section_5_3_commit_is_capped_at_last_new_entry() {
    // Entries 3 and 4 are of an old leader; the new one has said nothing about them yet.
    for (run, commit, expected) in [
        (None, 4, 2),
        (None, 1, 1),
        (Some(block(3, 3, 1)), 4, 3),
        (Some(block(3, 3, 1)), 2, 2),
        (Some(block(3, 3, 1)), 9, 3),
    ] {
        let mut node = Node::with_log(3, &[1, 1, 2, 2]);
        node.tell(2, append(3, pos(1, 2), commit, run));
        assert_eq!(node.commit(), expected, "leader's commit {commit}");
    }
}

#[test]
fn section_5_3_committed_entries_are_applied_in_order() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, Some(block(1, 1, 5))));
    assert_eq!(node.applied, []);
    node.tell(2, append(1, pos(1, 5), 3, None));
    let expected: Vec<_> = (1..=3).map(|at| (pos(1, at), common::content(1, at))).collect();
    assert_eq!(node.applied, expected);
    node.tell(2, append(1, pos(1, 5), 2, None));
    assert_eq!(node.commit(), 3, "what is committed stays committed");
    node.tell(2, append(1, pos(1, 5), 5, None));
    assert_eq!(node.applied.len(), 5);
}

// §5.3: replication, the leader's side.

#[test]
fn section_5_3_leader_commits_what_a_majority_holds() {
    for (voters, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
        let mut node = Node::fresh(voters);
        node.lead();
        node.propose(b"x");
        node.pump();
        for peer in 2..=needed {
            assert_eq!(node.commit(), 0, "{voters} voters");
            node.tell(peer, accepted(1, 2));
        }
        assert_eq!(node.commit(), 2, "{voters} voters");
        assert_eq!(node.applied[1], (pos(1, 2), b"x".to_vec()));
    }
}

#[test]
fn section_5_3_leader_never_changes_its_own_log() {
    let mut node = Node::with_log(3, &[1, 2, 3]);
    node.lead();
    node.tell(2, rejected(4, 3, pos(1, 1)));
    node.tell(3, rejected(4, 3, pos(0, 0)));
    assert_eq!(node.store.terms(), [1, 2, 3, 4]);
}

#[test]
fn section_5_3_leader_steps_back_until_the_logs_agree() {
    let mut node = Node::with_log(3, &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6]);
    let sent = node.lead();
    assert!(matches!(sent[..], [(2, Message::Append { prev, .. }), ..] if prev == pos(6, 10)));
    // Figure 7 (f): terms 1 1 1 2 2 2 3 3 3 3 3. Its hint names term 3, which the leader never had: back to term 1.
    let sent = node.tell(2, rejected(7, 10, pos(3, 10)));
    assert!(matches!(sent[..], [(2, Message::Append { prev, .. })] if prev == pos(1, 3)), "{sent:?}");
    let sent = node.tell(2, accepted(7, 6));
    assert!(!runs_to(2, &sent).is_empty());
    assert!(node.status().followers[0].streaming);
}

#[test]
fn section_5_3_every_log_of_figure_7_is_brought_into_line() {
    let leader = vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    let followers: [Vec<u64>; 6] = [
        vec![1, 1, 1, 4, 4, 5, 5, 6, 6],
        vec![1, 1, 1, 4],
        vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        vec![1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        vec![1, 1, 1, 4, 4, 4, 4],
        vec![1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    for follower in followers {
        let behind = follower.len() < leader.len();
        let other = if behind { follower.clone() } else { vec![1] };
        let mut cluster = Cluster::with_logs(&[leader.clone(), follower.clone(), other]);
        // The third gives its vote; the second may well be ahead, and must not stand.
        cluster.cut_between(1, 2);
        cluster.elect(1);
        cluster.heal();
        let term = cluster.node(1).term();
        assert_eq!(cluster.node(2).store.terms(), follower);
        cluster.run(200);
        assert_eq!(cluster.leader(), Some(1));
        assert_eq!(cluster.node(2).store.terms(), [&leader[..], &[term]].concat(), "{follower:?}");
        cluster.run(200);
        cluster.assert_converged();
    }
}

// §5.4: safety.

#[test]
fn section_5_4_1_votes_only_for_logs_at_least_as_up_to_date() {
    // Own log: terms 1 2 2.
    for (last, granted) in [
        (pos(0, 0), false),
        (pos(1, 9), false),
        (pos(2, 2), false),
        (pos(2, 3), true),
        (pos(2, 4), true),
        (pos(3, 1), true),
    ] {
        let mut node = Node::with_log(3, &[1, 2, 2]);
        assert_eq!(node.tell(2, vote(5, last)), [(2, vote_reply(5, granted))], "{last}");
    }
}

#[test]
fn section_5_4_2_only_own_term_commits_by_counting() {
    // Figure 8: entry 2 of term 2 is on a majority, and yet not committed until an entry of term 4 is, too.
    let mut node = Node::with_log(5, &[1, 2]);
    node.store.hard_state.term = t(3);
    let mut node = Node::make(5, common::config(5), node.store);
    node.lead();
    assert_eq!(node.term(), 4);
    node.tell(2, accepted(4, 2));
    node.tell(3, accepted(4, 2));
    node.tell(4, accepted(4, 2));
    assert_eq!(node.commit(), 0);
    node.tell(2, accepted(4, 3));
    assert_eq!(node.commit(), 0);
    node.tell(3, accepted(4, 3));
    assert_eq!(node.commit(), 3, "and with it everything before");
}

// §5.5: crashes of followers and candidates.

#[test]
fn section_5_5_requests_are_repeated_until_answered() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.propose(b"x");
    node.pump(); // lost
    let mut found = false;
    for _ in 0..4 {
        for (to, message) in node.tick() {
            if let (3, Message::Append { .. }) = (to, &message) {
                // Peer 3 has nothing at all, and says so.
                let sent = node.tell(3, accepted(1, 0));
                found |= runs_to(3, &sent).iter().any(|run| run.first() == common::i(1));
            }
            if to == 2 {
                node.tell(2, accepted(1, 1));
            }
        }
    }
    assert!(found, "what was lost is sent again");
}

#[test]
fn section_5_5_repeated_requests_do_no_harm() {
    let mut node = Node::fresh(3);
    let message = append(1, pos(0, 0), 1, Some(block(1, 1, 3)));
    node.tell(2, message.clone());
    let store = node.store.entries.clone();
    for _ in 0..3 {
        let sent = node.tell(2, message.clone());
        assert_eq!(outcomes(&sent), [ok(3)]);
        assert_eq!((node.store.entries.clone(), node.commit()), (store.clone(), 1));
    }
}

// §8: clients.

#[test]
fn section_8_leader_opens_its_term_with_a_blank_entry() {
    let mut node = Node::with_log(3, &[1]);
    let sent = node.lead();
    let run = &runs_to(2, &sent)[0];
    let entry = run.entries().next().expect("not empty");
    assert_eq!((entry.kind, entry.payload, entry.index), (EntryKind::Blank, &b""[..], common::i(2)));
    assert_eq!(run.count(), 1);
    assert_eq!(run.payloads().count(), 0, "the state machine skips it");
    node.tell(2, accepted(2, 2));
    assert_eq!(node.commit(), 2, "what earlier terms left behind is committed with it");
}

#[test]
fn section_8_followers_name_the_leader() {
    let mut node = Node::fresh(3);
    assert_eq!(node.raft.propose(node.now, b"x"), Err(ProposeError::NotLeader { leader: None }));
    node.tell(3, append(1, pos(0, 0), 0, None));
    assert_eq!(node.raft.propose(node.now, b"x"), Err(ProposeError::NotLeader { leader: Some(n(3)) }));
    assert_eq!(node.raft.read(node.now), Err(raft_core::ReadError::NotLeader { leader: Some(n(3)) }));
}

#[test]
fn section_8_read_waits_for_a_majority_that_still_follows() {
    let mut node = Node::fresh(5);
    let last = node.lead_committed();
    let read = node.raft.read(node.now).expect("leads");
    node.pump();
    node.tell(2, common::answered(1, last, 1));
    assert!(!node.events.iter().any(|event| matches!(event, Event::ReadReady { .. })));
    node.tell(3, common::answered(1, last, 1));
    let ready = Event::ReadReady { first: read, last: read, index: common::i(last) };
    assert_eq!(node.events.last(), Some(&ready));
}

#[test]
fn section_8_read_waits_for_the_first_commit_of_the_term() {
    let mut node = Node::make(3, common::config(3), Store::with_terms(&[1, 1, 1]));
    node.lead();
    let read = node.raft.read(node.now).expect("leads");
    node.pump();
    node.tell(2, common::answered(2, 3, 1));
    assert!(!node.events.iter().any(|event| matches!(event, Event::ReadReady { .. })), "{:?}", node.events);
    node.tell(2, common::answered(2, 4, 1));
    let ready = Event::ReadReady { first: read, last: read, index: common::i(4) };
    assert_eq!(node.events.last(), Some(&ready));
    assert_eq!(node.applied.len(), 4, "ready only when applied");
}
