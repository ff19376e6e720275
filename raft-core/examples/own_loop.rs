//! The smallest own loop over raft-core: three nodes in one thread, their network a queue, their disks a vector.
//!
//! Run it: `cargo run -p quorate-raft-core --example own_loop`
//!
//! Everything a driver has to do is in `execute`, one arm for each output. Replace the queue by sockets and the vector
//! by a log that syncs, and this is a replicated log.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::VecDeque;

use machine_core::{Instant, NodeId};
use raft_core::{Config, Event, Message, Output, Raft, Recovered, RoleName, Run};

struct Node {
    raft: Raft,
    disk: Vec<Run>,
    lines: Vec<String>,
}

/// Messages on their way: from, to, what.
type Network = VecDeque<(NodeId, NodeId, Message)>;

fn main() {
    let ids = [1, 2, 3].map(NodeId::of);
    let mut now = Instant::ZERO;
    let mut network = Network::new();
    let mut nodes = ids.map(|id| {
        let raft = Raft::new(Config::new(id, ids), Recovered::default(), id.get(), now).expect("valid");
        Node { raft, disk: Vec::new(), lines: Vec::new() }
    });
    let mut proposed = false;
    while nodes.iter().any(|node| node.lines.len() < 3) {
        for node in &mut nodes {
            node.raft.tick(now);
            if node.raft.status().role == RoleName::Leader && !proposed {
                node.raft.propose_many(now, ["one", "two", "three"]).expect("it leads");
                proposed = true;
            }
            while let Some(output) = node.raft.poll_output() {
                execute(node, now, output, &mut network);
            }
        }
        match network.pop_front() {
            Some((from, to, message)) => {
                let node = nodes.iter_mut().find(|node| node.raft.status().id == to).expect("a voter");
                node.raft.step(now, from, message).expect("an honest peer");
            }
            // Nothing is under way: jump to the next deadline instead of waiting for it.
            None => now = nodes.iter().filter_map(|node| node.raft.next_tick()).min().expect("timers run"),
        }
    }
    println!("after {now}, every node has applied: {:?}", nodes.map(|node| node.lines.join(" ")));
}

fn execute(node: &mut Node, now: Instant, output: Output, network: &mut Network) {
    match output {
        Output::Persist { id, write } => {
            // A real disk also keeps write.hard_state, and overwrites from the run's first index on.
            node.disk.extend(write.run);
            node.raft.persisted(now, id).expect("this write was handed out");
        }
        Output::Send { to, message } => network.push_back((node.raft.status().id, to, message)),
        Output::Apply { run } => {
            node.lines.extend(run.payloads().map(|(_, line)| String::from_utf8_lossy(line).into_owned()));
            node.raft.applied(now, run.last()).expect("this run was handed out");
        }
        Output::Fetch { id, from } => {
            let holds = |run: &&Run| run.first() <= from && from <= run.last();
            let run = node.disk.iter().rev().find(holds).expect("what left memory is on disk").clone();
            node.raft.fetched(now, id, run).expect("this was asked for");
        }
        Output::Notify(Event::BecameLeader { term }) => println!("{} leads {term}", node.raft.status().id),
        Output::Notify(_) => {}
        Output::Halt(fault) => panic!("the disk contradicts itself: {fault}"),
    }
}
