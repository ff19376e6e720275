//! What the tests share: one node with scripted peers ([`Node`]) over a store in memory ([`Store`]); messages in short.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub(crate) mod cluster;

use machine_core::{Instant, NodeId, WriteId};
use raft_core::{
    Config, EntryKind, Event, Fault, HardState, Index, LogPos, Message, Outcome, Output, Raft, Recovered,
    RecoveredRun, RoleName, Round, Run, SessionId, Status, Term, Write,
};

pub(crate) const S1: SessionId = SessionId::new(1);
pub(crate) const Q0: Round = Round::ZERO;

pub(crate) const fn n(id: u64) -> NodeId {
    NodeId::of(id)
}

pub(crate) const fn t(term: u64) -> Term {
    Term::new(term)
}

pub(crate) const fn i(index: u64) -> Index {
    Index::new(index)
}

pub(crate) const fn pos(term: u64, index: u64) -> LogPos {
    LogPos { term: t(term), index: i(index) }
}

pub(crate) fn config(voters: u64) -> Config {
    Config::new(n(1), (1..=voters).map(n))
}

/// The content that every test gives to the entry of this term and index.
pub(crate) fn content(term: u64, index: u64) -> Vec<u8> {
    format!("{term}.{index}").into_bytes()
}

pub(crate) fn run_of(term: u64, first: u64, payloads: &[Vec<u8>]) -> Run {
    let mut body = vec![];
    for payload in payloads {
        body.extend_from_slice(&u32::try_from(payload.len()).expect("small").to_le_bytes());
        body.push(0);
        body.extend_from_slice(payload);
    }
    let count = u32::try_from(payloads.len()).expect("few");
    Run::decode(t(term), i(first), count, body.into()).expect("well-formed")
}

/// Entries `first..first + count` of one term, with their usual content.
pub(crate) fn block(term: u64, first: u64, count: u64) -> Run {
    let payloads: Vec<_> = (first..first + count).map(|index| content(term, index)).collect();
    run_of(term, first, &payloads)
}

// Messages.

pub(crate) const fn pre_vote(term: u64, last: LogPos) -> Message {
    Message::PreVote { term: t(term), last }
}

pub(crate) const fn pre_vote_reply(term: u64, granted: bool) -> Message {
    Message::PreVoteReply { term: t(term), granted }
}

pub(crate) const fn vote(term: u64, last: LogPos) -> Message {
    Message::Vote { term: t(term), last, transfer: false }
}

pub(crate) const fn vote_reply(term: u64, granted: bool) -> Message {
    Message::VoteReply { term: t(term), granted }
}

/// An append that wants an answer.
pub(crate) const fn append(term: u64, prev: LogPos, commit: u64, run: Option<Run>) -> Message {
    Message::Append { term: t(term), session: S1, prev, commit: i(commit), round: Q0, reply: true, run }
}

pub(crate) const fn reply(term: u64, session: u64, round: u64, outcome: Outcome) -> Message {
    Message::AppendReply {
        term: t(term),
        session: SessionId::new(session),
        round: Round::new(round),
        outcome,
    }
}

pub(crate) const fn accepted(term: u64, matched: u64) -> Message {
    reply(term, 1, 0, Outcome::Accepted { matched: i(matched) })
}

pub(crate) const fn answered(term: u64, matched: u64, round: u64) -> Message {
    reply(term, 1, round, Outcome::Accepted { matched: i(matched) })
}

pub(crate) const fn rejected(term: u64, prev: u64, hint: LogPos) -> Message {
    reply(term, 1, 0, Outcome::Rejected { prev: i(prev), hint })
}

// Storage.

/// A log store in memory that does what `Write` says, and nothing else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) hard_state: HardState,
    pub(crate) entries: Vec<(Term, EntryKind, Vec<u8>)>,
}

impl Store {
    pub(crate) fn with_terms(terms: &[u64]) -> Self {
        let entry = |(at, term): (usize, &u64)| {
            (t(*term), EntryKind::Normal, content(*term, u64::try_from(at).expect("small") + 1))
        };
        let newest = terms.last().copied().unwrap_or(0);
        Self {
            hard_state: HardState { term: t(newest), ..HardState::default() },
            entries: terms.iter().enumerate().map(entry).collect(),
        }
    }

    pub(crate) fn write(&mut self, write: &Write) {
        self.hard_state = write.hard_state;
        if let Some(run) = &write.run {
            let keep = usize::try_from(run.first().get() - 1).expect("small");
            assert!(keep <= self.entries.len(), "writes leave no gap: {run:?} after {}", self.entries.len());
            self.entries.truncate(keep);
            self.entries.extend(run.entries().map(|entry| (run.term(), entry.kind, entry.payload.to_vec())));
        }
    }

    pub(crate) fn terms(&self) -> Vec<u64> {
        self.entries.iter().map(|(term, ..)| term.get()).collect()
    }

    pub(crate) fn recovered(&self, applied: u64) -> Recovered {
        let mut runs: Vec<RecoveredRun> = vec![];
        for (at, term) in self.terms().into_iter().enumerate() {
            let index = i(u64::try_from(at).expect("small") + 1);
            match runs.last_mut() {
                Some(run) if run.term == t(term) => run.count += 1,
                _ => runs.push(RecoveredRun { first: index, count: 1, term: t(term) }),
            }
        }
        Recovered { hard_state: self.hard_state, runs, applied: i(applied) }
    }

    /// The stored entries from `from` on, as far as one term goes.
    pub(crate) fn fetch(&self, from: Index) -> Run {
        let at = usize::try_from(from.get() - 1).expect("small");
        let term = self.entries[at].0;
        let mut body = vec![];
        let mut count = 0;
        for (_, kind, payload) in self.entries[at..].iter().take_while(|entry| entry.0 == term) {
            body.extend_from_slice(&u32::try_from(payload.len()).expect("small").to_le_bytes());
            match kind {
                EntryKind::Normal => body.push(0),
                EntryKind::Blank => body.push(1),
                EntryKind::Stamped(stamp) => {
                    body.push(2);
                    body.extend_from_slice(&stamp.get().to_le_bytes());
                }
            }
            body.extend_from_slice(payload);
            count += 1;
        }
        Run::decode(term, from, count, body.into()).expect("well-formed")
    }
}

// One node.

/// A node of which the test plays the world: disk, state machine and peers.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) raft: Raft,
    pub(crate) voters: u64,
    pub(crate) now: Instant,
    pub(crate) store: Store,
    pub(crate) events: Vec<Event>,
    pub(crate) applied: Vec<(LogPos, Vec<u8>)>,
    pub(crate) fetches: usize,
    pub(crate) halt: Option<Fault>,
    /// The disk takes writes and finishes none.
    pub(crate) stalled: bool,
    pub(crate) unfinished: Vec<(WriteId, Write)>,
}

impl Node {
    /// Node 1 of `voters` that never ran.
    pub(crate) fn fresh(voters: u64) -> Self {
        Self::make(voters, config(voters), Store::default())
    }

    /// Node 1 of `voters` whose log has entries of these terms, in the term of the last of them.
    pub(crate) fn with_log(voters: u64, terms: &[u64]) -> Self {
        Self::make(voters, config(voters), Store::with_terms(terms))
    }

    pub(crate) fn make(voters: u64, config: Config, store: Store) -> Self {
        Self::start(voters, config, store, 7, Instant::ZERO)
    }

    pub(crate) fn start(voters: u64, config: Config, store: Store, seed: u64, now: Instant) -> Self {
        let raft = Raft::new(config, store.recovered(0), seed, now).expect("valid");
        Self {
            raft,
            voters,
            now,
            store,
            events: vec![],
            applied: vec![],
            fetches: 0,
            halt: None,
            stalled: false,
            unfinished: vec![],
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.raft.status()
    }

    pub(crate) fn role(&self) -> RoleName {
        self.status().role
    }

    pub(crate) fn term(&self) -> u64 {
        self.status().term.get()
    }

    pub(crate) fn commit(&self) -> u64 {
        self.status().commit.get()
    }

    /// Everything owed, without doing any of it.
    pub(crate) fn poll(&mut self) -> Vec<Output> {
        let mut outputs = vec![];
        while let Some(output) = self.raft.poll_output() {
            self.raft.check().expect("sound");
            outputs.push(output);
            assert!(outputs.len() < 100_000, "outputs must end");
        }
        outputs
    }

    /// Does everything owed, and returns what was to be sent.
    pub(crate) fn pump(&mut self) -> Vec<(u64, Message)> {
        let mut sent = vec![];
        for _ in 0..100_000 {
            let Some(output) = self.raft.poll_output() else { return sent };
            self.raft.check().expect("sound");
            match output {
                Output::Persist { id, write } => {
                    self.unfinished.push((id, write));
                    if !self.stalled {
                        self.finish_writes();
                    }
                }
                Output::Send { to, message } => sent.push((to.get(), message)),
                Output::Apply { run } => {
                    for entry in run.entries() {
                        let at = LogPos { term: run.term(), index: entry.index };
                        assert_eq!(
                            entry.index.get(),
                            self.applied.last().map_or(0, |(at, _)| at.index.get()) + 1
                        );
                        self.applied.push((at, entry.payload.to_vec()));
                    }
                    self.raft.applied(self.now, run.last()).expect("handed out");
                }
                Output::Fetch { id, from } => {
                    self.fetches += 1;
                    self.raft.fetched(self.now, id, self.store.fetch(from)).expect("asked");
                }
                Output::Notify(event) => self.events.push(event),
                Output::Halt(fault) => self.halt = Some(fault),
            }
            self.raft.check().expect("sound");
        }
        panic!("outputs must end");
    }

    /// The disk does what it has been given.
    pub(crate) fn finish_writes(&mut self) {
        for (id, write) in std::mem::take(&mut self.unfinished) {
            self.store.write(&write);
            self.raft.persisted(self.now, id).expect("handed out");
        }
    }

    pub(crate) fn step(&mut self, from: u64, message: Message) {
        self.raft.step(self.now, n(from), message).expect("an honest message");
        self.raft.check().expect("sound");
    }

    /// Steps, and does everything owed.
    pub(crate) fn tell(&mut self, from: u64, message: Message) -> Vec<(u64, Message)> {
        self.step(from, message);
        self.pump()
    }

    /// Lets time pass, ticking at every deadline; what is sent meanwhile is lost.
    pub(crate) fn wait(&mut self, millis: u64) {
        let end = self.now + core::time::Duration::from_millis(millis);
        while let Some(next) = self.raft.next_tick().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.raft.tick(self.now);
            self.pump();
        }
        self.now = end;
        self.raft.tick(end);
        self.raft.check().expect("sound");
    }

    /// Jumps to the next deadline and does everything owed.
    pub(crate) fn tick(&mut self) -> Vec<(u64, Message)> {
        self.now = self.now.max(self.raft.next_tick().expect("not halted"));
        self.raft.tick(self.now);
        self.raft.check().expect("sound");
        self.pump()
    }

    /// Runs the election timer down until the node asks for pre-votes.
    pub(crate) fn ask_pre_votes(&mut self) -> Vec<(u64, Message)> {
        for _ in 0..10 {
            let sent = self.tick();
            if self.role() != RoleName::Follower {
                return sent;
            }
        }
        panic!("no election in sight: {:?}", self.status());
    }

    /// Makes it a candidate, by the pre-votes of as many peers as needed.
    pub(crate) fn stand(&mut self) -> Vec<(u64, Message)> {
        self.ask_pre_votes();
        let (term, voters) = (self.term() + 1, self.voters);
        let mut sent = vec![];
        for peer in 2..=voters / 2 + 1 {
            sent = self.tell(peer, pre_vote_reply(term, true));
        }
        let expected = if voters == 1 { RoleName::Leader } else { RoleName::Candidate };
        assert_eq!(self.role(), expected, "{:?}", self.status());
        sent
    }

    /// Makes it the leader of the next term, by the votes of the first peers.
    pub(crate) fn lead(&mut self) -> Vec<(u64, Message)> {
        let mut sent = self.stand();
        let (term, voters) = (self.term(), self.voters);
        for peer in 2..=voters / 2 + 1 {
            sent = self.tell(peer, vote_reply(term, true));
        }
        assert_eq!(self.role(), RoleName::Leader, "{:?}", self.status());
        sent
    }

    /// Leads, and the blank entry is committed by peer 2.
    pub(crate) fn lead_committed(&mut self) -> u64 {
        self.lead();
        let last = self.status().last.get();
        let term = self.term();
        for peer in 2..=self.voters / 2 + 1 {
            self.tell(peer, accepted(term, last));
        }
        assert_eq!(self.commit(), last);
        last
    }

    pub(crate) fn propose(&mut self, payload: &[u8]) -> LogPos {
        let at = self.raft.propose(self.now, payload).expect("leads");
        self.raft.check().expect("sound");
        at
    }
}

/// The appends with entries among what was sent to `peer`.
pub(crate) fn runs_to(peer: u64, sent: &[(u64, Message)]) -> Vec<Run> {
    sent.iter().filter(|(to, _)| *to == peer).filter_map(|(_, message)| message.run().cloned()).collect()
}

/// The session of the last append among what was sent to `peer`.
pub(crate) fn newest_session(peer: u64, sent: &[(u64, Message)]) -> Option<u64> {
    let session = |(to, message): &(u64, Message)| {
        let Message::Append { session, .. } = message else { return None };
        (*to == peer).then(|| session.get())
    };
    sent.iter().rev().find_map(session)
}

pub(crate) fn sends(outputs: &[Output]) -> Vec<(u64, Message)> {
    let mut sent = vec![];
    for output in outputs {
        if let Output::Send { to, message } = output {
            sent.push((to.get(), message.clone()));
        }
    }
    sent
}

pub(crate) fn writes(outputs: &[Output]) -> Vec<(WriteId, Write)> {
    let mut all = vec![];
    for output in outputs {
        if let Output::Persist { id, write } = output {
            all.push((*id, write.clone()));
        }
    }
    all
}

pub(crate) fn outcomes(sent: &[(u64, Message)]) -> Vec<Outcome> {
    let mut all = vec![];
    for (_, message) in sent {
        if let Message::AppendReply { outcome, .. } = message {
            all.push(*outcome);
        }
    }
    all
}

pub(crate) const fn ok(matched: u64) -> Outcome {
    Outcome::Accepted { matched: i(matched) }
}

/// All there is to know about a node but how far it has looked for what it owes.
pub(crate) fn shown(raft: &Raft) -> String {
    let mut raft = raft.clone();
    look_again(&mut raft);
    format!("{raft:?}")
}

/// A call that changes nothing, but has the node look again for all that it owes.
pub(crate) fn look_again(raft: &mut Raft) {
    let own = raft.status().id;
    raft.transfer_leadership(Instant::ZERO, own).expect_err("nobody hands over to itself");
}
