//! What is done by hand.

use std::fmt;

use machine_core::NodeId;
use raft_core::{Index, LogPos, ProposeError, ReadError, ReadId, Term, TransferError};

use super::Bench;
use crate::raft::{
    Failure, What,
    client::{Command, Refusal, Taken},
    nemesis::End,
    node::Input,
    world::{Event, World},
};

/// Why something cannot be done by hand. Nothing was changed, unless a law was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandError {
    /// A law was broken, at this call or before.
    Failed(Box<Failure>),
    /// There is no such node.
    NoSuchNode {
        /// The number that was given.
        node: u64,
        /// Nodes are numbered from 1 to this.
        nodes: usize,
    },
    /// A node was named twice.
    Twice {
        /// The node.
        node: NodeId,
    },
    /// The node is down.
    Down {
        /// The node.
        node: NodeId,
    },
    /// The node is up.
    Up {
        /// The node.
        node: NodeId,
    },
    /// The node is paused.
    Paused {
        /// The node.
        node: NodeId,
    },
    /// The node is not paused.
    NotPaused {
        /// The node.
        node: NodeId,
    },
    /// The node has met damage that nobody repairs.
    Retired {
        /// The node.
        node: NodeId,
    },
    /// Payloads have no room for one more number.
    NoNumbers,
    /// The node does not take the entry.
    Propose(ProposeError),
    /// The node does not take the read.
    Read(ReadError),
    /// The node does not hand over.
    Transfer(TransferError),
}

impl Bench {
    /// Asks a node to append an entry, and returns the place that it got there. It is not decided yet:
    /// [`Bench::is_acknowledged`] tells.
    ///
    /// # Errors
    ///
    /// When the node is down or paused, or does not take it.
    pub fn propose(&mut self, node: u64, payload: &[u8]) -> Result<LogPos, HandError> {
        if self.world.clients.numbers_left() == 0 {
            return Err(HandError::NoNumbers);
        }
        let place = self.running(node)?;
        self.judged(|world| {
            let payloads = world.payload_by_hand(payload);
            world.input(place, Input::Command(Command::Propose { client: 0, payloads }))
        })?;
        match self.answer()? {
            Taken::Proposal(at) => Ok(at),
            Taken::Read(_) => Err(HandError::Down { node: id(place) }),
        }
    }

    /// Asks a node to read. That the read is answered, and what it may see, is a [`What::ReadsAnswered`].
    ///
    /// # Errors
    ///
    /// When the node is down or paused, or does not take it.
    pub fn read(&mut self, node: u64) -> Result<ReadId, HandError> {
        let place = self.running(node)?;
        self.judged(|world| world.input(place, Input::Command(Command::Read { client: 0 })))?;
        match self.answer()? {
            Taken::Read(read) => Ok(read),
            Taken::Proposal(_) => Err(HandError::Down { node: id(place) }),
        }
    }

    /// Asks a node to hand leadership over.
    ///
    /// # Errors
    ///
    /// When the node is down or paused, or does not do it.
    pub fn transfer(&mut self, node: u64, to: u64) -> Result<(), HandError> {
        let (place, to) = (self.running(node)?, id(self.place(to)?));
        self.judged(|world| world.input(place, Input::Command(Command::Transfer { to })))?;
        match self.world.clients.refusal.take() {
            Some(refusal) => Err(refusal.into()),
            None => Ok(()),
        }
    }

    /// Asks a node to lead no longer.
    ///
    /// # Errors
    ///
    /// When the node is down or paused.
    pub fn step_down(&mut self, node: u64) -> Result<(), HandError> {
        let place = self.running(node)?;
        Ok(self.judged(|world| world.input(place, Input::Command(Command::StepDown)))?)
    }

    /// Ends a node, with its machine's power or without. It stays down until it is started by hand.
    ///
    /// # Errors
    ///
    /// When it is down.
    pub fn crash(&mut self, node: u64, power: bool) -> Result<(), HandError> {
        let place = self.up(node)?;
        let end = if power { End::Power } else { End::Process };
        Ok(self.judged(|world| {
            world.nodes[place].held_down = true;
            world.crash(place, end, "by hand")
        })?)
    }

    /// Starts a node that is down. When its disk fails while it starts, it tries again by itself.
    ///
    /// # Errors
    ///
    /// When it is up, or retired.
    pub fn restart(&mut self, node: u64) -> Result<(), HandError> {
        let place = self.place(node)?;
        let node = &self.world.nodes[place];
        if node.is_up() {
            return Err(HandError::Up { node: id(place) });
        }
        if node.retired {
            return Err(HandError::Retired { node: id(place) });
        }
        Ok(self.judged(|world| {
            world.nodes[place].held_down = false;
            world.start(place)
        })?)
    }

    /// Lets a node stand still until it is let go on by hand. What reaches it meanwhile waits.
    ///
    /// # Errors
    ///
    /// When it is down, or paused.
    pub fn pause(&mut self, node: u64) -> Result<(), HandError> {
        let place = self.running(node)?;
        Ok(self.judged(|world| {
            world.pause_by_hand(place);
            Ok(())
        })?)
    }

    /// Lets a node go on that is paused, by whomever.
    ///
    /// # Errors
    ///
    /// When it is down, or not paused.
    pub fn resume(&mut self, node: u64) -> Result<(), HandError> {
        let place = self.up(node)?;
        if !self.world.nodes[place].paused {
            return Err(HandError::NotPaused { node: id(place) });
        }
        Ok(self.judged(|world| {
            world.nodes[place].paused_by_hand = false;
            world.resume(place)
        })?)
    }

    /// Cuts all links between nodes of different groups; nodes that are in none are one more group. Replaces what was
    /// cut by hand before. What is on its way arrives.
    ///
    /// # Errors
    ///
    /// When there is no such node, or it is named twice.
    pub fn partition(&mut self, groups: &[Vec<u64>]) -> Result<(), HandError> {
        let nodes = self.nodes();
        let mut sides = vec![0; nodes];
        for (side, group) in groups.iter().enumerate() {
            for node in group {
                let place = self.place(*node)?;
                if std::mem::replace(&mut sides[place], side + 1) != 0 {
                    return Err(HandError::Twice { node: id(place) });
                }
            }
        }
        let all = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
        let links: Vec<_> = all.filter(|(from, to)| sides[*from] != sides[*to]).collect();
        Ok(self.judged(|world| {
            world.network.open_by_hand();
            world.cut_by_hand(&links);
            Ok(())
        })?)
    }

    /// Cuts one link in one direction, besides what else is cut.
    ///
    /// # Errors
    ///
    /// When there is no such node, or both are one.
    pub fn cut(&mut self, from: u64, to: u64) -> Result<(), HandError> {
        let link = (self.place(from)?, self.place(to)?);
        if link.0 == link.1 {
            return Err(HandError::Twice { node: id(link.0) });
        }
        Ok(self.judged(|world| {
            world.cut_by_hand(&[link]);
            Ok(())
        })?)
    }

    /// Opens all links that were cut by hand.
    ///
    /// # Errors
    ///
    /// When a law was broken before.
    pub fn heal(&mut self) -> Result<(), HandError> {
        Ok(self.judged(|world| {
            world.network.open_by_hand();
            world.trace.note(world.now, None, &[52], format_args!("what was cut by hand is open"));
            world.record_for_all(|| What::Opened);
            Ok(())
        })?)
    }

    /// Ends all faults for good, drawn and by hand: from here on the group must find a leader, take a write, answer a read
    /// and become one again, or a law is broken. [`Bench::is_over`] tells when it has.
    ///
    /// # Errors
    ///
    /// When a law was broken before.
    pub fn end_faults(&mut self) -> Result<(), HandError> {
        Ok(self.judged(|world| match &world.healing {
            Some(healing) if !healing.is_over() => Ok(()),
            _ => world.heal(),
        })?)
    }

    /// Tells the judges that an entry was acknowledged which nobody has. The group cannot keep that promise, and after
    /// [`Bench::end_faults`] the judges say so: a canary, for those who test what they do with a failure.
    ///
    /// # Errors
    ///
    /// When a law was broken before.
    pub fn promise_too_much(&mut self) -> Result<(), HandError> {
        let nowhere = LogPos { term: Term::new(u64::MAX), index: Index::new(u64::MAX) };
        Ok(self.judged(|world| {
            world.judges.promises.acknowledged(nowhere);
            Ok(())
        })?)
    }

    fn up(&self, node: u64) -> Result<usize, HandError> {
        let place = self.place(node)?;
        if self.world.nodes[place].is_up() { Ok(place) } else { Err(HandError::Down { node: id(place) }) }
    }

    fn running(&self, node: u64) -> Result<usize, HandError> {
        let place = self.up(node)?;
        if self.world.nodes[place].paused { Err(HandError::Paused { node: id(place) }) } else { Ok(place) }
    }

    /// What became of the newest command.
    fn answer(&mut self) -> Result<Taken, HandError> {
        let clients = &mut self.world.clients;
        match (clients.outcome.take(), clients.refusal.take()) {
            (_, Some(refusal)) => Err(refusal.into()),
            (Some(taken), None) => Ok(taken),
            (None, None) => Err(HandError::Propose(ProposeError::Halted)),
        }
    }
}

impl World<'_> {
    fn pause_by_hand(&mut self, node: usize) {
        self.nodes[node].paused = true;
        self.nodes[node].paused_by_hand = true;
        self.totals.pauses += 1;
        self.note(node, &[50], format_args!("is paused by hand"));
        self.record(node, What::Paused);
    }

    fn cut_by_hand(&mut self, links: &[(usize, usize)]) {
        self.network.cut_by_hand(links);
        self.totals.partitions += 1;
        let words = links.iter().flat_map(|(from, to)| [*from as u64, *to as u64]);
        let words: Vec<u64> = [51].into_iter().chain(words).collect();
        let shown: Vec<_> = links.iter().map(|(from, to)| format!("n{}>n{}", from + 1, to + 1)).collect();
        self.trace.note(self.now, None, &words, format_args!("cut by hand: {}", shown.join(" ")));
        self.record_cut();
    }

    /// Nobody is held any more: who was paused goes on, who was down starts.
    pub(crate) fn let_go_by_hand(&mut self) {
        for node in 0..self.nodes.len() {
            let state = &mut self.nodes[node];
            if std::mem::take(&mut state.held_down) {
                self.queue.push(self.now, Event::Start { node });
            }
            if std::mem::take(&mut state.paused_by_hand) {
                self.queue.push(self.now, Event::Resume { node, boot: state.boot });
            }
        }
    }
}

impl From<Box<Failure>> for HandError {
    fn from(failure: Box<Failure>) -> Self {
        Self::Failed(failure)
    }
}

impl From<Refusal> for HandError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Propose(error) => Self::Propose(error),
            Refusal::Read(error) => Self::Read(error),
            Refusal::Transfer(error) => Self::Transfer(error),
        }
    }
}

impl fmt::Display for HandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::NoSuchNode { node, nodes } => {
                write!(f, "there is no node {node}; they are numbered 1 to {nodes}")
            }
            Self::Twice { node } => write!(f, "{node} is named twice"),
            Self::Down { node } => write!(f, "{node} is down; restart it first"),
            Self::Up { node } => write!(f, "{node} is up"),
            Self::Paused { node } => write!(f, "{node} is paused; resume it first"),
            Self::NotPaused { node } => write!(f, "{node} is not paused"),
            Self::Retired { node } => write!(f, "{node} stays down: its disk is damaged"),
            Self::NoNumbers => f.write_str("entries of this run are too small for one more number"),
            Self::Propose(error) => error.fmt(f),
            Self::Read(error) => error.fmt(f),
            Self::Transfer(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for HandError {}

fn id(place: usize) -> NodeId {
    NodeId::of(place as u64 + 1)
}
