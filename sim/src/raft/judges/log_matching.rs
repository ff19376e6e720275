//! Log Matching: an index and a term name one content and one past, everywhere and for ever (Raft §5.3), for every
//! entry ever handed to a disk, committed or not. Leader Append-Only with it.

use machine_core::NodeId;
use raft_core::{EntryKind, Index, LogPos, Run, Stamp, Term};

use super::{Verdict, Violation, hold};
use crate::{Digest, disk::Image};

const LAW: &str = "log matching";
const APPEND_ONLY: &str = "leader append-only";
const NO_GAP: &str = "writes leave no gap";

/// All entries ever written anywhere, by index and term.
#[derive(Debug, Default)]
pub(crate) struct LogMatching {
    /// `entries[i]` are those of index `i + 1`.
    entries: Vec<Vec<Known>>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    term: Term,
    before: Term,
    content: u64,
}

impl LogMatching {
    /// The node hands `run` to its disk, which holds `written` so far.
    pub(crate) fn written(
        &mut self,
        node: NodeId,
        run: &Run,
        written: &Image,
        leading: Option<Term>,
    ) -> Verdict {
        let prev = run.first().prev();
        let Some(mut before) = written.term_at(prev) else {
            return Err(Violation {
                law: NO_GAP,
                detail: format!("{node} writes {run:?} after {}", written.last()),
            });
        };
        let replaces = run.first() <= written.last().index;
        hold(!(replaces && leading == Some(run.term())), APPEND_ONLY, || {
            format!("{node} leads {} and replaces its own {} by {run:?}", run.term(), written.last())
        })?;
        hold(before <= run.term(), LAW, || {
            format!("{node} writes {run:?} after an entry of the later {before}")
        })?;
        for entry in run.entries() {
            let known = Known { term: run.term(), before, content: content(entry.kind, entry.payload) };
            self.meet(node, entry.index, known)?;
            before = run.term();
        }
        Ok(())
    }

    /// The term of the entry before the one named; `None` when nobody ever wrote that.
    pub(crate) fn before(&self, at: LogPos) -> Option<Term> {
        self.find(at).map(|known| known.before)
    }

    /// Whether the content of the entry named is this.
    pub(crate) fn is(&self, at: LogPos, kind: EntryKind, payload: &[u8]) -> bool {
        self.find(at).is_some_and(|known| known.content == content(kind, payload))
    }

    fn find(&self, at: LogPos) -> Option<&Known> {
        let place = usize::try_from(at.index.get()).ok()?.checked_sub(1)?;
        self.entries.get(place)?.iter().find(|known| known.term == at.term)
    }

    fn meet(&mut self, node: NodeId, index: Index, new: Known) -> Verdict {
        let place = usize::try_from(index.get()).expect("a run's index is small") - 1;
        if place >= self.entries.len() {
            self.entries.resize_with(place + 1, Vec::new);
        }
        let all = &mut self.entries[place];
        let Some(old) = all.iter().find(|known| known.term == new.term) else {
            all.push(new);
            return Ok(());
        };
        let at = LogPos { term: new.term, index };
        hold(old.content == new.content, LAW, || {
            format!("{node} writes {at} with another content than before")
        })?;
        hold(old.before == new.before, LAW, || {
            format!("{node} writes {at} after an entry of {}, another had {} there", new.before, old.before)
        })
    }
}

fn content(kind: EntryKind, payload: &[u8]) -> u64 {
    let mut digest = Digest::default();
    digest.word(u64::from(kind == EntryKind::Blank));
    digest.word(kind.stamp().map_or(0, Stamp::get));
    digest.bytes(payload);
    digest.get()
}

#[cfg(test)]
mod tests;
