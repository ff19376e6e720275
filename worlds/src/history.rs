//! What must hold, judged from outside: by what nodes said, what their disks completed, and what they admit of their
//! role, term and commit index. What the past matters for is kept here.

use std::sync::Arc;

use machine_core::NodeId;
use raft_core::{HardState, Message, Outcome, RoleName, Term};

use crate::node::{Deeds, Node, Stored, id};

/// A law of Raft, or of how a core is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// One leader in a term, over the whole history (Raft §5.2).
    OneLeader,
    /// Logs that share an index and a term share everything up to there (§5.3).
    LogMatching,
    /// A leader of a later term holds everything committed in earlier ones (§5.4).
    LeaderCompleteness,
    /// All that was ever committed is one chain, durable on a majority ever after (§5.4.2).
    Committed,
    /// What is applied is what was committed, in order, without gaps (§5.4.3).
    StateMachineSafety,
    /// A vote or an acknowledgement leaves a node only when its disk holds what it says (Figure 2).
    Promise,
    /// Nobody blames an honest peer, halts on a good disk, or fails its own `check`.
    Sound,
}

impl Law {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::OneLeader,
        Self::LogMatching,
        Self::LeaderCompleteness,
        Self::Committed,
        Self::StateMachineSafety,
        Self::Promise,
        Self::Sound,
    ];
}

/// What has happened, as far as laws need it.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Who was elected in which term.
    pub leaders: Vec<(Term, usize)>,
    /// All that any node has ever called committed, with the term in which it was first called so.
    pub committed: Vec<(Stored, Term)>,
    /// The first law that was broken.
    pub broken: Option<(Law, String)>,
}

/// Judges what the node at `place` has just done.
pub fn judge(history: &mut Arc<History>, nodes: &[Arc<Node>], place: usize, deeds: &Deeds) {
    if let Some(wrong) = &deeds.wrong {
        blame(history, Law::Sound, place, wrong.clone());
    }
    if let Some(term) = deeds.elected {
        elect(history, place, term);
    }
    commit(history, &nodes[place], place);
    for (index, entry) in &deeds.applied {
        if history.committed.get(index - 1).map(|(entry, _)| entry) != Some(entry) {
            blame(history, Law::StateMachineSafety, place, format!("applies {entry:?} at {index}"));
        }
    }
    for (to, message) in &deeds.sent {
        if !keeps(nodes, place, *to, message) {
            blame(history, Law::Promise, place, format!("says {message:?} to {} before it may", id(*to)));
        }
    }
    judge_committed(history, nodes, place);
    judge_logs(history, nodes, place);
}

fn elect(history: &mut Arc<History>, place: usize, term: Term) {
    match history.leaders.iter().find(|(known, _)| *known == term) {
        Some((_, leader)) if *leader == place => {}
        Some((_, leader)) => {
            let claim = format!("leads {term}, which {} has led", id(*leader));
            blame(history, Law::OneLeader, place, claim);
        }
        None => Arc::make_mut(history).leaders.push((term, place)),
    }
}

fn commit(history: &mut Arc<History>, node: &Node, place: usize) {
    let known = history.committed.len();
    let Some(claimed) = node.log.get(..node.commit) else {
        blame(history, Law::Committed, place, format!("calls {} committed and lacks it", node.commit));
        return;
    };
    if let Some(at) = (0..node.commit.min(known)).find(|at| history.committed[*at].0 != claimed[*at]) {
        blame(history, Law::Committed, place, format!("calls {:?} committed at {}", claimed[at], at + 1));
    } else if node.commit > known {
        let news = claimed.iter().skip(known).map(|entry| (*entry, node.term));
        Arc::make_mut(history).committed.extend(news);
    }
}

fn judge_committed(history: &mut Arc<History>, nodes: &[Arc<Node>], place: usize) {
    let holds = |log: &[Stored], count: usize| {
        log.len() >= count
            && history.committed.iter().zip(log).take(count).all(|((entry, _), held)| entry == held)
    };
    let count = history.committed.len();
    let holders = nodes.iter().filter(|node| holds(&node.disk.log, count)).count();
    let forgetful = nodes.iter().position(|leader| {
        let earlier = history.committed.iter().take_while(|(_, by)| *by < leader.term).count();
        leader.role == RoleName::Leader && !holds(&leader.log, earlier)
    });
    if 2 * holders <= nodes.len() {
        let claim = format!("leaves {:?} durable on {holders} only", history.committed);
        blame(history, Law::Committed, place, claim);
    }
    if let Some(leader) = forgetful {
        let claim = format!("leads {} without all of {:?}", nodes[leader].term, history.committed);
        blame(history, Law::LeaderCompleteness, leader, claim);
    }
}

fn judge_logs(history: &mut Arc<History>, nodes: &[Arc<Node>], place: usize) {
    let log = &nodes[place].log;
    for (at, other) in nodes.iter().enumerate().filter(|(at, _)| *at != place) {
        let agreed = (0..log.len().min(other.log.len())).rfind(|at| log[*at].term == other.log[*at].term);
        if agreed.is_some_and(|last| log[..=last] != other.log[..=last]) {
            let claim = format!("holds {log:?}, and {} {:?}", id(at), other.log);
            blame(history, Law::LogMatching, place, claim);
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "made for the one place that keeps it")]
fn blame(history: &mut Arc<History>, law: Law, place: usize, what: String) {
    if history.broken.is_none() {
        Arc::make_mut(history).broken = Some((law, format!("{} {what}", id(place))));
    }
}

/// Whether the disk of the node at `from` holds what the message promises, and, of an acknowledgement, whether it is
/// what the leader has.
fn keeps(nodes: &[Arc<Node>], from: usize, to: usize, message: &Message) -> bool {
    let disk = &nodes[from].disk;
    let voted = |term: Term, vote: NodeId| matches!(disk.hard_state, HardState { term: t, vote: Some(v), .. } if (t, v) == (term, vote));
    match message {
        Message::Vote { term, .. } => voted(*term, id(from)),
        Message::VoteReply { term, granted: true } => voted(*term, id(to)),
        Message::AppendReply { term, outcome: Outcome::Accepted { matched }, .. } => {
            let matched = usize::try_from(matched.get()).unwrap_or(usize::MAX);
            let Some(held) = disk.log.get(..matched) else { return false };
            let leader = &nodes[to];
            let leads = leader.role == RoleName::Leader && leader.term == *term;
            disk.hard_state.term >= *term && (!leads || leader.log.starts_with(held))
        }
        Message::PreVote { .. }
        | Message::PreVoteReply { .. }
        | Message::VoteReply { granted: false, .. }
        | Message::Append { .. }
        | Message::AppendReply { outcome: Outcome::Rejected { .. }, .. }
        | Message::TimeoutNow { .. } => true,
    }
}
