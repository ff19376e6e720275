//! The floor: nothing but the duties. A fixed leader, no terms, no elections, no checks; one shared block for the log
//! and the followers. No protocol, and no proven minimum: a reference.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::{
    cell::Contender,
    cluster::{Applied, Cluster, Load, Turn},
    kept::{self, Kept},
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

impl kept::Block for Block {
    fn entry_count(&self) -> u64 {
        self.count
    }
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
    log: Kept<Block>,
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
            replicas: (0..nodes).map(|_| Replica { log: Kept::new(kept), ..Replica::default() }).collect(),
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
        let (size, bytes) = (load.bytes(), load.gather(room, &mut self.spare));
        Some(Block { count: room, size, bytes })
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
        let this = &mut self.replicas[follower];
        if this.inbox.is_empty() {
            return;
        }
        let mut news = false;
        while let Some((_, message)) = this.inbox.pop_front() {
            if let Message::Append(block, committed) = message {
                if let Some(block) = block {
                    this.hold(block);
                    news = true;
                }
                this.commit(committed);
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
        self.log.push(block);
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
