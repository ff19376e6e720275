//! What is committed is one chain that only grows: a leader extends it by an entry of its own term (Raft §5.4.2) that
//! is durable on a majority, every later leader has all of it (Leader Completeness, §5.4), nobody drops any of it, and
//! followers take for committed only what is in it.

use machine_core::NodeId;
use raft_core::{Index, LogPos, Run, Term};

use super::{LogMatching, Verdict, Violation, hold};
use crate::disk::Image;

const OWN_TERM: &str = "a leader commits by entries of its own term";
const MAJORITY: &str = "what is committed is durable on a majority";
const ONE_CHAIN: &str = "what is committed stays committed";
const COMPLETE: &str = "leader completeness";
const KEPT: &str = "nobody drops what is committed";
const VERIFIED: &str = "followers commit what is committed";

/// The committed log.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    /// `chain[i]` is the entry of index `i + 1`.
    chain: Vec<Committed>,
}

#[derive(Clone, Copy, Debug)]
struct Committed {
    term: Term,
    /// The term whose leader committed it; never falls along the chain.
    by: Term,
}

impl Commits {
    /// The last committed entry known to anyone.
    pub(crate) fn top(&self) -> Index {
        Index::new(self.chain.len() as u64)
    }

    /// The term of the committed entry; zero before the first.
    pub(crate) fn term_at(&self, index: Index) -> Option<Term> {
        let Some(place) = index.get().checked_sub(1) else { return Some(Term::ZERO) };
        self.chain.get(usize::try_from(place).ok()?).map(|committed| committed.term)
    }

    /// The leader of `term` says that `commit` is committed.
    pub(crate) fn leader<'a>(
        &mut self,
        node: NodeId,
        term: Term,
        commit: Index,
        log: &LogMatching,
        disks: impl ExactSizeIterator<Item = &'a Image>,
    ) -> Verdict {
        let top = self.top();
        if commit <= top {
            return Ok(());
        }
        let mut at = LogPos { term, index: commit };
        let nodes = disks.len();
        let holders = disks.filter(|disk| disk.term_at(commit) == Some(term)).count();
        hold(log.before(at).is_some(), OWN_TERM, || {
            format!("{node} leads {term} and commits up to {commit}, which is no entry of {term}")
        })?;
        hold(holders > nodes / 2, MAJORITY, || {
            format!("{node} commits {at}, which is durable on {holders} of {nodes} nodes")
        })?;
        let mut terms = Vec::new();
        while at.index > top {
            terms.push(at.term);
            let before = log.before(at).ok_or_else(|| unwritten(node, at))?;
            at = LogPos { term: before, index: at.index.prev() };
        }
        let had = self.term_at(top).expect("the top is in the chain");
        hold(at.term == had, ONE_CHAIN, || {
            format!("{node} leads {term} with {at}, but the entry of {had} is committed there")
        })?;
        self.chain.extend(terms.into_iter().rev().map(|of| Committed { term: of, by: term }));
        Ok(())
    }

    /// The node says that `commit` is committed, and its disk was handed `written`.
    pub(crate) fn follower(&self, node: NodeId, commit: Index, written: &Image) -> Verdict {
        let (own, committed) = (written.term_at(commit), self.term_at(commit));
        hold(committed.is_some() && own == committed, VERIFIED, || {
            format!("{node} takes {commit} for committed, of {own:?}; committed there: {committed:?}")
        })
    }

    /// The node has become the leader of `term`, and its disk was handed `written`.
    pub(crate) fn leads(&self, node: NodeId, term: Term, written: &Image) -> Verdict {
        let needs = Index::new(self.chain.partition_point(|committed| committed.by < term) as u64);
        let (own, committed) = (written.term_at(needs), self.term_at(needs));
        hold(own == committed, COMPLETE, || {
            format!("{node} leads {term} with {own:?} at {needs}, where {committed:?} was committed before")
        })
    }

    /// The node, which is in `term`, hands `run` to its disk, which holds `written` so far. What was committed by a
    /// later term may go: the node had no part in that, and its own leader may be an old one that does not know it.
    pub(crate) fn written(&self, node: NodeId, term: Term, run: &Run, written: &Image) -> Verdict {
        if run.first() > written.last().index {
            return Ok(());
        }
        let binding = self.chain.partition_point(|committed| committed.by <= term) as u64;
        let held = self.held(written).min(Index::new(binding));
        let keeps = held < run.first() || (held <= run.last() && self.term_at(held) == Some(run.term()));
        hold(keeps, KEPT, || format!("{node} writes {run:?}, and with it drops entries up to {held}"))
    }

    /// How much of the chain the disk holds. By Log Matching what it holds is a prefix.
    fn held(&self, image: &Image) -> Index {
        let (mut low, mut high) = (0, self.top().min(image.last().index).get());
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let index = Index::new(middle);
            if image.term_at(index) == self.term_at(index) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Index::new(low)
    }
}

fn unwritten(node: NodeId, at: LogPos) -> Violation {
    Violation { law: ONE_CHAIN, detail: format!("{node} commits {at}, which was never handed to a disk") }
}

#[cfg(test)]
mod tests;
