//! One node among peers that say anything, on a host that does anything.

use std::{collections::BTreeMap, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use machine_core::{Instant, NodeId, WriteId};
use raft_core::{Event, Index, LogPos, Message, Outcome, PeerError, Round, Run, SessionId, Term, wire};

use crate::{Choices, Marks, node::Node};

/// Roles, every error that blames a peer, and what storage is asked.
pub const MARKS: &[&str] = &[
    "led",
    "stood",
    "voted",
    "acknowledged",
    "rejected",
    "committed as leader",
    "applied",
    "fetched",
    "entries replaced",
    "halted",
    "restarted",
    "reads answered",
    "reads lost",
    "handed over",
    "transfer failed",
    "proposal refused",
    "message from the wire",
    "unknown peer",
    "term zero",
    "term too far",
    "two leaders",
    "run misplaced",
    "run too large",
    "conflicts with committed",
    "ack beyond log",
    "round never asked",
    "hint beyond prev",
];

/// Calls of one input; more say nothing new.
const CALLS_MAX: usize = 400;

/// More outputs than this between two inputs is a loop that never ends.
const OUTPUTS_MAX: usize = 4096;

/// The first byte chooses the number of voters: 3, 1, 2 or 5. Then come calls, each chosen by a byte.
///
/// # Panics
///
/// When the core breaks a promise: a bug of `raft_core`.
pub fn run(input: &[u8]) -> Marks {
    let mut choices = Choices::new(input);
    let voters = [3, 1, 2, 5][choices.below(4)];
    let mut host = Host {
        node: Node::new(1, voters, Instant::ZERO),
        now: Instant::ZERO,
        asked: BTreeMap::new(),
        marks: Marks::new(MARKS),
    };
    for _ in 0..CALLS_MAX {
        if choices.is_over() {
            break;
        }
        host.one_call(&mut choices);
    }
    host.marks
}

struct Host {
    node: Node,
    now: Instant,
    /// What this node, as leader, last told each peer: session, round and last entry sent.
    asked: BTreeMap<NodeId, (SessionId, Round, Index)>,
    marks: Marks,
}

impl Host {
    fn one_call(&mut self, choices: &mut Choices<'_>) {
        match choices.below(20) {
            0..=4 => {
                let from = NodeId::of(choices.number() % 5 + 2);
                let message = self.message(choices, from);
                self.step(from, message);
            }
            5 => {
                let from = NodeId::of(choices.number().max(1));
                let count = usize::from(choices.u16());
                if let Ok(message) = wire::decode(Bytes::copy_from_slice(choices.bytes(count))) {
                    self.marks.see("message from the wire");
                    self.step(from, message);
                }
            }
            6 => self.pass(Duration::from_millis(choices.u16().into())),
            7 => self.pass_to_deadline(),
            8 => self.propose(choices),
            9 => self.ask(choices),
            10 => self.node.tell("step_down", |raft| raft.step_down(self.now)),
            11 => self.poll(choices.below(16) + 1),
            12 => self.node.persist(self.now, choices.below(4) + 1),
            13 => self.misuse(choices),
            14 => self.node.fetch(self.now, choices.byte() == u8::MAX),
            15 => {
                let (kept, forgets) = (choices.below(4), choices.flag());
                self.node.crash(self.now, kept, forgets);
                self.marks.see("restarted");
            }
            16 => self.elect(),
            17 => self.node.apply(self.now),
            _ => self.settle(),
        }
        self.note();
    }

    fn step(&mut self, from: NodeId, message: Message) {
        let now = self.now;
        let Err(error) = self.node.ask("step", |raft| raft.step(now, from, message)) else { return };
        assert!(!error.to_string().is_empty(), "an error says something");
        self.marks.see(match error {
            PeerError::UnknownPeer { .. } => "unknown peer",
            PeerError::TermZero => "term zero",
            PeerError::TermTooFar { .. } => "term too far",
            PeerError::TwoLeaders { .. } => "two leaders",
            PeerError::RunMisplaced { .. } => "run misplaced",
            PeerError::RunTooLarge { .. } => "run too large",
            PeerError::ConflictsWithCommitted { .. } => "conflicts with committed",
            PeerError::AckBeyondLog { .. } => "ack beyond log",
            PeerError::RoundNeverAsked { .. } => "round never asked",
            PeerError::HintBeyondPrev { .. } => "hint beyond prev",
            other => panic!("name a mark for {other:?}"),
        });
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        let now = self.now;
        self.node.tell("tick", |raft| raft.tick(now));
    }

    fn pass_to_deadline(&mut self) {
        if let Some(next) = self.node.raft.next_tick() {
            self.pass(next.since(self.now));
        }
    }

    fn propose(&mut self, choices: &mut Choices<'_>) {
        let (now, bytes, count) = (self.now, choices.below(80), choices.below(30));
        let payload = vec![7; bytes];
        let refused = if count < 2 {
            self.node.ask("propose", |raft| raft.propose(now, &payload)).is_err()
        } else {
            self.node.ask("propose_many", |raft| raft.propose_many(now, vec![&payload; count])).is_err()
        };
        if refused {
            self.marks.see("proposal refused");
        }
    }

    fn ask(&mut self, choices: &mut Choices<'_>) {
        let now = self.now;
        match choices.below(3) {
            0 | 1 => {
                let _refused_unless_it_leads = self.node.ask("read", |raft| raft.read(now));
            }
            _ => {
                let to = NodeId::of(choices.number() % 6 + 1);
                let begun = self.node.ask("transfer", |raft| raft.transfer_leadership(now, to));
                if begun.is_ok() {
                    self.marks.see("handed over");
                }
            }
        }
    }

    /// Names what was never handed out.
    fn misuse(&mut self, choices: &mut Choices<'_>) {
        let (now, beyond) = (self.now, choices.number());
        if choices.flag() {
            let write = WriteId::new((1_u64 << 40).saturating_add(beyond));
            let _inert_when_halted = self.node.ask("persisted", |raft| raft.persisted(now, write));
        } else {
            let last = self.node.status().applying.get();
            let index = Index::new(last.saturating_add(beyond));
            let taken = self.node.ask("applied", |raft| raft.applied(now, index));
            assert_eq!(taken.is_ok(), index.get() <= last, "only what was handed out is applied");
        }
    }

    fn poll(&mut self, most: usize) {
        for _ in 0..most {
            match self.node.poll(&mut self.marks) {
                Err(()) => return,
                Ok(None) => {}
                Ok(Some((to, message))) => self.sent(to, &message),
            }
        }
        assert!(most < OUTPUTS_MAX, "outputs without end");
    }

    /// Everything owed, done.
    fn settle(&mut self) {
        for _ in 0..3 {
            self.poll(OUTPUTS_MAX);
            self.node.persist(self.now, usize::MAX);
            self.node.apply(self.now);
            self.node.fetch(self.now, false);
        }
        self.poll(OUTPUTS_MAX);
    }

    /// As much time as it takes to stand, and the votes that it asks for.
    fn elect(&mut self) {
        self.pass_to_deadline();
        for _ in 0..2 {
            self.settle();
            for peer in 2..=3 {
                let term = self.node.status().term;
                self.step(NodeId::of(peer), Message::PreVoteReply { term: term.next(), granted: true });
                let term = self.node.status().term;
                self.step(NodeId::of(peer), Message::VoteReply { term, granted: true });
            }
        }
    }

    fn sent(&mut self, to: NodeId, message: &Message) {
        match message {
            Message::Append { session, prev, round, run, .. } => {
                self.asked.insert(to, (*session, *round, run.as_ref().map_or(prev.index, Run::last)));
            }
            Message::Vote { .. } => self.marks.see("stood"),
            Message::VoteReply { granted: true, .. } => self.marks.see("voted"),
            Message::AppendReply { outcome: Outcome::Accepted { .. }, .. } => self.marks.see("acknowledged"),
            Message::AppendReply { outcome: Outcome::Rejected { .. }, .. } => self.marks.see("rejected"),
            Message::PreVote { .. }
            | Message::PreVoteReply { .. }
            | Message::VoteReply { .. }
            | Message::TimeoutNow { .. } => {}
        }
    }

    fn note(&mut self) {
        let status = self.node.status();
        if self.node.halted {
            self.marks.see("halted");
        }
        if self.node.leads() {
            self.marks.see("led");
            if status.commit > Index::ZERO && self.node.written.term(status.commit) == status.term {
                self.marks.see("committed as leader");
            }
        }
        for (fact, applied) in std::mem::take(&mut self.node.facts) {
            if let Event::ReadReady { index, .. } = fact {
                assert!(index.get() <= applied as u64, "a read waits for what it needs");
                self.marks.see("reads answered");
            } else if let Event::ReadsLost { .. } = fact {
                self.marks.see("reads lost");
            } else if let Event::TransferFailed { .. } = fact {
                self.marks.see("transfer failed");
            }
        }
    }
}

/// What peers say: near the truth where the choice is zero, and ever farther from it.
impl Host {
    fn message(&self, choices: &mut Choices<'_>, from: NodeId) -> Message {
        let term = self.term(choices);
        match choices.below(12) {
            0..=4 => self.append(choices, term),
            5..=7 => self.reply(choices, term, from),
            8 => Message::Vote { term, last: self.pos(choices), transfer: choices.flag() },
            9 => Message::VoteReply { term, granted: !choices.flag() },
            10 if choices.flag() => Message::PreVoteReply { term, granted: !choices.flag() },
            10 => Message::PreVote { term, last: self.pos(choices) },
            _ => Message::TimeoutNow { term },
        }
    }

    fn append(&self, choices: &mut Choices<'_>, term: Term) -> Message {
        let prev = self.pos(choices);
        let commit = self.index(choices);
        let (session, round) = (SessionId::new(choices.number()), Round::new(choices.number()));
        let reply = choices.flag();
        let run = (choices.below(4) != 3).then(|| entries(choices, term, prev)).flatten();
        Message::Append { term, session, prev, commit, round, reply, run }
    }

    fn reply(&self, choices: &mut Choices<'_>, term: Term, from: NodeId) -> Message {
        let known = self.asked.get(&from).copied().unwrap_or_default();
        let session = if choices.below(8) == 7 { SessionId::new(choices.number()) } else { known.0 };
        let round = if choices.below(8) == 7 { Round::new(choices.number()) } else { known.1 };
        let outcome = match choices.below(5) {
            0..=2 => Outcome::Accepted { matched: known.2 },
            3 => Outcome::Accepted { matched: self.index(choices) },
            _ => Outcome::Rejected { prev: self.index(choices), hint: self.pos(choices) },
        };
        Message::AppendReply { term, session, round, outcome }
    }

    fn term(&self, choices: &mut Choices<'_>) -> Term {
        let own = self.node.status().term;
        match choices.below(10) {
            0..=3 => own,
            4 | 5 => own.next(),
            6 => own.prev(),
            7 => own.next().next(),
            _ => Term::new(choices.number()),
        }
    }

    fn index(&self, choices: &mut Choices<'_>) -> Index {
        let status = self.node.status();
        match choices.below(8) {
            0 => status.last,
            1 => status.commit,
            2 => status.commit.next(),
            3 => status.last.prev(),
            4 => status.last.next(),
            5 => status.durable,
            _ => Index::new(choices.number()),
        }
    }

    fn pos(&self, choices: &mut Choices<'_>) -> LogPos {
        let index = self.index(choices);
        let term = if choices.below(8) < 6 { self.node.written.term(index) } else { self.term(choices) };
        LogPos { term, index }
    }
}

/// A few entries behind `prev`: of the leader's term, of that of `prev`, or of any; sometimes behind another place.
fn entries(choices: &mut Choices<'_>, term: Term, prev: LogPos) -> Option<Run> {
    let of = match choices.below(8) {
        0..=4 => term,
        5 | 6 => prev.term,
        _ => Term::new(choices.number()),
    };
    let first = if choices.below(16) == 15 { Index::new(choices.number()) } else { prev.index.next() };
    let (count, bytes) = (choices.below(5) + 1, choices.below(24));
    let mut body = BytesMut::new();
    for entry in 0..count {
        body.put_u32_le(u32::try_from(bytes).expect("below 24"));
        body.put_u8(0);
        // Which leader wrote it, so that two contents of one place differ.
        body.put_bytes(u8::try_from(of.get().wrapping_add(entry as u64) % 251).expect("below 251"), bytes);
    }
    Run::decode(of, first, u32::try_from(count).expect("at most 5"), body.freeze()).ok()
}
