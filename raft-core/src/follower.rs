//! Taking a leader's entries (Raft §5.3, Figure 2 `AppendEntries`).

use alloc::boxed::Box;

use machine_core::NodeId;

use crate::{
    Index, LogPos, Message, Outcome, PeerError, Raft, Round, Run, SessionId, Term,
    poll::Owed,
    raft::{TERM_LEAP_MAX, TERM_MAX},
    role::{Following, Role},
};

impl Raft {
    #[expect(clippy::too_many_arguments, reason = "the fields of one message, as Figure 2 lists them")]
    pub(crate) fn on_append(
        &mut self,
        peer: usize,
        term: Term,
        session: SessionId,
        prev: LogPos,
        commit: Index,
        round: Round,
        reply: bool,
        run: Option<Run>,
    ) {
        if term < self.term {
            self.peers[peer].owe().stale_leader = Some(session);
            self.owe(Owed::message(peer));
            return;
        }
        self.owe(Owed::WRITES.and(Owed::ANSWER));
        self.follow(peer, term, session, round);
        let end = run.as_ref().map_or(prev.index, Run::last);
        if !self.log.has(prev) {
            if session < self.following().session {
                return; // the leader has given this window up already, and asks again
            }
            let hint = self.log.conflict_hint(prev);
            self.following().rejection = Some(Box::new((prev.index, hint)));
            return;
        }
        if let Some(run) = run {
            if !self.take(run) {
                return; // no room until the disk catches up; the leader asks again
            }
            self.reply_at(end);
        } else {
            self.rest();
        }
        if reply {
            self.reply_at(Index::ZERO);
        }
        let following = self.following();
        following.verified = following.verified.max(end);
        // Not the log's own end: what lies beyond the last entry sent may not be the leader's (Figure 2, rule 5).
        self.commit = self.commit.max(commit.min(end));
        self.owe_entries();
    }

    /// The sender leads this term: take the term, the leader and its session.
    fn follow(&mut self, peer: usize, term: Term, session: SessionId, round: Round) {
        if term > self.term || !matches!(self.role, Role::Follower(_)) {
            self.become_follower(term);
        }
        let leader = Some(self.peers[peer].id);
        if self.leader != leader {
            self.leader = leader;
            self.owe(Owed::FACTS.and(Owed::ANSWER));
        }
        self.leader_heard = self.now;
        self.reset_election_timer();
        let following = self.following();
        if session > following.session {
            *following = Following { session, ..Following::default() };
        }
        if session == following.session {
            following.round = following.round.max(round);
        }
    }

    fn following(&mut self) -> &mut Following {
        match &mut self.role {
            Role::Follower(following) => following,
            Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => {
                unreachable!("an append makes its receiver a follower")
            }
        }
    }

    fn reply_at(&mut self, durable: Index) {
        let following = self.following();
        following.reply_at = following.reply_at.min(durable);
    }

    /// Stores what is new of `run`, whose predecessor matches. Entries that are already there stay untouched, and so
    /// does what follows them: an append may be old (Figure 2, rules 3 and 4). Returns whether there was room.
    fn take(&mut self, run: Run) -> bool {
        let new = match self.first_difference(&run) {
            Some(index) => index,
            None => return true,
        };
        if self.log.pending_bytes() + run.body().len() > self.limits.uncommitted_bytes_max {
            return false;
        }
        if new <= self.log.last() {
            assert!(new > self.commit, "what is committed is never replaced");
            self.log.truncate(new);
            for write in self.disk.earlier.iter_mut() {
                write.log = write.log.min(new.prev());
            }
        }
        if new == run.first() {
            self.log.push(run);
        } else {
            let rest = run.starting_at(new).expect("the difference lies within the run");
            self.log.push(rest.without_slack(run.body().len()));
        }
        true
    }

    /// The first entry of `run` that the log lacks or holds with another term; `None` when it has them all.
    #[inline]
    fn first_difference(&self, run: &Run) -> Option<Index> {
        if run.first() > self.log.last() { Some(run.first()) } else { self.first_replaced(run) }
    }

    #[inline(never)]
    fn first_replaced(&self, run: &Run) -> Option<Index> {
        if self.log.term_at(run.first()) != Some(run.term()) {
            return Some(run.first());
        }
        let agreed = self.log.end_of_term_at(run.first());
        (agreed < run.last()).then(|| agreed.next())
    }

    // Refusing what no honest peer sends, before anything is changed.

    #[inline]
    pub(crate) fn judge_append(
        &self,
        from: NodeId,
        term: Term,
        prev: LogPos,
        run: Option<&Run>,
    ) -> Result<(), PeerError> {
        self.judge_term(term, true)?;
        if let Some(run) = run {
            let first = LogPos { term: run.term(), index: run.first() };
            if first.index != prev.index.next() || first.term < prev.term || first.term > term {
                return Err(PeerError::RunMisplaced { prev, first, term });
            }
            let (bytes, bytes_max) = (run.body().len(), self.log.append_bytes_max());
            if bytes > bytes_max {
                return Err(PeerError::RunTooLarge { bytes, bytes_max });
            }
        }
        if term < self.term {
            return Ok(());
        }
        if term == self.term {
            if let Some(known) = self.leader.filter(|known| *known != from) {
                return Err(PeerError::TwoLeaders { term, known, claimed: from });
            }
        }
        let conflict = |at| Err(PeerError::ConflictsWithCommitted { at, commit: self.commit });
        if !self.log.has(prev) {
            return if prev.index <= self.commit { conflict(prev) } else { Ok(()) };
        }
        match run.and_then(|run| self.first_difference(run).map(|index| LogPos { term: run.term(), index })) {
            Some(at) if at.index <= self.commit => conflict(at),
            _ => Ok(()),
        }
    }

    #[inline]
    pub(crate) fn judge_reply(
        &self,
        peer: usize,
        term: Term,
        session: SessionId,
        round: Round,
        outcome: Outcome,
    ) -> Result<(), PeerError> {
        self.judge_term(term, false)?;
        if let Outcome::Rejected { prev, hint } = outcome {
            if hint.index > prev {
                return Err(PeerError::HintBeyondPrev { prev, hint });
            }
        }
        let Role::Leader(leading) = &self.role else { return Ok(()) };
        if term != self.term || leading.followers[peer].session != session {
            return Ok(());
        }
        if round > self.reads.round() {
            return Err(PeerError::RoundNeverAsked { round, newest: self.reads.round() });
        }
        match outcome {
            Outcome::Accepted { matched } if matched > self.log.last() => {
                Err(PeerError::AckBeyondLog { matched, last: self.log.last() })
            }
            Outcome::Accepted { .. } | Outcome::Rejected { .. } => Ok(()),
        }
    }

    pub(crate) fn judge_election(&self, message: &Message) -> Result<(), PeerError> {
        let claims = match message {
            Message::PreVote { .. } | Message::Vote { .. } | Message::TimeoutNow { .. } => true,
            Message::PreVoteReply { granted, .. } | Message::VoteReply { granted, .. } => *granted,
            Message::Append { .. } | Message::AppendReply { .. } => {
                unreachable!("appends and their answers are judged by themselves")
            }
        };
        self.judge_term(message.term(), claims)
    }

    /// Refuses terms that no honest peer `claims` to be in, or in which it would stand.
    #[inline]
    fn judge_term(&self, term: Term, claims: bool) -> Result<(), PeerError> {
        let own = self.term;
        if claims && term == Term::ZERO {
            return Err(PeerError::TermZero);
        }
        if term <= own.next() {
            return Ok(());
        }
        let reachable = own.get().saturating_add(TERM_LEAP_MAX).min(TERM_MAX);
        if term.get() > reachable { Err(PeerError::TermTooFar { term, own }) } else { Ok(()) }
    }
}
