//! What clients see is linearizable (Herlihy and Wing 1990): every entry is an append to the list of its key, a read
//! sees the list as the node that answers it has it, and there is one order that explains all of it.

use std::collections::{BTreeMap, BTreeSet};

use raft_core::{LogPos, ReadId, Run};

use super::{Commits, Verdict, hold, state_machine};
use crate::{
    Digest,
    linear::{self, Model, Operation},
};

const LAW: &str = "what clients see is linearizable";
const SAME: &str = "state machine safety";

/// Keys among which entries and reads are spread by their numbers.
const KEYS: usize = 4;

/// The lists of all keys, each as a digest.
type Lists = [Digest; KEYS];

/// A list per key.
#[derive(Debug)]
struct List;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Append(u64),
    Read,
}

impl Model for List {
    type Op = Op;
    type Answer = Digest;
    type State = Digest;

    fn apply(state: &Digest, op: &Op, answer: Option<&Digest>) -> Option<Digest> {
        let mut after = *state;
        if let Op::Append(number) = op {
            after.word(*number);
        }
        answer.is_none_or(|answer| *answer == after).then_some(after)
    }
}

/// What clients asked and were told.
#[derive(Debug)]
pub(crate) struct Histories {
    /// Whether a history is kept at all.
    kept: bool,
    operations: Vec<Operation<Op, Digest>>,
    /// Orders calls and answers.
    moment: u64,
    appends: BTreeMap<LogPos, usize>,
    reads: Vec<BTreeMap<ReadId, usize>>,
    /// The lists of each node, as its state machine has them.
    own: Vec<Lists>,
    /// `after[i]` are the lists after the first `i` entries: what a restarted state machine has kept.
    after: Vec<Lists>,
}

impl Histories {
    pub(crate) fn new(nodes: usize, kept: bool) -> Self {
        let nothing = [Digest::default(); KEYS];
        Self {
            kept,
            operations: Vec::new(),
            moment: 0,
            appends: BTreeMap::new(),
            reads: vec![BTreeMap::new(); nodes],
            own: vec![nothing; nodes],
            after: vec![nothing],
        }
    }

    /// A core took a payload for this place.
    pub(crate) fn proposed(&mut self, at: LogPos, payload: &[u8]) {
        if let Some(number) = state_machine::number(payload).filter(|_| self.kept) {
            let called = self.call(key(number), Op::Append(number));
            self.appends.insert(at, called);
        }
    }

    /// The client is told that its entry is applied, and what the list is then.
    pub(crate) fn acknowledged(&mut self, at: LogPos) {
        let Some(place) = self.appends.remove(&at) else { return };
        let after = usize::try_from(at.index.get()).ok().and_then(|index| self.after.get(index)).copied();
        if let (Some(lists), key) = (after, self.operations[place].key) {
            self.answer(place, lists[self::key(key)]);
        }
    }

    /// A core took a read.
    pub(crate) fn asked(&mut self, node: usize, id: ReadId) {
        if self.kept {
            let called = self.call(key(id.get()), Op::Read);
            self.reads[node].insert(id, called);
        }
    }

    /// The node may answer the reads now, from its state machine.
    pub(crate) fn ready(&mut self, node: usize, (first, last): (ReadId, ReadId)) {
        while let Some(entry) = self.reads[node].first_entry().filter(|entry| *entry.key() <= last) {
            let (id, place) = entry.remove_entry();
            if id >= first {
                let lists = self.own[node];
                self.answer(place, lists[key(id.get())]);
            }
        }
    }

    /// The node ended; its clients hear nothing more.
    pub(crate) fn crashed(&mut self, node: usize) {
        self.reads[node].clear();
    }

    /// The node's state machine starts with so many entries.
    pub(crate) fn restarted(&mut self, node: usize, applied: u64) {
        if self.kept {
            self.own[node] = self.after[usize::try_from(applied).expect("applied entries are few")];
        }
    }

    /// The node's state machine has done this run.
    pub(crate) fn applied(&mut self, node: usize, run: &Run) -> Verdict {
        if !self.kept {
            return Ok(());
        }
        for entry in run.entries() {
            let lists = &mut self.own[node];
            if let Some(number) = state_machine::number(entry.payload) {
                lists[key(number)].word(number);
            }
            let place = usize::try_from(entry.index.get()).expect("applied entries are few");
            if place == self.after.len() {
                self.after.push(*lists);
            }
            hold(self.after.get(place) == Some(lists), SAME, || {
                format!("n{} has other lists than the others after {}", node + 1, entry.index)
            })?;
        }
        Ok(())
    }

    /// Everything that happened. Of appends that were never answered the committed log tells which did happen: those
    /// are taken as answered in the end, and the others left out. Otherwise the search would try all sets of them.
    pub(crate) fn judge(&mut self, commits: &Commits) -> Verdict {
        let mut never = BTreeSet::new();
        for (at, place) in std::mem::take(&mut self.appends) {
            self.appends.insert(at, place);
            let happened = commits.term_at(at.index) == Some(at.term);
            self.acknowledged(at);
            if !happened || self.operations[place].answered.is_none() {
                never.insert(place);
            }
        }
        // A read that nobody heard the answer of says nothing.
        let heard = |(place, operation): &(usize, &Operation<Op, Digest>)| {
            operation.answered.is_some() && !never.contains(place)
        };
        let happened = self.operations.iter().enumerate().filter(heard);
        let happened: Vec<_> = happened.map(|(_, operation)| operation.clone()).collect();
        linear::check::<List>(&happened).map_err(|found| {
            let stuck = &happened[found.stuck_at];
            super::Violation { law: LAW, detail: format!("{found:?}: {stuck:?}") }
        })
    }

    /// Operations, and how many of them were answered.
    pub(crate) fn count(&self) -> u64 {
        self.operations.len() as u64
    }

    fn call(&mut self, key: usize, op: Op) -> usize {
        self.moment += 1;
        self.operations.push(Operation { key: key as u64, op, called: self.moment, answered: None });
        self.operations.len() - 1
    }

    fn answer(&mut self, place: usize, answer: Digest) {
        self.moment += 1;
        self.operations[place].answered = Some((self.moment, answer));
    }
}

fn key(number: u64) -> usize {
    usize::try_from(number % KEYS as u64).expect("below the number of keys")
}

#[cfg(test)]
mod tests;
