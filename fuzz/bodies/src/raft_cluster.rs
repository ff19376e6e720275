//! Three nodes, their network and their disks: the bytes choose what happens next, and the laws of Raft must hold.

mod laws;
mod record;

use std::time::Duration;

use bytes::Bytes;
use machine_core::{Instant, NodeId};
use raft_core::{Event, Index, Message, Term, wire};

use crate::{Choices, Marks, node::Node};
use laws::Laws;
pub use record::{Letter, OnDisk, Record};

/// What a run of a cluster can come to.
pub const MARKS: &[&str] = &[
    "led",
    "leader of an earlier term",
    "committed",
    "applied",
    "fetched",
    "entries replaced",
    "message lost",
    "message doubled",
    "crash without loss",
    "crash with loss",
    "crash of a leader",
    "state machine forgot",
    "reads answered",
    "reads lost",
    "handed over",
    "healed",
];

const NODES: u64 = 3;

/// Steps of one input; more say nothing new.
const STEPS_MAX: usize = 600;

/// Messages on their way at most; more are lost, oldest first.
const MAIL_MAX: usize = 64;

/// More outputs than this between two inputs is a loop that never ends.
const OUTPUTS_MAX: usize = 4096;

/// Steps of the healed cluster within which it must work: many elections may tie before one does not.
const HEALING_MAX: usize = 3000;

/// Plays the input; then all faults end, and the cluster must elect, commit and converge.
///
/// # Panics
///
/// When a law is broken: a bug of `raft_core`.
pub fn run(input: &[u8]) -> Marks {
    let mut choices = Choices::new(input);
    let mut world = World::new();
    for _ in 0..STEPS_MAX {
        if choices.is_over() {
            break;
        }
        world.one_step(&mut choices);
    }
    world.heal();
    world.marks
}

/// Plays the input without the healing, and tells what was said, written and done in it: for seeds of other targets.
#[must_use]
pub fn recorded(input: &[u8]) -> Record {
    let mut choices = Choices::new(input);
    let mut world = World::new();
    world.record = Some(Record::default());
    while !choices.is_over() {
        world.one_step(&mut choices);
    }
    world.record.unwrap_or_default()
}

struct World {
    nodes: Vec<Node>,
    now: Instant,
    mail: Vec<Mail>,
    laws: Laws,
    marks: Marks,
    payloads: u64,
    record: Option<Record>,
}

/// A message on its way.
#[derive(Clone)]
struct Mail {
    from: NodeId,
    to: usize,
    bytes: Bytes,
}

impl World {
    fn new() -> Self {
        Self {
            nodes: (1..=NODES).map(|id| Node::new(id, NODES, Instant::ZERO)).collect(),
            now: Instant::ZERO,
            mail: Vec::new(),
            laws: Laws::default(),
            marks: Marks::new(MARKS),
            payloads: 0,
            record: None,
        }
    }

    fn one_step(&mut self, choices: &mut Choices<'_>) {
        let what = choices.byte();
        let node = usize::from(what >> 4) % self.nodes.len();
        match what & 15 {
            0 => self.play(node),
            1 | 2 => self.deliver(choices.byte().into()),
            3 => self.lose(choices.byte().into()),
            4 => self.double(choices.byte().into()),
            5 => self.tick(node),
            6 => self.pass(Duration::from_millis(choices.byte().into())),
            7 => {
                let _refused_unless_it_leads = self.propose(node);
            }
            8 => self.read(node),
            9 => self.crash(node, choices.byte()),
            10 => self.poll(node, choices.below(4) + 1),
            11 => self.persist(node, choices.below(3) + 1),
            12 => self.hand_over(node, choices),
            13 => {
                let now = self.now;
                self.nodes[node].fetch(now, false);
                self.nodes[node].apply(now);
                self.note_call(node, &[14, 0, 17]);
            }
            14 => self.mail.retain(|letter| letter.to != node),
            _ => self.play_all(),
        }
        self.judge();
    }

    /// One node does everything it owes, and gets all its mail.
    fn play(&mut self, node: usize) {
        self.settle(node);
        while let Some(letter) = self.mail.iter().position(|letter| letter.to == node) {
            self.deliver(letter);
            self.settle(node);
        }
    }

    /// Everybody does, until there is no mail or there always is.
    fn play_all(&mut self) {
        for _ in 0..6 {
            for node in 0..self.nodes.len() {
                self.play(node);
                self.judge();
            }
            if self.mail.is_empty() {
                return;
            }
        }
    }

    fn settle(&mut self, node: usize) {
        for _ in 0..2 {
            self.poll(node, OUTPUTS_MAX);
            if self.nodes[node].is_writing() {
                self.persist(node, usize::MAX);
            }
            let now = self.now;
            self.nodes[node].apply(now);
            self.nodes[node].fetch(now, false);
            self.note_call(node, &[17, 14, 0]);
        }
        self.poll(node, OUTPUTS_MAX);
        self.judge();
    }

    fn poll(&mut self, node: usize, most: usize) {
        self.note_call(node, &[11, u8::try_from(most.min(16) - 1).expect("below 16")]);
        for _ in 0..most {
            let from = self.nodes[node].id;
            match self.nodes[node].poll(&mut self.marks) {
                Err(()) => return,
                Ok(None) => self.note_write(node),
                Ok(Some((to, message))) => self.send(from, to, &message),
            }
        }
        assert!(most < OUTPUTS_MAX, "outputs without end");
    }

    /// Through the real codec.
    fn send(&mut self, from: NodeId, to: NodeId, message: &Message) {
        let mut bytes = Vec::new();
        wire::encode_head(message, &mut bytes);
        if let Some(run) = message.run() {
            bytes.extend_from_slice(run.body());
        }
        if self.mail.len() == MAIL_MAX {
            self.mail.remove(0);
        }
        let bytes = Bytes::from(bytes);
        if let Some(record) = &mut self.record {
            record.letters.push(Letter { from, to, bytes: bytes.clone() });
        }
        self.mail.push(Mail { from, to: index_of(to), bytes });
    }

    fn deliver(&mut self, letter: usize) {
        if self.mail.is_empty() {
            return;
        }
        let letter = self.mail.remove(letter % self.mail.len());
        let message = wire::decode(letter.bytes.clone()).expect("what was encoded can be decoded");
        let (now, from) = (self.now, letter.from);
        let length = u16::try_from(letter.bytes.len()).expect("messages here are short").to_le_bytes();
        let head = [5, u8::try_from(from.get()).expect("three nodes"), length[0], length[1]];
        self.note_call(letter.to, &[&head, &letter.bytes[..]].concat());
        self.nodes[letter.to]
            .ask("step", |raft| raft.step(now, from, message))
            .expect("honest peers are not blamed");
        self.judge();
    }

    fn lose(&mut self, letter: usize) {
        if !self.mail.is_empty() {
            self.marks.see("message lost");
            self.mail.remove(letter % self.mail.len());
        }
    }

    fn double(&mut self, letter: usize) {
        if !self.mail.is_empty() && self.mail.len() < MAIL_MAX {
            self.marks.see("message doubled");
            self.mail.push(self.mail[letter % self.mail.len()].clone());
        }
    }

    /// Time passes for everybody; only this node looks at its clock.
    fn tick(&mut self, node: usize) {
        if let Some(next) = self.nodes[node].raft.next_tick() {
            self.now = self.now.max(next);
        }
        self.look(node);
        self.note_call(node, &[7]);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        for node in 0..self.nodes.len() {
            self.look(node);
        }
        let millis = u16::try_from(time.as_millis()).unwrap_or(u16::MAX).to_le_bytes();
        self.note_call(0, &[6, millis[0], millis[1]]);
    }

    fn look(&mut self, node: usize) {
        let now = self.now;
        self.nodes[node].tell("tick", |raft| raft.tick(now));
    }

    fn propose(&mut self, node: usize) -> Option<Index> {
        let now = self.now;
        self.payloads += 1;
        let payload = self.payloads.to_le_bytes();
        self.note_call(node, &[8, 8, 0]);
        self.nodes[node].ask("propose", |raft| raft.propose(now, &payload)).ok().map(|pos| pos.index)
    }

    fn read(&mut self, node: usize) {
        let now = self.now;
        self.note_call(node, &[9, 0]);
        if let Ok(id) = self.nodes[node].ask("read", |raft| raft.read(now)) {
            self.laws.asked(node, id);
        }
    }

    fn hand_over(&mut self, node: usize, choices: &mut Choices<'_>) {
        let (now, to) = (self.now, choices.number() % NODES + 1);
        if self.nodes[node].ask("transfer", |raft| raft.transfer_leadership(now, NodeId::of(to))).is_ok() {
            self.marks.see("handed over");
        }
        self.note_call(node, &[9, 2, u8::try_from(to - 1).expect("three nodes")]);
    }

    fn crash(&mut self, node: usize, how: u8) {
        let now = self.now;
        if self.nodes[node].leads() {
            self.marks.see("crash of a leader");
        }
        let (kept, forgets) = (usize::from(how & 3), how & 4 == 4);
        let before = self.nodes[node].written.last();
        self.nodes[node].crash(now, kept, forgets);
        let lost = self.nodes[node].written.last() < before;
        self.marks.see(if lost { "crash with loss" } else { "crash without loss" });
        if forgets {
            self.marks.see("state machine forgot");
        }
        self.laws.crashed(node);
        self.note_disk(node, OnDisk::Crash { kept });
        self.note_call(node, &[15, how & 3, u8::from(forgets)]);
    }

    fn persist(&mut self, node: usize, most: usize) {
        let now = self.now;
        self.nodes[node].persist(now, most);
        self.note_disk(node, OnDisk::Sync { most });
        for _ in 0..most.min(2) {
            self.note_call(node, &[12, u8::try_from(most.min(4) - 1).expect("below 4")]);
        }
    }

    fn judge(&mut self) {
        for node in 0..self.nodes.len() {
            for (fact, applied) in std::mem::take(&mut self.nodes[node].facts) {
                if let Event::ReadReady { first, last, .. } = fact {
                    self.marks.see("reads answered");
                    self.laws.answered(node, first, last, applied);
                } else if let Event::ReadsLost { .. } = fact {
                    self.marks.see("reads lost");
                }
            }
            assert!(!self.nodes[node].halted, "a node with a good disk does not halt");
        }
        self.laws.judge(&self.nodes, &mut self.marks);
    }

    /// All faults end: a leader, a new entry committed everywhere, and a read, within bounds and without any luck.
    fn heal(&mut self) {
        // The newest proposal, and the term in which it was taken: what an earlier leader took may be lost.
        let mut written: Option<(Term, Index)> = None;
        for _ in 0..HEALING_MAX {
            self.play_all();
            if let Some((_, index)) = written {
                if self.nodes.iter().all(|node| node.applied.len() as u64 >= index.get()) {
                    self.marks.see("healed");
                    return;
                }
            }
            let leader = (0..self.nodes.len()).filter(|node| self.nodes[*node].leads());
            let leader = leader.max_by_key(|node| self.nodes[*node].status().term);
            if let Some(leader) = leader {
                let term = self.nodes[leader].status().term;
                if written.is_none_or(|(taken, _)| taken < term) {
                    written = self.propose(leader).map(|index| (term, index)).or(written);
                }
            }
            let next = self
                .nodes
                .iter()
                .enumerate()
                .filter_map(|(place, node)| Some((node.raft.next_tick()?, place)));
            let (_, node) = next.min().expect("a node that has not halted waits for something");
            self.tick(node);
            self.judge();
        }
        panic!(
            "no progress after the last fault: {:?}",
            self.nodes.iter().map(Node::status).collect::<Vec<_>>()
        );
    }

    /// For seeds of `raft_step`.
    fn note_call(&mut self, node: usize, call: &[u8]) {
        if let Some(record) = self.record.as_mut().filter(|_| node == 0) {
            record.calls.extend_from_slice(call);
        }
    }

    /// For seeds of `wal_recover`.
    fn note_disk(&mut self, node: usize, what: OnDisk) {
        if let Some(record) = self.record.as_mut().filter(|_| node == 0) {
            record.went_through(what);
        }
    }

    fn note_write(&mut self, node: usize) {
        let newest = self.nodes[node].newest_write().filter(|_| node == 0);
        if let (Some(record), Some((id, write))) = (&mut self.record, newest) {
            record.wrote(*id, write);
        }
    }
}

fn index_of(id: NodeId) -> usize {
    usize::try_from(id.get() - 1).expect("three nodes")
}
