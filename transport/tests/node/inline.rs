//! Lone writes, which the driver's own thread makes durable while the disk is fast.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use transport::{Abandoned, Config, DriverError, completion};

use crate::common::{
    Command, Fault, HANG, Platter, Started, answer, anywhere, config, introduce, outcome, start, start_with,
};

/// Every sync counts as short.
fn inline(node: u64) -> Config {
    config(node, anywhere()).with_inline_sync_max(Duration::MAX)
}

fn with_fault(fault: Fault) -> Started {
    start_with(1, inline(1), Platter { fault, ..Platter::default() })
}

/// Adds 1, 2, 3, … one after the other, until the loop itself has made a sync. Returns the last.
fn until_inline(node: &Started) -> u64 {
    (1..10_000)
        .find(|value| {
            assert_eq!(answer(node.add(*value)), *value);
            node.platter.inline_syncs() > 0
        })
        .expect("a node that is asked one by one syncs by itself")
}

#[test]
fn the_disk_thread_makes_every_sync_unless_it_is_allowed_otherwise() {
    let node = start(1);
    for value in 1..=100 {
        assert_eq!(answer(node.add(value)), value);
    }
    assert_eq!(node.platter.inline_syncs(), 0);
    node.stop();
}

#[test]
fn lone_writes_are_synced_by_the_loop_after_the_disk_has_proved_fast() {
    let node = start_with(1, inline(1), Platter::default());
    let first = until_inline(&node);
    assert!(first > 8, "the {first}th");
    for value in first + 1..=first + 100 {
        assert_eq!(answer(node.add(value)), value);
    }
    assert_eq!(node.platter.durable(), (1..=first + 100).collect::<Vec<_>>());
    node.counted(|counters| counters.disk_syncs == node.platter.syncs());
    node.stop();
}

#[test]
fn whichever_thread_syncs_gives_the_disk_its_idle_moment() {
    for (allowed, config) in [(false, config(1, anywhere())), (true, inline(1))] {
        let node = start_with(1, config, Platter::default());
        assert_eq!(answer(node.add(0)), 0);
        if allowed {
            until_inline(&node);
        }
        let begin = Instant::now();
        while !node.platter.rested() {
            assert!(begin.elapsed() < HANG, "no idle moment; the loop may sync: {allowed}");
            thread::yield_now();
        }
        node.stop();
    }
}

#[test]
fn what_is_sent_is_out_before_the_loop_syncs() {
    let node = start_with(1, inline(1), Platter::default());
    let peer = start(2);
    introduce(&[&node, &peer]);
    assert_eq!(answer(peer.tell(node.id, 1)), 1);
    assert_eq!(answer(node.tell(peer.id, 1)), 1);
    // Whichever thread holds the sync: what the same turn sends goes out and is answered. On a busy machine the disk thread may
    // come late to its rest many times in a row.
    for value in (2..10_000).take_while(|_| node.platter.inline_syncs() < 20) {
        let held = node.platter.gate.lock().unwrap();
        let (completer, added) = completion();
        node.send(Command::Both(peer.id, value, completer));
        let begin = Instant::now();
        while !peer.platter.durable().contains(&value) {
            assert!(begin.elapsed() < HANG, "{value} waits for the own disk");
            thread::yield_now();
        }
        drop(held);
        assert_eq!(answer(added), value);
    }
    assert!(node.platter.inline_syncs() >= 20, "a node that is asked one by one syncs by itself");
    node.stop();
    peer.stop();
}

#[test]
fn clients_that_ask_together_leave_the_syncs_to_the_disk_thread() {
    let node = start_with(1, inline(1), Platter::default());
    let first = until_inline(&node);
    let gate = Arc::new(Mutex::new(()));
    let held = gate.lock().unwrap();
    node.send(Command::Wait(gate.clone()));
    let together: Vec<_> = (first + 1..=first + 20).map(|value| (value, node.add(value))).collect();
    drop(held);
    for (value, completion) in together {
        assert_eq!(answer(completion), value);
    }
    let inline = node.platter.inline_syncs();
    let held = node.platter.gate.lock().unwrap();
    let lone = node.add(first + 21);
    // The loop lives while the disk stands still.
    node.ping();
    drop(held);
    assert_eq!(answer(lone), first + 21);
    assert_eq!(node.platter.inline_syncs(), inline);
    node.stop();
}

#[test]
fn a_slow_sync_gives_the_next_ones_back_to_the_disk_thread() {
    // Far longer than a sync of the toy takes; and no verdict if one does take that long.
    let limit = Duration::from_millis(200);
    let node = start_with(1, config(1, anywhere()).with_inline_sync_max(limit), Platter::default());
    let mut value = until_inline(&node);
    let mut add = |count: u64| {
        for _ in 0..count {
            value += 1;
            assert_eq!(answer(node.add(value)), value);
        }
    };
    loop {
        let (inline, begun) = (node.platter.inline_syncs(), node.platter.syncs_begun());
        let held = node.platter.gate.lock().unwrap();
        let slow = node.add(0);
        // The limit counts from when the sync begins, not from when it was asked for.
        let begin = Instant::now();
        while node.platter.syncs_begun() == begun {
            assert!(begin.elapsed() < HANG, "no sync for what was added");
            thread::yield_now();
        }
        thread::sleep(limit);
        drop(held);
        assert_eq!(answer(slow), 0);
        if node.platter.inline_syncs() > inline {
            break;
        }
        // It was the disk thread's, which had not come to rest.
        add(20);
    }
    let inline = node.platter.inline_syncs();
    add(8);
    assert_eq!(node.platter.inline_syncs(), inline);
    node.stop();
}

#[test]
fn a_failure_is_the_node_s_end_whichever_thread_finds_it() {
    let faults =
        |n| [Fault::WriteFails(n), Fault::SyncFails(n), Fault::SyncPanics(n)].map(|fault| (n, fault));
    // Which thread it is that finds it is the system's choice: again, until both had their turn.
    let inline = (0..100).find_map(|_| {
        let inline: u64 = (1..=24).flat_map(faults).map(|(n, fault)| inline_syncs_until(n, fault)).sum();
        (inline > 0).then_some(inline)
    });
    assert!(inline.is_some(), "both threads have their turn");
}

/// Adds one by one until the fault, which is in the `n`th write or sync, and sees how the node ends. Returns how many
/// syncs the loop made.
fn inline_syncs_until(n: u64, fault: Fault) -> u64 {
    let node = with_fault(fault);
    let (platter, seen) = (node.platter.clone(), node.seen.clone());
    for value in 1.. {
        let Some(completion) = node.add_if_open(value) else { break };
        match outcome(completion) {
            Ok(acknowledged) => assert!(acknowledged == value && value < n, "{fault:?}: {value}"),
            Err(Abandoned) => break,
        }
    }
    let error = node.running.join_timeout(HANG).expect("the node stops").expect_err("by an error");
    let panicked = matches!(fault, Fault::SyncPanics(_));
    assert_eq!(panicked, matches!(error, DriverError::DiskPanicked), "{fault:?}: {error}");
    assert_eq!(panicked, !matches!(error, DriverError::Disk(_)), "{fault:?}: {error}");
    assert_eq!(panicked, seen.lock().unwrap().failed.is_none());
    assert_eq!(platter.durable(), (1..n).collect::<Vec<_>>(), "{fault:?}");
    platter.inline_syncs()
}
