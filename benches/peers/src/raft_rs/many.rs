//! Many groups: each node is ticked each time, and asked what it is ready for when `tick` says that it may be.

use benches::idle_groups::{ELECTION_HEARTBEATS, Groups, Idle, REPLICAS};
use raft::{Config, StateRole, eraftpb::Message};

use super::{Replica, config, place};

pub(super) struct Many {
    replicas: Vec<Replica>,
    queue: Vec<Message>,
    messages: u64,
}

impl Many {
    pub(super) fn new(idle: &Idle) -> Self {
        let ticks = |heartbeats: u64| usize::try_from(heartbeats * idle.heartbeat_ticks).expect("few ticks");
        let timing =
            |id| Config { heartbeat_tick: ticks(1), election_tick: ticks(ELECTION_HEARTBEATS), ..config(id) };
        let mut replicas = Vec::with_capacity(idle.groups * REPLICAS);
        for _ in 0..idle.groups {
            let ids = 1..=REPLICAS as u64;
            replicas.extend(ids.map(|id| Replica::new(&timing(id), REPLICAS as u64, usize::MAX)));
        }
        let mut many = Self { replicas, queue: Vec::new(), messages: 0 };
        for group in 0..idle.groups {
            let leader = group * REPLICAS;
            many.replicas[leader].node.campaign().expect("a follower may stand");
            many.hand_out(leader);
            many.exchange(leader);
        }
        for replica in &mut many.replicas {
            replica.node.mut_store().entries.shrink_to_fit();
        }
        many
    }

    fn hand_out(&mut self, replica: usize) {
        let (queue, messages) = (&mut self.queue, &mut self.messages);
        self.replicas[replica].hand_out(&mut |message| {
            *messages += 1;
            queue.push(message);
        });
    }

    /// Until the group whose first replica this is has nothing more to say.
    fn exchange(&mut self, first: usize) {
        while let Some(message) = self.queue.pop() {
            let replica = first + place(message.to);
            self.replicas[replica].node.step(message).expect("peers are honest");
            self.hand_out(replica);
        }
    }
}

impl Groups for Many {
    fn tick(&mut self) {
        for first in (0..self.replicas.len()).step_by(REPLICAS) {
            for replica in first..first + REPLICAS {
                if self.replicas[replica].node.tick() {
                    self.hand_out(replica);
                }
            }
            self.exchange(first);
        }
    }

    fn messages(&self) -> u64 {
        self.messages
    }

    fn led(&self) -> usize {
        let leads = |replica: &&Replica| replica.node.raft.state == StateRole::Leader;
        self.replicas.iter().step_by(REPLICAS).filter(leads).count()
    }
}
