//! The shapes that a group takes: what tells its states apart roughly, so that a run which goes where none has been can be
//! told from one that does not.

use std::collections::BTreeMap;

use raft_core::{Index, LogPos, RoleName, Term};

use super::node::Node;
use crate::Digest;

/// The shapes of one run, each with the event after which the group first had it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Shapes {
    first: BTreeMap<u64, u64>,
}

/// Of more nodes alike than this it does not matter how many there are.
const ALIKE_MAX: u64 = 2;

impl Shapes {
    /// The shapes, and the events after which they first came up.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.first.iter().map(|(shape, event)| (*shape, *event))
    }

    /// The group is like this after an event.
    pub(crate) fn see(&mut self, event: u64, nodes: &[Node]) {
        self.first.entry(shape(nodes)).or_insert(event);
    }
}

/// One number for the whole group, whatever its nodes are called.
fn shape(nodes: &[Node]) -> u64 {
    let term = nodes.iter().map(|node| node.seen.term).max().unwrap_or(Term::ZERO);
    let commit = nodes.iter().map(|node| node.seen.commit).max().unwrap_or(Index::ZERO);
    let last = nodes.iter().map(|node| node.disk.written().last()).max().unwrap_or(LogPos::ZERO);
    let mut all: Vec<_> = nodes.iter().map(|node| shape_of(node, term, commit, last)).collect();
    all.sort_unstable();
    let mut digest = Digest::default();
    for alike in all.chunk_by(|one, other| one == other) {
        digest.word(alike[0]);
        digest.word((alike.len() as u64).min(ALIKE_MAX));
    }
    digest.get()
}

/// A node beside the furthest of its group, in few steps each: what it does, and whether its term, its log and its commit
/// index are behind.
fn shape_of(node: &Node, term: Term, commit: Index, last: LogPos) -> u64 {
    let does = match node.seen.role {
        None => 0,
        Some(_) if node.paused => 1,
        Some(RoleName::Follower) if node.seen.leader.is_none() => 2,
        Some(RoleName::Follower) => 3,
        Some(RoleName::PreCandidate) => 4,
        Some(RoleName::Candidate) => 5,
        Some(RoleName::Leader) => 6,
    };
    let own = node.disk.written().last();
    let log = match (own == last, own.term == last.term) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) if own.index < last.index => 2,
        (false, false) => 3,
    };
    let up = does > 0;
    let terms = if up { (term.get() - node.seen.term.get()).min(2) } else { 0 };
    let commits = u64::from(up && node.seen.commit < commit);
    [terms, commits, log].iter().fold(does, |shape, part| shape * 8 + part)
}

#[cfg(test)]
mod tests;
