//! Laws of one node under arbitrary calls and arbitrary, also hostile, messages: it never panics, `check` holds, an
//! error changes nothing, nothing leaves before what it depends on is durable, promises outlive crashes, memory is
//! bounded, and the same calls give the same outputs.

mod common;

use std::collections::BTreeMap;

use common::{Store, block, config, i, n, t};
use core::time::Duration;
use machine_core::{Instant, NodeId, WriteId};
use proptest::prelude::*;
use raft_core::{Config, FetchId, Index, LogPos, Message, Outcome, Output, Raft, Round, SessionId, Write};

#[derive(Clone, Debug)]
enum Call {
    Step(u64, Message),
    Tick(u64),
    Propose(usize),
    ProposeMany(usize),
    Read,
    Transfer(u64),
    StepDown,
    Poll(usize),
    Persisted(usize),
    PersistedAnything(u64),
    Applied(u64),
    Fetched(bool),
    Crash,
    /// An honest append of so many entries, from the leader it knows or in the next term.
    Follow(u64),
    /// As much time as it takes to stand, and all pre-votes and votes that it asks for.
    Elect,
}

fn pos() -> impl Strategy<Value = LogPos> {
    (0..6u64, 0..9u64).prop_map(|(term, index)| common::pos(term, index))
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0..10u64, 1 => any::<u64>()]
}

fn message() -> impl Strategy<Value = Message> {
    let term = || prop_oneof![30 => 0..7u64, 1 => any::<u64>()].prop_map(t);
    let session = || prop_oneof![5 => Just(1), 1 => 0..3u64].prop_map(SessionId::new);
    let round = || number().prop_map(Round::new);
    let run = prop_oneof![
        1 => Just(None),
        6 => (1..6u64, 1..5u64).prop_map(Some),
    ];
    let outcome = prop_oneof![
        number().prop_map(|matched| Outcome::Accepted { matched: i(matched) }),
        (number(), pos()).prop_map(|(prev, hint)| Outcome::Rejected { prev: i(prev), hint }),
    ];
    prop_oneof![
        1 => (term(), pos()).prop_map(|(term, last)| Message::PreVote { term, last }),
        1 => (term(), any::<bool>()).prop_map(|(term, granted)| Message::PreVoteReply { term, granted }),
        2 => (term(), pos(), any::<bool>())
            .prop_map(|(term, last, transfer)| Message::Vote { term, last, transfer }),
        1 => (term(), any::<bool>()).prop_map(|(term, granted)| Message::VoteReply { term, granted }),
        8 => (term(), session(), pos(), number(), round(), any::<bool>(), run, 0..20u8).prop_map(
            |(term, session, prev, commit, round, reply, run, misplaced)| {
                let first = prev.index.get() + 1 + u64::from(misplaced == 0);
                // Mostly what an honest leader could send: no later term than its own, none before `prev`'s.
                let run = run.map(|(of, count)| {
                    let of = if misplaced == 1 { of } else { of.min(term.get()).max(prev.term.get()).max(1) };
                    block(of, first, count)
                });
                Message::Append { term, session, prev, commit: i(commit), round, reply, run }
            }
        ),
        4 => (term(), session(), round(), outcome).prop_map(|(term, session, round, outcome)| {
            Message::AppendReply { term, session, round, outcome }
        }),
        1 => term().prop_map(|term| Message::TimeoutNow { term }),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        12 => (1..5u64, message()).prop_map(|(from, message)| Call::Step(from, message)),
        2 => (0..600u64).prop_map(Call::Tick),
        3 => (0..70usize).prop_map(Call::Propose),
        1 => (0..40usize).prop_map(Call::ProposeMany),
        2 => Just(Call::Read),
        1 => (1..5u64).prop_map(Call::Transfer),
        1 => Just(Call::StepDown),
        6 => (1..20usize).prop_map(Call::Poll),
        5 => (1..4usize).prop_map(Call::Persisted),
        1 => number().prop_map(Call::PersistedAnything),
        2 => number().prop_map(Call::Applied),
        2 => prop_oneof![20 => Just(true), 1 => Just(false)].prop_map(Call::Fetched),
        1 => Just(Call::Crash),
        2 => Just(Call::Elect),
        6 => (0..4u64).prop_map(Call::Follow),
    ]
}

fn limits() -> Config {
    config(3)
        .with_append_bytes_max(64)
        .with_inflight_messages_max(2)
        .with_inflight_bytes_max(64)
        .with_uncommitted_bytes_max(640)
        .with_cache_bytes_max(200)
        .with_reads_max(3)
}

/// The node, the world around it, and all that the world may hold against it.
struct Host {
    raft: Raft,
    now: Instant,
    disk: Store,
    unfinished: Vec<(WriteId, Write)>,
    durable: WriteId,
    fetches: Vec<(FetchId, Index)>,
    applied: u64,
    votes: BTreeMap<u64, u64>,
    transcript: Vec<String>,
}

impl Host {
    fn new() -> Self {
        let raft = Raft::new(limits(), Store::default().recovered(0), 3, Instant::ZERO).expect("valid");
        Self {
            raft,
            now: Instant::ZERO,
            disk: Store::default(),
            unfinished: vec![],
            durable: WriteId::NONE,
            fetches: vec![],
            applied: 0,
            votes: BTreeMap::new(),
            transcript: vec![],
        }
    }

    fn perform(&mut self, call: &Call) {
        let before = self.raft.status();
        match call {
            Call::Step(from, message) => self.step(n(*from), message.clone()),
            Call::Tick(millis) => {
                self.now += Duration::from_millis(*millis);
                self.raft.tick(self.now);
            }
            Call::Propose(bytes) => {
                let taken = self.raft.propose(self.now, &vec![7; *bytes]);
                self.transcript.push(format!("{taken:?}"));
            }
            Call::ProposeMany(count) => {
                let taken = self.raft.propose_many(self.now, vec![[7; 9]; *count]);
                self.transcript.push(format!("{taken:?}"));
            }
            Call::Read => self.transcript.push(format!("{:?}", self.raft.read(self.now))),
            Call::Transfer(to) => {
                let taken = self.raft.transfer_leadership(self.now, n(*to));
                self.transcript.push(format!("{taken:?}"));
            }
            Call::StepDown => self.raft.step_down(self.now),
            Call::Poll(most) => self.poll(*most),
            Call::Persisted(most) => self.persist(*most),
            Call::PersistedAnything(id) if *id > 1_000 => {
                assert!(self.raft.persisted(self.now, WriteId::new(*id)).is_err(), "never handed out");
            }
            Call::PersistedAnything(_) => {}
            Call::Applied(index) => {
                let taken = self.raft.applied(self.now, i(*index));
                assert_eq!(taken.is_ok(), i(*index) <= before.applying);
            }
            Call::Fetched(honest) => self.fetched(*honest),
            Call::Crash => self.crash(),
            Call::Elect => self.elect(),
            Call::Follow(count) => self.follow(*count),
        }
        self.raft.check().unwrap_or_else(|broken| panic!("{broken} after {call:?}"));
        let after = self.raft.status();
        if !matches!(call, Call::Crash) {
            assert!(after.term >= before.term && after.commit >= before.commit);
        }
        // An entry and its bookkeeping beyond the bound: the blank one, and the rest of a cut block.
        assert!(after.pending_bytes <= 640 + 3 * (64 + 64), "{after:?}");
        assert!(after.cached_bytes <= 200 + 640 + 4 * (64 + 64), "{after:?}");
        assert!(
            after
                .followers
                .iter()
                .all(|follower| { follower.inflight_messages <= 2 && follower.inflight_bytes < 64 + 64 })
        );
    }

    fn step(&mut self, from: NodeId, message: Message) {
        let before = common::shown(&self.raft);
        let judged = self.raft.step(self.now, from, message);
        if judged.is_err() {
            assert_eq!(common::shown(&self.raft), before, "{judged:?}");
        }
        self.transcript.push(format!("{judged:?}"));
    }

    fn poll(&mut self, most: usize) {
        for _ in 0..most {
            let Some(output) = self.raft.poll_output() else {
                // What was not looked for again is not owed: a call that changes nothing has it looked for.
                let mut again = self.raft.clone();
                common::look_again(&mut again);
                assert_eq!(again.poll_output(), None);
                return;
            };
            self.raft.check().unwrap_or_else(|broken| panic!("{broken} after {output:?}"));
            self.transcript.push(format!("{output:?}"));
            match output {
                Output::Persist { id, write } => self.unfinished.push((id, write)),
                Output::Send { to, message } => self.judge(to, &message),
                Output::Apply { run } => {
                    assert_eq!(run.first().get(), self.applied + 1, "in order");
                    for entry in run.entries() {
                        let stored = &self.disk.entries[usize::try_from(self.applied).expect("short")];
                        assert_eq!((stored.0, &stored.2[..]), (run.term(), entry.payload), "durable");
                        self.applied += 1;
                    }
                }
                Output::Fetch { id, from } => self.fetches.push((id, from)),
                Output::Notify(_) | Output::Halt(_) => {}
            }
        }
    }

    /// Rule 2: whatever the message promises is durable by now. And a promise is never taken back.
    fn judge(&mut self, to: NodeId, message: &Message) {
        let (term, state) = (message.term(), self.disk.hard_state);
        let votee = match message {
            Message::Vote { .. } => Some(1),
            Message::VoteReply { granted: true, .. } => Some(to.get()),
            Message::AppendReply { outcome: Outcome::Accepted { matched }, .. } => {
                assert_eq!(state.term, term, "the term of an acknowledgement is durable");
                assert!(matched.get() <= self.disk.entries.len() as u64, "what is acknowledged is durable");
                let matched = usize::try_from(matched.get()).expect("short");
                let mut written = self.disk.clone();
                self.unfinished.iter().for_each(|(_, write)| written.write(write));
                assert_eq!(written.entries[..matched], self.disk.entries[..matched], "and stays");
                None
            }
            Message::Append { .. } => {
                assert_eq!((state.term, state.vote), (term, Some(n(1))), "nobody leads without its own vote");
                None
            }
            Message::PreVote { .. }
            | Message::PreVoteReply { .. }
            | Message::VoteReply { .. }
            | Message::AppendReply { .. }
            | Message::TimeoutNow { .. } => None,
        };
        if let Some(votee) = votee {
            assert_eq!(
                (state.term, state.vote),
                (term, Some(n(votee))),
                "a vote is durable before it is told"
            );
            let known = *self.votes.entry(term.get()).or_insert(votee);
            assert_eq!(known, votee, "one vote a term, also across crashes");
        }
    }

    fn persist(&mut self, most: usize) {
        let most = most.min(self.unfinished.len());
        for (id, write) in self.unfinished.drain(..most) {
            self.disk.write(&write);
            self.durable = id;
        }
        // Writes are gathered: the last id stands for all before it.
        self.raft.persisted(self.now, self.durable).expect("handed out");
    }

    fn fetched(&mut self, honest: bool) {
        let Some((id, from)) = self.fetches.pop() else { return };
        let run = if honest && from.get() <= self.disk.entries.len() as u64 {
            self.disk.fetch(from)
        } else {
            block(99, 1, 1) // nobody ever led that term
        };
        self.raft.fetched(self.now, id, run).expect("asked");
        assert!(self.raft.fetched(self.now, id, block(1, 1, 1)).is_err());
    }

    fn crash(&mut self) {
        self.unfinished.clear();
        self.fetches.clear();
        let recovered = self.disk.recovered(self.applied);
        self.raft = Raft::new(limits(), recovered, 5, self.now).expect("what it wrote is sound");
        self.durable = WriteId::NONE;
    }

    fn follow(&mut self, count: u64) {
        let mut written = self.disk.clone();
        self.unfinished.iter().for_each(|(_, write)| written.write(write));
        let status = self.raft.status();
        let terms = written.terms();
        let last = u64::try_from(terms.len()).expect("short");
        let known = status.leader.filter(|leader| *leader != n(1) && last == status.last.get());
        let term = if known.is_some() { status.term } else { status.term.next() };
        let run = (count > 0).then(|| block(term.get(), last + 1, count));
        let prev = common::pos(terms.last().copied().unwrap_or(0), last);
        self.step(known.unwrap_or(n(2)), common::append(term.get(), prev, last + count, run));
    }

    fn elect(&mut self) {
        let Some(next) = self.raft.next_tick() else { return };
        self.now = self.now.max(next);
        self.raft.tick(self.now);
        for _ in 0..2 {
            self.poll(50);
            self.persist(50);
            self.poll(50);
            let term = self.raft.status().term;
            self.step(n(2), Message::PreVoteReply { term: term.next(), granted: true });
            self.step(n(3), Message::VoteReply { term, granted: true });
        }
    }
}

fn host_of(calls: &[Call]) -> Host {
    let mut host = Host::new();
    for call in calls {
        host.perform(call);
    }
    host
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_node_among_honest_and_hostile_peers(calls in prop::collection::vec(call(), 1..160)) {
        let first = host_of(&calls);
        let second = host_of(&calls);
        prop_assert_eq!(first.transcript, second.transcript);
        prop_assert_eq!(format!("{:?}", first.raft), format!("{:?}", second.raft));
    }
}
