//! A node of the simulated group: a core, and what its host keeps for it.

use std::collections::{BTreeMap, VecDeque};

use machine_core::{Instant, NodeId, Rng, WriteId};
use raft_core::{Config, FetchId, Index, Message, Raft, RoleName, Run, Status, Term};

use super::{client::Command, stamps::Stamper};
use crate::{clock::Clock, disk::Disk};

/// Most inputs held for a node that is paused; messages beyond are lost, as in a full socket buffer.
const HELD_MAX: usize = 10_000;

/// One node. Without a core it is down.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) config: Config,
    pub(crate) core: Option<Raft>,
    /// Counts restarts, so that what was begun in an earlier life ends unheard.
    pub(crate) boot: u64,
    pub(crate) disk: Disk,
    /// The newest write handed to the disk, and the newest of which the core was told that it is durable.
    pub(crate) given: WriteId,
    pub(crate) confirmed: WriteId,
    pub(crate) clock: Clock,
    /// What stamps the proposals that reach it.
    pub(crate) stamper: Stamper,
    /// What its host does, and when.
    pub(crate) dice: Rng,
    pub(crate) paused: bool,
    /// Whether only the same hand may let it go on.
    pub(crate) paused_by_hand: bool,
    /// Whether its disk was found damaged: it never starts again.
    pub(crate) retired: bool,
    /// Whether somebody keeps it down by hand.
    pub(crate) held_down: bool,
    pub(crate) held: VecDeque<Input>,
    /// When the next tick is scheduled.
    pub(crate) tick_at: Option<Instant>,
    pub(crate) machine: Machine,
    /// Proposals of clients that wait at this node, by their place.
    pub(crate) proposals: BTreeMap<Index, Term>,
    /// The term that it leads, as it said last.
    pub(crate) leading: Option<Term>,
    /// What could be seen of it after its last step.
    pub(crate) seen: Glimpse,
    /// A term whose start the judges have not looked at.
    pub(crate) unjudged: Option<Term>,
    /// Whether outputs were left for later.
    pub(crate) undrained: bool,
}

/// A node's status in a few words; of one that is down nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Glimpse {
    pub(crate) role: Option<RoleName>,
    pub(crate) term: Term,
    pub(crate) leader: Option<NodeId>,
    pub(crate) commit: Index,
}

impl Glimpse {
    pub(crate) fn of(status: &Status) -> Self {
        let Status { role, term, leader, commit, .. } = *status;
        Self { role: Some(role), term, leader, commit }
    }
}

/// The replicated state machine, without its state: the judges keep a digest of that.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// The last entry that it has done.
    pub(crate) applied: Index,
    /// What it was given and has not done.
    pub(crate) queue: VecDeque<Run>,
    pub(crate) queue_bytes: usize,
}

/// What reaches a core.
#[derive(Debug)]
pub(crate) enum Input {
    Message {
        from: NodeId,
        message: Box<Message>,
    },
    Tick,
    /// Everything up to `newest` is durable; a host that confirms piecemeal and twice says `part` before and after.
    Persisted {
        part: Option<WriteId>,
        newest: WriteId,
    },
    /// The state machine has done some of what it was given.
    Applied,
    Fetched {
        id: FetchId,
        run: Run,
    },
    Command(Command),
    /// The host takes the outputs that it left.
    Drain,
}

impl Node {
    pub(crate) fn new(config: Config, id: NodeId, disk: Disk, clock: Clock, dice: Rng) -> Self {
        Self {
            id,
            config,
            core: None,
            boot: 0,
            disk,
            given: WriteId::NONE,
            confirmed: WriteId::NONE,
            clock,
            stamper: Stamper::new(),
            dice,
            paused: false,
            paused_by_hand: false,
            retired: false,
            held_down: false,
            held: VecDeque::new(),
            tick_at: None,
            machine: Machine::default(),
            proposals: BTreeMap::new(),
            leading: None,
            seen: Glimpse::default(),
            unjudged: None,
            undrained: false,
        }
    }

    pub(crate) const fn is_up(&self) -> bool {
        self.core.is_some()
    }

    /// Writes handed to the disk of which the core was not told that they are durable.
    pub(crate) const fn unconfirmed(&self) -> u64 {
        self.given.get() - self.confirmed.get()
    }

    /// Keeps the input until the node goes on.
    pub(crate) fn hold(&mut self, input: Input) {
        let lossy = matches!(input, Input::Message { .. } | Input::Command(_) | Input::Tick);
        if self.held.len() < HELD_MAX || !lossy {
            self.held.push_back(input);
        }
    }

    /// Everything that is only in memory is gone.
    pub(crate) fn forget(&mut self) {
        self.core = None;
        self.boot += 1;
        self.stamper.forget();
        self.given = WriteId::NONE;
        self.confirmed = WriteId::NONE;
        self.paused = false;
        self.paused_by_hand = false;
        self.held.clear();
        self.tick_at = None;
        self.machine.queue.clear();
        self.machine.queue_bytes = 0;
        self.proposals.clear();
        self.leading = None;
        self.seen = Glimpse::default();
        self.unjudged = None;
        self.undrained = false;
    }
}
