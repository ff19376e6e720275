//! Many groups of our own core, as a host of many should drive them: by deadlines. A group that is not due is not
//! touched.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use machine_core::{Instant, NodeId};
use raft_core::{Config, Message, Output, Raft, Recovered, RoleName};

use super::id;
use crate::idle_groups::{ELECTION_HEARTBEATS, Groups, Idle, REPLICAS};

/// How long a tick is: any length would do.
const TICK: Duration = Duration::from_millis(1);

/// What lies between the cores: the receiver, the sender, the message.
type Letter = (usize, NodeId, Message);

/// Groups, replica after replica, and when each replica is due.
pub(super) struct Many {
    cores: Vec<Raft>,
    /// Deadlines, the earliest on top. A replica whose deadline moved further out is found early, and put back.
    due: BinaryHeap<Reverse<(Instant, u32)>>,
    /// The deadline that counts for each replica; others of its in `due` are passed over.
    armed: Vec<Instant>,
    queue: VecDeque<Letter>,
    now: Instant,
    messages: u64,
}

impl Many {
    /// All first replicas are elected at the same moment.
    pub(super) fn new(idle: &Idle) -> Self {
        let replicas = idle.groups * REPLICAS;
        let heartbeat = TICK * u32::try_from(idle.heartbeat_ticks).expect("few ticks");
        let election = heartbeat * u32::try_from(ELECTION_HEARTBEATS).expect("a small number");
        let mut cores = Vec::with_capacity(replicas);
        for replica in 0..replicas {
            let config = Config::new(id(replica % REPLICAS), (0..REPLICAS).map(id))
                .with_heartbeat_interval(heartbeat)
                .with_election_timeout(election, 2 * election);
            let core = Raft::new(config, Recovered::default(), replica as u64, Instant::ZERO);
            cores.push(core.expect("the values are possible"));
        }
        let mut many = Self {
            cores,
            due: BinaryHeap::with_capacity(replicas),
            armed: vec![Instant::MAX; replicas],
            queue: VecDeque::new(),
            now: Instant::ZERO + 2 * election,
            messages: 0,
        };
        for leader in (0..replicas).step_by(REPLICAS) {
            many.cores[leader].tick(many.now);
            many.settle(leader);
        }
        (0..replicas).for_each(|replica| many.arm(replica));
        many.queue.shrink_to_fit();
        many
    }

    /// Does all that the replica owes, and all that follows from it.
    fn settle(&mut self, replica: usize) {
        self.hand_out(replica);
        while let Some((to, from, message)) = self.queue.pop_front() {
            self.cores[to].step(self.now, from, message).expect("peers are honest");
            self.hand_out(to);
            if to != replica && self.armed[to] != Instant::MAX {
                self.arm(to);
            }
        }
    }

    fn hand_out(&mut self, replica: usize) {
        let first = replica - replica % REPLICAS;
        let core = &mut self.cores[replica];
        while let Some(output) = core.poll_output() {
            match output {
                Output::Persist { id, .. } => core.persisted(self.now, id).expect("it was handed out"),
                Output::Send { to, message } => {
                    self.messages += 1;
                    let place = usize::try_from(to.get() - 1).expect("a replica");
                    self.queue.push_back((first + place, id(replica % REPLICAS), message));
                }
                Output::Apply { run } => {
                    core.applied(self.now, run.last()).expect("it was handed out");
                }
                Output::Notify(_) => {}
                Output::Fetch { .. } => unreachable!("the caches hold one entry"),
                Output::Halt(fault) => unreachable!("nothing contradicts itself: {fault}"),
            }
        }
    }

    /// Sees that the replica is found in time.
    fn arm(&mut self, replica: usize) {
        let Some(next) = self.cores[replica].next_tick() else { return };
        if next < self.armed[replica] {
            self.armed[replica] = next;
            self.due.push(Reverse((next, u32::try_from(replica).expect("few groups"))));
        }
    }
}

impl Groups for Many {
    fn tick(&mut self) {
        self.now += TICK;
        while let Some(&Reverse((at, replica))) = self.due.peek() {
            if at > self.now {
                break;
            }
            self.due.pop();
            let replica = replica as usize;
            if self.armed[replica] != at {
                continue;
            }
            if self.cores[replica].next_tick().is_some_and(|next| next <= self.now) {
                self.cores[replica].tick(self.now);
                self.settle(replica);
            }
            self.armed[replica] = Instant::MAX;
            self.arm(replica);
        }
    }

    fn messages(&self) -> u64 {
        self.messages
    }

    fn led(&self) -> usize {
        let leads = |leader: &&Raft| leader.status().role == RoleName::Leader;
        self.cores.iter().step_by(REPLICAS).filter(leads).count()
    }
}
