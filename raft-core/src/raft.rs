use alloc::boxed::Box;

use machine_core::{Instant, Machine, Misuse, NodeId, Rng, Timers, WriteId, Writes};

use crate::{
    Config, ConfigError, Fault, FetchId, HardState, Index, LogPos, Message, Output, PeerError, Recovered,
    RoleName, Run, Term,
    config::Limits,
    log::Log,
    poll::{OUTSTANDING_WRITES_MAX, Owed},
    queue::Queue,
    reads::Reads,
    role::{Following, Peer, Role, TIMERS, Timer},
    terms::Terms,
    window::Window,
};

/// A term further away than this is no election gone wrong but an attack on the range of terms.
pub(crate) const TERM_LEAP_MAX: u64 = 1 << 40;

/// No term is taken from a peer beyond this, so that there is always room for another election.
pub(crate) const TERM_MAX: u64 = 1 << 62;

/// One node of a Raft group (Ongaro and Ousterhout 2014; Ongaro's thesis).
///
/// *Inputs*: [`step`](Self::step) a peer spoke, [`tick`](Self::tick) time passed, [`persisted`](Self::persisted),
/// [`applied`](Self::applied), [`fetched`](Self::fetched) the world has done what an output asked for.
/// *Commands*: [`propose`](Self::propose), [`read`](Self::read), [`transfer_leadership`](Self::transfer_leadership),
/// [`step_down`](Self::step_down). *Outputs*: [`poll_output`](Self::poll_output). *Views*:
/// [`next_tick`](Self::next_tick), [`status`](Self::status), [`check`](Self::check).
///
/// Any order of calls is safe, and an output may be executed the moment it is seen; the five rules are those of
/// [`machine_core`].
/// A call that is refused changes nothing but the time the machine has seen.
#[derive(Clone, Debug)]
pub struct Raft {
    pub(crate) limits: Limits,
    /// The other voters, ascending by id; a peer's place here is its place in all tables.
    pub(crate) peers: Box<[Peer]>,
    pub(crate) rng: Rng,
    pub(crate) now: Instant,
    pub(crate) timers: Timers<TIMERS>,
    pub(crate) term: Term,
    pub(crate) vote: Option<NodeId>,
    pub(crate) role: Role,
    /// The leader of this term, when known; this node itself when it leads.
    pub(crate) leader: Option<NodeId>,
    pub(crate) leader_heard: Instant,
    pub(crate) log: Log,
    pub(crate) commit: Index,
    pub(crate) disk: DiskState,
    pub(crate) apply: Applying,
    pub(crate) reads: Reads,
    pub(crate) fetches: Queue<Fetching>,
    pub(crate) fetch_issued: FetchId,
    pub(crate) transfer_failed: Option<NodeId>,
    pub(crate) told: Told,
    pub(crate) halted: Option<Box<Fault>>,
    /// What may be owed: only saves looking. Nothing is decided by it, and too much does no harm.
    pub(crate) owed: Owed,
}

/// What has been handed to the disk, and what it has confirmed.
#[derive(Clone, Debug, Default)]
pub(crate) struct DiskState {
    pub(crate) writes: Writes,
    /// Writes handed out and not confirmed, with what is durable once they are; all but the newest, of which that is
    /// known: term and vote as last handed out, and the log as far as it is written.
    pub(crate) earlier: Queue<Outstanding>,
    /// Term and vote as last handed out.
    pub(crate) written: (Term, Option<NodeId>),
    /// Term and vote as last confirmed.
    pub(crate) durable: (Term, Option<NodeId>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Outstanding {
    pub(crate) id: WriteId,
    pub(crate) state: (Term, Option<NodeId>),
    pub(crate) log: Index,
}

impl DiskState {
    /// How many writes are handed out and not confirmed.
    pub(crate) fn outstanding(&self) -> usize {
        if self.writes.durable() < self.writes.issued() { self.earlier.len() + 1 } else { 0 }
    }

    /// No further write may be handed out until one of them is confirmed.
    pub(crate) fn is_full(&self) -> bool {
        self.earlier.len() + 1 >= OUTSTANDING_WRITES_MAX
    }

    /// Hands out a write of this term and vote; those before it wrote the log as far as `log`.
    #[expect(
        clippy::inline_always,
        reason = "where entries come one by one, a call costs as much as what it does"
    )]
    #[inline(always)]
    pub(crate) fn issue(&mut self, state: (Term, Option<NodeId>), log: Index) -> WriteId {
        if self.writes.durable() < self.writes.issued() {
            self.earlier.push_back(Outstanding { id: self.writes.issued(), state: self.written, log });
        }
        self.written = state;
        self.writes.issue()
    }

    /// The writes up to `id`, which is outstanding, are durable. Returns how far the log is, of which `written` is handed
    /// out.
    fn confirm(&mut self, id: WriteId, written: Index) -> Index {
        if id == self.writes.issued() {
            self.earlier.clear();
            self.durable = self.written;
            return written;
        }
        let mut log = written;
        while let Some(done) = self.earlier.front().copied().filter(|write| write.id <= id) {
            self.durable = done.state;
            log = done.log;
            self.earlier.pop_front();
        }
        log
    }
}

/// The way of committed entries to the state machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Applying {
    pub(crate) handed: Index,
    pub(crate) applied: Index,
    pub(crate) inflight: Window,
    /// Entries that came back from storage; a box, since they seldom do.
    pub(crate) fetched: Option<Box<Run>>,
}

/// What the application was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) term: Term,
    pub(crate) leader: Option<NodeId>,
    pub(crate) role: RoleName,
    /// That the machine has halted.
    pub(crate) halt: bool,
}

/// A question to storage that has not been answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fetching {
    pub(crate) id: FetchId,
    pub(crate) pos: LogPos,
    pub(crate) reader: Reader,
}

/// Who waits for entries from storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Apply,
    Follower(usize),
    /// The leader that wanted them leads no more.
    Nobody,
}

impl Raft {
    /// A node that never ran (`Recovered::default()`), or one that comes back with what its storage holds.
    ///
    /// The same `seed` with the same inputs gives the same run; give every node another one.
    ///
    /// # Errors
    ///
    /// When the configuration names impossible values, or when what storage gave back contradicts itself.
    pub fn new(config: Config, recovered: Recovered, seed: u64, now: Instant) -> Result<Self, ConfigError> {
        config.validate()?;
        let Recovered { hard_state, runs, applied } = recovered;
        let (terms, last) = recovered_terms(&runs).map_err(ConfigError::Recovered)?;
        check_recovered(hard_state, &terms, last, applied).map_err(ConfigError::Recovered)?;
        let HardState { term, vote, commit } = hard_state;
        let limits = Limits::new(&config);
        let mut peers = config.voters;
        peers.retain(|id| *id != limits.id);
        peers.sort_unstable();
        let mut raft = Self {
            peers: peers.into_iter().map(|id| Peer::new(id, now)).collect(),
            rng: Rng::new(seed),
            now,
            timers: Timers::default(),
            term,
            vote,
            role: Role::Follower(Following::default()),
            leader: None,
            leader_heard: now,
            log: Log::new(terms, last, config.append_bytes_max, config.cache_bytes_max),
            commit: commit.max(applied),
            disk: DiskState { written: (term, vote), durable: (term, vote), ..DiskState::default() },
            apply: Applying { handed: applied, applied, ..Applying::default() },
            reads: Reads::default(),
            fetches: Queue::default(),
            fetch_issued: FetchId::ZERO,
            transfer_failed: None,
            told: Told { term, leader: None, role: RoleName::Follower, halt: false },
            halted: None,
            owed: Owed::ANYTHING,
            limits,
        };
        raft.reset_election_timer();
        Ok(raft)
    }

    /// A peer spoke.
    ///
    /// # Errors
    ///
    /// When no honest peer sends this. The state is unchanged.
    #[expect(clippy::wildcard_enum_match_arm, reason = "what is rare is named where it is told apart")]
    pub fn step(&mut self, now: Instant, from: NodeId, message: Message) -> Result<(), PeerError> {
        let Some(peer) = self.place_of_peer(from) else {
            return Err(PeerError::UnknownPeer { from });
        };
        if self.halted.is_some() {
            return Ok(());
        }
        match message {
            // These two are what a busy group says, and tell for themselves what they make owed.
            Message::Append { term, session, prev, commit, round, reply, run } => {
                self.judge_append(self.peers[peer].id, term, prev, run.as_ref())?;
                self.hear(now, peer);
                self.on_append(peer, term, session, prev, commit, round, reply, run);
            }
            Message::AppendReply { term, session, round, outcome } => {
                self.judge_reply(peer, term, session, round, outcome)?;
                self.hear(now, peer);
                self.on_append_reply(peer, term, session, round, outcome);
            }
            message => {
                self.judge_election(&message)?;
                self.hear(now, peer);
                self.on_election(peer, message);
            }
        }
        Ok(())
    }

    /// Of elections and handovers.
    #[inline(never)]
    #[expect(clippy::needless_pass_by_value, reason = "borrowed, it would cost every step a copy")]
    fn on_election(&mut self, peer: usize, message: Message) {
        match message {
            Message::PreVote { term, last } => self.on_pre_vote(peer, term, last),
            Message::PreVoteReply { term, granted } => self.on_pre_vote_reply(peer, term, granted),
            Message::Vote { term, last, transfer } => self.on_vote(peer, term, last, transfer),
            Message::VoteReply { term, granted } => self.on_vote_reply(peer, term, granted),
            Message::TimeoutNow { term } => self.on_timeout_now(self.peers[peer].id, term),
            Message::Append { .. } | Message::AppendReply { .. } => {
                unreachable!("appends have their own ways")
            }
        }
        self.owe(Owed::ANYTHING);
    }

    /// Time passed. Early calls do nothing, late ones are fine.
    pub fn tick(&mut self, now: Instant) {
        self.observe(now);
        if self.halted.is_some() {
            return;
        }
        let now = self.now;
        if self.timers.expire(Timer::Election, now) {
            self.on_election_timeout();
        }
        if self.timers.expire(Timer::CheckQuorum, now) {
            self.on_check_quorum();
        }
        if self.timers.expire(Timer::Heartbeat, now) {
            self.on_heartbeat();
        }
        if self.timers.expire(Timer::Commit, now) {
            self.on_commit_notice();
        }
        if self.timers.expire(Timer::Transfer, now) {
            self.on_transfer_timeout();
        }
    }

    /// Everything up to and including the write `id` is durable.
    ///
    /// # Errors
    ///
    /// When `id` was never handed out. The state is unchanged.
    #[expect(
        clippy::inline_always,
        reason = "where entries come one by one, a call costs as much as what it does"
    )]
    #[inline(always)]
    pub fn persisted(&mut self, now: Instant, id: WriteId) -> Result<(), Misuse> {
        let full = self.disk.is_full();
        if !self.disk.writes.complete(id)? {
            return Ok(());
        }
        self.see(now);
        let state = self.disk.durable;
        self.log.set_durable(self.disk.confirm(id, self.log.written()));
        // Votes wait for term and vote to be durable, and writes for one another; entries only for their own.
        let entries_only = state == self.disk.durable && !full;
        if !entries_only {
            self.owe(Owed::ANYTHING);
        } else if !matches!(self.role, Role::Leader(_)) {
            self.owe(Owed::ANSWER);
        }
        if self.halted.is_some() {
            return Ok(());
        }
        self.count_own_vote();
        self.advance_commit();
        self.owe_entries();
        self.settle();
        Ok(())
    }

    /// The state machine has done everything up to `index`. Repeated or older indexes change nothing.
    ///
    /// # Errors
    ///
    /// When `index` was not handed out by Apply. The state is unchanged.
    #[inline]
    pub fn applied(&mut self, now: Instant, index: Index) -> Result<(), Misuse> {
        if index > self.apply.handed {
            return Err(Misuse::NotHandedOut { named: index.get(), last: self.apply.handed.get() });
        }
        self.apply.applied = self.apply.applied.max(index);
        self.apply.inflight.release(index);
        self.owe_entries();
        if self.reads.open() > 0 {
            self.owe(Owed::FACTS);
        }
        self.see(now);
        Ok(())
    }

    /// Storage answers a Fetch with any stored run that holds the entry asked for; surplus entries, even such as were
    /// overwritten later, do no harm.
    ///
    /// Entries that are not the ones asked for are a fault of the storage: the machine halts.
    ///
    /// # Errors
    ///
    /// When `id` is not outstanding. The state is unchanged.
    #[expect(clippy::needless_pass_by_value, reason = "the answer is handed over, like every other input")]
    pub fn fetched(&mut self, now: Instant, id: FetchId, run: Run) -> Result<(), Misuse> {
        let place = self.fetches.iter().position(|fetch| fetch.id == id);
        let Some(Fetching { pos, reader, .. }) = place.and_then(|place| self.fetches.remove(place)) else {
            return Err(Misuse::UnknownFetch { named: id.get() });
        };
        self.observe(now);
        if reader == Reader::Nobody || !self.log.has(pos) {
            return Ok(());
        }
        let holds = run.first() <= pos.index && pos.index <= run.last() && run.term() == pos.term;
        let live = self.log.end_of_term_at(pos.index);
        let Some(run) = run.starting_at(pos.index).and_then(|run| run.up_to(live)).filter(|_| holds) else {
            let first = LogPos { term: run.term(), index: run.first() };
            let fault = Fault::WrongEntry { asked: pos, first, count: run.count() };
            self.halted = Some(Box::new(fault));
            return Ok(());
        };
        match (reader, &mut self.role) {
            // No further than what is committed: the rest may be replaced before it is handed out.
            (Reader::Apply, _) => self.apply.fetched = run.up_to(self.commit).map(Box::new),
            (Reader::Follower(peer), Role::Leader(leading)) => {
                leading.followers[peer].fetched = Some(Box::new(run))
            }
            _ => {}
        }
        Ok(())
    }

    /// When [`tick`](Self::tick) is next due.
    #[must_use]
    pub fn next_tick(&self) -> Option<Instant> {
        if self.halted.is_some() { None } else { self.timers.next() }
    }

    // What every aspect needs.

    /// For calls that may change anything: time passes, and all that may be owed must be looked for.
    pub(crate) fn observe(&mut self, now: Instant) {
        self.see(now);
        self.owe(Owed::ANYTHING);
    }

    /// A peer said something that it may say.
    fn hear(&mut self, now: Instant, peer: usize) {
        self.see(now);
        self.peers[peer].heard = self.now;
    }

    /// Time never runs back: an earlier `now` counts as the latest one seen.
    pub(crate) fn see(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// This may be owed, and must be looked for.
    pub(crate) fn owe(&mut self, what: Owed) {
        self.owed = self.owed.and(what);
    }

    /// Entries may be owed to the state machine, if there are any that it has not been handed.
    pub(crate) fn owe_entries(&mut self) {
        if self.apply.handed < self.commit.min(self.log.durable()) {
            self.owe(Owed::ENTRIES);
        }
    }

    pub(crate) fn place_of_peer(&self, id: NodeId) -> Option<usize> {
        self.peers.iter().position(|peer| peer.id == id)
    }

    pub(crate) fn voters(&self) -> usize {
        self.peers.len() + 1
    }

    /// A heartbeat finds nothing going on: memory that holds nothing is given back. Nobody can tell but the host, who
    /// may have many groups like this one.
    pub(crate) fn rest(&mut self) {
        self.log.rest();
        self.disk.earlier.rest();
        self.apply.inflight.rest();
        self.fetches.rest();
        self.reads.rest();
        if let Role::Leader(leading) = &mut self.role {
            leading.followers.iter_mut().for_each(|follower| follower.inflight.rest());
        }
    }

    #[inline]
    pub(crate) fn settle(&mut self) {
        let durable = self.log.durable();
        let leads = matches!(self.role, Role::Leader(_));
        let settled = if leads { durable.min(self.commit) } else { durable };
        self.log.settle(settled);
    }
}

impl Machine for Raft {
    type Message = Message;
    type Output = Output;
    type PeerError = PeerError;

    fn step(&mut self, now: Instant, from: NodeId, message: Message) -> Result<(), PeerError> {
        Self::step(self, now, from, message)
    }

    fn tick(&mut self, now: Instant) {
        Self::tick(self, now);
    }

    fn persisted(&mut self, now: Instant, id: WriteId) -> Result<(), Misuse> {
        Self::persisted(self, now, id)
    }

    fn poll_output(&mut self) -> Option<Output> {
        Self::poll_output(self)
    }

    fn next_tick(&self) -> Option<Instant> {
        Self::next_tick(self)
    }
}

fn recovered_terms(runs: &[crate::RecoveredRun]) -> Result<(Terms, Index), Fault> {
    let mut terms = Terms::default();
    let mut last = LogPos::ZERO;
    for run in runs {
        let first = LogPos { term: run.term, index: run.first };
        let end = run.first.get().checked_add(u64::from(run.count)).map(|end| Index::new(end).prev());
        let Some(end) =
            end.filter(|_| run.count > 0 && run.first == last.index.next() && run.term >= last.term)
        else {
            return Err(Fault::RunOutOfOrder { after: last, first });
        };
        if run.term == Term::ZERO {
            return Err(Fault::RunOutOfOrder { after: last, first });
        }
        terms.push(run.first, run.term);
        last = LogPos { term: run.term, index: end };
    }
    Ok((terms, last.index))
}

fn check_recovered(state: HardState, terms: &Terms, last: Index, applied: Index) -> Result<(), Fault> {
    if state.term.get() > TERM_MAX {
        return Err(Fault::TermImpossible { term: state.term });
    }
    let newest = LogPos { term: terms.at(last), index: last };
    if newest.term > state.term {
        return Err(Fault::TermLost { term: state.term, last: newest });
    }
    let needed = state.commit.max(applied);
    if needed > last {
        return Err(Fault::EntriesLost { last, needed });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
