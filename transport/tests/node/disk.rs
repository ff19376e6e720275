//! The disk thread: groups, a full queue, failures. Nothing is acknowledged that is not durable, and nothing is lost.

use std::{
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use transport::{Abandoned, DriverError, TrySendError, completion};

use crate::common::{
    Command, Fault, HANG, Platter, Started, answer, anywhere, config, introduce, outcome, start, start_with,
};

fn with_fault(fault: Fault) -> Started {
    start_with(1, config(1, anywhere()), Platter { fault, ..Platter::default() })
}

fn end(node: Started) -> DriverError {
    node.running.join_timeout(HANG).expect("the node stops").expect_err("it stops by an error")
}

#[test]
fn writes_that_come_during_a_sync_share_the_next() {
    let node = start(1);
    let held = node.platter.gate.lock().unwrap();
    let mut answers: Vec<_> = (1..=100).map(|value| node.add(value)).collect();
    node.ping();
    for completion in &mut answers {
        assert!(completion.try_take().is_none(), "acknowledged before the sync");
    }
    drop(held);
    for (value, completion) in (1..).zip(answers) {
        assert_eq!(answer(completion), value);
    }
    assert_eq!(node.platter.durable(), (1..=100).collect::<Vec<_>>());
    // At the worst each batch up to the ping was written alone until the gate held the first sync.
    assert!(node.platter.syncs() <= 3, "{} syncs for 100 writes", node.platter.syncs());
    node.counted(|counters| counters.disk_writes == 100 && counters.disk_syncs == node.platter.syncs());
    node.stop();
}

#[test]
fn a_full_disk_queue_holds_back_and_loses_nothing() {
    // Room for two writes of the toy's.
    let config = config(1, anywhere()).with_disk_queue_bytes_max(200).with_mailbox_len_max(50);
    let node = start_with(1, config, Platter::default());
    let peer = start(2);
    introduce(&[&node, &peer]);
    assert_eq!(answer(peer.tell(node.id, 1)), 1);

    let held = node.platter.gate.lock().unwrap();
    let mut answers = Vec::new();
    let mut refused = 0;
    // More than the mailbox and the queue hold: the rest is given back, not swallowed.
    for value in 2..=500 {
        let (completer, completion) = completion();
        match node.handle.mailbox().try_send(Command::Add(value, completer)) {
            Ok(()) => answers.push((value, completion)),
            Err(TrySendError::Full(_)) => refused += 1,
            Err(TrySendError::Closed(_)) => panic!("the node is alive"),
        }
        if value % 10 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(refused > 0, "the mailbox fills up behind the disk queue");
    let handed_over = node.handle.counters().disk_writes;
    let durable = node.platter.durable().len() as u64;
    assert!(handed_over <= durable + 2, "{handed_over} writes, {durable} durable, and room for two");
    let told: Vec<_> = (1001..=1100).map(|value| (value, peer.tell(node.id, value))).collect();
    peer.ping();
    drop(held);

    for (value, completion) in answers.into_iter().chain(told) {
        assert_eq!(answer(completion), value);
        assert!(node.platter.durable().contains(&value), "{value} was acknowledged and is not there");
    }
    let counters = node.handle.counters();
    assert!(counters.disk_full_turns > 0);
    node.stop();
    peer.stop();
}

#[test]
fn questions_are_answered_in_order_and_see_the_writes_before_them() {
    let node = start(1);
    let added: Vec<_> = (0..20).map(|value| node.add(value)).collect();
    let asked: Vec<_> = (0..21)
        .map(|place| {
            let (completer, completion) = completion();
            node.send(Command::Fetch(place, completer));
            completion
        })
        .collect();
    for (value, completion) in (0..).zip(added) {
        assert_eq!(answer(completion), value);
    }
    for (place, completion) in (0..).zip(asked) {
        assert_eq!(answer(completion), (place < 20).then_some(place));
    }
    node.stop();
}

#[test]
fn a_failed_read_is_the_host_s_to_judge() {
    let node = with_fault(Fault::ReadFails);
    let (completer, completion) = completion();
    node.send(Command::Fetch(0, completer));
    assert_eq!(outcome(completion), Err(Abandoned), "the toy drops the completer");
    assert_eq!(answer(node.add(1)), 1, "and the node goes on");
    node.stop();
}

#[test]
fn a_failed_sync_stops_the_node_without_acknowledging() {
    let node = with_fault(Fault::SyncFails(2));
    assert_eq!(answer(node.add(1)), 1);
    let lost: Vec<_> = (2..=5).map(|value| node.add_if_open(value)).collect();
    let (handle, seen, platter) = (node.handle.clone(), node.seen.clone(), node.platter.clone());
    let error = end(node);
    assert!(matches!(error, DriverError::Disk(_)), "{error:?}");
    assert_eq!(error.to_string(), "the disk failed, so the node stopped: sync: no space left on this toy");
    for completion in lost.into_iter().flatten() {
        assert_eq!(outcome(completion), Err(Abandoned));
    }
    assert_eq!(platter.durable(), [1]);
    assert_eq!(seen.lock().unwrap().failed.as_deref(), Some("sync: no space left on this toy"));
    let (completer, completion) = completion();
    assert!(matches!(handle.mailbox().try_send(Command::Ping(completer)), Err(TrySendError::Closed(_))));
    assert_eq!(outcome(completion), Err(Abandoned));
    assert_eq!(platter.syncs(), 2, "never tried again");
}

#[test]
fn the_nth_write_fails_for_every_n() {
    for n in 1..=20 {
        let node = with_fault(Fault::WriteFails(n));
        let answers: Vec<_> = (1..=20).map(|value| node.add_if_open(value)).collect();
        let platter = node.platter.clone();
        assert!(matches!(end(node), DriverError::Disk(_)));
        let durable = platter.durable();
        for (value, completion) in (1..).zip(answers) {
            if let Some(Ok(acknowledged)) = completion.map(outcome) {
                assert_eq!(acknowledged, value);
                assert!(durable.contains(&value), "{value} was acknowledged and is not durable (n = {n})");
                assert!(value < n, "the write that failed was acknowledged (n = {n})");
            }
        }
    }
}

#[test]
fn a_worker_that_panics_stops_the_node() {
    let node = with_fault(Fault::SyncPanics(1));
    let completion = node.add(1);
    assert!(matches!(end(node), DriverError::DiskPanicked));
    assert_eq!(outcome(completion), Err(Abandoned));
}

#[test]
fn a_host_that_panics_is_reported_and_leaves_no_one_hanging() {
    let node = start(1);
    let held = node.platter.gate.lock().unwrap();
    let waiting = node.add(1);
    node.ping();
    node.send(Command::Panic);
    assert_eq!(outcome(waiting), Err(Abandoned));
    drop(held);
    assert!(matches!(end(node), DriverError::Panicked));
}

#[test]
fn a_machine_that_halts_stops_the_node_with_its_reason() {
    let node = start(1);
    let before = node.add(1);
    node.send(Command::Halt("the log contradicts itself at 17"));
    let platter = node.platter.clone();
    let error = end(node);
    assert_eq!(error.to_string(), "the node stopped itself: the log contradicts itself at 17");
    // Handed over before the halt: durable, though perhaps not acknowledged.
    assert_eq!(platter.durable(), [1]);
    drop(before);
}

#[test]
fn a_halted_node_with_a_stuck_disk_refuses_commands_at_once() {
    let node = start(1);
    let gate = node.platter.gate.clone();
    let held = gate.lock().unwrap();
    let stuck = node.add(1);
    node.ping();
    node.send(Command::Halt("as the test asked"));
    let begin = Instant::now();
    loop {
        let (completer, _completion) = completion();
        if let Err(TrySendError::Closed(_)) = node.handle.mailbox().try_send(Command::Add(2, completer)) {
            break;
        }
        assert!(begin.elapsed() < HANG / 2, "commands are taken that nobody will answer");
        thread::yield_now();
    }
    drop(held);
    assert!(matches!(end(node), DriverError::Halted(_)));
    assert_eq!(outcome(stuck), Err(Abandoned));
}

#[test]
fn shutdown_waits_for_the_disk_and_acknowledges() {
    let node = start(1);
    let held = node.platter.gate.lock().unwrap();
    let answers: Vec<_> = (1..=50).map(|value| node.add(value)).collect();
    node.handle.shutdown();
    drop(held);
    let platter = node.platter.clone();
    node.stop();
    for (value, completion) in (1..).zip(answers) {
        assert_eq!(outcome(completion), Ok(value), "accepted before the shutdown, and the disk is well");
    }
    assert_eq!(platter.durable().len(), 50);
}

#[test]
fn shutdown_with_a_full_disk_queue_still_takes_what_was_accepted() {
    let config = config(1, anywhere()).with_disk_queue_bytes_max(1);
    let node = start_with(1, config, Platter::default());
    let held = node.platter.gate.lock().unwrap();
    let answers: Vec<_> = (1..=50).map(|value| node.add(value)).collect();
    node.handle.shutdown();
    drop(held);
    node.stop();
    for (value, completion) in (1..).zip(answers) {
        assert_eq!(outcome(completion), Ok(value));
    }
}

#[test]
fn shutdown_does_not_wait_for_ever_for_a_stuck_disk() {
    for queue_bytes_max in [1, 1 << 20] {
        let limit = Duration::from_millis(50);
        let config =
            config(1, anywhere()).with_shutdown_timeout(limit).with_disk_queue_bytes_max(queue_bytes_max);
        let node = start_with(1, config, Platter::default());
        let gate = node.platter.gate.clone();
        let held = gate.lock().unwrap();
        let answers: Vec<_> = (1..=5).map(|value| node.add(value)).collect();
        node.handle.shutdown();
        let error = end(node);
        assert!(matches!(error, DriverError::ShutdownTimeout { waited } if waited == limit), "{error}");
        for completion in answers {
            assert_eq!(outcome(completion), Err(Abandoned));
        }
        drop(held);
    }
}

#[test]
fn shutdown_under_load_ends_and_every_command_has_an_outcome() {
    let nodes = [start(1), start(2), start(3)];
    introduce(&nodes.each_ref());
    let [first, second, third] = nodes;
    assert_eq!(answer(first.tell(second.id, 1)), 1);
    let clients: Vec<_> = (0..4_u64)
        .map(|client| {
            let handle = first.handle.clone();
            let peers = [second.id, third.id];
            thread::spawn(move || {
                let (mut accepted, mut told) = (Vec::new(), Vec::new());
                for value in (1..).map(|n| client * 1_000_000 + n) {
                    let (completer, done) = completion();
                    let command = if value % 3 == 0 {
                        Command::Tell(peers[usize::from(value % 2 == 0)], value, completer)
                    } else {
                        Command::Add(value, completer)
                    };
                    match handle.mailbox().try_send(command) {
                        Ok(()) if value % 3 == 0 => told.push((value, done)),
                        Ok(()) => accepted.push((value, done)),
                        Err(TrySendError::Full(_)) => thread::yield_now(),
                        Err(TrySendError::Closed(_)) => return (accepted, told),
                    }
                }
                unreachable!("the mailbox is closed before the numbers end")
            })
        })
        .collect();
    first.counted(|counters| counters.commands > 2_000);
    second.send(Command::Flood { to: vec![first.id], frames: 100, body: Bytes::from(vec![1; 100_000]) });
    let platter = first.platter.clone();
    first.stop();
    let mut accepted = 0;
    for client in clients {
        let (added, told) = client.join().unwrap();
        let durable: std::collections::HashSet<_> = platter.durable().into_iter().collect();
        for (value, completion) in added {
            accepted += 1;
            assert_eq!(answer(completion), value, "accepted, and needs nobody but the own disk");
            assert!(durable.contains(&value));
        }
        // These need a peer: answered or abandoned, and never left hanging.
        for (value, completion) in told {
            match completion.wait_timeout(HANG) {
                Ok(outcome) => assert!(outcome.is_err() || outcome == Ok(value)),
                Err(_) => panic!("{value} hangs"),
            }
        }
    }
    assert!(accepted > 0);
    second.stop();
    third.stop();
}
