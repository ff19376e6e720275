//! A leader whom no majority has answered for the shortest election timeout gives way, and until then takes nothing more
//! (check-quorum, thesis §6.2): what it took could not be decided there, while another may lead already.

use std::time::Duration;

use machine_core::{Instant, NodeId};

use super::{Verdict, hold};

const LAW: &str = "a leader that no majority answers gives way";
const REFUSES: &str = "a leader that no majority answers refuses";

/// When each leader was last answered by whom, by its own clock as its host showed it.
#[derive(Debug)]
pub(crate) struct Attendance {
    nodes: Vec<Answers>,
}

#[derive(Clone, Debug)]
struct Answers {
    /// By node; its own place is not used.
    heard: Vec<Instant>,
    /// The latest time that its host has shown it.
    latest: Instant,
}

impl Attendance {
    pub(crate) fn new(nodes: usize) -> Self {
        let answers = Answers { heard: vec![Instant::ZERO; nodes], latest: Instant::ZERO };
        Self { nodes: vec![answers; nodes] }
    }

    /// The node starts; its clock may show less than before.
    pub(crate) fn restarted(&mut self, node: usize, now: Instant) {
        self.nodes[node].latest = now;
    }

    /// The node is called, and told that it is `now`. Earlier times than before count as the latest: so whatever a node
    /// takes for its time is at least the time of this call, and at most the latest of all.
    pub(crate) fn called(&mut self, node: usize, now: Instant) {
        let latest = &mut self.nodes[node].latest;
        *latest = now.max(*latest);
    }

    /// The latest time that the node's host has shown it.
    pub(crate) fn latest(&self, node: usize) -> Instant {
        self.nodes[node].latest
    }

    /// The node has become leader: its time begins.
    pub(crate) fn leads(&mut self, node: usize) {
        let Answers { heard, latest } = &mut self.nodes[node];
        heard.fill(*latest);
    }

    /// A follower's answer in the term that the node leads has come in.
    pub(crate) fn answered(&mut self, node: usize, follower: usize) {
        let Answers { heard, latest } = &mut self.nodes[node];
        heard[follower] = *latest;
    }

    /// The node has been ticked `now`, and leads still.
    pub(crate) fn ticked(&self, node: usize, now: Instant, election_min: Duration) -> Verdict {
        self.judge(LAW, node, now, election_min)
    }

    /// The node has taken a proposal or a read `now`.
    pub(crate) fn took(&self, node: usize, now: Instant, election_min: Duration) -> Verdict {
        self.judge(REFUSES, node, now, election_min)
    }

    fn judge(&self, law: &'static str, node: usize, now: Instant, election_min: Duration) -> Verdict {
        let heard = &self.nodes[node].heard;
        let since = || heard.iter().enumerate().map(|(of, heard)| if of == node { now } else { *heard });
        let recent = since().filter(|since| now < *since + election_min).count();
        hold(recent > heard.len() / 2, law, || {
            let mut since: Vec<_> = since().collect();
            since.sort_unstable_by(|a, b| b.cmp(a));
            let (id, majority) = (NodeId::of(node as u64 + 1), since[heard.len() / 2]);
            format!(
                "{id} leads at its {now}, a majority last answered at {majority}, and {election_min:?} have passed"
            )
        })
    }
}

#[cfg(test)]
mod tests;
