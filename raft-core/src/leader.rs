//! Leading: taking proposals and reads, counting replicas, handing over (Raft §5.3, §5.4, §8; thesis §3.10, §6.4).

use machine_core::{Instant, NodeId};

use crate::{
    EntryKind, Index, LogPos, Outcome, ProposeError, Raft, ReadError, ReadId, Round, SessionId, Stamp, Term,
    TransferError,
    poll::Owed,
    progress::{Due, Progress, ProgressState},
    quorum,
    role::{Leading, Role, Timer, Transfer},
};

/// How many times within a heartbeat interval a follower is told of a new commit index when nothing else is sent.
const COMMIT_NOTICES_PER_HEARTBEAT: u64 = 16;

/// What became of [`Raft::propose_many`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Proposed {
    /// The term of the entries.
    pub term: Term,
    /// The index of the first.
    pub first: Index,
    /// How many were taken, from the front; at least 1.
    pub count: u64,
}

impl Raft {
    // Commands.

    /// Asks for an entry with this payload, and says where it will stand. It is decided when Apply hands out an entry
    /// of the same index *and term*; an entry of another term there means that it never will be.
    ///
    /// What is proposed between two polls is gathered into runs, each one write and one message to each follower: one
    /// run if it fits `append_bytes_max` and a block, whose size follows the load.
    ///
    /// # Errors
    ///
    /// When this node cannot take it now, or ever. The state is unchanged.
    pub fn propose(&mut self, now: Instant, payload: &[u8]) -> Result<LogPos, ProposeError> {
        self.see(now);
        self.may_propose()?;
        self.owe(Owed::WRITES.and(Owed::messages(self.peers.len())));
        Ok(LogPos { term: self.term, index: self.append_payload(EntryKind::Normal, payload)? })
    }

    /// Like [`propose`](Self::propose), with a stamp that comes out with the entry on every replica
    /// ([`EntryKind::Stamped`]).
    ///
    /// The core never looks at it. Who proposes stamps that respect causality, such as those of a hybrid clock, sees to
    /// it that the clock has observed the stamps of all entries that this node holds.
    ///
    /// # Errors
    ///
    /// As for [`propose`](Self::propose). The state is unchanged.
    pub fn propose_stamped(
        &mut self,
        now: Instant,
        stamp: Stamp,
        payload: &[u8],
    ) -> Result<LogPos, ProposeError> {
        self.see(now);
        self.may_propose()?;
        self.owe(Owed::WRITES.and(Owed::messages(self.peers.len())));
        Ok(LogPos { term: self.term, index: self.append_payload(EntryKind::Stamped(stamp), payload)? })
    }

    /// Like [`propose`](Self::propose) for several payloads: takes as many as there is room for, from the front.
    ///
    /// # Errors
    ///
    /// When the first of them cannot be taken (the state is unchanged), or when there is none, as [`ProposeError::Full`].
    pub fn propose_many(
        &mut self,
        now: Instant,
        payloads: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Proposed, ProposeError> {
        self.see(now);
        self.may_propose()?;
        self.owe(Owed::WRITES.and(Owed::messages(self.peers.len())));
        let (mut first, mut count) = (Index::ZERO, 0);
        for payload in payloads {
            match self.append_payload(EntryKind::Normal, payload.as_ref()) {
                Ok(index) if count == 0 => first = index,
                Ok(_) => {}
                Err(error) if count == 0 => return Err(error),
                Err(_) => break,
            }
            count += 1;
        }
        if count == 0 { Err(ProposeError::Full) } else { Ok(Proposed { term: self.term, first, count }) }
    }

    /// Asks to read what is newest. [`Event::ReadReady`](crate::Event::ReadReady) says when the state machine may be
    /// asked; [`Event::ReadsLost`](crate::Event::ReadsLost) says that this node cannot tell. Costs no write, and reads
    /// asked between two polls share one question to the followers.
    ///
    /// # Errors
    ///
    /// When this node cannot take it now. The state is unchanged.
    pub fn read(&mut self, now: Instant) -> Result<ReadId, ReadError> {
        self.observe(now);
        self.may_lead()?;
        if self.reads.open() >= self.limits.reads_max as usize {
            return Err(ReadError::Full);
        }
        let Role::Leader(leading) = &mut self.role else { unreachable!("only a leader may lead") };
        // Before the first commit of its own term a leader does not know what is committed (thesis §6.4, step 1).
        let (id, ask) = self.reads.ask(self.commit.max(leading.term_start));
        if ask {
            for follower in &mut leading.followers {
                follower.due = Due::Answer;
            }
            self.confirm_reads();
        }
        Ok(id)
    }

    /// Hands leadership to `to`: takes no more proposals, waits until it has everything, tells it to stand at once
    /// (thesis §3.10). Gives up after the longest election timeout.
    ///
    /// # Errors
    ///
    /// When this node does not lead, is handing over already, or `to` is no other voter. The state is unchanged.
    pub fn transfer_leadership(&mut self, now: Instant, to: NodeId) -> Result<(), TransferError> {
        self.observe(now);
        if self.halted.is_some() {
            return Err(TransferError::Halted);
        }
        let Some(peer) = self.place_of_peer(to) else { return Err(TransferError::NoSuchPeer { to }) };
        let leader = self.leader;
        let Role::Leader(leading) = &mut self.role else { return Err(TransferError::NotLeader { leader }) };
        if let Some(Transfer { to, .. }) = leading.transfer {
            return Err(TransferError::Transferring { to });
        }
        leading.transfer = Some(Transfer { to, told: false });
        self.timers.set(Timer::Transfer, self.now.plus_nanos(self.limits.election_timeout_max));
        self.finish_transfer(peer);
        Ok(())
    }

    /// Leads no more, in the same term; others stand first. Does nothing unless this node leads.
    pub fn step_down(&mut self, now: Instant) {
        self.observe(now);
        if matches!(self.role, Role::Leader(_)) && self.halted.is_none() {
            self.become_follower(self.term);
            let at = self.timers.deadline(Timer::Election).unwrap_or(self.now);
            self.timers.set(Timer::Election, at.plus_nanos(self.limits.election_timeout_max));
        }
    }

    // What peers say.

    pub(crate) fn on_append_reply(
        &mut self,
        peer: usize,
        term: Term,
        session: SessionId,
        round: Round,
        outcome: Outcome,
    ) {
        if term > self.term {
            self.become_follower(term);
            return;
        }
        let Role::Leader(leading) = &mut self.role else { return };
        let follower = &mut leading.followers[peer];
        if term < self.term || session != follower.session {
            return; // about another stretch of replication
        }
        follower.was_heard(self.now);
        follower.round = follower.round.max(round);
        match outcome {
            Outcome::Accepted { matched } => {
                let news = follower.accepted(matched);
                if follower.next <= self.log.last() {
                    self.owed = self.owed.and(Owed::message(peer)); // there may be room for more
                }
                if news {
                    leading.furthest = leading.furthest.max(matched);
                    if matched > self.commit {
                        self.advance_commit();
                    }
                    self.finish_transfer(peer);
                }
            }
            Outcome::Rejected { prev, hint } => {
                follower.rejected(prev, self.log.conflict_hint(hint).index);
                self.owe(Owed::message(peer));
            }
        }
        self.confirm_reads();
    }

    pub(crate) fn on_timeout_now(&mut self, from: NodeId, term: Term) {
        if term == self.term && self.leader == Some(from) {
            self.become_candidate(true);
        }
    }

    // What time brings.

    /// Asks whoever has said nothing for an interval. A follower that streams says enough; one whose disk stalls is
    /// asked even while entries are on their way to it, since it answers those only when they are durable.
    pub(crate) fn on_heartbeat(&mut self) {
        let (now, interval) = (self.now, self.limits.heartbeat_interval);
        let Role::Leader(leading) = &mut self.role else { return };
        let mut next = now.plus_nanos(interval);
        for follower in &mut leading.followers {
            if follower.is_to_be_asked(now, interval) {
                follower.due = Due::Answer;
            }
            next = next.min(follower.next_ask(now, interval));
        }
        self.timers.set(Timer::Heartbeat, next);
        self.rest();
    }

    pub(crate) fn on_commit_notice(&mut self) {
        let commit = self.commit;
        let Role::Leader(leading) = &mut self.role else { return };
        for follower in &mut leading.followers {
            if follower.commit_sent < commit && follower.state == ProgressState::Streaming {
                follower.due = follower.due.max(Due::Commit);
            }
        }
    }

    pub(crate) fn on_transfer_timeout(&mut self) {
        if let Role::Leader(leading) = &mut self.role {
            self.transfer_failed = leading.transfer.take().map(|transfer| transfer.to);
        }
        for peer in &mut self.peers {
            if let Some(word) = peer.owed() {
                word.timeout_now = false;
            }
        }
    }

    // Changes of role.

    /// Leads from here on. The blank entry makes what earlier terms left behind committable (Raft §5.4.2, §8).
    pub(crate) fn become_leader(&mut self) {
        assert!(self.own_vote_is_durable(), "no vote is asked for before one's own is durable");
        self.owe(Owed::ANYTHING);
        let next = self.log.last().next();
        let session = SessionId::new(1);
        let followers = self.peers.iter().map(|_| Progress::new(session, next, self.now)).collect();
        self.leader = Some(self.limits.id);
        let term_start = self.log.propose(self.term, EntryKind::Blank, &[]);
        self.role = Role::Leader(Leading { followers, term_start, furthest: Index::ZERO, transfer: None });
        self.timers.cancel(Timer::Election);
        self.timers.set(Timer::Heartbeat, self.now.plus_nanos(self.limits.heartbeat_interval));
        self.set_check_quorum_timer();
    }

    pub(crate) fn leave_leadership(&mut self) {
        self.log.end_term();
        self.reads.lose(self.commit);
        for timer in [Timer::Heartbeat, Timer::CheckQuorum, Timer::Commit, Timer::Transfer] {
            self.timers.cancel(timer);
        }
        for fetch in self.fetches.iter_mut() {
            if fetch.reader != crate::raft::Reader::Apply {
                fetch.reader = crate::raft::Reader::Nobody;
            }
        }
    }

    // Counting.

    /// Commits what a majority holds durably, this node counted like any other, if it is of this term (Figure 2,
    /// last rule of leaders): an entry of an earlier term may still be replaced even so (Figure 8).
    #[inline]
    pub(crate) fn advance_commit(&mut self) {
        let Role::Leader(leading) = &self.role else { return };
        if leading.furthest > self.commit || leading.followers.is_empty() {
            self.count_replicas();
        }
    }

    #[inline(never)]
    fn count_replicas(&mut self) {
        let Role::Leader(leading) = &self.role else { return };
        let held = leading.followers.iter().map(|follower| follower.matched).chain([self.log.durable()]);
        let reached = quorum::reached_above(self.commit, leading.followers.len() + 1, held);
        let Some(reached) = reached.filter(|reached| *reached >= leading.term_start) else { return };
        self.commit = reached;
        self.owe_entries();
        self.settle();
        if self.timers.deadline(Timer::Commit).is_none() {
            let delay = self.limits.heartbeat_interval / COMMIT_NOTICES_PER_HEARTBEAT;
            self.timers.set(Timer::Commit, self.now.plus_nanos(delay));
        }
    }

    #[inline]
    fn confirm_reads(&mut self) {
        if self.reads.is_asking() {
            self.count_answers();
        }
    }

    fn count_answers(&mut self) {
        let Role::Leader(leading) = &self.role else { return };
        let answered = leading.followers.iter().map(|follower| follower.round);
        let round = quorum::reached(answered.chain([self.reads.round()]));
        self.reads.confirm(round);
        self.owe(Owed::FACTS);
    }

    #[inline]
    fn finish_transfer(&mut self, peer: usize) {
        if matches!(&self.role, Role::Leader(Leading { transfer: Some(_), .. })) {
            self.tell_successor(peer);
        }
    }

    fn tell_successor(&mut self, peer: usize) {
        let last = self.log.last();
        let to = self.peers[peer].id;
        let Role::Leader(leading) = &mut self.role else { return };
        let matched = leading.followers[peer].matched;
        if let Some(transfer) =
            leading.transfer.as_mut().filter(|transfer| transfer.to == to && !transfer.told)
        {
            if matched == last {
                transfer.told = true;
                self.peers[peer].owe().timeout_now = true;
                self.owe(Owed::message(peer));
            }
        }
    }

    // Refusals.

    fn may_lead(&self) -> Result<(), ReadError> {
        if self.halted.is_some() {
            return Err(ReadError::Halted);
        }
        if matches!(self.role, Role::Leader(_)) {
            // The timer is set by a majority's last word and cheap to look at; ask again only when it is overdue.
            let overdue = self.timers.deadline(Timer::CheckQuorum).is_some_and(|at| at <= self.now);
            let lost =
                overdue && self.quorum_since().plus_nanos(self.limits.election_timeout_min) <= self.now;
            return if lost { Err(ReadError::NoQuorum) } else { Ok(()) };
        }
        if self.leader.is_none() && !self.quorum_heard() {
            return Err(ReadError::NoQuorum);
        }
        Err(ReadError::NotLeader { leader: self.leader })
    }

    fn may_propose(&self) -> Result<(), ProposeError> {
        self.may_lead()?;
        if let Role::Leader(Leading { transfer: Some(Transfer { to, .. }), .. }) = self.role {
            return Err(ProposeError::Transferring { to });
        }
        Ok(())
    }

    #[inline]
    fn append_payload(&mut self, kind: EntryKind, payload: &[u8]) -> Result<Index, ProposeError> {
        let bytes = kind.header_bytes() + payload.len();
        if bytes > self.log.append_bytes_max() {
            let bytes_max = self.log.append_bytes_max().saturating_sub(kind.header_bytes());
            return Err(ProposeError::TooLarge { bytes: payload.len(), bytes_max });
        }
        if self.log.pending_bytes() + bytes > self.limits.uncommitted_bytes_max {
            return Err(ProposeError::Full);
        }
        Ok(self.log.propose(self.term, kind, payload))
    }
}
