//! Bugs that other implementations had, as far as they concern a fixed set of voters: each a named scenario. The
//! comment says where it happened; the number is the one of our list of such bugs.

mod common;

use common::{
    Node, Store, accepted, answered, append, block, cluster::Cluster, config, i, n, newest_session, ok,
    outcomes, pos, pre_vote, pre_vote_reply, rejected, reply, runs_to, sends, t, vote, vote_reply, writes,
};
use core::time::Duration;
use raft_core::{Event, Message, Outcome, PeerError, RoleName};

fn reads_ready(node: &Node) -> usize {
    node.events.iter().filter(|event| matches!(event, Event::ReadReady { .. })).count()
}

/// 1: logcabin 44 (2013). The whole of Figure 8, (a) to (e).
#[test]
fn h01_commit_of_an_earlier_term_by_counting() {
    // (c): entry 2 of term 2 is on 1, 2 and 3, entry 2 of term 3 on 5; 1 leads term 4.
    let logs = [vec![1, 2], vec![1, 2], vec![1, 2], vec![1], vec![1, 3]];
    let mut cluster = Cluster::with_logs(&logs);
    cluster.isolate(5);
    cluster.elect(1);
    assert!(cluster.node(1).term() >= 4);
    // (d) could still follow had the entry of term 4 not been replicated; (e): it was, and now all of it is decided.
    let term = cluster.node(1).term();
    assert_eq!(cluster.node(1).commit(), 3);
    cluster.heal();
    cluster.run(3_000);
    cluster.assert_converged();
    assert_eq!(cluster.node(5).store.terms()[..3], [1, 2, term]);
}

/// 3: etcd 7331, raft-rs 8c95a3f. A new leader answers a read before it knows what is committed.
#[test]
fn h03_read_before_a_commit_in_the_own_term() {
    // Entry 2 was committed and acknowledged by the old leader; nobody else knows.
    let mut store = Store::with_terms(&[1, 1]);
    store.hard_state.commit = i(1);
    let mut node = Node::make(3, config(3), store);
    node.lead();
    node.raft.read(node.now).expect("leads");
    node.pump();
    node.tell(2, answered(2, 2, 1));
    node.tell(3, answered(2, 2, 1));
    assert_eq!((reads_ready(&node), node.commit()), (0, 1));
    node.tell(2, answered(2, 3, 1));
    assert_eq!(reads_ready(&node), 1);
    assert_eq!(node.applied[1], (pos(1, 2), common::content(1, 2)));
}

/// 4: etcd 20418 (2025), raft-rs main. A delayed answer to an earlier question confirms a later read of a leader that
/// was deposed in between.
#[test]
fn h04_late_answer_confirms_a_later_read() {
    let mut node = Node::fresh(3);
    let last = node.lead_committed();
    node.raft.read(node.now).expect("leads");
    node.pump();
    let late = answered(1, last, 1);
    node.tell(3, late.clone());
    assert_eq!(reads_ready(&node), 1);
    // Meanwhile 2 and 3 follow another leader, of which this node has not heard. A client reads here.
    node.raft.read(node.now).expect("still thinks it leads");
    node.pump();
    node.tell(2, late.clone());
    node.tell(3, late);
    assert_eq!(reads_ready(&node), 1);
}

/// 5: etcd-io/raft 105, openraft 1246, 1511. A group of one reads after a restart with a commit index that is old.
#[test]
fn h05_single_node_reads_after_a_restart() {
    let mut store = Store::with_terms(&[1, 1, 1]);
    store.hard_state.commit = i(1);
    store.hard_state.vote = Some(n(1));
    let mut node = Node::make(1, config(1), store);
    node.stalled = true;
    node.ask_pre_votes();
    node.finish_writes();
    assert_eq!(node.role(), RoleName::Leader);
    let read = node.raft.read(node.now).expect("leads");
    node.pump();
    assert_eq!(reads_ready(&node), 0);
    node.finish_writes();
    node.pump();
    assert_eq!(node.applied.len(), 4);
    assert_eq!(node.events.last(), Some(&Event::ReadReady { first: read, last: read, index: i(4) }));
}

/// 6: hashicorp 661. Term and vote in two writes: a crash between them forgets the vote.
#[test]
fn h06_term_and_vote_are_one_write() {
    let mut node = Node::fresh(3);
    node.step(2, vote(5, pos(0, 0)));
    let written = writes(&node.poll());
    assert_eq!(written.len(), 1);
    assert_eq!((written[0].1.hard_state.term, written[0].1.hard_state.vote), (t(5), Some(n(2))));
}

/// 7, 8: tikv 8381, nodedb 161, nebula 3415. A vote that was not saved, others' or one's own.
#[test]
fn h07_h08_no_second_vote_after_a_crash() {
    // Crash before the write: the vote was never told. Crash after it: it is never given to another.
    for finished in [false, true] {
        let mut voter = Node::fresh(3);
        voter.stalled = true;
        let mut told = voter.tell(2, vote(1, pos(0, 0)));
        if finished {
            voter.finish_writes();
            told.extend(voter.pump());
        }
        let mut voter = Node::make(3, config(3), voter.store);
        told.extend(voter.tell(3, vote(1, pos(0, 0))));
        let grants = told.iter().filter(|(_, message)| *message == vote_reply(1, true)).count();
        assert_eq!(grants, 1, "{told:?}");
    }
    let mut candidate = Node::fresh(3);
    candidate.stand();
    let mut candidate = Node::make(3, config(3), candidate.store);
    assert_eq!(candidate.tell(2, vote(1, pos(9, 9))), [(2, vote_reply(1, false))]);
}

/// 9: openraft a48a3282 (2021). The comparison of last entries looked at the index first.
#[test]
fn h09_up_to_date_is_term_first() {
    let mut node = Node::with_log(3, &[1, 1, 1, 1, 1]);
    assert_eq!(node.tell(2, vote(9, pos(2, 1))), [(2, vote_reply(9, true))]);
    let mut node = Node::with_log(3, &[2]);
    assert_eq!(node.tell(2, vote(9, pos(1, 100))), [(2, vote_reply(9, false))]);
}

/// 10: openraft d60f1e85, d882e743, beb0302b, hashicorp 163a55f. Majorities off by one, for even groups and for reads.
#[test]
fn h10_majorities_of_even_groups() {
    let mut node = Node::fresh(4);
    let last = node.lead_committed();
    node.raft.read(node.now).expect("leads");
    node.propose(b"x");
    node.pump();
    node.tell(2, answered(1, last + 1, 1));
    assert_eq!((node.commit(), reads_ready(&node)), (last, 0), "two of four");
    node.tell(3, answered(1, last + 1, 1));
    assert_eq!((node.commit(), reads_ready(&node)), (last + 1, 1), "three of four");
}

/// 11: openraft 9540c904, nebula 2483, CCF 6016. A late append removes entries that match, committed ones among them.
#[test]
fn h11_late_append_removes_nothing_that_matches() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, Some(block(1, 1, 4))));
    node.tell(2, append(1, pos(1, 4), 4, None));
    for run in [None, Some(block(1, 1, 1)), Some(block(1, 1, 2)), Some(block(1, 1, 4))] {
        node.tell(2, append(1, pos(0, 0), 0, run));
        assert_eq!((node.store.terms(), node.commit()), (vec![1; 4], 4));
    }
}

/// 12, 13: scylla 9965 (2022), CCF 6016. Commit and acknowledgement reach beyond the request into an old leader's tail.
#[test]
fn h12_h13_own_tail_is_neither_committed_nor_acknowledged() {
    let mut node = Node::with_log(3, &[1, 1, 2, 2]);
    let sent = node.tell(3, append(3, pos(1, 1), 4, Some(block(1, 2, 1))));
    assert_eq!(node.commit(), 2);
    assert_eq!(outcomes(&sent), [ok(2)]);
}

/// 14: CCF 5674 (NSDI'25). The commit index moves on a rejection.
#[test]
fn h14_rejection_commits_nothing() {
    let mut node = Node::fresh(3);
    node.lead();
    node.propose(b"x");
    node.pump();
    for peer in [2, 3] {
        node.tell(peer, rejected(1, 2, pos(1, 2)));
        node.tell(peer, rejected(1, 1, pos(1, 1)));
        assert_eq!(node.commit(), 0);
        assert_eq!(node.status().followers[0].matched, i(0));
    }
}

/// 15: openraft 1125. The new leader's blank entry counts as durable before it is.
#[test]
fn h15_blank_entry_counts_only_when_durable() {
    let mut node = Node::fresh(3);
    node.stand();
    node.stalled = true;
    node.tell(2, vote_reply(1, true));
    node.tell(2, accepted(1, 1));
    assert_eq!(node.commit(), 0);
    node.finish_writes();
    assert_eq!(node.commit(), 1);
}

/// 16: etcd-io/raft 8, openraft 2af491fb. Leaders A, C, A again, and the disk answers for the first A's write last.
#[test]
fn h16_aba_of_asynchronous_appends() {
    let mut node = Node::fresh(3);
    node.stalled = true;
    node.tell(2, append(1, pos(0, 0), 0, Some(block(1, 1, 3))));
    node.tell(3, append(2, pos(0, 0), 0, Some(block(2, 1, 1))));
    node.tell(2, append(3, pos(0, 0), 0, Some(block(1, 1, 3))));
    let all = std::mem::take(&mut node.unfinished);
    assert_eq!(all.len(), 3);
    for (at, (id, write)) in all.into_iter().enumerate() {
        node.store.write(&write);
        node.raft.persisted(node.now, id).expect("handed out");
        let acks = outcomes(&sends(&node.poll()));
        let durable = if at == 2 { 3 } else { 0 };
        assert!(acks.iter().all(|ack| *ack == ok(durable)), "{acks:?}");
        assert_eq!(node.status().durable, i(durable));
    }
}

/// 19: openraft 1795 (2026). The leader's storage fails to give an entry back, and it sends an append without `prev`.
#[test]
fn h19_append_waits_for_entries_that_are_on_disk_only() {
    let mut node = Node::with_log(3, &[1, 1, 2, 2]);
    node.lead();
    node.step(2, rejected(3, 4, pos(1, 1)));
    for output in sends(&node.poll()) {
        let (to, Message::Append { prev, run, .. }) = &output else { continue };
        assert_eq!((*to, *prev), (2, pos(1, 1)));
        assert_eq!(*run, None, "the question to storage is open");
    }
}

/// 22: openraft 1385. A leader whose log came back shorter leads on in its term without it.
#[test]
fn h22_restarted_leader_does_not_lead_its_old_term() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    let mut store = node.store.clone();
    store.hard_state.commit = i(0);
    store.entries.clear();
    let mut node = Node::make(3, config(3), store);
    assert_eq!((node.role(), node.term()), (RoleName::Follower, 1));
    node.tell(2, accepted(1, 0));
    node.tell(2, vote_reply(1, true));
    assert_eq!(node.role(), RoleName::Follower);
}

/// 25: etcd 8243, canonical 279, openraft d6a6d562. With pre-vote, nodes of different terms never elect anyone.
#[test]
fn h25_pre_vote_between_different_terms_comes_to_an_end() {
    let mut cluster = Cluster::with_logs(&[vec![1], vec![1]]);
    let mut store = cluster.crash(2);
    store.hard_state.term = t(30);
    cluster.restart(2, store);
    cluster.run(3_000);
    assert!(cluster.leader().is_some());
    cluster.assert_converged();
}

/// 25, the other way: the longest log is at the node of the earliest term.
#[test]
fn h25_pre_vote_of_the_longest_log_with_the_earliest_term() {
    let mut cluster = Cluster::with_logs(&[vec![5, 5], vec![5], vec![5]]);
    for id in [2, 3] {
        let mut store = cluster.crash(id);
        store.hard_state.term = t(9);
        cluster.restart(id, store);
    }
    cluster.cut_between(2, 3);
    cluster.run(5_000);
    assert_eq!(cluster.leader(), Some(1));
    cluster.run(500);
    cluster.assert_converged();
}

/// 27: etcd 8334, raft-rs 84. A pre-candidate still holds its dead leader for alive, and refuses to help elect another.
#[test]
fn h27_pre_candidate_forgets_its_leader() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, None));
    node.ask_pre_votes();
    assert_eq!(node.status().leader, None);
    assert_eq!(node.tell(3, pre_vote(2, pos(0, 0))), [(3, pre_vote_reply(2, true))]);
    assert_eq!(node.tell(3, vote(2, pos(0, 0))), [(3, vote_reply(2, true))]);
}

/// 28: hashicorp 605, 606, 609. Granting a pre-vote counts as hearing from a leader.
#[test]
fn h28_granting_a_pre_vote_is_no_word_from_a_leader() {
    let mut node = Node::fresh(3);
    let deadline = node.raft.next_tick();
    node.wait(200);
    node.tell(2, pre_vote(1, pos(0, 0)));
    assert_eq!(node.raft.next_tick(), deadline);
    assert_eq!(node.tell(3, pre_vote(1, pos(0, 0))), [(3, pre_vote_reply(1, true))]);
    assert_eq!(node.status().leader, None);
}

/// 28: a leader that comes back asks those who remember it, and is elected again.
#[test]
fn h28_restarted_leader_can_be_elected_again() {
    let mut cluster = Cluster::fresh(3);
    cluster.elect(1);
    let store = cluster.crash(1);
    cluster.restart(1, store);
    cluster.cut_between(2, 3); // nobody else can win
    cluster.run(5_000);
    cluster.heal();
    cluster.run(2_000);
    assert!(cluster.leader().is_some());
    cluster.assert_converged();
}

/// 29: canonical 203, hashicorp 581. A handover is undone by pre-vote, stickiness or a heartbeat of the old leader.
#[test]
fn h29_handover_succeeds_at_once() {
    for successor in [2, 3] {
        let mut cluster = Cluster::fresh(3);
        cluster.elect(1);
        let now = cluster.now;
        cluster.node(1).raft.transfer_leadership(now, n(successor)).expect("leads");
        cluster.settle();
        assert_eq!(cluster.leader(), Some(successor));
        assert_eq!(cluster.now, now, "without waiting for any timer");
        cluster.run(2_000);
        assert_eq!(cluster.leader(), Some(successor), "and it stays");
    }
}

/// 29: the successor's candidacy outlives a late heartbeat of the old leader.
#[test]
fn h29_late_heartbeat_does_not_stop_the_successor() {
    let mut node = Node::fresh(3);
    node.tell(2, append(1, pos(0, 0), 0, None));
    node.tell(2, Message::TimeoutNow { term: t(1) });
    node.tell(2, append(1, pos(0, 0), 0, None));
    assert_eq!((node.role(), node.term()), (RoleName::Candidate, 2));
}

/// 33: openraft 2080, etcd-io/raft 266. One of three cannot hear the leader, but hears the third.
#[test]
fn h33_partial_partition_neither_disturbs_nor_blocks() {
    let mut cluster = Cluster::fresh(3);
    cluster.elect(1);
    let term = cluster.node(1).term();
    cluster.cut_between(1, 2);
    for _ in 0..20 {
        cluster.run(500);
        assert_eq!((cluster.leader(), cluster.node(3).term()), (Some(1), term));
        cluster.propose(1, b"goes on");
    }
    cluster.heal();
    cluster.run(1_000);
    assert_eq!(cluster.node(1).term(), term);
    cluster.assert_converged();
}

/// 33: the leader hears everybody and is heard by nobody: it must make room.
#[test]
fn h33_leader_that_nobody_hears_makes_room() {
    let mut cluster = Cluster::fresh(3);
    cluster.elect(1);
    cluster.cut = vec![(1, 2), (1, 3)];
    cluster.run(3_000);
    assert_ne!(cluster.node(1).role(), RoleName::Leader);
    let leader = cluster.leader().expect("elected");
    cluster.propose(leader, b"goes on");
    assert_eq!(cluster.node(leader).applied.last().expect("applied").1, b"goes on");
}

/// 33: every single link cut one way, one after the other: there is a leader, and it commits.
#[test]
fn h33_every_one_way_cut_leaves_a_leader() {
    for from in 1..=3 {
        for to in (1..=3).filter(|to| *to != from) {
            let mut cluster = Cluster::fresh(3);
            cluster.elect(1);
            cluster.cut = vec![(from, to)];
            cluster.run(5_000);
            let leader = cluster.leader().expect("elected");
            let commit = cluster.node(leader).commit();
            cluster.propose(leader, b"x");
            cluster.run(200);
            assert!(cluster.node(leader).commit() > commit, "{from} to {to}, led by {leader}");
        }
    }
}

/// 34: etcd-io/raft 54, 149, raft-rs 557, etcd 7037, 2544. The window leaks bytes, or stays shut for ever.
#[test]
fn h34_window_neither_leaks_nor_stays_shut() {
    let limits =
        config(3).with_append_bytes_max(64).with_inflight_bytes_max(64).with_inflight_messages_max(2);
    let mut node = Node::make(3, limits, Store::default());
    node.lead_committed();
    let mut session = 1;
    for round in 0..200u64 {
        node.propose(&[7; 30]);
        node.propose(&[7; 30]);
        session = newest_session(2, &node.pump()).unwrap_or(session);
        let prev = node.status().followers[0].next.get() - 1;
        let hint = pos(1, node.status().followers[0].matched.get());
        match round % 4 {
            0 => {
                let sent = node.tell(2, reply(1, session, 0, Outcome::Rejected { prev: i(prev), hint }));
                session = newest_session(2, &sent).unwrap_or(session);
            }
            1 => node.wait(60), // what was sent is lost
            _ => {}
        }
        // An honest follower answers what it is asked, until it has everything.
        for _ in 0..100 {
            let follower = node.status().followers[0];
            if follower.matched == node.status().last {
                break;
            }
            node.now += Duration::from_millis(51);
            node.raft.tick(node.now);
            let sent = node.pump();
            session = newest_session(2, &sent).unwrap_or(session);
            let holds = runs_to(2, &sent).last().map_or(follower.next.get() - 1, |run| run.last().get());
            let sent = node.tell(2, reply(1, session, 0, ok(holds.max(follower.matched.get()))));
            session = newest_session(2, &sent).unwrap_or(session);
        }
        let follower = node.status().followers[0];
        assert_eq!(follower.matched, node.status().last, "round {round}: {follower:?}");
        assert_eq!((follower.inflight_messages, follower.inflight_bytes), (0, 0), "round {round}");
    }
}

/// 34: next never falls to matched or below, whatever is answered.
#[test]
fn h34_next_stays_beyond_matched() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    for answer in [
        rejected(1, 0, pos(0, 0)),
        rejected(1, 1, pos(0, 0)),
        rejected(1, 5, pos(0, 0)),
        accepted(1, 0),
        rejected(1, u64::MAX, pos(9, 1)),
    ] {
        node.tell(2, answer);
        let follower = node.status().followers[0];
        assert!(follower.next > follower.matched && follower.matched == i(1), "{follower:?}");
    }
}

/// 35: openraft 6d53aa12, hashicorp 73. Many conflicting entries take a round trip each, or never end.
#[test]
fn h35_many_conflicting_entries_take_few_round_trips() {
    let mut own = vec![1; 10];
    own.extend([2; 300]);
    let mut theirs = vec![1; 10];
    theirs.extend([3; 500]);
    let mut cluster = Cluster::with_logs(&[theirs, own, vec![1; 10]]);
    cluster.cut_between(1, 2);
    cluster.elect(1);
    cluster.heal();
    cluster.run(60);
    assert_eq!(cluster.node(2).store.terms().len(), 511, "one heartbeat was enough");
    cluster.run(60);
    cluster.assert_converged();
}

/// 39: etcd 10166, dragonboat 254. The leader's commit index lies beyond the follower's log, and it panics.
#[test]
fn h39_commit_index_beyond_the_log() {
    let mut node = Node::with_log(3, &[1, 1]);
    node.tell(2, append(1, pos(1, 2), u64::MAX, None));
    assert_eq!(node.commit(), 2);
    let mut node = Node::fresh(3);
    let sent = node.tell(2, append(1, pos(1, 9), 9, None));
    assert_eq!(node.commit(), 0);
    assert_eq!(outcomes(&sent), [Outcome::Rejected { prev: i(9), hint: pos(0, 0) }]);
}

/// 39: a follower that lost its disk under its old id: the leader neither panics nor counts what is gone.
#[test]
fn h39_follower_that_lost_its_disk_is_filled_again() {
    let mut cluster = Cluster::fresh(3);
    cluster.elect(1);
    for _ in 0..5 {
        cluster.propose(1, b"x");
    }
    cluster.crash(2);
    cluster.restart(2, Store::default());
    cluster.propose(1, b"y");
    cluster.run(400);
    let leader = cluster.leader().expect("leads");
    // Matched never goes back: what the node held is promised. It is not filled again behind our back, but with the
    // next leader. An id is for life; the node should have come back under another.
    let now = cluster.now;
    let successor = if leader == 3 { 1 } else { 3 };
    cluster.node(leader).raft.transfer_leadership(now, n(successor)).expect("leads");
    cluster.run(1_000);
    cluster.assert_converged();
}

/// 41: etcd 13527. The loop is blocked by a disk for seconds, check-quorum does not run, two leaders serve.
#[test]
fn h41_leader_that_was_blocked_serves_nobody_before_it_looks_around() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    let later = node.now + Duration::from_secs(10);
    assert!(node.raft.clone().propose(later, b"x").is_err());
    assert!(node.raft.clone().read(later).is_err());
    node.raft.tick(later);
    assert_eq!(node.role(), RoleName::Follower);
}

/// 43: NuRaft 274. A local write failed, and the index was used again for something else in the same term.
#[test]
fn h43_no_index_is_used_twice_in_a_term() {
    let mut node = Node::fresh(3);
    node.lead_committed();
    node.stalled = true;
    let first = node.propose(b"a");
    node.pump();
    node.raft.step_down(node.now);
    node.pump();
    node.finish_writes();
    node.stalled = false;
    node.pump();
    // It leads again: in another term.
    let again = node.lead();
    assert!(!again.is_empty());
    let second = node.propose(b"b");
    assert!(second.term > first.term && second.index > first.index);
    assert_eq!(node.store.entries[1].2, b"a");
    let two = node.raft.step(node.now, n(2), append(node.term(), pos(0, 0), 0, Some(block(1, 1, 1))));
    assert!(matches!(two, Err(PeerError::TwoLeaders { .. })));
}
