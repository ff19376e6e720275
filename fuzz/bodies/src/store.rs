//! A log store that does what a write says and nothing else: what `docs` of `raft_core::Write` ask for, in memory.

use bytes::{BufMut, Bytes, BytesMut};
use raft_core::{EntryKind, HardState, Index, Recovered, RecoveredRun, Run, Term, Write};

/// Hard state and entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Store {
    pub(crate) hard_state: HardState,
    pub(crate) entries: Vec<Entry>,
}

/// One stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) term: Term,
    pub(crate) kind: EntryKind,
    pub(crate) payload: Bytes,
}

impl Store {
    /// Takes a write.
    ///
    /// # Panics
    ///
    /// When it would leave a gap: the core asked for something impossible.
    pub(crate) fn write(&mut self, write: &Write) {
        self.hard_state = write.hard_state;
        let Some(run) = &write.run else { return };
        let keep = place(run.first());
        assert!(keep <= self.entries.len(), "a write leaves a gap: {run:?} after {}", self.entries.len());
        self.entries.truncate(keep);
        self.entries.extend(run.entries().map(|entry| Entry {
            term: run.term(),
            kind: entry.kind,
            payload: run.share(entry.payload),
        }));
    }

    /// The entry with this index.
    pub(crate) fn entry(&self, index: Index) -> Option<&Entry> {
        self.entries.get(place(index.max(Index::new(1))))
    }

    /// The term of the entry with this index; zero for none.
    pub(crate) fn term(&self, index: Index) -> Term {
        if index == Index::ZERO {
            Term::ZERO
        } else {
            self.entry(index).map_or(Term::ZERO, |entry| entry.term)
        }
    }

    pub(crate) fn last(&self) -> Index {
        Index::new(self.entries.len() as u64)
    }

    /// What a node that starts is told.
    pub(crate) fn recovered(&self, applied: Index) -> Recovered {
        let mut runs: Vec<RecoveredRun> = Vec::new();
        for (index, entry) in (1..).map(Index::new).zip(&self.entries) {
            match runs.last_mut() {
                Some(run) if run.term == entry.term => run.count += 1,
                _ => runs.push(RecoveredRun { first: index, count: 1, term: entry.term }),
            }
        }
        Recovered { hard_state: self.hard_state, runs, applied }
    }

    /// The stored entries from `from` on, as far as its term goes.
    pub(crate) fn fetch(&self, from: Index) -> Option<Run> {
        let term = self.entry(from)?.term;
        let mut body = BytesMut::new();
        let mut count = 0;
        for entry in self.entries[place(from)..].iter().take_while(|entry| entry.term == term) {
            body.put_u32_le(u32::try_from(entry.payload.len()).expect("payloads here are short"));
            match entry.kind {
                EntryKind::Normal => body.put_u8(0),
                EntryKind::Blank => body.put_u8(1),
                EntryKind::Stamped(stamp) => {
                    body.put_u8(2);
                    body.put_u64_le(stamp.get());
                }
            }
            body.put_slice(&entry.payload);
            count += 1;
        }
        Some(Run::decode(term, from, count, body.freeze()).expect("made by the page that describes it"))
    }
}

/// Where the entry stands in a list from index 1.
pub(crate) fn place(index: Index) -> usize {
    usize::try_from(index.prev().get()).expect("logs here are short")
}
