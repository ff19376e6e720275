//! The rules of the shape that all cores share: nothing leaves before what it depends on is durable, any order of
//! calls is safe, peers cannot change anything by an error, misuse is named.

mod common;

use common::{
    Node, Store, accepted, answered, append, block, cluster::Cluster, config, i, n, ok, outcomes, pos,
    pre_vote, pre_vote_reply, rejected, runs_to, sends, t, vote, vote_reply, writes,
};
use machine_core::{Instant, Machine, Misuse, WriteId};
use raft_core::{
    EntryKind, Event, FetchId, LogPos, Message, Output, PeerError, ProposeError, RoleName, Run, SessionId,
    Stamp, Term,
};

// Rule 2: what depends on a write waits for it.

#[test]
fn candidate_asks_for_votes_only_when_its_own_is_durable() {
    let mut node = Node::fresh(3);
    node.ask_pre_votes();
    node.stalled = true;
    assert_eq!(node.tell(2, pre_vote_reply(1, true)), []);
    assert_eq!(node.role(), RoleName::Candidate);
    node.finish_writes();
    assert_eq!(node.pump().len(), 2);
}

#[test]
fn votes_that_arrive_before_the_own_one_is_durable_make_no_leader() {
    // No honest peer votes before it is asked. Three of five, two of three: a majority without the node itself.
    for voters in [3, 5, 7] {
        let mut node = Node::fresh(voters);
        node.ask_pre_votes();
        node.stalled = true;
        for peer in 2..=voters {
            node.tell(peer, pre_vote_reply(1, true));
        }
        assert_eq!(node.role(), RoleName::Candidate);
        for peer in 2..=voters {
            let _refused = node.raft.step(node.now, n(peer), vote_reply(1, true));
            node.raft.check().expect("sound");
            assert_eq!(node.role(), RoleName::Candidate, "{voters} voters");
        }
        node.finish_writes();
        node.pump();
        for peer in 2..=voters {
            let _late = node.raft.step(node.now, n(peer), vote_reply(1, true));
        }
        assert_eq!(node.role(), RoleName::Leader);
    }
}

#[test]
fn single_voter_leads_only_when_its_vote_is_durable() {
    let mut node = Node::fresh(1);
    node.stalled = true;
    node.ask_pre_votes();
    assert_eq!(node.role(), RoleName::Candidate);
    node.finish_writes();
    assert_eq!(node.role(), RoleName::Leader);
    node.propose(b"x");
    node.pump();
    assert_eq!(node.commit(), 0, "its own write is the majority");
    node.finish_writes();
    assert_eq!(node.commit(), 2);
}

#[test]
fn vote_of_an_earlier_election_does_not_count_when_it_becomes_durable_late() {
    let mut node = Node::fresh(1);
    node.stalled = true;
    node.ask_pre_votes();
    node.tick();
    assert_eq!((node.role(), node.term(), node.unfinished.len()), (RoleName::Candidate, 2, 2));
    let (first, _) = node.unfinished.remove(0);
    node.raft.persisted(node.now, first).expect("handed out");
    node.raft.check().expect("sound");
    assert_eq!(node.role(), RoleName::Candidate);
    node.finish_writes();
    assert_eq!(node.role(), RoleName::Leader);
}

#[test]
fn answers_in_a_new_term_wait_for_the_term_even_if_the_entries_are_durable() {
    let mut node = Node::with_log(3, &[1, 1]);
    node.stalled = true;
    assert_eq!(outcomes(&node.tell(2, append(5, pos(1, 2), 0, None))), []);
    assert_eq!(outcomes(&node.tell(2, append(5, pos(1, 9), 0, None))), [], "nor may it reject");
    node.finish_writes();
    assert_eq!(outcomes(&node.pump())[0], ok(2));
}

#[test]
fn vote_given_up_for_a_later_term_is_never_told() {
    let mut node = Node::fresh(3);
    node.stalled = true;
    node.tell(2, vote(1, pos(0, 0)));
    node.tell(3, vote(2, pos(0, 0)));
    node.finish_writes();
    assert_eq!(node.pump(), [(3, vote_reply(2, true))]);
}

#[test]
fn term_and_vote_are_written_with_or_before_the_entries_that_need_them() {
    let mut node = Node::with_log(3, &[1]);
    node.step(2, append(3, pos(1, 1), 0, Some(block(3, 2, 2))));
    let written = writes(&node.poll());
    assert_eq!(written[0].1.hard_state.term, t(3));
    assert!(written[0].1.run.is_some(), "one write, so that a crash keeps both or none");
    assert_eq!(written.len(), 1);
}

#[test]
fn commit_hint_never_runs_ahead_of_what_is_written_with_it() {
    let mut node = Node::fresh(3);
    node.step(2, append(2, pos(0, 0), 0, Some(block(1, 1, 2))));
    node.step(2, append(2, pos(1, 2), 4, Some(block(2, 3, 2))));
    assert_eq!(node.commit(), 4);
    // A crash after any of the writes must leave a log that reaches to its commit index.
    let mut store = Store::default();
    for (_, write) in writes(&node.poll()) {
        store.write(&write);
        assert!(store.hard_state.commit <= i(store.entries.len() as u64), "{write:?}");
    }
    assert_eq!((store.terms(), store.hard_state.commit), (vec![1, 1, 2, 2], i(4)));
}

#[test]
fn overwritten_write_that_finishes_late_makes_nothing_durable() {
    // A-C-A: the same entries, another leader's in between, the same again.
    let mut node = Node::with_log(3, &[1]);
    node.step(2, append(2, pos(1, 1), 0, Some(block(2, 2, 2))));
    let first = writes(&node.poll())[0].0;
    node.step(3, append(3, pos(1, 1), 0, Some(block(3, 2, 1))));
    let second = writes(&node.poll())[0].0;
    node.step(2, append(4, pos(1, 1), 0, Some(block(2, 2, 2))));
    let third = writes(&node.poll())[0].0;
    finish_one_by_one(&mut node, [(first, 1), (second, 1), (third, 3)]);
}

#[test]
fn overwritten_writes_that_wait_for_one_another_make_nothing_durable() {
    let mut node = Node::with_log(3, &[1]);
    node.step(2, append(2, pos(1, 1), 0, Some(block(2, 2, 2))));
    let first = writes(&node.poll())[0].0;
    node.step(2, append(2, pos(2, 3), 0, Some(block(2, 4, 1))));
    let second = writes(&node.poll())[0].0;
    // As long as both of them, so that the log itself cannot tell.
    node.step(3, append(3, pos(1, 1), 0, Some(block(3, 2, 3))));
    let third = writes(&node.poll())[0].0;
    finish_one_by_one(&mut node, [(first, 1), (second, 1), (third, 4)]);
}

/// Confirms writes, and sees how far the log is durable, and said to be, after each.
fn finish_one_by_one(node: &mut Node, writes: [(WriteId, u64); 3]) {
    for (id, durable) in writes {
        node.raft.persisted(node.now, id).expect("handed out");
        node.raft.check().expect("sound");
        assert_eq!(node.status().durable, i(durable), "{id}");
        let acks = outcomes(&sends(&node.poll()));
        assert!(acks.iter().all(|ack| *ack == ok(durable)), "{id}: {acks:?}");
    }
}

#[test]
fn confirmation_of_a_later_write_stands_for_the_earlier_ones() {
    let mut node = Node::with_log(3, &[1]);
    let mut ids = vec![];
    for at in 1..=3 {
        node.step(2, append(1, pos(1, at), 0, Some(block(1, at + 1, 1))));
        ids.push(writes(&node.poll())[0].0);
    }
    node.raft.persisted(node.now, ids[2]).expect("handed out");
    assert_eq!(node.status().durable, i(4));
    let before = common::shown(&node.raft);
    node.raft.persisted(node.now, ids[0]).expect("an old id is no error");
    node.raft.persisted(node.now, WriteId::NONE).expect("an old id is no error");
    assert_eq!(common::shown(&node.raft), before);
}

// Rule 1: any order of calls is safe.

#[test]
fn proposals_between_two_polls_are_few_writes_and_one_message() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.tell(3, accepted(1, 1));
    for _ in 0..50 {
        node.propose(b"x");
    }
    let outputs = node.poll();
    let written = writes(&outputs);
    assert!(written.len() <= 3, "{written:?}"); // the first blocks are small, each twice the one before
    assert_eq!(written.iter().filter_map(|(_, write)| write.run.as_ref()).map(Run::count).sum::<u32>(), 50);
    assert_eq!(sends(&outputs).len(), 2);
    assert_eq!(runs_to(3, &sends(&outputs))[0].count(), 50);
}

#[test]
fn nothing_needs_to_be_polled_before_anything_else() {
    let mut node = Node::fresh(3);
    node.step(2, append(1, pos(0, 0), 0, Some(block(1, 1, 3))));
    node.step(3, vote(1, pos(0, 0)));
    node.step(3, append(2, pos(1, 1), 2, Some(block(2, 2, 1))));
    node.raft.tick(node.now);
    node.step(2, append(4, pos(2, 2), 2, Some(block(4, 3, 1))));
    node.wait_without_polling();
    node.step(3, vote(9, pos(9, 9)));
    node.pump();
    assert_eq!(node.store.terms(), [1, 2, 4]);
    assert_eq!(node.store.hard_state.term, t(9));
    assert_eq!(node.applied.len(), 2);
}

trait WaitWithoutPolling {
    fn wait_without_polling(&mut self);
}

impl WaitWithoutPolling for Node {
    fn wait_without_polling(&mut self) {
        for _ in 0..10 {
            self.now = self.now.max(self.raft.next_tick().expect("set"));
            self.raft.tick(self.now);
            self.raft.check().expect("sound");
        }
    }
}

#[test]
fn time_never_runs_back_and_early_ticks_do_nothing() {
    let mut node = Node::fresh(3);
    node.wait(100);
    let before = common::shown(&node.raft);
    node.raft.tick(Instant::ZERO);
    node.raft.tick(node.now);
    assert_eq!(common::shown(&node.raft), before);
    node.raft.step(Instant::ZERO, n(2), append(1, pos(0, 0), 0, None)).expect("honest");
    assert!(node.raft.next_tick().expect("set") >= node.now + core::time::Duration::from_millis(250));
}

#[test]
fn end_of_time_is_survived() {
    let mut node = Node::fresh(3);
    node.lead();
    node.now = Instant::MAX;
    for _ in 0..10 {
        node.raft.tick(Instant::MAX);
        node.pump();
        node.raft.check().expect("sound");
    }
    assert_ne!(node.role(), RoleName::Leader);
}

#[test]
fn machine_trait_is_the_same_machine() {
    fn drive(machine: &mut impl Machine<Message = Message, Output = Output, PeerError = PeerError>) -> bool {
        let now = machine.next_tick().expect("an election");
        machine.tick(now);
        let _asked = machine.step(now, n(2), pre_vote_reply(1, true));
        match machine.poll_output() {
            Some(Output::Persist { id, .. }) => machine.persisted(now, id).is_ok(),
            _ => false,
        }
    }
    assert!(drive(&mut Node::fresh(3).raft));
}

#[test]
fn facts_are_told_as_their_result() {
    let mut node = Node::fresh(3);
    node.step(2, append(1, pos(0, 0), 0, None));
    node.step(3, append(2, pos(0, 0), 0, None));
    node.pump();
    assert_eq!(node.events, [Event::BecameFollower { term: t(2), leader: Some(n(3)) }]);
}

// Rule 4: a peer's error leaves everything as it was.

#[expect(clippy::needless_pass_by_value, reason = "reads as the call it stands for")]
fn peer_error(node: &mut Node, from: u64, message: Message) -> PeerError {
    let before = common::shown(&node.raft);
    let later = node.now + core::time::Duration::from_secs(1);
    let error = node.raft.step(later, n(from), message.clone()).expect_err(&format!("{message:?}"));
    assert_eq!(common::shown(&node.raft), before, "{error}");
    assert!(!error.to_string().is_empty());
    error
}

#[test]
fn peer_error_unknown_peer() {
    let mut node = Node::fresh(3);
    for from in [1, 4, u64::MAX] {
        assert_eq!(peer_error(&mut node, from, vote(1, pos(0, 0))), PeerError::UnknownPeer { from: n(from) });
    }
}

#[test]
fn peer_error_term_too_far() {
    let mut node = Node::fresh(3);
    let far = (1 << 40) + 1;
    for message in [
        vote(far, pos(0, 0)),
        pre_vote(u64::MAX, pos(0, 0)),
        append(far, pos(0, 0), 0, None),
        accepted(far, 0),
    ] {
        let term = message.term();
        assert_eq!(peer_error(&mut node, 2, message), PeerError::TermTooFar { term, own: t(0) });
    }
    node.step(2, vote(far - 1, pos(0, 0)));
    assert_eq!(node.term(), far - 1);
}

#[test]
fn peer_error_term_too_far_at_the_end_of_all_terms() {
    let end = 1 << 62;
    let mut store = Store::default();
    store.hard_state.term = t(end);
    let mut node = Node::make(3, config(3), store);
    let expected = PeerError::TermTooFar { term: t(end + 2), own: t(end) };
    assert_eq!(peer_error(&mut node, 2, vote(end + 2, pos(0, 0))), expected);
    node.tell(2, append(end, pos(0, 0), 0, None));
    node.tell(2, Message::TimeoutNow { term: t(end) });
    assert_eq!((node.term(), node.role()), (end + 1, RoleName::Candidate), "there is always one term more");
}

#[test]
fn peer_error_term_zero() {
    let mut node = Node::fresh(3);
    for message in [
        pre_vote(0, pos(0, 0)),
        vote(0, pos(0, 0)),
        append(0, pos(0, 0), 0, None),
        Message::TimeoutNow { term: t(0) },
        vote_reply(0, true),
        pre_vote_reply(0, true),
    ] {
        assert_eq!(peer_error(&mut node, 2, message), PeerError::TermZero);
    }
    for honest in [vote_reply(0, false), pre_vote_reply(0, false), accepted(0, 0)] {
        assert_eq!(node.tell(2, honest), [], "a node that never heard of a term says so");
    }
}

#[test]
fn peer_error_round_never_asked() {
    let mut node = Node::fresh(3);
    let last = node.lead_committed();
    node.raft.read(node.now).expect("leads");
    node.pump();
    let newest = raft_core::Round::new(1);
    for claimed in [2, u64::MAX] {
        let round = raft_core::Round::new(claimed);
        let expected = PeerError::RoundNeverAsked { round, newest };
        assert_eq!(peer_error(&mut node, 2, answered(1, last, claimed)), expected);
    }
    node.tell(2, answered(1, last, 1));
}

#[test]
fn peer_error_two_leaders() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, None));
    let expected = PeerError::TwoLeaders { term: t(1), known: n(2), claimed: n(3) };
    assert_eq!(peer_error(&mut node, 3, append(1, pos(0, 0), 0, None)), expected);
    let mut leader = Node::fresh(3);
    leader.lead();
    let expected = PeerError::TwoLeaders { term: t(1), known: n(1), claimed: n(3) };
    assert_eq!(peer_error(&mut leader, 3, append(1, pos(0, 0), 0, Some(block(1, 1, 1)))), expected);
}

#[test]
fn peer_error_run_misplaced() {
    let place = |term, index| LogPos { term: Term::new(term), index: i(index) };
    for (term, prev, run) in [
        (5, pos(1, 1), block(1, 3, 1)), // a gap
        (5, pos(1, 2), block(1, 2, 1)), // an overlap
        (5, pos(4, 2), block(3, 3, 1)), // terms that descend
        (5, pos(1, 2), block(6, 3, 1)), // of a later term than the leader's
        (5, pos(1, u64::MAX), block(1, 1, 1)),
    ] {
        let mut node = Node::with_log(3, &[1, 1]);
        let first = place(run.term().get(), run.first().get());
        let expected = PeerError::RunMisplaced { prev, first, term: t(term) };
        assert_eq!(peer_error(&mut node, 2, append(term, prev, 0, Some(run))), expected);
    }
}

#[test]
fn peer_error_run_too_large() {
    let limits = config(3).with_append_bytes_max(64);
    let mut node = Node::make(3, limits, Store::default());
    let run = common::run_of(1, 1, &[vec![0; 60]]);
    let expected = PeerError::RunTooLarge { bytes: 65, bytes_max: 64 };
    assert_eq!(peer_error(&mut node, 2, append(1, pos(0, 0), 0, Some(run))), expected);
    node.step(2, append(1, pos(0, 0), 0, Some(common::run_of(1, 1, &[vec![0; 59]]))));
}

#[test]
fn peer_error_conflicts_with_committed() {
    let mut node = Node::with_log(3, &[1, 1, 1, 1]);
    node.tell(2, append(1, pos(1, 4), 3, None));
    for (message, at) in [
        (append(2, pos(1, 2), 0, Some(block(2, 3, 1))), pos(2, 3)),
        (append(2, pos(0, 0), 0, Some(block(2, 1, 1))), pos(2, 1)),
        (append(3, pos(2, 3), 0, None), pos(2, 3)),
        (append(3, pos(1, 0), 0, None), pos(1, 0)),
    ] {
        let expected = PeerError::ConflictsWithCommitted { at, commit: i(3) };
        assert_eq!(peer_error(&mut node, 3, message), expected);
    }
    node.tell(3, append(2, pos(1, 3), 0, Some(block(2, 4, 1))));
    assert_eq!(node.store.terms(), [1, 1, 1, 2], "what is not committed may be replaced");
}

#[test]
fn peer_error_ack_beyond_log() {
    let mut node = Node::fresh(3);
    node.lead();
    for matched in [2, u64::MAX] {
        let expected = PeerError::AckBeyondLog { matched: i(matched), last: i(1) };
        assert_eq!(peer_error(&mut node, 2, accepted(1, matched)), expected);
    }
    assert_eq!(node.commit(), 0);
}

#[test]
fn peer_error_hint_beyond_prev() {
    let mut node = Node::fresh(3);
    node.lead();
    let expected = PeerError::HintBeyondPrev { prev: i(0), hint: pos(1, 1) };
    assert_eq!(peer_error(&mut node, 2, rejected(1, 0, pos(1, 1))), expected);
}

// Sessions.

#[test]
fn answers_of_another_session_or_term_are_ignored() {
    let mut node = Node::fresh(3);
    node.lead();
    let before = node.status();
    for (term, session) in [(1, 0), (1, 2), (1, u64::MAX), (0, 1)] {
        node.tell(2, common::reply(term, session, 0, ok(1)));
        node.tell(2, common::reply(term, session, 0, ok(u64::MAX)));
        let no = raft_core::Outcome::Rejected { prev: i(0), hint: pos(0, 0) };
        node.tell(2, common::reply(term, session, 0, no));
        assert_eq!(node.status(), before, "term {term} session {session}");
    }
    node.tell(2, accepted(1, 1));
    assert_eq!(node.commit(), 1);
}

#[test]
fn follower_starts_anew_with_a_new_session_and_answers_in_it() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, Some(block(1, 1, 2))));
    let again = Message::Append {
        term: t(1),
        session: SessionId::new(5),
        prev: pos(0, 0),
        commit: i(0),
        round: raft_core::Round::new(3),
        reply: true,
        run: None,
    };
    // What was verified in the earlier session is not vouched for in this one.
    assert_eq!(node.tell(2, again), [(2, common::reply(1, 5, 3, ok(0)))]);
}

// Misuse: the caller's own mistakes are named and change nothing.

#[test]
fn misuse_unknown_write() {
    let mut node = Node::fresh(3);
    node.step(2, vote(1, pos(0, 0)));
    let before = common::shown(&node.raft);
    let error = node.raft.persisted(node.now, WriteId::new(1));
    assert_eq!(error, Err(Misuse::UnknownWrite { named: WriteId::new(1), newest: WriteId::NONE }));
    assert_eq!(common::shown(&node.raft), before);
}

#[test]
fn misuse_not_handed_out() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 2, Some(block(1, 1, 3))));
    let before = common::shown(&node.raft);
    assert_eq!(node.raft.applied(node.now, i(3)), Err(Misuse::NotHandedOut { named: 3, last: 2 }));
    assert_eq!(node.raft.applied(node.now, i(0)), Ok(()));
    assert_eq!(node.raft.applied(node.now, i(1)), Ok(()));
    assert_eq!(common::shown(&node.raft), before, "older indexes change nothing");
}

#[test]
fn misuse_unknown_fetch() {
    let mut node = Node::fresh(3);
    let before = common::shown(&node.raft);
    let run: Run = block(1, 1, 1);
    let error = node.raft.fetched(node.now, FetchId::new(1), run);
    assert_eq!(error, Err(Misuse::UnknownFetch { named: 1 }));
    assert_eq!(common::shown(&node.raft), before);
}

#[test]
fn refused_commands_change_nothing() {
    let mut node = Node::fresh(3);
    let before = common::shown(&node.raft);
    assert!(node.raft.propose(node.now, b"x").is_err());
    assert!(node.raft.read(node.now).is_err());
    assert!(node.raft.transfer_leadership(node.now, n(2)).is_err());
    assert_eq!(common::shown(&node.raft), before);
    node.lead();
    let before = common::shown(&node.raft);
    let none: [&[u8]; 0] = [];
    assert_eq!(node.raft.propose_many(node.now, none), Err(ProposeError::Full));
    assert!(node.raft.transfer_leadership(node.now, n(1)).is_err());
    assert_eq!(common::shown(&node.raft), before);
}

// Losing the majority.

#[test]
fn no_quorum_is_said_at_once_by_a_leader_that_has_lost_it() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    // Nobody called tick: the machine knows from the time alone.
    let later = node.now + core::time::Duration::from_millis(260);
    assert_eq!(node.raft.propose(later, b"x"), Err(ProposeError::NoQuorum));
    assert_eq!(node.raft.read(later), Err(raft_core::ReadError::NoQuorum));
    assert!(!node.status().quorum_heard || node.role() == RoleName::Leader);
}

#[test]
fn no_quorum_is_said_by_a_node_that_hears_nobody() {
    let mut cluster = Cluster::fresh(3);
    cluster.run(2_000);
    let leader = cluster.leader().expect("elected");
    for other in (1..=3).filter(|other| *other != leader) {
        cluster.crash(other);
    }
    cluster.run(1_200);
    let node = cluster.node(leader);
    assert_ne!(node.role(), RoleName::Leader);
    assert_eq!(node.raft.propose(node.now, b"x"), Err(ProposeError::NoQuorum));
    assert!(!node.status().quorum_heard);
}

#[test]
fn proposals_are_taken_again_when_the_majority_answers_in_time() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    let later = node.now + core::time::Duration::from_millis(240);
    node.raft.step(later, n(2), answered(1, 1, 0)).expect("honest");
    let later = node.now + core::time::Duration::from_millis(300);
    assert!(node.raft.propose(later, b"x").is_ok());
}

// Stamps: carried, never looked at.

#[test]
fn stamps_come_out_as_they_were_proposed() {
    let mut node = Node::fresh(1);
    node.lead();
    let stamp = Stamp::new(0xfedc_ba98_7654_3210);
    let at = node.raft.propose_stamped(node.now, stamp, b"x").expect("it leads");
    let [(id, write)] = &writes(&node.poll())[..] else { panic!("one write") };
    assert_eq!(node.raft.persisted(node.now, *id), Ok(()));
    let outputs = node.poll();
    let [Output::Apply { run }] = &outputs[..] else { panic!("{outputs:?}") };
    for run in [run, write.run.as_ref().expect("the entry")] {
        let entries: Vec<_> = run.entries().map(|entry| (entry.index, entry.kind, entry.payload)).collect();
        assert_eq!(entries, [(at.index, EntryKind::Stamped(stamp), &b"x"[..])]);
        assert_eq!(run.payloads().collect::<Vec<_>>(), [(at.index, &b"x"[..])]);
    }
}

#[test]
fn stamps_count_towards_the_largest_entry() {
    let mut node = Node::make(1, config(1).with_append_bytes_max(23), Store::default());
    node.lead();
    let stamp = Stamp::new(1);
    let error = node.raft.propose_stamped(node.now, stamp, &[0; 11]);
    assert_eq!(error, Err(ProposeError::TooLarge { bytes: 11, bytes_max: 10 }));
    assert!(node.raft.propose_stamped(node.now, stamp, &[0; 10]).is_ok());
    assert!(node.raft.propose(node.now, &[0; 18]).is_ok());
    assert_eq!(
        Node::fresh(3).raft.propose_stamped(Instant::ZERO, stamp, b"x"),
        Err(ProposeError::NotLeader { leader: None })
    );
}
