//! The safety laws of Raft's Figure 3, judged from outside after every step.

use std::collections::{BTreeMap, BTreeSet};

use machine_core::NodeId;
use raft_core::{Index, ReadId, Term};

use crate::{
    Marks,
    node::Node,
    store::{Entry, place},
};

/// All that is remembered in order to judge.
#[derive(Debug, Default)]
pub(super) struct Laws {
    /// Who led a term, over all history.
    leaders: BTreeMap<Term, NodeId>,
    /// What was ever written at an index in a term, and the term before it.
    written: BTreeMap<(Index, Term), (Term, Entry)>,
    /// What was ever committed.
    committed: Vec<Entry>,
    /// Reads that wait, by node: how much was committed anywhere when they were asked.
    reads: BTreeMap<(usize, ReadId), usize>,
    /// How often each node's log had changed when it was last looked at.
    seen: BTreeMap<NodeId, u64>,
    /// How much of each node's state machine was looked at.
    applied: BTreeMap<NodeId, usize>,
    /// The last leader whose commit index was looked at, and at which.
    commit: Option<(NodeId, u64, Index)>,
}

impl Laws {
    /// A read was taken.
    pub(super) fn asked(&mut self, node: usize, id: ReadId) {
        self.reads.insert((node, id), self.committed.len());
    }

    /// Reads were answered from a state machine with so many entries.
    pub(super) fn answered(&mut self, node: usize, first: ReadId, last: ReadId, applied: usize) {
        for id in first.get()..=last.get() {
            let known = self.reads.remove(&(node, ReadId::new(id)));
            let known = known.unwrap_or_else(|| panic!("read {id} was never asked, or answered twice"));
            assert!(applied >= known, "a read from {applied} entries, when {known} were committed before it");
        }
    }

    /// What a life was asked ends with it.
    pub(super) fn crashed(&mut self, node: usize) {
        self.reads.retain(|(asked, _), _| *asked != node);
    }

    pub(super) fn judge(&mut self, nodes: &[Node], marks: &mut Marks) {
        for node in nodes {
            self.log_matching(node);
        }
        for node in nodes.iter().filter(|node| node.leads()) {
            self.elections(node, marks);
            self.commits(node, nodes, marks);
        }
        for node in nodes {
            self.state_machine(node);
        }
    }

    /// One leader a term (§5.2).
    fn elections(&mut self, node: &Node, marks: &mut Marks) {
        let term = node.status().term;
        let known = *self.leaders.entry(term).or_insert(node.id);
        assert_eq!(known, node.id, "two leaders of {term}");
        marks.see("led");
        if self.leaders.keys().next_back() > Some(&term) {
            marks.see("leader of an earlier term");
        }
    }

    /// An index and a term have one content and one past, committed or not (§5.3).
    fn log_matching(&mut self, node: &Node) {
        if self.seen.insert(node.id, node.changes) == Some(node.changes) {
            return;
        }
        let mut before = Term::ZERO;
        for (index, entry) in (1..).map(Index::new).zip(&node.written.entries) {
            let past = (before, entry.clone());
            let known = self.written.entry((index, entry.term)).or_insert_with(|| past.clone());
            assert_eq!(*known, past, "{index} of {} has two contents or two pasts", entry.term);
            before = entry.term;
        }
    }

    /// What a leader commits is on the disks of a majority, is what was committed before, and only grows (§5.4).
    fn commits(&mut self, leader: &Node, nodes: &[Node], marks: &mut Marks) {
        let commit = leader.status().commit;
        if commit == Index::ZERO || commit > leader.written.last() {
            return;
        }
        let state = Some((leader.id, leader.changes, commit));
        if std::mem::replace(&mut self.commit, state) == state {
            return;
        }
        let known = self.committed.len().min(place(commit.next()));
        let same = leader.written.entries[..known] == self.committed[..known];
        assert!(same, "the leader of {} lacks committed entries", leader.status().term);
        if place(commit.next()) <= self.committed.len() {
            return;
        }
        let term = leader.written.term(commit);
        let holders: BTreeSet<NodeId> =
            nodes.iter().filter(|node| node.disk.term(commit) == term).map(|node| node.id).collect();
        assert!(
            holders.len() * 2 > nodes.len(),
            "{commit} of {term} is committed, and durable on {holders:?} only"
        );
        self.committed = leader.written.entries[..place(commit.next())].to_vec();
        marks.see("committed");
    }

    /// What is applied is what was committed (§5.4.3).
    fn state_machine(&mut self, node: &Node) {
        let (count, committed) = (node.applied.len(), self.committed.len());
        assert!(count <= committed, "{} applied {count} entries, of {committed} committed", node.id);
        // One that has forgotten begins anew.
        let looked_at = self.applied.insert(node.id, count).filter(|looked_at| *looked_at <= count);
        for place in looked_at.unwrap_or(0)..count {
            let (term, payload) = &node.applied[place];
            let expected = &self.committed[place];
            let same = (*term, payload) == (expected.term, &expected.payload);
            assert!(same, "{} applied {term} at {}, committed is {expected:?}", node.id, place + 1);
        }
    }
}
