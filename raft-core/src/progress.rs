//! How far one follower is, as its leader knows (compare etcd-io/raft's `tracker/progress.go` and `design.md`).
//!
//! ```text
//!                 accepted: next = matched + 1
//!        ┌──────────────────────────────────────────────┐
//!        │                                              ▼
//!     Probe ── one append at a time,             Streaming ── next runs ahead of the replies,
//!        ▲     until the logs agree                     │     as far as the window allows
//!        └──────────────────────────────────────────────┘
//!                 rejected: next = place of the hint + 1, a new session
//! ```
//!
//! One lost append makes the follower reject each of those that were sent behind it. The first rejection ends the
//! session: the others, and those that copies of the same appends call forth later, are about a window that has been
//! given up, and would send all of it out again if they counted.
//!
//! A third state, for a follower that needs a snapshot, comes with snapshots.

use alloc::boxed::Box;

use machine_core::Instant;

use crate::{Index, Round, Run, SessionId, window::Window};

#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) session: SessionId,
    /// The last entry known to be durable there and equal to ours (Figure 2, `matchIndex`).
    pub(crate) matched: Index,
    /// The next entry to send (Figure 2, `nextIndex`).
    pub(crate) next: Index,
    pub(crate) state: ProgressState,
    /// Appends with entries on their way.
    pub(crate) inflight: Window,
    /// How many of them there may be after a rejection: half of what was lost, and one more for each that arrives.
    pub(crate) window: u32,
    /// The newest question "am I still the leader?" answered.
    pub(crate) round: Round,
    /// The commit index last sent.
    pub(crate) commit_sent: Index,
    /// When it last answered an append of this session: only that shows that it still follows. What else it says
    /// would keep a leader in office whom nobody hears (one-way partitions).
    pub(crate) heard: Instant,
    /// An append is due even if there is nothing to send.
    pub(crate) due: Due,
    /// In which interval of its silence it was last asked; wraps round.
    pub(crate) asked: u16,
    /// Entries from `next` on that came back from storage.
    pub(crate) fetched: Option<Box<Run>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProgressState {
    Probe {
        /// A probe is on its way.
        waiting: bool,
    },
    Streaming,
}

/// Why an append without entries is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    No,
    /// To tell the commit index; no answer is wanted.
    Commit,
    /// As heartbeat or read round; an answer is wanted.
    Answer,
}

impl Progress {
    pub(crate) fn new(session: SessionId, next: Index, now: Instant) -> Self {
        Self {
            session,
            matched: Index::ZERO,
            next,
            state: ProgressState::Probe { waiting: false },
            inflight: Window::default(),
            window: u32::MAX,
            round: Round::ZERO,
            commit_sent: Index::ZERO,
            heard: now,
            due: Due::Answer,
            asked: 0,
            fetched: None,
        }
    }

    /// It has said something in this stretch of replication.
    pub(crate) const fn was_heard(&mut self, now: Instant) {
        self.heard = now;
        self.asked = 0;
    }

    /// Whether it has said nothing for another `interval` of nanoseconds since it was asked last: once an interval,
    /// however often somebody looks, which is whenever one of the others has been silent for one.
    pub(crate) fn is_to_be_asked(&mut self, now: Instant, interval: u64) -> bool {
        let silent = self.silent_intervals(now, interval);
        // Only whether it is another one counts, so the low bits will do.
        #[expect(clippy::cast_possible_truncation, reason = "the low bits")]
        let asked = core::mem::replace(&mut self.asked, silent as u16);
        silent > 0 && asked != self.asked
    }

    /// When it is to be asked if it says nothing until then.
    pub(crate) fn next_ask(&self, now: Instant, interval: u64) -> Instant {
        let intervals = self.silent_intervals(now, interval).saturating_add(1);
        self.heard.plus_nanos(interval.saturating_mul(intervals))
    }

    /// Whole intervals since it was heard.
    const fn silent_intervals(&self, now: Instant, interval: u64) -> u64 {
        now.as_nanos().saturating_sub(self.heard.as_nanos()) / interval
    }

    /// Whether entries may be sent now.
    pub(crate) fn has_room(&self, messages_max: u32, bytes_max: usize) -> bool {
        match self.state {
            ProgressState::Probe { waiting } => !waiting,
            ProgressState::Streaming => {
                self.inflight.len() < messages_max.min(self.window) as usize
                    && self.inflight.bytes() < bytes_max
            }
        }
    }

    /// An append with these entries has been sent.
    #[expect(
        clippy::inline_always,
        reason = "where entries come one by one, a call costs as much as what it does"
    )]
    #[inline(always)]
    pub(crate) fn sent(&mut self, run: &Run) {
        match &mut self.state {
            ProgressState::Probe { waiting } => *waiting = true,
            ProgressState::Streaming => {
                self.next = run.last().next();
                self.inflight.push(run.last(), run.body().len());
            }
        }
    }

    /// The follower holds everything up to `matched`. Returns whether that is news.
    pub(crate) fn accepted(&mut self, matched: Index) -> bool {
        let news = matched > self.matched;
        self.matched = self.matched.max(matched);
        self.window = self.window.saturating_add(self.inflight.release(matched));
        if let ProgressState::Probe { .. } = self.state {
            // Only an answer to the current probe says that the logs agree up to it.
            if matched.next() >= self.next {
                self.state = ProgressState::Streaming;
            }
        }
        self.next = self.next.max(self.matched.next());
        news
    }

    /// The follower lacks the entry `prev`, and agrees with us at most up to `agreed`. Returns whether that is news.
    pub(crate) fn rejected(&mut self, prev: Index, agreed: Index) -> bool {
        let stale = match self.state {
            ProgressState::Probe { .. } => prev.next() != self.next || prev <= self.matched,
            ProgressState::Streaming => prev <= self.matched,
        };
        if stale {
            return false;
        }
        if self.state == ProgressState::Streaming {
            self.session = self.session.next();
            self.window = narrow(self.inflight.len() / 2).max(1);
        }
        self.state = ProgressState::Probe { waiting: false };
        self.inflight.clear();
        self.next = agreed.next().max(self.matched.next());
        true
    }
}

/// There are never as many messages on their way.
fn narrow(messages: usize) -> u32 {
    u32::try_from(messages).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
