//! Exactly once, per client session: which lines count.
//!
//! A client numbers its lines 1, 2, 3, … and may send a line again when it does not know what became of it. A line
//! counts if and only if it is the next one of its client:
//!
//! | sequence | verdict | effect |
//! |---|---|---|
//! | up to the last one taken | `Duplicate` | none: it was taken before |
//! | the one after the last | `New` | taken |
//! | later | `Gap` | none: one before it was lost on the way, so that taking it would break the order |
//!
//! The rule is a pure function of the log, so that all nodes judge alike, now and on every replay, and so does
//! whoever reads the log's entries from the first on.
//!
//! The table is bounded: when it is full, the session that has been silent longest, counted in log entries, is
//! forgotten. Its client then finds `Gap` with `expected: 1` and must decide itself what to do; a client that had
//! sent nothing but its very first lines would have them taken again. (The thesis, §6.3, lets clients register first,
//! which closes that hole for one more round trip.)

use std::collections::BTreeMap;

use crate::entry::ClientId;

/// Sessions remembered by default: at 40 bytes each, well below a megabyte.
pub const SESSIONS_MAX: usize = 10_000;

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next of its client, and counts.
    New,
    /// It was taken before.
    Duplicate,
    /// One before it is missing.
    Gap {
        /// The sequence that would count.
        expected: u64,
    },
}

/// The last sequence taken of each client; bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    table: BTreeMap<ClientId, Session>,
    len_max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Session {
    last: u64,
    /// The log index of the last line taken: unique, so that "silent longest" is never a tie.
    index: u64,
}

impl Sessions {
    /// No sessions yet, and at most `len_max` of them; at least one is kept.
    #[must_use]
    pub fn with_limit(len_max: usize) -> Self {
        Self { table: BTreeMap::new(), len_max: len_max.max(1) }
    }

    /// Judges the line `sequence` of `client` at the log position `index`, and remembers it if it counts.
    pub fn admit(&mut self, client: ClientId, sequence: u64, index: u64) -> Verdict {
        let expected = self.last(client).saturating_add(1);
        if sequence < expected {
            return Verdict::Duplicate;
        }
        if sequence > expected {
            return Verdict::Gap { expected };
        }
        if self.table.len() >= self.len_max && !self.table.contains_key(&client) {
            self.forget_most_silent();
        }
        self.table.insert(client, Session { last: sequence, index });
        Verdict::New
    }

    /// The last sequence taken of this client; zero if none is remembered.
    #[must_use]
    pub fn last(&self, client: ClientId) -> u64 {
        self.table.get(&client).map_or(0, |session| session.last)
    }

    /// How many sessions are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Walks the whole table: only a new session in a full table pays for it.
    fn forget_most_silent(&mut self) {
        let most_silent =
            self.table.iter().min_by_key(|(_, session)| session.index).map(|(client, _)| *client);
        if let Some(client) = most_silent {
            self.table.remove(&client);
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self::with_limit(SESSIONS_MAX)
    }
}

#[cfg(test)]
mod tests;
