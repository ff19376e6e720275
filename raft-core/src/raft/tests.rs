use alloc::{vec, vec::Vec};

use machine_core::{Instant, NodeId};

use crate::{Config, Event, Message, Output, Raft, Recovered, RoleName};

/// Executes everything at once until nobody owes anything.
fn settle(rafts: &mut [Raft], now: Instant) -> Vec<(NodeId, Event)> {
    let mut events = vec![];
    loop {
        let mut idle = true;
        for at in 0..rafts.len() {
            while let Some(output) = rafts[at].poll_output() {
                idle = false;
                let id = rafts[at].limits.id;
                match output {
                    Output::Persist { id, .. } => rafts[at].persisted(now, id).expect("handed out"),
                    Output::Send { to, message } => {
                        let to = rafts.iter_mut().find(|raft| raft.limits.id == to).expect("a voter");
                        to.step(now, id, message).expect("an honest peer");
                    }
                    Output::Apply { run } => rafts[at].applied(now, run.last()).expect("handed out"),
                    Output::Fetch { .. } => panic!("everything is in memory"),
                    Output::Notify(event) => events.push((id, event)),
                    Output::Halt(fault) => panic!("{fault}"),
                }
                rafts.iter().for_each(|raft| raft.check().expect("sound"));
            }
        }
        if idle {
            return events;
        }
    }
}

fn group(voters: u64) -> Vec<Raft> {
    let ids: Vec<_> = (1..=voters).map(NodeId::of).collect();
    let make =
        |id: &NodeId| Raft::new(Config::new(*id, ids.clone()), Recovered::default(), id.get(), Instant::ZERO);
    ids.iter().map(|id| make(id).expect("valid")).collect()
}

#[test]
fn what_was_said_in_an_election_takes_no_memory_afterwards() {
    let mut rafts = group(3);
    let now = rafts[0].next_tick().expect("an election");
    rafts[0].tick(now);
    assert!(rafts[0].peers.iter_mut().all(|peer| peer.owed().is_some()), "requests are owed");
    settle(&mut rafts, now);
    assert_eq!(rafts[0].status().role, RoleName::Leader);
    for raft in &mut rafts {
        assert!(raft.peers.iter_mut().all(|peer| peer.owed().is_none()), "{:?}", raft.limits.id);
    }
}

#[test]
fn elects_replicates_reads() {
    for voters in [1, 2, 3, 5] {
        let mut rafts = group(voters);
        let now = rafts[0].next_tick().expect("an election");
        rafts[0].tick(now);
        let events = settle(&mut rafts, now);
        assert!(events.iter().any(|(_, event)| matches!(event, Event::BecameLeader { .. })), "{events:?}");
        for _ in 0..3 {
            rafts[0].propose(now, b"hello").expect("leads");
        }
        let read = rafts[0].read(now).expect("leads");
        let events = settle(&mut rafts, now);
        assert!(
            events.iter().any(|(_, event)| matches!(event, Event::ReadReady { last, .. } if *last == read))
        );
        assert_eq!(rafts[0].status().applied.get(), 4);
        let later = rafts[0].next_tick().expect("heartbeat");
        rafts[0].tick(later);
        settle(&mut rafts, later);
        for raft in &rafts {
            assert_eq!(raft.status().applied.get(), 4, "{:?}", raft.status());
        }
        assert_eq!(rafts[0].status().role, RoleName::Leader);
    }
}

#[test]
fn message_is_small_enough_to_move() {
    assert!(size_of::<Message>() <= 160, "{}", size_of::<Message>());
}
