//! Appends that were proposed and are not decided yet.

use std::collections::VecDeque;

use crate::{lines::Applied, protocol::Refusal};

/// Which append each entry belongs to, until the entry, or another one in its place, is applied.
///
/// An append is known by term and index. An entry of another term at its index means that it was not taken, and never
/// will be; until something is applied there, nobody can know, and the append stays here. Appends of an earlier term
/// and of this one may claim the same index, hence one queue for each term.
#[derive(Debug)]
pub(super) struct PendingAppends<D> {
    terms: VecDeque<(u64, VecDeque<Pending<D>>)>,
    len: usize,
    len_max: usize,
}

/// One append: a stretch of entries of one term, and who waits for it.
#[derive(Debug)]
pub(super) struct Pending<D> {
    pub(super) first: u64,
    pub(super) last: u64,
    /// What is already known to be wrong with it.
    pub(super) refusal: Option<Refusal>,
    pub(super) done: D,
}

/// An append that is decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decided<D> {
    pub(super) done: D,
    /// The index of its last entry, or why not all of it was taken.
    pub(super) outcome: Result<u64, Refusal>,
}

impl<D> PendingAppends<D> {
    pub(super) const fn with_limit(len_max: usize) -> Self {
        Self { terms: VecDeque::new(), len: 0, len_max }
    }

    pub(super) const fn is_full(&self) -> bool {
        self.len >= self.len_max
    }

    /// Remembers an append. Within a term indexes rise, and terms rise.
    pub(super) fn push(&mut self, term: u64, pending: Pending<D>) {
        debug_assert!(self.terms.back().is_none_or(|(newest, _)| *newest <= term), "terms rise");
        if self.terms.back().is_none_or(|(newest, _)| *newest != term) {
            self.terms.push_back((term, VecDeque::new()));
        }
        if let Some((_, queue)) = self.terms.back_mut() {
            queue.push_back(pending);
            self.len += 1;
        }
    }

    /// The entry `index` of `term` was applied, with this outcome (`None`: it was no line). Indexes rise from call to
    /// call. What is decided by it goes to `decided`.
    pub(super) fn applied(
        &mut self,
        term: u64,
        index: u64,
        applied: Option<Applied>,
        decided: &mut Vec<Decided<D>>,
    ) {
        for (of_term, queue) in &mut self.terms {
            if *of_term == term {
                self.len -= apply(queue, index, applied, decided);
            } else {
                self.len -= supersede(queue, index, decided);
            }
        }
        self.terms.retain(|(_, queue)| !queue.is_empty());
    }

    /// Everything that is undecided, for the end.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = D> + use<D> {
        self.len = 0;
        std::mem::take(&mut self.terms).into_iter().flat_map(|(_, queue)| queue).map(|pending| pending.done)
    }
}

/// Returns how many left the queue.
fn apply<D>(
    queue: &mut VecDeque<Pending<D>>,
    index: u64,
    applied: Option<Applied>,
    decided: &mut Vec<Decided<D>>,
) -> usize {
    let Some(front) = queue.front_mut().filter(|front| front.first <= index) else { return 0 };
    match applied {
        Some(Applied::Appended | Applied::Duplicate) => {}
        Some(Applied::Gap { expected }) => {
            front.refusal.get_or_insert(Refusal::Gap { expected });
        }
        Some(Applied::Unreadable) | None => {
            front.refusal.get_or_insert(Refusal::Superseded);
        }
    }
    if index < front.last {
        return 0;
    }
    let Some(Pending { last, refusal, done, .. }) = queue.pop_front() else { return 0 };
    decided.push(Decided { done, outcome: refusal.map_or(Ok(last), Err) });
    1
}

fn supersede<D>(queue: &mut VecDeque<Pending<D>>, index: u64, decided: &mut Vec<Decided<D>>) -> usize {
    let mut left = 0;
    while queue.front().is_some_and(|front| front.first <= index) {
        let Some(Pending { done, .. }) = queue.pop_front() else { break };
        decided.push(Decided { done, outcome: Err(Refusal::Superseded) });
        left += 1;
    }
    left
}

#[cfg(test)]
mod tests;
