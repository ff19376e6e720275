//! Rule 5: everything is bounded. Each limit of the configuration is hit here, and each configuration that is none.

mod common;

use core::time::Duration;

use common::{
    Node, Store, accepted, append, block, config, i, n, ok, outcomes, pos, rejected, run_of, runs_to, t, vote,
};
use machine_core::{Instant, NodeId};
use raft_core::{
    Config, ConfigError, Event, Message, Output, PRIORITY_MAX, ProposeError, Raft, ReadError, Recovered,
    RoleName, SessionId, VOTERS_MAX,
};

/// Small enough that every limit is within reach: appends of 100 bytes hold four payloads of 20.
fn small(voters: u64) -> Config {
    config(voters)
        .with_append_bytes_max(100)
        .with_inflight_messages_max(3)
        .with_inflight_bytes_max(250)
        .with_uncommitted_bytes_max(2_000)
        .with_cache_bytes_max(400)
        .with_reads_max(5)
}

fn payload() -> [u8; 20] {
    [7; 20]
}

/// A leader whose followers have the blank entry and stream.
fn leader(config: Config) -> Node {
    let mut node = Node::make(3, config, Store::default());
    node.lead();
    node.tell(2, accepted(1, 1));
    node.tell(3, accepted(1, 1));
    node
}

#[test]
fn append_bytes_max_bounds_payloads() {
    let mut node = leader(small(3));
    assert_eq!(
        node.raft.propose(node.now, &[0; 96]),
        Err(ProposeError::TooLarge { bytes: 96, bytes_max: 95 })
    );
    node.propose(&[0; 95]);
    node.propose(b"");
    let sent = node.pump();
    assert_eq!(runs_to(2, &sent).iter().map(|run| run.body().len()).collect::<Vec<_>>(), [100, 5]);
}

#[test]
fn append_bytes_max_bounds_messages_writes_and_applies() {
    let mut node = leader(small(3).with_cache_bytes_max(100_000));
    for _ in 0..20 {
        node.propose(&payload());
    }
    let mut applied = 0;
    for _ in 0..100 {
        for output in node.poll() {
            match output {
                Output::Persist { id, write } => {
                    assert!(write.run.is_none_or(|run| run.body().len() <= 100));
                    node.raft.persisted(node.now, id).expect("handed out");
                }
                Output::Send { to, message } => {
                    let Some(run) = message.run() else { continue };
                    assert!(run.body().len() <= 100, "{run:?}");
                    node.step(to.get(), accepted(1, run.last().get()));
                }
                Output::Apply { run } => {
                    assert!(run.body().len() <= 100, "{run:?}");
                    applied = run.last().get();
                    node.raft.applied(node.now, run.last()).expect("handed out");
                }
                Output::Fetch { .. } | Output::Notify(_) | Output::Halt(_) => {}
            }
        }
    }
    assert_eq!(applied, 21);
}

#[test]
fn inflight_messages_max_bounds_what_is_on_its_way() {
    let mut node = leader(small(3).with_inflight_bytes_max(100_000));
    for sent_so_far in 0..10 {
        node.propose(b"x");
        let sent = node.pump();
        assert_eq!(runs_to(2, &sent).len(), usize::from(sent_so_far < 3));
    }
    assert_eq!(node.status().followers[0].inflight_messages, 3);
    // What waited goes as one message when there is room again.
    let sent = node.tell(2, accepted(1, 2));
    assert_eq!(runs_to(2, &sent).iter().map(raft_core::Run::count).collect::<Vec<_>>(), [7]);
    assert_eq!(node.status().followers[0].inflight_messages, 3);
}

#[test]
fn inflight_bytes_max_bounds_what_is_on_its_way() {
    let mut node = leader(small(3).with_inflight_messages_max(1_000).with_uncommitted_bytes_max(100_000));
    for _ in 0..40 {
        node.propose(&payload());
        node.pump();
        let follower = node.status().followers[0];
        assert!(follower.inflight_bytes < 250 + 100, "the limit, and at most one append more: {follower:?}");
    }
    assert!(node.status().followers[0].inflight_bytes >= 250);
    node.tell(2, accepted(1, 41 - 20));
    node.tell(2, accepted(1, node.status().followers[0].next.get() - 1));
    assert!(node.status().followers[0].inflight_bytes < 350);
}

#[test]
fn inflight_bytes_max_bounds_what_is_handed_to_the_state_machine() {
    let mut node = Node::make(3, small(3).with_cache_bytes_max(100_000), Store::default());
    for at in 0..10 {
        let run =
            run_of(1, at * 4 + 1, &[payload().to_vec(), payload().to_vec(), vec![], payload().to_vec()]);
        node.step(2, append(1, pos(at.min(1), at * 4), at * 4 + 4, Some(run)));
        let _written = node.raft.poll_output();
    }
    let mut handed = 0;
    let mut last = 0;
    for output in node.poll() {
        match output {
            Output::Persist { id, .. } => node.raft.persisted(node.now, id).expect("handed out"),
            Output::Apply { run } => {
                handed += run.body().len();
                last = run.last().get();
            }
            Output::Send { .. } | Output::Fetch { .. } | Output::Notify(_) | Output::Halt(_) => {}
        }
    }
    node.raft.persisted(node.now, machine_core::WriteId::new(10)).expect("handed out");
    for output in node.poll() {
        if let Output::Apply { run } = output {
            handed += run.body().len();
            last = run.last().get();
        }
    }
    assert!((250..350).contains(&handed), "{handed}");
    assert!(last < 40);
    node.raft.applied(node.now, i(last)).expect("handed out");
    assert!(node.poll().iter().any(|output| matches!(output, Output::Apply { .. } | Output::Fetch { .. })));
}

#[test]
fn uncommitted_bytes_max_bounds_a_leader() {
    let mut node = leader(small(3));
    let mut taken = 0;
    let full = loop {
        match node.raft.propose(node.now, &payload()) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 1_000);
    };
    assert_eq!(full, ProposeError::Full);
    assert!((20..=80).contains(&taken), "{taken}");
    assert_eq!(node.raft.propose(node.now, &payload()), Err(ProposeError::Full));
    for _ in 0..100 {
        let mut idle = true;
        for (to, message) in node.pump() {
            if let Some(run) = message.run() {
                idle = false;
                node.step(to, accepted(1, run.last().get()));
            }
        }
        if idle {
            break;
        }
    }
    assert_eq!(node.commit(), taken + 1);
    node.propose(&payload());
}

#[test]
fn uncommitted_bytes_max_lets_the_largest_payload_through() {
    let mut node = leader(small(3).with_uncommitted_bytes_max(100));
    node.propose(&[0; 95]);
    assert_eq!(node.raft.propose(node.now, b""), Err(ProposeError::Full));
}

#[test]
fn uncommitted_bytes_max_bounds_a_follower_whose_disk_stalls() {
    let mut node = Node::make(3, small(3), Store::default());
    node.stalled = true;
    let mut at = 0;
    for _ in 0..200 {
        let prev = pos(u64::from(at > 0), at);
        node.tell(2, append(1, prev, 0, Some(run_of(1, at + 1, &[payload().to_vec()]))));
        at = node.status().last.get();
        assert!(node.status().pending_bytes <= 2_000 + 64, "{:?}", node.status());
    }
    assert!((20..80).contains(&at), "{at}");
    node.finish_writes();
    node.pump();
    let sent = node.tell(2, append(1, pos(1, at), 0, Some(run_of(1, at + 1, &[payload().to_vec()]))));
    assert!(!outcomes(&sent).contains(&ok(at + 1)));
    node.finish_writes();
    assert_eq!(outcomes(&node.pump()), [ok(at + 1)]);
}

#[test]
fn propose_many_takes_what_there_is_room_for() {
    let mut node = leader(small(3));
    let taken = node.raft.propose_many(node.now, vec![payload(); 1_000]).expect("some");
    assert_eq!((taken.term, taken.first), (t(1), i(2)));
    assert_eq!(node.status().last, i(1 + taken.count));
    assert!(taken.count < 100);
    assert_eq!(node.raft.propose_many(node.now, [payload()]), Err(ProposeError::Full));
    let mut node = leader(small(3));
    let taken = node.raft.propose_many(node.now, [vec![1], vec![0; 96], vec![2]]).expect("the first");
    assert_eq!(taken.count, 1, "stops at the first that cannot be taken");
    let refused = node.raft.propose_many(node.now, [vec![0; 96], vec![2]]);
    assert_eq!(refused, Err(ProposeError::TooLarge { bytes: 96, bytes_max: 95 }));
}

#[test]
fn cache_bytes_max_bounds_memory_and_the_rest_is_fetched() {
    let mut node = leader(small(3));
    for at in 2..=60 {
        node.propose(&payload());
        node.pump();
        node.tell(2, accepted(1, at));
        // One entry more than the cache: what is not yet durable and committed is kept besides.
        assert!(node.status().cached_bytes <= 400 + 89, "{:?}", node.status());
    }
    assert_eq!(node.fetches, 0, "a follower that keeps up costs no read");
    // Peer 3 lags, and everything it lacks is on disk only.
    let mut matched = 1;
    let prev = node.status().followers[1].next.get() - 1;
    let mut sent = node.tell(3, rejected(1, prev, pos(1, 1))); // which begins session 2
    for _ in 0..200 {
        let Some(run) = runs_to(3, &sent).last().cloned() else { break };
        for run in runs_to(3, &sent) {
            assert_eq!(run.entries().next().map(|entry| entry.payload), Some(&payload()[..]));
        }
        matched = run.last().get();
        sent = node.tell(3, common::reply(1, 2, 0, ok(matched)));
    }
    assert_eq!(matched, 60);
    assert!(node.fetches > 0);
    assert!(node.status().cached_bytes <= 400 + 89);
}

#[test]
fn cache_bytes_max_fetched_entries_are_applied_after_a_restart() {
    let mut node = Node::make(3, small(3), Store::with_terms(&[1; 30]));
    node.tell(2, append(1, pos(1, 30), 30, None));
    assert_eq!(node.applied.len(), 30);
    assert!(node.applied.iter().all(|(at, content)| *content == common::content(1, at.index.get())));
    assert!(node.fetches > 0);
}

#[test]
fn reads_max_bounds_reads() {
    let mut node = leader(small(3));
    for _ in 0..5 {
        node.raft.read(node.now).expect("room");
    }
    assert_eq!(node.raft.read(node.now), Err(ReadError::Full));
    node.pump();
    node.tell(2, common::answered(1, 1, 1));
    assert!(matches!(node.events.last(), Some(Event::ReadReady { .. })));
    node.raft.read(node.now).expect("room again");
    // Lost reads give their room back as soon as that is told.
    node.tell(2, append(2, pos(0, 0), 0, None));
    assert!(matches!(node.events.last(), Some(Event::ReadsLost { .. })));
}

#[test]
fn answers_to_peers_do_not_pile_up() {
    let mut node = Node::with_log(3, &[2]);
    for _ in 0..1_000 {
        node.step(2, append(2, pos(2, 1), 0, None));
        node.step(2, append(2, pos(2, 9), 0, None));
        node.step(3, vote(2, pos(0, 0)));
        node.step(3, common::pre_vote(1, pos(0, 0)));
        node.step(3, append(1, pos(0, 0), 0, None));
    }
    assert!(node.poll().len() < 10);
}

#[test]
fn writes_on_their_way_to_a_stalled_disk_are_bounded_and_nothing_is_lost() {
    let mut node = Node::fresh(3);
    node.stalled = true;
    for term in 1..=3_000 {
        node.tell(2, append(term, pos(0, 0), 0, None));
    }
    assert!(node.unfinished.len() <= 1_024, "{}", node.unfinished.len());
    node.tell(2, append(3_000, pos(0, 0), 0, Some(block(3_000, 1, 2))));
    node.finish_writes();
    node.stalled = false;
    assert_eq!(outcomes(&node.pump()).last(), Some(&ok(2)));
    assert_eq!((node.store.hard_state.term, node.store.terms()), (t(3_000), vec![3_000, 3_000]));
}

/// Each append behind a lost one is rejected, and so are the copies that a network makes of them, at any time.
#[test]
fn lost_append_sends_the_window_out_again_once() {
    let mut node = Node::make(3, config(3).with_append_bytes_max(6), Store::default());
    let first = node.lead_committed() + 1;
    for _ in 0..50 {
        node.propose(b"x");
        assert_eq!(runs_to(2, &node.pump()).len(), 1);
    }
    let held = pos(1, first); // of the appends under way the second was lost
    let rejections = |node: &mut Node| -> usize {
        let tell = |prev| runs_to(2, &node.tell(2, rejected(1, prev, held))).len();
        (first + 2..first + 50).map(tell).sum()
    };
    assert_eq!(rejections(&mut node), 1, "one probe");
    assert_eq!(rejections(&mut node), 0, "copies");
    let sent = node.tell(2, common::reply(1, 2, 0, ok(first + 1)));
    assert_eq!(runs_to(2, &sent).len(), 25, "half of what was lost");
    assert_eq!(rejections(&mut node), 0, "late copies");
}

#[test]
fn append_of_a_window_that_was_given_up_is_not_rejected() {
    let mut node = Node::with_log(3, &[1, 1]);
    let of = |session, prev, run| Message::Append {
        term: t(1),
        session: SessionId::new(session),
        prev,
        commit: i(0),
        round: common::Q0,
        reply: false,
        run,
    };
    let gap = |session| of(session, pos(1, 8), Some(block(1, 9, 1)));
    assert_eq!(outcomes(&node.tell(2, gap(1))).len(), 1);
    assert_eq!(outcomes(&node.tell(2, of(2, pos(1, 2), Some(block(1, 3, 1))))), [ok(3)]);
    assert_eq!(outcomes(&node.tell(2, gap(1))), []);
    assert_eq!(outcomes(&node.tell(2, gap(2))).len(), 1);
    // What fits is of the same leader's log, whenever it was sent.
    assert_eq!(outcomes(&node.tell(2, of(1, pos(1, 3), Some(block(1, 4, 1))))), [ok(4)]);
}

#[test]
fn probes_go_one_at_a_time() {
    let mut node = Node::with_log(3, &[1, 1, 1, 1]);
    let sent = node.lead();
    assert_eq!(runs_to(2, &sent).len(), 1);
    node.propose(b"x");
    assert_eq!(runs_to(2, &node.pump()).len(), 0, "until the probe is answered");
    let sent = node.tell(2, rejected(2, 4, pos(1, 2)));
    assert_eq!(runs_to(2, &sent).len(), 1);
    let sent = node.tell(2, rejected(2, 4, pos(1, 2)));
    assert_eq!(runs_to(2, &sent).len(), 0, "the same answer again");
}

// Configurations that are none.

fn refuse(config: Config) -> ConfigError {
    let error = Raft::new(config, Recovered::default(), 1, Instant::ZERO).expect_err("impossible");
    assert!(!error.to_string().is_empty());
    error
}

#[test]
fn config_error_of_voters() {
    assert_eq!(refuse(Config::new(n(4), [n(1), n(2)])), ConfigError::NotAVoter { id: n(4) });
    assert_eq!(refuse(Config::new(n(4), [])), ConfigError::NotAVoter { id: n(4) });
    assert_eq!(refuse(Config::new(n(1), [n(1), n(2), n(2)])), ConfigError::DuplicateVoter { id: n(2) });
    let ids = |count: usize| (1u64..).map(NodeId::of).take(count);
    let many = VOTERS_MAX + 1;
    assert_eq!(refuse(Config::new(n(1), ids(many))), ConfigError::TooManyVoters { voters: many });
    let mut node = Node::make(31, Config::new(n(1), ids(VOTERS_MAX)), Store::default());
    node.lead_committed();
}

#[test]
fn config_error_of_times() {
    let ms = Duration::from_millis;
    assert_eq!(
        refuse(config(3).with_election_timeout(ms(300), ms(300))),
        ConfigError::ElectionTimeout { min: ms(300), max: ms(300) }
    );
    for interval in [ms(0), ms(126), Duration::MAX] {
        assert_eq!(
            refuse(config(3).with_heartbeat_interval(interval)),
            ConfigError::HeartbeatInterval { interval, election_timeout_min: ms(250) }
        );
    }
    assert!(
        Raft::new(config(3).with_heartbeat_interval(ms(125)), Recovered::default(), 1, Instant::ZERO).is_ok()
    );
    let priority = PRIORITY_MAX + 1;
    assert_eq!(refuse(config(3).with_priority(priority)), ConfigError::Priority { priority });
}

#[test]
fn longest_times_do_not_overflow() {
    for priority in 0..=PRIORITY_MAX {
        let config =
            config(3).with_election_timeout(Duration::from_secs(1), Duration::MAX).with_priority(priority);
        let made = Raft::new(config, Recovered::default(), 1, Instant::ZERO);
        if let Ok(raft) = made {
            assert!(raft.next_tick().is_some());
            assert!(raft.status().quorum_heard);
        }
    }
}

#[test]
fn config_error_too_small_and_too_large() {
    let cases = [
        ("append_bytes_max", config(3).with_append_bytes_max(5), 5, 6),
        ("inflight_messages_max", config(3).with_inflight_messages_max(0), 0, 1),
        ("inflight_bytes_max", small(3).with_inflight_bytes_max(99), 99, 100),
        ("uncommitted_bytes_max", small(3).with_uncommitted_bytes_max(99), 99, 100),
        ("cache_bytes_max", small(3).with_cache_bytes_max(99), 99, 100),
        ("reads_max", config(3).with_reads_max(0), 0, 1),
    ];
    for (name, config, given, needed) in cases {
        assert_eq!(refuse(config), ConfigError::TooSmall { field: name, value: given, least: needed });
    }
    let huge = (64 << 20) + 1;
    let config = config(3)
        .with_append_bytes_max(huge)
        .with_inflight_bytes_max(huge)
        .with_uncommitted_bytes_max(huge)
        .with_cache_bytes_max(huge);
    assert_eq!(
        refuse(config),
        ConfigError::TooLarge { field: "append_bytes_max", value: huge, most: 64 << 20 }
    );
}

#[test]
fn smallest_limits_still_make_progress() {
    let config = config(3)
        .with_append_bytes_max(6)
        .with_inflight_messages_max(1)
        .with_inflight_bytes_max(6)
        .with_uncommitted_bytes_max(6)
        .with_cache_bytes_max(6)
        .with_reads_max(1);
    let mut node = leader(config);
    for at in 2..=30 {
        assert_eq!(node.propose(&[1]).index, i(at));
        node.pump();
        node.tell(2, accepted(1, at));
    }
    assert_eq!((node.role(), node.applied.len()), (RoleName::Leader, 30));
    let mut matched = 1;
    let mut sent = node.tell(3, rejected(1, node.status().followers[1].next.get() - 1, pos(1, 1)));
    while matched < 30 {
        let run = runs_to(3, &sent).pop().expect("one more");
        assert_eq!(run.count(), 1);
        matched = run.last().get();
        sent = node.tell(3, common::reply(1, 2, 0, ok(matched)));
    }
}

#[test]
fn fetches_are_bounded_and_asked_once() {
    let mut node = Node::make(3, small(3), Store::with_terms(&[1; 30]));
    node.lead();
    node.step(2, rejected(2, 30, pos(1, 5)));
    node.step(3, rejected(2, 30, pos(1, 7)));
    for _ in 0..3 {
        let outputs = node.poll();
        let asked: Vec<_> = outputs
            .iter()
            .filter_map(
                |output| if let Output::Fetch { from, .. } = output { Some(from.get()) } else { None },
            )
            .collect();
        assert!(asked.len() <= 2, "{asked:?}");
        node.step(2, Message::PreVote { term: t(1), last: pos(0, 0) });
    }
}
