use crate::{
    Broken, Index, Raft,
    progress::ProgressState,
    role::{Role, Timer},
};

impl Raft {
    /// Looks at everything that must hold within one node (Raft Figure 3 is about several: a simulator judges it).
    /// Walks the log in memory: for tests, simulators and fuzzers, after every step.
    ///
    /// # Errors
    ///
    /// The first invariant that does not hold: a bug of ours.
    pub fn check(&self) -> Result<(), Broken> {
        let claims = [
            (self.log.is_sound(), "the log in memory is contiguous, of ascending terms, and rightly counted"),
            (self.commit <= self.log.last(), "what is committed is in the log"),
            (self.apply.applied <= self.apply.handed, "only what was handed out is applied"),
            (self.apply.handed <= self.commit, "only what is committed is handed out to be applied"),
            (self.apply.handed <= self.log.durable(), "only what is durable is handed out to be applied"),
            (self.fetched_is_committed(), "what storage gave back to be applied is committed"),
            (self.log.last_pos().term <= self.term, "no entry is of a later term than the node's"),
            (self.disk.durable.0 <= self.disk.written.0, "terms become durable in order"),
            (self.disk.written.0 <= self.term, "no later term than the node's is written"),
            (self.vote_is_kept(), "a vote once given is not changed within its term"),
            (self.writes_ascend(), "writes are confirmed in order, and what they make durable ascends"),
            (self.next_tick_is_set(), "a node that is not halted has something to wait for"),
            (self.followers_are_sound(), "followers hold no more than the log, and are sent what follows"),
            (self.only_leaders_have_a_block(), "only a leader has a block in the making, of its own term"),
            (self.leader_is_known(), "a leader knows itself; a candidate knows none"),
        ];
        match claims.iter().find(|(holds, _)| !holds) {
            Some((_, claim)) => Err(Broken(claim)),
            None => Ok(()),
        }
    }

    fn fetched_is_committed(&self) -> bool {
        self.apply.fetched.as_ref().is_none_or(|run| run.last() <= self.commit)
    }

    fn vote_is_kept(&self) -> bool {
        let (term, vote) = self.disk.durable;
        term < self.term || vote.is_none() || vote == self.vote
    }

    fn writes_ascend(&self) -> bool {
        let writes = &self.disk.earlier;
        let ordered =
            writes.iter().zip(writes.iter().skip(1)).all(|(a, b)| a.id < b.id && a.state.0 <= b.state.0);
        let first = writes.front().is_none_or(|write| write.id > self.disk.writes.durable());
        let last = writes.iter().all(|write| write.id < self.disk.writes.issued());
        ordered && first && last && writes.iter().all(|write| write.log <= self.log.written())
    }

    fn next_tick_is_set(&self) -> bool {
        let waits = match self.role {
            Role::Leader(_) => [Timer::Heartbeat, Timer::CheckQuorum].as_slice(),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => [Timer::Election].as_slice(),
        };
        waits.iter().all(|timer| self.timers.deadline(*timer).is_some())
    }

    fn followers_are_sound(&self) -> bool {
        let Role::Leader(leading) = &self.role else { return true };
        let furthest = leading.followers.iter().map(|follower| follower.matched).max();
        leading.term_start > Index::ZERO
            && leading.furthest == furthest.unwrap_or(Index::ZERO)
            && leading.term_start <= self.log.last()
            && leading.followers.iter().all(|follower| {
                let within = follower.matched < follower.next && follower.next <= self.log.last().next();
                let quiet = follower.state == ProgressState::Streaming || follower.inflight.is_empty();
                within && quiet && follower.commit_sent <= self.commit
            })
    }

    fn only_leaders_have_a_block(&self) -> bool {
        self.log.block_term().is_none_or(|term| term == self.term && matches!(self.role, Role::Leader(_)))
    }

    fn leader_is_known(&self) -> bool {
        match self.role {
            Role::Leader(_) => self.leader == Some(self.limits.id),
            Role::PreCandidate(_) | Role::Candidate(_) => self.leader.is_none(),
            Role::Follower(_) => self.leader != Some(self.limits.id),
        }
    }
}
