use alloc::{boxed::Box, collections::VecDeque};
use core::hash::{Hash, Hasher};

use bytes::BytesMut;

use crate::{EntryKind, Index, LogPos, Run, Term, run::OpenRun, terms::Terms, window::Window};

/// What a run costs in memory besides its body.
const RUN_OVERHEAD_BYTES: usize = 64;

/// The largest run that is joined with its neighbours: for larger ones a message of their own costs less than the copy.
const JOINED_BYTES_MAX: usize = 4 << 10;

/// Runs that are moved to give back the memory around them.
const RUNS_AT_REST_MAX: usize = 4;

/// The first block a leader allocates; each further one is twice as large, up to `append_bytes_max`.
const BLOCK_BYTES_MIN: u32 = 64;

/// The log as the machine knows it: every term, and the newest runs. Older ones are in storage.
///
/// ```text
///  1 ........ cached from ........ durable ........ written ........ sealed | open | last
///  └ in storage only ┘└────────────── in memory, as runs ─────────────────┘└ block in the making
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Log {
    terms: Terms,
    cache: VecDeque<Run>,
    cached_bytes: usize,
    /// The block in the making, or the room for it: what only a leader has.
    block: Option<Box<OpenRun>>,
    last: Index,
    written: Index,
    durable: Index,
    /// Bytes not yet durable, or, at a leader, not yet both durable and committed.
    pending: Window,
    cache_bytes_max: usize,
    append_bytes_max: u32,
    block_bytes: u32,
}

impl Log {
    /// The log of a node whose storage holds entries up to `last`, all durable.
    pub(crate) fn new(terms: Terms, last: Index, append_bytes_max: usize, cache_bytes_max: usize) -> Self {
        Self {
            terms,
            cache: VecDeque::new(),
            cached_bytes: 0,
            block: None,
            last,
            written: last,
            durable: last,
            pending: Window::default(),
            cache_bytes_max,
            append_bytes_max: u32::try_from(append_bytes_max).expect("an append is far below 4 GiB"),
            block_bytes: BLOCK_BYTES_MIN,
        }
    }

    // What it holds.

    pub(crate) const fn append_bytes_max(&self) -> usize {
        self.append_bytes_max as usize
    }

    pub(crate) const fn last(&self) -> Index {
        self.last
    }

    pub(crate) fn last_pos(&self) -> LogPos {
        LogPos { term: self.terms.at(self.last), index: self.last }
    }

    pub(crate) const fn durable(&self) -> Index {
        self.durable
    }

    pub(crate) const fn written(&self) -> Index {
        self.written
    }

    pub(crate) const fn cached_bytes(&self) -> usize {
        self.cached_bytes
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.pending.bytes() + self.open().map_or(0, OpenRun::bytes)
    }

    /// The term of the entry at `index`; zero at index zero, `None` beyond the end.
    #[expect(
        clippy::inline_always,
        reason = "where entries come one by one, a call costs as much as what it does"
    )]
    #[inline(always)]
    pub(crate) fn term_at(&self, index: Index) -> Option<Term> {
        (index <= self.last).then(|| self.terms.at(index))
    }

    /// Whether the log has this entry (Log Matching: then it has everything before it, too).
    pub(crate) fn has(&self, pos: LogPos) -> bool {
        self.term_at(pos.index) == Some(pos.term)
    }

    /// The last index whose term is that of the entry at `index`.
    pub(crate) fn end_of_term_at(&self, index: Index) -> Index {
        self.terms.end_of_term_at(index, self.last)
    }

    /// The last place at which this log may agree with one whose entry at `pos` differs: no later than `pos` and of
    /// no later term. Both sides skip whole terms by it, so that a disagreement takes a round trip for each term, not
    /// for each entry (Raft §5.3).
    pub(crate) fn conflict_hint(&self, pos: LogPos) -> LogPos {
        let index = self.terms.last_not_after(self.last.min(pos.index), pos.term);
        LogPos { term: self.terms.at(index), index }
    }

    /// The run from `index` on if it can be handed out whole: it begins there, ends no later than `last` and fits an append.
    /// It is one of the two newest, as nearly always; others are searched for and cut below.
    #[inline]
    pub(crate) fn whole_run(&self, index: Index, last: Index) -> Option<Run> {
        let newest = self.cache.back()?;
        let run = if newest.first() <= index {
            newest
        } else {
            self.cache.get(self.cache.len().checked_sub(2)?)?
        };
        (run.last() <= last).then(|| self.whole(run, index)).flatten()
    }

    /// The newest run if it begins at `index` and fits an append. What is older may be joined with it.
    #[inline]
    pub(crate) fn newest_run(&self, index: Index) -> Option<Run> {
        self.whole(self.cache.back()?, index)
    }

    #[inline]
    fn whole(&self, run: &Run, index: Index) -> Option<Run> {
        (run.first() == index && run.body().len() <= self.append_bytes_max()).then(|| run.clone())
    }

    /// Entries from `index` to at most `last`, of one term and at most `append_bytes_max`, if they are in memory: the
    /// rest of the run that holds the first.
    pub(crate) fn rest_of_run(&self, index: Index, last: Index) -> Option<Run> {
        self.cache[self.place_of(index)?].part(index, last, self.append_bytes_max())
    }

    /// Entries from `index` on, of one term and at most `append_bytes_max`, if they are in memory.
    ///
    /// Small neighbours are joined into one run, in the cache too, so that every follower that lags gets few large
    /// messages instead of many small ones.
    pub(crate) fn run_from(&mut self, index: Index) -> Option<Run> {
        let place = self.place_of(index)?;
        let run = &self.cache[place];
        let newest = place + 1 == self.cache.len();
        if newest || run.first() < index || run.body().len() > JOINED_BYTES_MAX {
            return run.part(index, self.last, self.append_bytes_max());
        }
        let (mut joined, mut bytes) = (0, 0);
        for next in self.cache.iter().skip(place) {
            bytes += next.body().len();
            let small = next.body().len() <= JOINED_BYTES_MAX && bytes <= self.append_bytes_max();
            if next.term() != run.term() || !small {
                break;
            }
            joined += 1;
        }
        if joined > 1 {
            self.join(place, joined);
        }
        Some(self.cache[place].fit(self.append_bytes_max()))
    }

    // What changes it.

    /// Appends an entry to the block in the making and says where it stands. The payload must fit `append_bytes_max`.
    #[inline]
    pub(crate) fn propose(&mut self, term: Term, kind: EntryKind, payload: &[u8]) -> Index {
        let bytes = kind.header_bytes() + payload.len();
        let open = match &mut self.block {
            Some(open) if open.has_room(bytes) => open,
            _ => self.begin_block(term, bytes),
        };
        let last = open.push(kind, payload);
        debug_assert_eq!(last, self.last.next(), "entries follow on directly");
        self.last = last;
        last
    }

    /// A new block, in which there is room for so many bytes.
    #[inline(never)]
    fn begin_block(&mut self, term: Term, bytes: usize) -> &mut OpenRun {
        assert!(bytes <= self.append_bytes_max(), "the caller refuses larger payloads");
        self.seal();
        let (first, capacity) = (self.last.next(), bytes.max(self.block_bytes as usize));
        self.terms.push(first, term);
        self.block_bytes = (self.block_bytes * 2).min(self.append_bytes_max);
        let room = BytesMut::with_capacity(capacity);
        let open = OpenRun::new(term, first, room, self.append_bytes_max());
        match self.block.take() {
            Some(mut block) => {
                *block = open;
                self.block.insert(block)
            }
            None => self.block.insert(Box::new(open)),
        }
    }

    /// Turns the block in the making into a run of the log.
    #[inline]
    pub(crate) fn seal(&mut self) {
        if self.open().is_some() {
            self.seal_block();
        }
    }

    /// Nothing more is proposed in this term.
    pub(crate) fn end_term(&mut self) {
        self.seal();
        self.block = None;
    }

    /// The term of the block in the making, or of the room for it.
    pub(crate) fn block_term(&self) -> Option<Term> {
        self.block.as_ref().map(|open| open.term())
    }

    fn seal_block(&mut self) {
        let bytes_max = self.append_bytes_max();
        let Some(open) = self.block.as_mut() else { return };
        let run = open.seal(bytes_max);
        self.keep(run);
    }

    /// Appends a run received from a leader; it follows on directly.
    #[expect(
        clippy::inline_always,
        reason = "where entries come one by one, a call costs as much as what it does"
    )]
    #[inline(always)]
    pub(crate) fn push(&mut self, run: Run) {
        assert!(self.open().is_none(), "a follower proposes nothing");
        assert_eq!(run.first(), self.last.next(), "entries follow on directly");
        self.terms.push(run.first(), run.term());
        self.last = run.last();
        self.keep(run);
    }

    /// Removes entries from `index` on, which a leader of a later term has replaced. What is written afterwards
    /// overwrites them in storage.
    pub(crate) fn truncate(&mut self, index: Index) {
        assert!(self.open().is_none(), "a follower proposes nothing");
        assert!(index > Index::ZERO && index <= self.last, "there is something to remove");
        self.last = index.prev();
        self.written = self.written.min(self.last);
        self.durable = self.durable.min(self.last);
        self.terms.truncate(index);
        self.pending.truncate(index);
        while let Some(run) = self.cache.back() {
            if run.last() < index {
                break;
            }
            self.cached_bytes -= cost(run);
            let block_bytes = run.body().len();
            let rest = run.up_to(self.last).map(|rest| rest.without_slack(block_bytes));
            self.cache.pop_back();
            if let Some(rest) = rest {
                self.cached_bytes += cost(&rest);
                self.cache.push_back(rest);
                break;
            }
        }
    }

    /// The next run to be written if it can be handed out whole, counted as written from here on.
    #[inline]
    pub(crate) fn whole_write(&mut self) -> Option<Run> {
        let (next, bytes_max) = (self.written.next(), self.append_bytes_max());
        let run = match &mut self.block {
            // What was proposed since the last write, as nearly always.
            Some(open) if !open.is_empty() && open.first() == next => {
                let run = open.seal(bytes_max);
                self.keep(run.clone());
                run
            }
            _ => {
                self.seal();
                self.whole_run(next, self.last)?
            }
        };
        self.written = run.last();
        Some(run)
    }

    /// The next run to be written, counted as written from here on.
    pub(crate) fn next_write(&mut self) -> Option<Run> {
        self.seal();
        let next = self.written.next();
        if next > self.last {
            return None;
        }
        let run = self.rest_of_run(next, self.last).expect("what is not written is in memory");
        self.written = run.last();
        Some(run)
    }

    /// Everything up to `index` is durable.
    pub(crate) fn set_durable(&mut self, index: Index) {
        assert!(index <= self.written, "only what was written can be durable");
        assert!(index >= self.durable, "what is durable stays durable");
        self.durable = index;
    }

    /// Everything up to `index` no longer counts as pending; drops the oldest durable runs beyond the cache's size.
    #[inline]
    pub(crate) fn settle(&mut self, index: Index) {
        self.pending.release(index);
        if self.cached_bytes > self.cache_bytes_max {
            self.drop_oldest();
        }
    }

    #[inline(never)]
    fn drop_oldest(&mut self) {
        while self.cached_bytes > self.cache_bytes_max {
            let Some(oldest) = self.cache.front() else { break };
            if oldest.last() > self.durable {
                break;
            }
            self.cached_bytes -= cost(oldest);
            self.cache.pop_front();
        }
    }

    /// Nothing is going on: gives back memory that holds nothing. Not that of a large cache, which would have to be
    /// moved for it.
    pub(crate) fn rest(&mut self) {
        if self.pending.is_empty() && self.open().is_none() {
            // The next block begins small again: the rest of a large one would be kept by its last entry.
            self.block = None;
            self.block_bytes = BLOCK_BYTES_MIN;
        }
        self.pending.rest();
        self.terms.rest();
        if self.cache.len() <= RUNS_AT_REST_MAX && self.cache.capacity() > self.cache.len() {
            self.cache.shrink_to_fit();
        }
    }

    /// Invariants that take a walk; the others are asserted where they could break.
    pub(crate) fn is_sound(&self) -> bool {
        let sealed = self.open().map_or(self.last, |open| open.first().prev());
        // One walk, since simulators look after every step.
        let (mut contiguous, mut terms, mut bytes, mut next) = (true, true, 0, None);
        let (mut term, mut end) = (Term::ZERO, Index::ZERO);
        for run in &self.cache {
            contiguous &= next.is_none_or(|next| next == run.first());
            if run.first() > end {
                (term, end) = self.terms.around(run.first(), self.last);
            }
            terms &= term == run.term() && end >= run.last();
            bytes += cost(run);
            next = Some(run.last().next());
        }
        let ends = self.cache.back().is_none_or(|run| run.last() == sealed);
        let pinned = self.durable >= sealed
            || self.cache.front().is_some_and(|run| run.first() <= self.durable.next());
        let counted = self.cached_bytes == bytes;
        let ordered = self.durable <= self.written && self.written <= self.last;
        contiguous && ends && pinned && counted && terms && ordered && self.terms.is_sound(self.last)
    }

    /// For [`Raft::hash_state`](crate::Raft::hash_state): all terms, the entries in memory, and how far each thing has
    /// come; neither limits nor sums nor how large the next block will be.
    pub(crate) fn hash_entries(&self, state: &mut impl Hasher) {
        let Self {
            terms,
            cache,
            cached_bytes: _,
            block: _,
            block_bytes: _,
            last,
            written,
            durable,
            pending,
            append_bytes_max: _,
            cache_bytes_max: _,
        } = self;
        (terms, cache, last, written, durable, pending).hash(state);
        self.open().map(OpenRun::written).hash(state);
    }

    fn open(&self) -> Option<&OpenRun> {
        self.block.as_deref().filter(|open| !open.is_empty())
    }

    #[expect(
        clippy::inline_always,
        reason = "where entries come one by one, a call costs as much as what it does"
    )]
    #[inline(always)]
    fn keep(&mut self, run: Run) {
        let bytes = cost(&run);
        self.cached_bytes += bytes;
        self.pending.push(run.last(), bytes);
        self.cache.push_back(run);
    }

    fn place_of(&self, index: Index) -> Option<usize> {
        let place = self.cache.partition_point(|run| run.last() < index);
        self.cache.get(place).filter(|run| run.first() <= index).map(|_| place)
    }

    fn join(&mut self, place: usize, runs: usize) {
        let joined = Run::join(self.cache.range(place..place + runs)).expect("at least one run");
        let before: usize = self.cache.range(place..place + runs).map(cost).sum();
        self.cached_bytes = self.cached_bytes - before + cost(&joined);
        self.cache[place] = joined;
        self.cache.drain(place + 1..place + runs);
    }
}

fn cost(run: &Run) -> usize {
    run.body().len() + RUN_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests;
