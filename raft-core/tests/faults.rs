//! What storage gives back: recovery, contradictions, and the inert machine after them.

mod common;

use common::{
    Node, Store, accepted, append, block, config, i, n, ok, outcomes, pos, rejected, t, vote, vote_reply,
};
use machine_core::Instant;
use raft_core::{
    ConfigError, Fault, FetchId, HardState, Message, Output, ProposeError, Raft, ReadError, Recovered,
    RecoveredRun, RoleName, Run, TransferError,
};

fn recover(hard_state: HardState, runs: &[(u64, u32, u64)], applied: u64) -> Result<Raft, ConfigError> {
    let run = |(first, count, term): &(u64, u32, u64)| RecoveredRun {
        first: i(*first),
        count: *count,
        term: t(*term),
    };
    let recovered = Recovered { hard_state, runs: runs.iter().map(run).collect(), applied: i(applied) };
    Raft::new(config(3), recovered, 1, Instant::ZERO)
}

const fn state(term: u64, commit: u64) -> HardState {
    HardState { term: t(term), vote: None, commit: i(commit) }
}

fn fault(hard_state: HardState, runs: &[(u64, u32, u64)], applied: u64) -> Fault {
    match recover(hard_state, runs, applied) {
        Err(ConfigError::Recovered(fault)) => fault,
        other => panic!("{runs:?}: {other:?}"),
    }
}

#[test]
fn recovers_log_term_vote_commit_and_applied() {
    let hard_state = HardState { term: t(5), vote: Some(n(3)), commit: i(4) };
    let raft = recover(hard_state, &[(1, 2, 1), (3, 1, 1), (4, 3, 4)], 3).expect("sound");
    let status = raft.status();
    assert_eq!((status.term, status.last, status.durable), (t(5), i(6), i(6)));
    assert_eq!((status.commit, status.applied, status.role), (i(4), i(3), RoleName::Follower));
    let raft = recover(state(5, 1), &[(1, 4, 1)], 3).expect("sound");
    assert_eq!(raft.status().commit, i(3), "what was applied was committed");
    raft.check().expect("sound");
}

#[test]
fn recovered_entries_are_applied_again_from_applied_on() {
    let mut store = Store::with_terms(&[1, 1, 2, 2]);
    store.hard_state.commit = i(3);
    let raft = Raft::new(config(3), store.recovered(1), 1, Instant::ZERO).expect("sound");
    let mut node = Node { raft, ..Node::make(3, config(3), store) };
    node.applied.push((pos(1, 1), vec![])); // the state machine has it
    node.pump();
    let at: Vec<_> = node.applied.iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [pos(1, 1), pos(1, 2), pos(2, 3)]);
}

/// Storage answers with a whole run, of which only the front is committed; a later leader replaces some of the rest.
#[test]
fn rest_of_a_fetched_run_is_not_applied_once_it_was_replaced() {
    let mut store = Store::with_terms(&[1; 20]);
    store.hard_state.commit = i(5);
    let mut node = Node::make(3, config(3), store);
    node.pump();
    assert_eq!(node.applied.len(), 5);
    node.tell(2, append(2, pos(1, 9), 10, Some(block(2, 10, 1))));
    let at: Vec<_> = node.applied.iter().map(|(at, _)| *at).collect();
    let expected: Vec<_> = (1..=9).map(|index| pos(1, index)).chain([pos(2, 10)]).collect();
    assert_eq!(at, expected);
}

#[test]
fn recovered_term_is_not_written_again_before_it_is_answered_in() {
    let mut node = Node::with_log(3, &[2, 2]);
    node.stalled = true;
    assert_eq!(outcomes(&node.tell(2, append(2, pos(2, 2), 0, None))), [ok(2)]);
}

#[test]
fn fault_run_out_of_order() {
    let after = |term, index, runs: &[(u64, u32, u64)]| {
        let found = fault(state(9, 0), runs, 0);
        let (first, ..) = runs[runs.len() - 1];
        let expected =
            Fault::RunOutOfOrder { after: pos(term, index), first: pos(runs[runs.len() - 1].2, first) };
        assert_eq!(found, expected);
        assert!(!found.to_string().is_empty());
    };
    after(0, 0, &[(2, 1, 1)]); // begins too late
    after(0, 0, &[(0, 1, 1)]);
    after(1, 2, &[(1, 2, 1), (4, 1, 1)]); // a gap
    after(1, 2, &[(1, 2, 1), (2, 1, 1)]); // an overlap
    after(3, 2, &[(1, 2, 3), (3, 1, 2)]); // terms that descend
    after(1, 2, &[(1, 2, 1), (3, 0, 1)]); // nothing in it
    after(0, 0, &[(1, 1, 0)]); // no term
}

#[test]
fn fault_term_lost() {
    let found = fault(state(3, 0), &[(1, 2, 4)], 0);
    assert_eq!(found, Fault::TermLost { term: t(3), last: pos(4, 2) });
    assert!(recover(state(4, 0), &[(1, 2, 4)], 0).is_ok());
}

#[test]
fn fault_term_impossible() {
    for term in [(1 << 62) + 1, u64::MAX] {
        assert_eq!(fault(state(term, 0), &[], 0), Fault::TermImpossible { term: t(term) });
    }
    assert!(recover(state(1 << 62, 0), &[], 0).is_ok());
}

#[test]
fn fault_entries_lost() {
    assert_eq!(fault(state(4, 3), &[(1, 2, 4)], 0), Fault::EntriesLost { last: i(2), needed: i(3) });
    assert_eq!(fault(state(4, 0), &[(1, 2, 4)], 5), Fault::EntriesLost { last: i(2), needed: i(5) });
    assert_eq!(fault(state(4, 1), &[], 0), Fault::EntriesLost { last: i(0), needed: i(1) });
}

/// A leader of term 3 that asks for entry 2 of term 1 for peer 2, and its question.
fn asking() -> (Node, FetchId) {
    let mut node = Node::with_log(3, &[1, 1, 1, 2]);
    node.lead();
    node.step(2, rejected(3, 4, pos(1, 1)));
    let fetch = node.poll().into_iter().find_map(|output| match output {
        Output::Fetch { id, from } => Some((id, from)),
        Output::Persist { .. }
        | Output::Send { .. }
        | Output::Apply { .. }
        | Output::Notify(_)
        | Output::Halt(_) => None,
    });
    let (id, from) = fetch.expect("entry 2 is on disk only");
    assert_eq!(from, i(2));
    (node, id)
}

#[test]
fn fetched_runs_may_hold_more_than_was_asked_for() {
    // Whole stored runs: what was before, and what was overwritten later.
    for run in [block(1, 1, 9), block(1, 1, 2), block(1, 2, 1), block(1, 2, 7)] {
        let (mut node, id) = asking();
        node.raft.fetched(node.now, id, run.clone()).expect("asked");
        node.raft.check().expect("sound");
        let sent = common::sends(&node.poll());
        let runs = common::runs_to(2, &sent);
        assert_eq!(runs[0].first(), i(2), "{run:?}");
        assert_eq!(runs[0].last(), run.last().min(i(3)), "{run:?}: entry 4 is of another term by now");
        assert_eq!(runs[0].term(), t(1));
    }
}

#[test]
fn fetched_wrong_entry_halts_and_the_machine_is_inert() {
    for run in [block(1, 3, 1), block(1, 1, 1), block(2, 2, 1), block(3, 1, 9)] {
        let (mut node, id) = asking();
        let (first, count) = (pos(run.term().get(), run.first().get()), run.count());
        node.raft.fetched(node.now, id, run).expect("asked");
        let fault = Fault::WrongEntry { asked: pos(1, 2), first, count };
        assert_eq!(node.poll(), [Output::Halt(fault)], "once, and nothing else");
        assert_eq!(node.poll(), []);
        assert_inert(&mut node);
    }
}

fn assert_inert(node: &mut Node) {
    let now = node.now + core::time::Duration::from_secs(5);
    assert_eq!(node.raft.next_tick(), None);
    assert_eq!(node.raft.propose(now, b"x"), Err(ProposeError::Halted));
    assert_eq!(node.raft.propose_many(now, [b"x"]), Err(ProposeError::Halted));
    assert_eq!(node.raft.read(now), Err(ReadError::Halted));
    node.raft.tick(now);
    let before = node.raft.status();
    for message in [
        vote(9, pos(9, 9)),
        append(9, pos(0, 0), 9, Some(block(9, 1, 3))),
        vote_reply(9, true),
        accepted(3, 5),
        Message::TimeoutNow { term: t(3) },
    ] {
        assert_eq!(node.raft.step(now, n(2), message), Ok(()));
    }
    node.raft.persisted(now, machine_core::WriteId::new(1)).expect("handed out");
    node.raft.applied(now, i(0)).expect("nothing new");
    node.raft.tick(now);
    assert_eq!(node.raft.status(), before);
    assert_eq!(node.poll(), []);
}

#[test]
fn fetched_wrong_entry_to_apply_halts_too() {
    let mut store = Store::with_terms(&[1, 1]);
    store.hard_state.commit = i(2);
    let mut node = Node::make(3, config(3), store);
    let outputs = node.poll();
    let [Output::Fetch { id, .. }] = outputs[..] else { panic!("{outputs:?}") };
    node.raft.fetched(node.now, id, block(2, 1, 2)).expect("asked");
    assert!(matches!(node.poll()[..], [Output::Halt(Fault::WrongEntry { .. })]));
}

#[test]
fn fetched_answers_exactly_once() {
    let (mut node, id) = asking();
    node.raft.fetched(node.now, id, block(1, 2, 1)).expect("asked");
    assert!(node.raft.fetched(node.now, id, block(1, 2, 1)).is_err());
}

#[test]
fn fetched_for_a_leader_that_leads_no_more_is_ignored() {
    let (mut node, id) = asking();
    node.tell(3, append(9, pos(0, 0), 0, Some(block(9, 1, 1))));
    node.raft.fetched(node.now, id, block(1, 2, 1)).expect("asked");
    node.raft.check().expect("sound");
    assert_eq!(node.halt, None);
    // Entry 2 of term 1 is gone, so that even a wrong answer to the old question proves nothing.
    let (mut node, id) = asking();
    node.tell(3, append(9, pos(0, 0), 0, Some(block(9, 1, 1))));
    let other: Run = block(7, 7, 1);
    node.raft.fetched(node.now, id, other).expect("asked");
    assert_eq!(node.poll(), []);
}

#[test]
fn fetch_goes_on_after_leadership_was_lost_and_won_again() {
    let (mut node, _unanswered) = asking();
    node.step(3, append(4, pos(2, 4), 0, None));
    node.pump();
    node.lead();
    let sent = node.tell(2, rejected(5, 5, pos(1, 1)));
    assert!(!common::runs_to(2, &sent).is_empty(), "a new question, although the old one is open: {sent:?}");
}

#[test]
fn halted_leader_hands_nothing_over() {
    let (mut node, id) = asking();
    node.raft.fetched(node.now, id, block(9, 9, 1)).expect("asked");
    node.poll();
    let before = node.raft.status();
    assert_eq!(node.raft.transfer_leadership(node.now, n(2)), Err(TransferError::Halted));
    node.raft.step_down(node.now);
    assert_eq!(node.poll(), []);
    assert_eq!(node.raft.status(), before);
}

#[test]
fn halted_machine_stays_sound_when_its_writes_finish() {
    let (mut node, id) = asking();
    node.stalled = true;
    node.propose(b"x");
    node.pump();
    assert_eq!(node.unfinished.len(), 1);
    node.raft.fetched(node.now, id, block(9, 9, 1)).expect("asked");
    node.finish_writes();
    node.raft.check().expect("sound");
    node.pump();
    assert!(node.halt.is_some());
    assert_eq!(node.poll(), []);
}

#[test]
fn write_that_is_never_confirmed_only_stalls() {
    let mut node = Node::fresh(3);
    node.stalled = true;
    for round in 0..50 {
        node.wait(100);
        node.tell(2, vote(round + 1, pos(9, 9)));
        assert!(node.tell(3, append(round + 1, pos(0, 0), 0, Some(block(1, 1, 2)))).iter().all(
            |(_, message)| {
                !matches!(message, Message::VoteReply { granted: true, .. } | Message::AppendReply { .. })
            }
        ));
    }
    assert_eq!(node.applied, []);
}
