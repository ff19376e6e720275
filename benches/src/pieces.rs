//! A leader and a follower at rest, for timing the pieces that a turn is made of (`benches/benches`).

use machine_core::{Instant, NodeId};
use raft_core::{Config, Message, Output, Raft, Recovered, RoleName};

/// Two of three replicas: the first leads, the second has all that it has, and nobody owes anything. The third answers
/// nothing.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Replica 1.
    pub leader: Raft,
    /// Replica 2.
    pub follower: Raft,
    /// The time of both.
    pub now: Instant,
}

/// Proposals by which blocks have grown to what the default limits allow.
const LOADS_MAX: u32 = 32;

/// The leader's id.
pub const LEADER: NodeId = NodeId::of(1);

/// The follower's id.
pub const FOLLOWER: NodeId = NodeId::of(2);

impl Pair {
    /// Elects the leader, and has it propose and commit an entry, so that it streams to the follower.
    ///
    /// # Panics
    ///
    /// When it is not elected: a mistake here.
    #[must_use]
    pub fn at_rest() -> Self {
        let voters = || (1..=3).map(NodeId::of);
        let core = |id: NodeId| {
            Raft::new(Config::new(id, voters()), Recovered::default(), id.get(), Instant::ZERO)
                .expect("the values are possible")
        };
        let leader = core(LEADER);
        let now = leader.next_tick().expect("a follower waits for an election");
        let mut pair = Self { leader, follower: core(FOLLOWER), now };
        pair.leader.tick(now);
        pair.settle();
        assert!(pair.leader.status().role == RoleName::Leader, "the follower votes for it");
        pair.propose(1, 8);
        pair.settle();
        pair
    }

    /// A pair at rest, but that so many entries of so many bytes have just been proposed, which fit one block: one
    /// write, and one append to the follower.
    ///
    /// # Panics
    ///
    /// When they are too many for a block of the default limits.
    #[must_use]
    pub fn with_proposed(entries: usize, bytes: usize) -> Self {
        let mut pair = Self::at_rest();
        // The size of blocks follows the load.
        for _ in 0..LOADS_MAX {
            pair.propose(entries, bytes);
            if pair.clone().appends().len() == 1 {
                return pair;
            }
            pair.settle();
        }
        unreachable!("{entries} entries of {bytes} bytes do not fit a block");
    }

    /// The append that tells the follower of what was proposed; all else that the leader owes is left undone.
    ///
    /// # Panics
    ///
    /// When there is not just one.
    pub fn append(&mut self) -> Message {
        let mut appends = self.appends();
        assert_eq!(appends.len(), 1, "what fits a block is one append");
        appends.swap_remove(0)
    }

    /// The follower's answer to it, as soon as its disk has the entries.
    ///
    /// # Panics
    ///
    /// When it has none.
    pub fn answer(&mut self, append: Message) -> Message {
        self.follower.step(self.now, LEADER, append).expect("the leader is honest");
        let answers = execute(&mut self.follower, self.now, LEADER);
        answers.into_iter().last().expect("entries are answered when they are durable")
    }

    fn propose(&mut self, entries: usize, bytes: usize) {
        let payload = vec![0x5a; bytes];
        let payloads = std::iter::repeat_n(&payload[..], entries);
        let proposed = self.leader.propose_many(self.now, payloads).expect("a leader at rest has room");
        assert_eq!(proposed.count, entries as u64, "the default limits have room for a few");
    }

    fn appends(&mut self) -> Vec<Message> {
        let mut appends = Vec::new();
        while let Some(output) = self.leader.poll_output() {
            if let Output::Send { to: FOLLOWER, message } = output {
                appends.push(message);
            }
        }
        appends
    }

    /// Delivers what they say to each other, until they have nothing more to say.
    fn settle(&mut self) {
        loop {
            let said = execute(&mut self.leader, self.now, FOLLOWER);
            for message in said {
                self.follower.step(self.now, LEADER, message).expect("the leader is honest");
            }
            let answers = execute(&mut self.follower, self.now, LEADER);
            if answers.is_empty() {
                return;
            }
            for message in answers {
                self.leader.step(self.now, FOLLOWER, message).expect("the follower is honest");
            }
        }
    }
}

/// Does all that the core owes, with a disk that is done at once; returns what it says to the peer.
fn execute(core: &mut Raft, now: Instant, peer: NodeId) -> Vec<Message> {
    let mut said = Vec::new();
    while let Some(output) = core.poll_output() {
        match output {
            Output::Persist { id, .. } => core.persisted(now, id).expect("it was handed out"),
            Output::Send { to, message } if to == peer => said.push(message),
            Output::Send { .. } | Output::Notify(_) => {}
            Output::Apply { run } => core.applied(now, run.last()).expect("it was handed out"),
            Output::Fetch { .. } | Output::Halt(_) => {
                unreachable!("the cache holds all, and nothing is wrong")
            }
        }
    }
    said
}

#[cfg(test)]
mod tests;
