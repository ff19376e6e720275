//! What single nodes do, remembered: a small world has millions of moments, but its nodes have only thousands.
//!
//! Sound for the same reason as merging moments is: nodes of equal digest do the same.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::{Arc, PoisonError, RwLock},
};

use raft_core::{Message, RoleName};

use crate::{
    folding::Folding,
    node::{Deeds, Node, id},
    world::Bounds,
};

/// Something that one node goes through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A message reaches it.
    Hear(Arc<Envelope>),
    /// See [`Node::time_out`].
    TimeOut,
    /// See [`Node::remind`].
    Remind,
    /// See [`Node::propose`].
    Propose(u8),
    /// See [`Node::complete_write`].
    CompleteWrite,
    /// See [`Node::crash`].
    Crash(usize),
}

/// A message on its way.
#[derive(Debug)]
pub struct Envelope {
    /// The sender's place.
    pub from: usize,
    /// The receiver's place.
    pub to: usize,
    /// What it says.
    pub message: Message,
    content: u64,
}

impl Envelope {
    fn new(from: usize, to: usize, message: Message) -> Self {
        let mut state = Folding::default();
        message.hash(&mut state);
        Self { from, to, message, content: state.finish() }
    }

    /// Whether the receiver will never heed it: an answer to a question of a term that it knows to be over, or a
    /// question to which the answer would be such. What the receiver can still forget in a crash does not count.
    #[must_use]
    pub fn is_moot(&self, receiver: &Node) -> bool {
        let (known, vote) = receiver.kept();
        let is = |role, term| receiver.role == role && receiver.term == term;
        match self.message {
            Message::PreVoteReply { term, granted: true } => term <= known,
            Message::PreVoteReply { term, granted: false } => term <= known,
            Message::VoteReply { term, granted } => {
                term <= known && !(granted && is(RoleName::Candidate, term))
            }
            Message::AppendReply { term, .. } => term <= known && !is(RoleName::Leader, term),
            Message::Vote { term, .. } => term == known && vote.is_some_and(|vote| vote != id(self.from)),
            Message::PreVote { .. } | Message::Append { .. } | Message::TimeoutNow { .. } => false,
        }
    }

    pub(crate) const fn content(&self) -> u64 {
        self.content
    }
}

impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        (self.from, self.to, self.content) == (other.from, other.to, other.content)
    }
}

impl Eq for Envelope {}

impl Hash for Envelope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.from, self.to, self.content).hash(state);
    }
}

impl std::fmt::Display for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}: {:?}", id(self.from), id(self.to), self.message)
    }
}

/// What becomes of a node by a step.
#[derive(Debug)]
pub struct Outcome {
    /// The node afterwards.
    pub node: Arc<Node>,
    /// What it did.
    pub deeds: Deeds,
    /// The messages among its deeds.
    pub sent: Vec<Arc<Envelope>>,
}

/// By the digest of the node and what it goes through.
type Outcomes = HashMap<(u64, Step), Arc<Outcome>, BuildHasherDefault<Folding>>;

/// All outcomes so far.
#[derive(Debug)]
pub struct Known {
    asks: bool,
    drops_moot: bool,
    outcomes: RwLock<Outcomes>,
}

impl Known {
    /// Nothing yet.
    #[must_use]
    pub fn new(bounds: &Bounds) -> Self {
        let &Bounds { asks, drops_moot, .. } = bounds;
        Self { asks, drops_moot, outcomes: RwLock::default() }
    }

    pub(crate) const fn drops_moot(&self) -> bool {
        self.drops_moot
    }

    /// How many there are.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.outcomes.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What the core does in this step.
    pub(crate) fn outcome(&self, node: &Node, step: Step) -> Arc<Outcome> {
        let key = (node.digests[0], step);
        if let Some(outcome) = self.outcomes.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(outcome);
        }
        let outcome = Arc::new(self.work_out(node, &key.1));
        let mut outcomes = self.outcomes.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(outcomes.entry(key).or_insert(outcome))
    }

    fn work_out(&self, before: &Node, step: &Step) -> Outcome {
        let mut node = before.clone();
        let deeds = match step {
            Step::Hear(envelope) => node.deliver(envelope.from, &envelope.message),
            Step::TimeOut => node.time_out(self.asks),
            Step::Remind => node.remind(),
            Step::Propose(payload) => node.propose(*payload),
            Step::CompleteWrite => node.complete_write(),
            Step::Crash(kept) => node.crash(*kept),
        };
        let place = node.place();
        let sent =
            deeds.sent.iter().map(|(to, message)| Arc::new(Envelope::new(place, *to, message.clone())));
        Outcome { sent: sent.collect(), node: Arc::new(node), deeds }
    }
}
