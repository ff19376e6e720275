//! Several nodes, one queue of mail, links that can be cut or held back. Time jumps from deadline to deadline.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use machine_core::Instant;
use raft_core::{Config, Message, RoleName};

use super::{Node, Store, n, t};

#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) nodes: BTreeMap<u64, Node>,
    pub(crate) now: Instant,
    mail: VecDeque<(u64, u64, Message)>,
    /// Mail from the first to the second is lost.
    pub(crate) cut: Vec<(u64, u64)>,
    /// Mail from the first to the second is held back until released.
    pub(crate) hold: Vec<(u64, u64)>,
    pub(crate) held: Vec<(u64, u64, Message)>,
    voters: u64,
    seed: u64,
    /// What any node has applied, by index: state-machine safety.
    decided: BTreeMap<u64, (u64, Vec<u8>)>,
    /// Who led a term: election safety.
    leaders: BTreeMap<u64, u64>,
}

impl Cluster {
    pub(crate) fn fresh(voters: u64) -> Self {
        Self::with_logs(&vec![vec![]; usize::try_from(voters).expect("few")])
    }

    /// One node for each log, given by the terms of its entries; all are in the latest of these terms.
    pub(crate) fn with_logs(logs: &[Vec<u64>]) -> Self {
        let term = t(logs.iter().flatten().copied().max().unwrap_or(0));
        let voters = u64::try_from(logs.len()).expect("few");
        let mut cluster = Self {
            nodes: BTreeMap::new(),
            now: Instant::ZERO,
            mail: VecDeque::new(),
            cut: vec![],
            hold: vec![],
            held: vec![],
            voters,
            seed: 1,
            decided: BTreeMap::new(),
            leaders: BTreeMap::new(),
        };
        for (id, log) in (1..).zip(logs) {
            let mut store = Store::with_terms(log);
            store.hard_state.term = term;
            cluster.start(id, store);
        }
        cluster
    }

    fn start(&mut self, id: u64, store: Store) {
        self.seed += 1;
        let config = Config::new(n(id), (1..=self.voters).map(n));
        let node = Node::start(self.voters, config, store, self.seed, self.now);
        self.nodes.insert(id, node);
    }

    /// Loses what is not durable, and the mail on its way to it.
    pub(crate) fn crash(&mut self, id: u64) -> Store {
        self.mail.retain(|(from, to, _)| *from != id && *to != id);
        self.nodes.remove(&id).expect("runs").store
    }

    pub(crate) fn restart(&mut self, id: u64, store: Store) {
        self.start(id, store);
        self.settle();
    }

    pub(crate) fn isolate(&mut self, id: u64) {
        for other in 1..=self.voters {
            self.cut.extend([(id, other), (other, id)]);
        }
    }

    pub(crate) fn cut_between(&mut self, a: u64, b: u64) {
        self.cut.extend([(a, b), (b, a)]);
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
    }

    pub(crate) fn release(&mut self) {
        self.hold.clear();
        self.mail.extend(std::mem::take(&mut self.held));
        self.settle();
    }

    /// Does everything owed and delivers all mail until nothing moves, at one moment.
    pub(crate) fn settle(&mut self) {
        for _ in 0..100_000 {
            let ids: Vec<_> = self.nodes.keys().copied().collect();
            for id in ids {
                self.pump(id);
            }
            let Some((from, to, message)) = self.mail.pop_front() else { return };
            if let Some(node) = self.nodes.get_mut(&to) {
                node.now = self.now;
                node.step(from, message);
            }
        }
        panic!("the cluster must come to rest");
    }

    fn pump(&mut self, id: u64) {
        let node = self.nodes.get_mut(&id).expect("runs");
        node.now = self.now;
        let sent = node.pump();
        for (at, payload) in node.applied.iter().rev().take(64) {
            let fact = (at.term.get(), payload.clone());
            let known = self.decided.entry(at.index.get()).or_insert_with(|| fact.clone());
            assert_eq!(*known, fact, "state-machine safety at {at}");
        }
        if node.role() == RoleName::Leader {
            let known = *self.leaders.entry(node.term()).or_insert(id);
            assert_eq!(known, id, "election safety in term {}", node.term());
        }
        for (to, message) in sent {
            let link = (id, to);
            if self.cut.contains(&link) {
                continue;
            }
            if self.hold.contains(&link) {
                self.held.push((id, to, message));
            } else {
                self.mail.push_back((id, to, message));
            }
        }
    }

    /// Lets time pass for all, from deadline to deadline.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        self.settle();
        for _ in 0..100_000 {
            let next = self.nodes.values().filter_map(|node| node.raft.next_tick()).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            for node in self.nodes.values_mut() {
                node.now = self.now;
                node.raft.tick(self.now);
            }
            self.settle();
        }
        panic!("time must pass");
    }

    /// Runs until this node leads; all others hold still meanwhile by having their timers run later.
    pub(crate) fn elect(&mut self, id: u64) {
        for _ in 0..40 {
            if self.leader() == Some(id) {
                return;
            }
            let node = self.nodes.get_mut(&id).expect("runs");
            self.now = self.now.max(node.raft.next_tick().expect("not halted"));
            node.now = self.now;
            node.raft.tick(self.now);
            self.settle();
        }
        panic!("{id} is not elected: {:?}", self.nodes[&id].status());
    }

    /// The leader of the latest term.
    pub(crate) fn leader(&self) -> Option<u64> {
        let leads = |(id, node): (&u64, &Node)| (node.role() == RoleName::Leader).then(|| (node.term(), *id));
        self.nodes.iter().filter_map(leads).max().map(|(_, id)| id)
    }

    pub(crate) fn node(&mut self, id: u64) -> &mut Node {
        let now = self.now;
        let node = self.nodes.get_mut(&id).expect("runs");
        node.now = now;
        node
    }

    pub(crate) fn propose(&mut self, id: u64, payload: &[u8]) {
        self.node(id).propose(payload);
        self.settle();
    }

    /// All nodes hold the same log and have applied it whole.
    pub(crate) fn assert_converged(&self) {
        let logs: Vec<_> = self.nodes.values().map(|node| node.store.terms()).collect();
        assert!(logs.windows(2).all(|pair| pair[0] == pair[1]), "{logs:?}");
        for node in self.nodes.values() {
            let status = node.status();
            assert_eq!(status.applied, status.last, "{status:?}");
        }
    }
}
