//! One Raft node and its host: disk, state machine, and all that the world may hold against it.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use machine_core::{Instant, NodeId, WriteId};
use raft_core::{
    Config, Event, FetchId, Index, Message, Outcome, Output, Raft, RoleName, Status, Term, Write,
};

use crate::{
    Marks,
    store::{Store, place},
};

/// Most bytes of entries in one message, one write, one apply.
pub(crate) const APPEND_BYTES: usize = 64;
const INFLIGHT_MESSAGES: usize = 2;
const INFLIGHT_BYTES: usize = 96;
const UNCOMMITTED_BYTES: usize = 640;
const CACHE_BYTES: usize = 160;
const READS: usize = 3;
/// What the core may count for a run besides its bytes, and how far the last one may go beyond a limit that is looked
/// at before it is taken.
const SLACK_BYTES: usize = 3 * (APPEND_BYTES + 64);

/// Tight limits, so that short inputs reach them.
fn config(id: NodeId, voters: u64) -> Config {
    Config::new(id, (1..=voters).map(NodeId::of))
        .with_append_bytes_max(APPEND_BYTES)
        .with_inflight_messages_max(INFLIGHT_MESSAGES)
        .with_inflight_bytes_max(INFLIGHT_BYTES)
        .with_uncommitted_bytes_max(UNCOMMITTED_BYTES)
        .with_cache_bytes_max(CACHE_BYTES)
        .with_reads_max(READS)
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    voters: u64,
    pub(crate) raft: Raft,
    /// What survives a crash.
    pub(crate) disk: Store,
    /// What the disk will hold when it has done all it was given.
    pub(crate) written: Store,
    unfinished: VecDeque<(WriteId, Write)>,
    confirmed: WriteId,
    fetches: Vec<(FetchId, Index)>,
    /// What the state machine has taken, by index from 1.
    pub(crate) applied: Vec<(Term, Bytes)>,
    /// Votes told, by term, over all lives.
    votes: BTreeMap<Term, NodeId>,
    /// What the application was told, and how much it had applied then.
    pub(crate) facts: Vec<(Event, usize)>,
    /// Counts the changes of what is written.
    pub(crate) changes: u64,
    pub(crate) halted: bool,
    lives: u64,
}

impl Node {
    pub(crate) fn new(id: u64, voters: u64, now: Instant) -> Self {
        let id = NodeId::of(id);
        let disk = Store::default();
        let raft = Raft::new(config(id, voters), disk.recovered(Index::ZERO), id.get(), now);
        Self {
            id,
            voters,
            raft: raft.expect("an empty disk contradicts nothing, and the configuration is valid"),
            written: disk.clone(),
            disk,
            unfinished: VecDeque::new(),
            confirmed: WriteId::NONE,
            fetches: Vec::new(),
            applied: Vec::new(),
            votes: BTreeMap::new(),
            facts: Vec::new(),
            changes: 0,
            halted: false,
            lives: 1,
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.raft.status()
    }

    /// Calls the core with what it may refuse; then nothing has changed.
    pub(crate) fn ask<T, E>(
        &mut self,
        what: &str,
        call: impl FnOnce(&mut Raft) -> Result<T, E>,
    ) -> Result<T, E> {
        let before = self.raft.clone();
        let answer = self.tell(what, call);
        if answer.is_err() {
            assert_eq!(without_clock(&self.raft), without_clock(&before), "{what} was refused");
        }
        answer
    }

    /// Calls the core. Its invariants hold afterwards, and nothing goes back.
    pub(crate) fn tell<T>(&mut self, what: &str, call: impl FnOnce(&mut Raft) -> T) -> T {
        let before = self.status();
        let answer = call(&mut self.raft);
        self.check(what);
        let after = self.status();
        assert!(after.term >= before.term, "{what}: the term goes back");
        assert!(after.commit >= before.commit, "{what}: the commit index goes back");
        answer
    }

    /// Takes one output and carries it out, but for messages, which are returned; `Ok(None)` for those carried out.
    ///
    /// # Errors
    ///
    /// Nothing is owed.
    pub(crate) fn poll(&mut self, marks: &mut Marks) -> Result<Option<(NodeId, Message)>, ()> {
        let before = self.status();
        let Some(output) = self.raft.poll_output() else {
            let mut again = self.raft.clone();
            look_again(&mut again);
            assert_eq!(again.poll_output(), None, "what was not looked for again is not owed");
            return Err(());
        };
        self.check("an output");
        let after = self.status();
        let decided = |status: &Status| (status.term, status.role, status.leader, status.commit);
        assert_eq!(decided(&after), decided(&before), "polling decides nothing: {output:?}");
        assert!(!self.halted, "a node that has halted owes {output:?}");
        match output {
            Output::Persist { id, write } => {
                assert!(write.run.as_ref().is_none_or(|run| run.body().len() <= APPEND_BYTES));
                if write.run.as_ref().is_some_and(|run| run.first() <= self.written.last()) {
                    marks.see("entries replaced");
                }
                self.written.write(&write);
                self.changes += 1;
                self.unfinished.push_back((id, write));
            }
            Output::Send { to, message } => {
                self.judge(to, &message);
                return Ok(Some((to, message)));
            }
            Output::Apply { run } => {
                assert_eq!(run.first().get(), self.applied.len() as u64 + 1, "applied in order");
                assert!(run.body().len() <= APPEND_BYTES);
                for entry in run.entries() {
                    let stored = self.disk.entry(entry.index).expect("what is applied is durable");
                    assert_eq!((stored.term, &stored.payload[..]), (run.term(), entry.payload));
                    self.applied.push((stored.term, stored.payload.clone()));
                }
                marks.see("applied");
            }
            Output::Fetch { id, from } => {
                marks.see("fetched");
                self.fetches.push((id, from));
            }
            Output::Notify(fact) => self.facts.push((fact, self.applied.len())),
            Output::Halt(_) => self.halted = true,
        }
        Ok(None)
    }

    /// The write that was handed out last, unless the disk has finished it.
    pub(crate) fn newest_write(&self) -> Option<&(WriteId, Write)> {
        self.unfinished.back()
    }

    /// Whether a write is under way.
    pub(crate) fn is_writing(&self) -> bool {
        !self.unfinished.is_empty()
    }

    /// The disk finishes the next `most` writes, and says so once.
    pub(crate) fn persist(&mut self, now: Instant, most: usize) {
        let most = most.min(self.unfinished.len());
        for (id, write) in self.unfinished.drain(..most) {
            self.disk.write(&write);
            self.confirmed = id;
        }
        let id = self.confirmed;
        self.tell("persisted", |raft| raft.persisted(now, id)).expect("the write was handed out");
    }

    /// The state machine is done with all it was given.
    pub(crate) fn apply(&mut self, now: Instant) {
        let last = Index::new(self.applied.len() as u64);
        self.tell("applied", |raft| raft.applied(now, last)).expect("the entries were handed out");
    }

    /// The disk answers the oldest question: with what it holds, or, `lying`, with what nobody wrote.
    pub(crate) fn fetch(&mut self, now: Instant, lying: bool) {
        if self.fetches.is_empty() {
            return;
        }
        let (id, from) = self.fetches.remove(0);
        let held = self.written.fetch(from).filter(|_| !lying);
        let run = held.unwrap_or_else(|| {
            let blank = Bytes::from_static(&[0, 0, 0, 0, 1]);
            raft_core::Run::decode(Term::new(u64::MAX), Index::new(1), 1, blank).expect("a blank entry")
        });
        self.tell("fetched", |raft| raft.fetched(now, id, run)).expect("it was asked for");
    }

    /// Power fails after `kept` of the unfinished writes, and comes back. The state machine keeps what it has, or
    /// starts empty.
    pub(crate) fn crash(&mut self, now: Instant, kept: usize, forgets: bool) {
        let kept = kept.min(self.unfinished.len());
        for (_, write) in self.unfinished.drain(..kept) {
            self.disk.write(&write);
        }
        self.unfinished.clear();
        self.written = self.disk.clone();
        self.changes += 1;
        self.fetches.clear();
        self.facts.clear();
        self.confirmed = WriteId::NONE;
        self.halted = false;
        self.lives += 1;
        if forgets {
            self.applied.clear();
        }
        let recovered = self.disk.recovered(Index::new(self.applied.len() as u64));
        let seed = self.id.get() + (self.lives << 8);
        self.raft = Raft::new(config(self.id, self.voters), recovered, seed, now)
            .expect("what the node itself has written contradicts nothing");
        self.check("a restart");
    }

    pub(crate) fn leads(&self) -> bool {
        self.status().role == RoleName::Leader
    }

    fn check(&self, what: &str) {
        if let Err(broken) = self.raft.check() {
            panic!("{broken}, after {what}");
        }
        let status = self.status();
        assert!(status.pending_bytes <= UNCOMMITTED_BYTES + SLACK_BYTES, "after {what}: {status:?}");
        assert!(
            status.cached_bytes <= CACHE_BYTES + UNCOMMITTED_BYTES + 2 * SLACK_BYTES,
            "after {what}: {status:?}"
        );
        for follower in &status.followers {
            assert!(follower.inflight_messages <= INFLIGHT_MESSAGES, "after {what}: {follower:?}");
            assert!(follower.inflight_bytes <= INFLIGHT_BYTES + APPEND_BYTES, "after {what}: {follower:?}");
        }
    }

    /// Whatever a message promises is durable by now, and is never taken back.
    fn judge(&mut self, to: NodeId, message: &Message) {
        let (term, state) = (message.term(), self.disk.hard_state);
        let votee = match message {
            Message::Vote { .. } => self.id,
            Message::VoteReply { granted: true, .. } => to,
            Message::Append { run, .. } => {
                let own = (state.term, state.vote) == (term, Some(self.id));
                assert!(own, "a leader of {term} has its own vote on its disk, not {state:?}");
                assert!(run.as_ref().is_none_or(|run| run.body().len() <= APPEND_BYTES));
                return;
            }
            Message::AppendReply { outcome: Outcome::Accepted { matched }, .. } => {
                return self.judge_acknowledgement(term, *matched);
            }
            Message::PreVote { .. }
            | Message::PreVoteReply { .. }
            | Message::VoteReply { .. }
            | Message::AppendReply { .. }
            | Message::TimeoutNow { .. } => return,
        };
        assert_eq!((state.term, state.vote), (term, Some(votee)), "a vote is durable before it is told");
        let known = *self.votes.entry(term).or_insert(votee);
        assert_eq!(known, votee, "one vote a term, also across crashes");
    }

    fn judge_acknowledgement(&self, term: Term, matched: Index) {
        assert_eq!(self.disk.hard_state.term, term, "the term of an acknowledgement is durable");
        assert!(matched <= self.disk.last(), "what is acknowledged is durable");
        let count = place(matched.next());
        let stays = self.written.entries.get(..count) == self.disk.entries.get(..count);
        assert!(stays, "what is acknowledged up to {matched} is about to be overwritten");
    }
}

/// All of a core but what time it last saw and how far it has looked for what it owes: a refused command may have
/// changed these.
fn without_clock(raft: &Raft) -> String {
    let mut raft = raft.clone();
    look_again(&mut raft);
    let text = format!("{raft:?}");
    let (before, rest) = text.split_once(" now: ").expect("a core shows its clock");
    let (_, after) = rest.split_once(", ").expect("behind it come others");
    [before, after].concat()
}

/// A call that is always refused, after which the core looks again for all that it owes.
fn look_again(raft: &mut Raft) {
    let own = raft.status().id;
    raft.transfer_leadership(Instant::ZERO, own).expect_err("nobody hands over to itself");
}
