//! The floor: nothing but the duties. A fixed leader, no terms, no elections, no checks; one shared block for the log
//! and the followers. No protocol, and no proven minimum: a reference.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

use crate::{
    cell::Contender,
    cluster::{Applied, Cluster, Load, Turn},
};

/// The floor.
pub const FLOOR: Contender = Contender {
    name: "floor",
    about: "no protocol: a block of entries is kept, sent, acknowledged, applied",
    build: |cell| Box::new(Floor::new(cell.nodes, cell.kept())),
    leader_apart: true,
    idle: None,
    catch_up: None,
};

/// Entries of one turn: how many, how long each is, and their bytes one after the other.
#[derive(Clone, Debug)]
struct Block {
    count: u64,
    size: usize,
    bytes: Bytes,
}

#[derive(Debug)]
enum Message {
    /// A block, and how many entries are committed.
    Append(Option<Block>, u64),
    /// So many entries are held.
    Held(u64),
}

#[derive(Debug, Default)]
struct Replica {
    inbox: VecDeque<(usize, Message)>,
    log: VecDeque<Block>,
    /// Entries in the log, and how many of them are enough.
    logged: u64,
    kept: u64,
    /// Blocks held and not yet applied.
    waiting: VecDeque<Block>,
    held: u64,
    committed: u64,
    passed: u64,
    applied: Applied,
}

#[derive(Debug)]
struct Floor {
    replicas: Vec<Replica>,
    /// What each holds, as the leader knows.
    held: Vec<u64>,
    told: u64,
    sorted: Vec<u64>,
    spare: BytesMut,
    messages: u64,
}

impl Floor {
    fn new(nodes: usize, kept: usize) -> Self {
        Self {
            replicas: (0..nodes).map(|_| Replica { kept: kept as u64, ..Replica::default() }).collect(),
            held: vec![0; nodes],
            told: 0,
            sorted: Vec::new(),
            spare: BytesMut::new(),
            messages: 0,
        }
    }

    fn gather(&mut self, load: &mut Load, room: u64) -> Option<Block> {
        if room == 0 {
            return None;
        }
        let size = load.bytes();
        let needed = usize::try_from(room).expect("what is outstanding fits memory") * size;
        self.spare.reserve(needed);
        for payload in load.take(room) {
            self.spare.put_slice(payload);
        }
        Some(Block { count: room, size, bytes: self.spare.split().freeze() })
    }

    fn send(&mut self, from: usize, to: usize, message: Message) {
        self.messages += 1;
        self.replicas[to].inbox.push_back((from, message));
    }
}

impl Cluster for Floor {
    fn leader_turn(&mut self, load: &mut Load, room: u64) -> Turn {
        while let Some((from, message)) = self.replicas[0].inbox.pop_front() {
            if let Message::Held(held) = message {
                self.held[from] = held;
            }
        }
        let block = self.gather(load, room);
        if let Some(block) = &block {
            self.replicas[0].hold(block.clone());
            self.held[0] = self.replicas[0].held;
        }
        self.sorted.clear();
        self.sorted.extend_from_slice(&self.held);
        self.sorted.sort_unstable();
        let committed = self.sorted[(self.sorted.len() - 1) / 2];
        if block.is_some() || committed > self.told {
            self.told = committed;
            for to in 1..self.replicas.len() {
                self.send(0, to, Message::Append(block.clone(), committed));
            }
        }
        Turn { proposed: room, applied: self.replicas[0].commit(committed) }
    }

    fn follower_turn(&mut self, follower: usize) {
        let mut news = false;
        while let Some((_, message)) = self.replicas[follower].inbox.pop_front() {
            if let Message::Append(block, committed) = message {
                if let Some(block) = block {
                    self.replicas[follower].hold(block);
                    news = true;
                }
                self.replicas[follower].commit(committed);
            }
        }
        if news {
            let held = self.replicas[follower].held;
            self.send(follower, 0, Message::Held(held));
        }
    }

    fn messages(&self) -> u64 {
        self.messages
    }

    fn applied(&self) -> Vec<Applied> {
        self.replicas.iter().map(|replica| replica.applied).collect()
    }

    fn look(&mut self) {
        for replica in &mut self.replicas {
            replica.applied.look();
        }
    }

    fn wait(&mut self) {}
}

impl Replica {
    fn hold(&mut self, block: Block) {
        self.held += block.count;
        self.waiting.push_back(block.clone());
        self.logged += block.count;
        self.log.push_back(block);
        while let Some(oldest) = self.log.front().map(|block| block.count) {
            if self.logged - oldest < self.kept {
                break;
            }
            self.logged -= oldest;
            self.log.pop_front();
        }
    }

    /// Applies what is committed; returns how many entries.
    fn commit(&mut self, committed: u64) -> u64 {
        self.committed = self.committed.max(committed);
        let before = self.passed;
        while let Some(block) = self.waiting.front() {
            if self.passed + block.count > self.committed {
                break;
            }
            self.passed += block.count;
            if self.applied.looks() {
                for payload in block.bytes.chunks(block.size) {
                    self.applied.entry(payload);
                }
            } else {
                self.applied.count(block.count);
            }
            self.waiting.pop_front();
        }
        self.passed - before
    }
}
