//! State Machine Safety: every node applies the same entries at the same indexes, in order and without gaps
//! (Raft §5.4.3), only what clients proposed, and each proposal once.

use machine_core::NodeId;
use raft_core::{EntryKind, Index, LogPos, Run};

use super::{Commits, LogMatching, Verdict, hold};
use crate::Digest;

const ORDER: &str = "entries are applied in order and without gaps";
const SAME: &str = "state machine safety";
const ONCE: &str = "each proposal is applied once";
const PROPOSED: &str = "only what was proposed is applied";

/// The state machines of all nodes, each reduced to the digest of what it was given.
#[derive(Debug)]
pub(crate) struct StateMachines {
    /// The last entry handed out to each node's machine.
    given: Vec<Index>,
    /// `digests[i]` covers the entries up to index `i + 1`: the same on every node.
    digests: Vec<Digest>,
    /// Each node's own.
    own: Vec<Digest>,
    /// What became of each proposal, by its number.
    proposals: Vec<Fate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Refused,
    Taken,
    AppliedAt(Index),
}

impl StateMachines {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            given: vec![Index::ZERO; nodes],
            digests: Vec::new(),
            own: vec![Digest::default(); nodes],
            proposals: Vec::new(),
        }
    }

    /// A client makes a payload with this number. Unless a core takes it, nobody may apply it.
    pub(crate) fn numbered(&mut self, number: u64) {
        assert_eq!(number, self.proposals.len() as u64, "proposals are numbered without gaps");
        self.proposals.push(Fate::Refused);
    }

    /// A core has taken the payload.
    pub(crate) fn taken(&mut self, payload: &[u8]) {
        if let Some(fate) = self.fate(payload) {
            *fate = Fate::Taken;
        }
    }

    /// The node restarts with a state machine that has applied this much.
    pub(crate) fn restarted(&mut self, node: usize, applied: Index) {
        self.given[node] = applied;
        self.own[node] = match applied.get().checked_sub(1) {
            Some(place) => self.digests[usize::try_from(place).expect("applied before")],
            None => Digest::default(),
        };
    }

    /// The node hands `run` to its state machine.
    pub(crate) fn applied(
        &mut self,
        node: NodeId,
        run: &Run,
        commits: &Commits,
        log: &LogMatching,
    ) -> Verdict {
        let place = usize::try_from(node.get()).expect("nodes are few") - 1;
        let given = self.given[place];
        hold(run.first() == given.next(), ORDER, || format!("{node} applies {run:?} after {given}"))?;
        for entry in run.entries() {
            let at = LogPos { term: run.term(), index: entry.index };
            let committed = commits.term_at(entry.index);
            hold(committed == Some(at.term), SAME, || {
                format!("{node} applies {at}; committed there: {committed:?}")
            })?;
            hold(log.is(at, entry.kind, entry.payload), SAME, || {
                format!("{node} applies {at} with another content than was written")
            })?;
            self.count(node, at.index, entry.kind, entry.payload)?;
            self.extend(place, node, at)?;
        }
        self.given[place] = run.last();
        Ok(())
    }

    /// The digest of everything handed out to the node's machine.
    pub(crate) fn digest(&self, node: usize) -> Digest {
        self.own[node]
    }

    fn count(&mut self, node: NodeId, index: Index, kind: EntryKind, payload: &[u8]) -> Verdict {
        if kind == EntryKind::Blank {
            return Ok(());
        }
        let number = number(payload);
        let before = self.fate(payload).map(|fate| std::mem::replace(fate, Fate::AppliedAt(index)));
        match before {
            Some(Fate::Taken) => Ok(()),
            Some(Fate::AppliedAt(first)) => hold(first == index, ONCE, || {
                format!("{node} applies proposal {number:?} at {index}, also at {first}")
            }),
            Some(Fate::Refused) | None => {
                hold(false, PROPOSED, || format!("{node} applies {payload:?} at {index}"))
            }
        }
    }

    fn fate(&mut self, payload: &[u8]) -> Option<&mut Fate> {
        self.proposals.get_mut(usize::try_from(number(payload)?).ok()?)
    }

    fn extend(&mut self, place: usize, node: NodeId, at: LogPos) -> Verdict {
        let own = &mut self.own[place];
        own.word(at.index.get());
        own.word(at.term.get());
        let known = usize::try_from(at.index.get()).expect("applied entries are few") - 1;
        if known == self.digests.len() {
            self.digests.push(*own);
        }
        let all = self.digests.get(known).copied();
        hold(all == Some(*own), SAME, || {
            format!("{node} has applied something else than the others up to {at}")
        })
    }
}

/// The number that a client put in front of a payload, in as many bytes as an append has room for, at most eight;
/// `None` when no client made it.
pub(crate) fn number(payload: &[u8]) -> Option<u64> {
    let front = &payload[..payload.len().min(8)];
    let number = front.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    (!front.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests;
