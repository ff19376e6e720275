//! Handing out what is owed. Nothing here decides anything: it pops, or gathers what earlier calls have decided.

use alloc::{boxed::Box, vec::Vec};

use machine_core::NodeId;

use crate::{
    Event, Fault, FetchId, FollowerStatus, HardState, Index, LogPos, Message, Outcome, Output, Raft,
    RoleName, Run, Status, Write,
    config::VOTERS_MAX,
    progress::{Due, Progress, ProgressState},
    raft::{Fetching, Reader, Told},
    role::{Following, Leading, Peer, Role},
};

/// Writes handed out and not yet confirmed, at which no more are handed out.
pub(crate) const OUTSTANDING_WRITES_MAX: usize = 1024;

/// What may be owed: a bit for each kind of thing, in the order of handing out. A bit is set by whatever may make such a
/// thing owed, and cleared when it was looked for and not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owed(u64);

/// The bits, from the lowest on; those in between are the messages to each peer.
const WRITES: u32 = 0;
const MESSAGES: u32 = 1;
const ANSWER: u32 = 32;
const ENTRIES: u32 = 33;
const QUESTIONS: u32 = 34;
const FACTS: u32 = 35;

const _: () = assert!(MESSAGES as usize + VOTERS_MAX - 1 <= ANSWER as usize, "each peer has a bit");

impl Owed {
    /// A write: an entry was taken, term or vote changed, or the disk has room again.
    pub(crate) const WRITES: Self = Self(1 << WRITES);
    /// The answer to the leader.
    pub(crate) const ANSWER: Self = Self(1 << ANSWER);
    /// Entries for the state machine, or else the question for them.
    pub(crate) const ENTRIES: Self = Self(1 << ENTRIES);
    /// A fact for the application.
    pub(crate) const FACTS: Self = Self(1 << FACTS);
    /// There is nothing to look for.
    const NOTHING: Self = Self(0);
    /// All must be looked for.
    pub(crate) const ANYTHING: Self = Self(u64::MAX);

    /// A question to storage: what is not in memory was looked for.
    const QUESTIONS: Self = Self(1 << QUESTIONS);

    /// A message to one peer, or else the question for what it lacks.
    pub(crate) const fn message(peer: usize) -> Self {
        Self(1 << (MESSAGES as usize + peer))
    }

    /// A message to each of so many peers.
    pub(crate) const fn messages(peers: usize) -> Self {
        Self(((1 << peers) - 1) << MESSAGES)
    }

    #[must_use]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn but(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    const fn has(self, what: Self) -> bool {
        self.0 & what.0 != 0
    }

    /// Whether it may be owed, and no longer.
    const fn take(&mut self, what: Self) -> bool {
        let had = self.has(what);
        *self = self.but(what);
        had
    }

    /// The first peer, of so many, to which a message may be owed, and no longer.
    const fn take_peer(&mut self, peers: usize) -> Option<usize> {
        let all = Self::messages(VOTERS_MAX - 1).0;
        let bit = self.0 & all & (self.0 & all).wrapping_neg();
        let peer = bit.trailing_zeros().wrapping_sub(MESSAGES) as usize;
        if peer < peers {
            self.0 &= !bit;
            return Some(peer);
        }
        self.0 &= !all; // of nobody
        None
    }
}

/// An output on its way out of a function that is called seldom. Written by the caller from here into its own result: if
/// the function wrote there, the outputs that come often would have to lie in memory, too.
struct Seldom(Option<Output>);

impl Raft {
    /// The next thing owed to the world; `None` when nothing is owed. Executable at once: what depends on a write is
    /// withheld until [`persisted`](Self::persisted).
    ///
    /// Writes come first, so that the disk works while messages travel.
    #[inline]
    pub fn poll_output(&mut self) -> Option<Output> {
        // A host asks until there is nothing: that answer costs it no call.
        if self.owed == Owed::NOTHING { None } else { self.poll_owed() }
    }

    /// Looks for each thing that may be owed, in the order of the bits. A bit is cleared by the look; what may leave more
    /// of its kind behind sets it again. An output is large: each is made where it is returned, after a look whether
    /// there is one.
    #[expect(
        clippy::inline_always,
        reason = "an output is told apart where it was made, not handed over whole"
    )]
    #[inline(always)]
    fn poll_owed(&mut self) -> Option<Output> {
        if self.halted.is_some() {
            return self.poll_halt().map(Output::Halt);
        }
        if self.owed.take(Owed::WRITES) && self.owes_write() {
            let before = self.log.written();
            if let Some(run) = self.log.whole_write() {
                return self.write(before, Some(run));
            }
            if let Seldom(Some(write)) = self.write_rest(before) {
                return Some(write);
            }
        }
        while let Some(peer) = self.owed.take_peer(self.peers.len()) {
            if let Seldom(Some(word)) = self.poll_word(peer) {
                return Some(word);
            }
            if let Some(run) = self.whole_run_to_send(peer) {
                return self.append(peer, Some(run));
            }
            if let Seldom(Some(append)) = self.append_rest(peer) {
                return Some(append);
            }
        }
        if self.owed.take(Owed::ANSWER) {
            if let Some((to, outcome)) = self.poll_outcome() {
                return self.answer(to, outcome);
            }
        }
        if self.owed.take(Owed::ENTRIES) {
            if let Some(run) = self.whole_run_to_apply() {
                return self.apply(run);
            }
            if let Seldom(Some(apply)) = self.apply_rest() {
                return Some(apply);
            }
        }
        if self.owed != Owed::NOTHING {
            if let Seldom(Some(rare)) = self.poll_rare() {
                return Some(rare);
            }
        }
        None
    }

    #[cold]
    fn poll_halt(&mut self) -> Option<Fault> {
        self.owed = Owed::NOTHING;
        let told = core::mem::replace(&mut self.told.halt, true);
        self.halted.as_deref().filter(|_| !told).copied()
    }

    /// What a busy group seldom owes.
    #[inline(never)]
    fn poll_rare(&mut self) -> Seldom {
        if self.owed.has(Owed::QUESTIONS) {
            if let Some((id, from)) = self.poll_fetch() {
                return Seldom(Some(Output::Fetch { id, from }));
            }
        }
        if self.owed.has(Owed::FACTS) {
            if let Some(event) = self.poll_notify() {
                return Seldom(Some(Output::Notify(event)));
            }
        }
        self.owed = Owed::NOTHING;
        Seldom(None)
    }

    /// A copy of what there is to know about the node.
    #[must_use]
    pub fn status(&self) -> Status {
        let follower = |(peer, progress): (&Peer, &Progress)| FollowerStatus {
            id: peer.id,
            matched: progress.matched,
            next: progress.next,
            streaming: progress.state == ProgressState::Streaming,
            inflight_messages: progress.inflight.len(),
            inflight_bytes: progress.inflight.bytes(),
        };
        let followers: Vec<_> = match &self.role {
            Role::Leader(leading) => self.peers.iter().zip(&leading.followers).map(follower).collect(),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => Vec::new(),
        };
        Status {
            id: self.limits.id,
            role: self.role.name(),
            term: self.term,
            leader: self.leader,
            last: self.log.last(),
            durable: self.log.durable(),
            commit: self.commit,
            applying: self.apply.handed,
            applied: self.apply.applied,
            cached_bytes: self.log.cached_bytes(),
            pending_bytes: self.log.pending_bytes(),
            quorum_heard: self.quorum_heard(),
            followers,
        }
    }

    fn owes_write(&self) -> bool {
        // Beyond that, term, vote and entries gather until the disk has caught up.
        !self.disk.is_full()
            && (self.log.written() < self.log.last() || self.disk.written != (self.term, self.vote))
    }

    /// Term and vote alone, or with a run that must be cut.
    #[inline(never)]
    fn write_rest(&mut self, before: Index) -> Seldom {
        let run = self.log.next_write();
        Seldom(self.write(before, run))
    }

    #[expect(clippy::inline_always, reason = "an output is made where it is returned, not copied there")]
    #[inline(always)]
    fn write(&mut self, before: Index, run: Option<Run>) -> Option<Output> {
        let id = self.disk.issue((self.term, self.vote), before);
        if self.log.written() < self.log.last() {
            self.owe(Owed::WRITES);
        }
        let hard_state =
            HardState { term: self.term, vote: self.vote, commit: self.commit.min(self.log.written()) };
        Some(Output::Persist { id, write: Write { hard_state, run } })
    }

    /// What is owed to a peer besides appends: seldom anything.
    #[inline]
    fn poll_word(&mut self, peer: usize) -> Seldom {
        if self.peers[peer].owed().is_some() { self.say(peer) } else { Seldom(None) }
    }

    #[cold]
    fn say(&mut self, peer: usize) -> Seldom {
        let message = self.next_word(peer);
        self.peers[peer].rest();
        if message.is_some() {
            self.owe(Owed::message(peer)); // there may be more to say
        }
        Seldom(message.map(|message| Output::Send { to: self.peers[peer].id, message }))
    }

    /// Elections, handover, and a word to a leader of an earlier term.
    fn next_word(&mut self, peer: usize) -> Option<Message> {
        let (term, last) = (self.term, self.log.last_pos());
        let promised = self.disk.durable == (term, self.vote);
        let word = self.peers[peer].owed()?;
        if word.request {
            match &self.role {
                Role::PreCandidate(_) => {
                    word.request = false;
                    return Some(Message::PreVote { term: term.next(), last });
                }
                Role::Candidate(campaign) if promised => {
                    word.request = false;
                    return Some(Message::Vote { term, last, transfer: campaign.transfer });
                }
                Role::Candidate(_) | Role::Follower(_) | Role::Leader(_) => {}
            }
        }
        if let Some((term, granted)) = word.pre_vote_reply.take() {
            return Some(Message::PreVoteReply { term, granted });
        }
        if let Some((voted, granted)) =
            word.vote_reply.filter(|(voted, granted)| !granted || promised || *voted < term)
        {
            word.vote_reply = None;
            if voted == term {
                return Some(Message::VoteReply { term, granted });
            }
        }
        if word.timeout_now {
            word.timeout_now = false;
            return Some(Message::TimeoutNow { term });
        }
        let session = word.stale_leader.take()?;
        let outcome = Outcome::Rejected { prev: Index::ZERO, hint: LogPos::ZERO };
        Some(Message::AppendReply { term, session, round: crate::Round::ZERO, outcome })
    }

    /// The next entries for a follower, if there is room for them and they can be handed out whole.
    #[inline]
    fn whole_run_to_send(&mut self, peer: usize) -> Option<Run> {
        let (messages_max, bytes_max) = (self.limits.inflight_messages_max, self.limits.inflight_bytes_max);
        let Role::Leader(Leading { followers, .. }) = &self.role else { return None };
        let follower = followers.get(peer)?;
        if follower.next > self.log.last()
            || follower.fetched.is_some()
            || !follower.has_room(messages_max, bytes_max)
        {
            return None;
        }
        self.log.seal();
        self.log.newest_run(follower.next)
    }

    /// An append with what must be cut, joined or fetched; or without entries.
    #[inline(never)]
    fn append_rest(&mut self, peer: usize) -> Seldom {
        let run = self.run_to_send(peer);
        Seldom(if run.is_some() || self.owes_append(peer) { self.append(peer, run) } else { None })
    }

    /// Whether an append is due even without entries.
    fn owes_append(&self, peer: usize) -> bool {
        match &self.role {
            Role::Leader(leading) => {
                leading.followers.get(peer).is_some_and(|follower| follower.due != Due::No)
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => false,
        }
    }

    /// The next entries for a follower, if there are any and there is room for them.
    fn run_to_send(&mut self, peer: usize) -> Option<Run> {
        let (messages_max, bytes_max) = (self.limits.inflight_messages_max, self.limits.inflight_bytes_max);
        let Role::Leader(Leading { followers, .. }) = &mut self.role else { return None };
        let follower = followers.get_mut(peer)?;
        if follower.next > self.log.last() || !follower.has_room(messages_max, bytes_max) {
            return None;
        }
        self.log.seal();
        let run = self.log.run_from(follower.next);
        if run.is_some() {
            follower.fetched = None;
            return run;
        }
        let (next, last) = (follower.next, self.log.last());
        let run = take_front(&mut follower.fetched, next, last, self.log.append_bytes_max());
        if run.is_none() {
            self.owe(Owed::QUESTIONS);
        }
        run
    }

    /// The next append to a follower: with entries, or because an answer or the commit index is due.
    #[expect(clippy::inline_always, reason = "an output is made where it is returned, not copied there")]
    #[inline(always)]
    fn append(&mut self, peer: usize, run: Option<Run>) -> Option<Output> {
        let Role::Leader(Leading { followers, .. }) = &mut self.role else {
            unreachable!("only a leader owes an append")
        };
        let follower = &mut followers[peer];
        let prev = follower.next.prev();
        // Entries are answered when they are durable; asking besides would double the answers.
        let reply = follower.due == Due::Answer;
        if let Some(run) = &run {
            follower.sent(run);
        }
        follower.due = Due::No;
        follower.commit_sent = self.commit;
        if follower.next <= self.log.last() {
            self.owed = self.owed.and(Owed::message(peer));
        }
        self.reads.sent();
        let term_at_prev =
            self.log.term_at(prev).expect("a follower is sent what follows the log's own entries");
        let prev = LogPos { term: term_at_prev, index: prev };
        let (term, session, commit, round) = (self.term, follower.session, self.commit, self.reads.round());
        let message = Message::Append { term, session, prev, commit, round, reply, run };
        Some(Output::Send { to: self.peers[peer].id, message })
    }

    /// What became of the leader's appends, when something new is durable, or when an answer is due.
    fn poll_outcome(&mut self) -> Option<(NodeId, Outcome)> {
        let (term, durable) = (self.term, self.log.durable());
        let promised = self.disk.durable.0 == term;
        let leader = self.leader.filter(|_| promised)?;
        let Role::Follower(following) = &mut self.role else { return None };
        let matched = following.verified.min(durable);
        let outcome = if matched > following.acked || following.reply_at <= matched {
            following.acked = following.acked.max(matched);
            following.reply_at = Following::NEVER;
            if following.rejection.is_some() {
                self.owed = self.owed.and(Owed::ANSWER);
            }
            Outcome::Accepted { matched }
        } else {
            let (prev, hint) = *following.rejection.take()?;
            Outcome::Rejected { prev, hint }
        };
        Some((leader, outcome))
    }

    fn answer(&self, to: NodeId, outcome: Outcome) -> Option<Output> {
        let Role::Follower(following) = &self.role else { unreachable!("only a follower owes an answer") };
        let (session, round) = (following.session, following.round);
        Some(Output::Send { to, message: Message::AppendReply { term: self.term, session, round, outcome } })
    }

    /// What is committed and durable here, as far as the state machine keeps up.
    #[inline]
    fn whole_run_to_apply(&self) -> Option<Run> {
        let next = self.apply.handed.next();
        if !self.may_apply(next) || self.apply.fetched.is_some() {
            return None;
        }
        self.log.whole_run(next, self.commit.min(self.log.durable()))
    }

    #[inline(never)]
    fn apply_rest(&mut self) -> Seldom {
        Seldom(self.run_to_apply().and_then(|run| self.apply(run)))
    }

    #[expect(clippy::inline_always, reason = "an output is made where it is returned, not copied there")]
    #[inline(always)]
    fn apply(&mut self, run: Run) -> Option<Output> {
        self.apply.handed = run.last();
        self.apply.inflight.push(run.last(), run.body().len());
        self.owe_entries();
        Some(Output::Apply { run })
    }

    fn run_to_apply(&mut self) -> Option<Run> {
        let next = self.apply.handed.next();
        if !self.may_apply(next) {
            return None;
        }
        let (limit, bytes_max) = (self.commit.min(self.log.durable()), self.log.append_bytes_max());
        match self.log.rest_of_run(next, limit) {
            Some(run) => {
                self.apply.fetched = None;
                Some(run)
            }
            None => {
                let run = take_front(&mut self.apply.fetched, next, limit, bytes_max);
                if run.is_none() {
                    self.owe(Owed::QUESTIONS);
                }
                run
            }
        }
    }

    fn may_apply(&self, next: Index) -> bool {
        next <= self.commit.min(self.log.durable())
            && self.apply.inflight.bytes() < self.limits.inflight_bytes_max
    }

    /// Asks storage for the entries that the state machine or a follower is waiting for.
    fn poll_fetch(&mut self) -> Option<(FetchId, Index)> {
        if self.fetches.len() > 2 * self.voters() {
            return None;
        }
        let next = self.apply.handed.next();
        if self.may_apply(next) && self.apply.fetched.is_none() && !self.is_fetching(Reader::Apply) {
            return self.fetch(next, Reader::Apply);
        }
        let (messages_max, bytes_max) = (self.limits.inflight_messages_max, self.limits.inflight_bytes_max);
        for peer in 0..self.peers.len() {
            let Role::Leader(leading) = &self.role else { return None };
            let follower = &leading.followers[peer];
            // What is in memory has been sent by now: room that is left is for what is not.
            let lacks = follower.next <= self.log.last() && follower.has_room(messages_max, bytes_max);
            if lacks && follower.fetched.is_none() && !self.is_fetching(Reader::Follower(peer)) {
                let next = follower.next;
                return self.fetch(next, Reader::Follower(peer));
            }
        }
        None
    }

    fn is_fetching(&self, reader: Reader) -> bool {
        self.fetches.iter().any(|fetch| fetch.reader == reader)
    }

    fn fetch(&mut self, from: Index, reader: Reader) -> Option<(FetchId, Index)> {
        let pos = LogPos { term: self.log.term_at(from)?, index: from };
        self.fetch_issued = self.fetch_issued.next();
        let id = self.fetch_issued;
        self.fetches.push_back(Fetching { id, pos, reader });
        Some((id, from))
    }

    fn poll_notify(&mut self) -> Option<Event> {
        let (role, term, leader) = (self.role.name(), self.term, self.leader);
        let now = Told { term, leader, role, ..self.told };
        if core::mem::replace(&mut self.told, now) != now {
            return Some(match role {
                RoleName::Leader => Event::BecameLeader { term },
                RoleName::Follower => Event::BecameFollower { term, leader },
                RoleName::PreCandidate | RoleName::Candidate => Event::BecameCandidate { term },
            });
        }
        if let Some(to) = self.transfer_failed.take() {
            return Some(Event::TransferFailed { to });
        }
        self.reads.poll(self.apply.applied)
    }
}

/// The entries from `next` to at most `last` of a run that storage gave back, as many as fit; the rest stays for the
/// next time.
fn take_front(fetched: &mut Option<Box<Run>>, next: Index, last: Index, bytes_max: usize) -> Option<Run> {
    let run = fetched.take().filter(|run| run.first() <= next)?.starting_at(next)?;
    let front = run.fit(bytes_max).up_to(last)?;
    *fetched = run.starting_at(front.last().next()).map(Box::new);
    Some(front)
}

#[cfg(test)]
mod tests;
