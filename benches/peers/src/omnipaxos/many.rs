//! Many groups: each node is ticked each time, and asked for its messages, since nothing tells whether it has any.

use benches::idle_groups::{ELECTION_HEARTBEATS, Groups, Idle, REPLICAS};
use omnipaxos::{ServerConfig, messages::Message};

use super::{Payload, Replica, Ring, config};

pub(super) struct Many {
    replicas: Vec<Replica>,
    queue: Vec<Message<Payload>>,
    messages: u64,
}

impl Many {
    /// Elected in the ordinary way where that takes few ticks, else by being asked to lead: its ballots are then not
    /// compared for one election timeout, which is longer than what is measured.
    pub(super) fn new(idle: &Idle) -> Self {
        let election = ELECTION_HEARTBEATS * idle.heartbeat_ticks;
        let mut replicas = Vec::with_capacity(idle.groups * REPLICAS);
        for _ in 0..idle.groups {
            for pid in 1..=REPLICAS as u64 {
                let mut config = config(pid, REPLICAS);
                // What waits to be sent while nothing is proposed is a heartbeat or two.
                let server =
                    ServerConfig { election_tick_timeout: election, buffer_size: 4, ..config.server_config };
                config.server_config = server;
                replicas.push(Replica::new(config, Ring { kept: usize::MAX, ..Ring::default() }));
            }
        }
        let mut many = Self { replicas, queue: Vec::new(), messages: 0 };
        if election <= 100 {
            (0..4 * election).for_each(|_| many.tick());
        } else {
            for first in (0..many.replicas.len()).step_by(REPLICAS) {
                many.replicas[first].node.try_become_leader();
                many.exchange(first);
            }
        }
        many
    }

    /// Until the group whose first replica this is has nothing more to say.
    fn exchange(&mut self, first: usize) {
        loop {
            for replica in first..first + REPLICAS {
                self.replicas[replica].node.take_outgoing_messages(&mut self.queue);
            }
            if self.queue.is_empty() {
                return;
            }
            for message in self.queue.drain(..) {
                self.messages += 1;
                let place = usize::try_from(message.get_receiver() - 1).expect("a replica");
                self.replicas[first + place].node.handle_incoming(message);
            }
        }
    }
}

impl Groups for Many {
    fn tick(&mut self) {
        for first in (0..self.replicas.len()).step_by(REPLICAS) {
            for replica in &mut self.replicas[first..first + REPLICAS] {
                replica.node.tick();
            }
            self.exchange(first);
        }
    }

    fn messages(&self) -> u64 {
        self.messages
    }

    fn led(&self) -> usize {
        let leads = |replica: &&Replica| replica.node.get_current_leader() == Some((1, true));
        self.replicas.iter().step_by(REPLICAS).filter(leads).count()
    }
}
