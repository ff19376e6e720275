//! Who leads: pre-vote, votes, check-quorum, stickiness, priority (Raft §5.2, §5.4.1; thesis §4.2.3, §6.2, §9.6).

use machine_core::Instant;

use crate::{
    LogPos, Raft, Term,
    poll::Owed,
    quorum::{self, Votes},
    role::{Campaign, Following, Role, Timer},
};

impl Raft {
    // What peers say.

    /// Would we vote for `peer`? The answer changes nothing here, and nothing depends on its being remembered.
    pub(crate) fn on_pre_vote(&mut self, peer: usize, term: Term, last: LogPos) {
        let granted = term > self.term && last >= self.log.last_pos() && !self.hears_leader();
        let answered = if granted { term } else { self.term };
        self.peers[peer].owe().pre_vote_reply = Some((answered, granted));
    }

    pub(crate) fn on_pre_vote_reply(&mut self, peer: usize, term: Term, granted: bool) {
        if !granted && term > self.term {
            self.become_follower(term);
            return;
        }
        let (voters, asked) = (self.voters(), self.term.next());
        if let Role::PreCandidate(votes) = &mut self.role {
            if granted && term == asked {
                votes.grant(peer);
            }
            if votes.won(voters) {
                self.become_candidate(false);
            }
        }
    }

    /// Figure 2, `RequestVote`, with one rule before it: who hears a leader neither votes nor takes the term, so that
    /// a node that was cut off cannot unseat a leader who is well (thesis §4.2.3).
    pub(crate) fn on_vote(&mut self, peer: usize, term: Term, last: LogPos, transfer: bool) {
        if self.hears_leader() && !transfer && term >= self.term {
            return;
        }
        if term > self.term {
            self.become_follower(term);
        }
        let candidate = self.peers[peer].id;
        let free = self.vote.is_none_or(|vote| vote == candidate);
        let granted = term == self.term && free && self.leader.is_none() && last >= self.log.last_pos();
        if granted {
            self.vote = Some(candidate);
            self.reset_election_timer();
        }
        self.peers[peer].owe().vote_reply = Some((self.term, granted));
    }

    pub(crate) fn on_vote_reply(&mut self, peer: usize, term: Term, granted: bool) {
        if term > self.term {
            self.become_follower(term);
            return;
        }
        // Who has not been asked cannot answer: nobody is asked before the vote for oneself is durable.
        let asked = !self.peers[peer].is_requested();
        let voters = self.voters();
        if let Role::Candidate(campaign) = &mut self.role {
            if granted && asked && term == self.term {
                campaign.votes.grant(peer);
            }
            if campaign.votes.won(voters) {
                self.become_leader();
            }
        }
    }

    // What time brings.

    pub(crate) fn on_election_timeout(&mut self) {
        self.become_pre_candidate();
    }

    /// A leader that has not heard from a majority for an election timeout gives way (thesis §6.2): another may lead
    /// already, and clients must not wait for what cannot be decided here.
    pub(crate) fn on_check_quorum(&mut self) {
        if self.quorum_since().plus_nanos(self.limits.election_timeout_min) <= self.now {
            self.become_follower(self.term);
        } else {
            self.set_check_quorum_timer();
        }
    }

    /// The vote for oneself counts when it is durable, like any other.
    #[inline]
    pub(crate) fn count_own_vote(&mut self) {
        if matches!(self.role, Role::Candidate(_)) {
            self.vote_for_oneself();
        }
    }

    fn vote_for_oneself(&mut self) {
        let (own, voters) = (self.peers.len(), self.voters());
        let durable = self.own_vote_is_durable();
        if let Role::Candidate(campaign) = &mut self.role {
            if durable {
                campaign.votes.grant(own);
                if campaign.votes.won(voters) {
                    self.become_leader();
                }
            }
        }
    }

    pub(crate) fn own_vote_is_durable(&self) -> bool {
        self.disk.durable == (self.term, Some(self.limits.id))
    }

    // Changes of role.

    /// Follows in `term`, without a leader as yet.
    pub(crate) fn become_follower(&mut self, term: Term) {
        assert!(term >= self.term, "terms never go back");
        self.owe(Owed::ANYTHING);
        if term > self.term {
            self.term = term;
            self.vote = None;
        }
        let followed = matches!(self.role, Role::Follower(_));
        self.leave_role();
        self.role = Role::Follower(Following::default());
        self.leader = None;
        if !followed {
            self.reset_election_timer();
        }
        self.settle();
    }

    fn become_pre_candidate(&mut self) {
        self.leave_role();
        self.leader = None;
        let mut votes = Votes::default();
        votes.grant(self.peers.len());
        self.role = Role::PreCandidate(votes);
        self.request_votes();
        self.reset_election_timer();
        if votes.won(self.voters()) {
            self.become_candidate(false);
        }
    }

    /// Stands for election. No request leaves before the vote for oneself is durable.
    pub(crate) fn become_candidate(&mut self, transfer: bool) {
        self.leave_role();
        self.leader = None;
        self.term = self.term.next();
        self.vote = Some(self.limits.id);
        self.role = Role::Candidate(Campaign { votes: Votes::default(), transfer });
        self.request_votes();
        self.reset_election_timer();
    }

    /// Drops what only the role that ends has use for.
    fn leave_role(&mut self) {
        if matches!(self.role, Role::Leader(_)) {
            self.leave_leadership();
        }
        for peer in &mut self.peers {
            if let Some(word) = peer.owed() {
                word.request = false;
                word.timeout_now = false;
            }
        }
    }

    fn request_votes(&mut self) {
        for peer in &mut self.peers {
            peer.owe().request = true;
        }
    }

    // Time and majorities.

    /// Draws a wait at random, so that seldom two stand at once (Raft §5.2), longer for lower priorities.
    pub(crate) fn reset_election_timer(&mut self) {
        let (min, max) = (self.limits.election_timeout_min, self.limits.election_timeout_max);
        let wait = min + self.rng.below(max - min);
        self.timers.set(Timer::Election, self.now.plus_nanos(wait).plus_nanos(self.limits.priority_wait));
    }

    /// Whether a leader was heard within the shortest election timeout; a leader hears itself, as check-quorum
    /// deposes it if it should not.
    fn hears_leader(&self) -> bool {
        let recent = self.now < self.leader_heard.plus_nanos(self.limits.election_timeout_min);
        matches!(self.role, Role::Leader(_)) || (self.leader.is_some() && recent)
    }

    /// The latest moment since which a majority, this node included, has been heard: at a leader, has followed.
    pub(crate) fn quorum_since(&self) -> Instant {
        if let Role::Leader(leading) = &self.role {
            let followed = leading.followers.iter().map(|follower| follower.heard);
            return quorum::reached(followed.chain([self.now]));
        }
        let heard = self.peers.iter().map(|peer| peer.heard);
        quorum::reached(heard.chain([self.now]))
    }

    pub(crate) fn set_check_quorum_timer(&mut self) {
        let at = self.quorum_since().plus_nanos(self.limits.election_timeout_min);
        self.timers.set(Timer::CheckQuorum, at);
    }

    /// Whether a majority has been heard within the longest election timeout.
    pub(crate) fn quorum_heard(&self) -> bool {
        let recent = |heard: Instant| self.now <= heard.plus_nanos(self.limits.election_timeout_max);
        let peers = match &self.role {
            Role::Leader(leading) => {
                leading.followers.iter().filter(|follower| recent(follower.heard)).count()
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                self.peers.iter().filter(|peer| recent(peer.heard)).count()
            }
        };
        peers + 1 >= quorum::majority(self.voters())
    }
}
