//! A run as a log for ShiViz (Beschastnikh et al. 2016), which draws its space-time diagram: each node a line, each message
//! an arrow. ShiViz knows nothing of messages; it draws what the vector clocks say, and those are kept here.
//!
//! Two lines an event, as ShiViz takes them unless told otherwise: what happened, then the node and its clock.

use std::{collections::BTreeMap, fmt, io};

use lamport::VersionVector;
use machine_core::{Instant, NodeId};

/// The clocks of all nodes, and of all messages under way.
pub(crate) struct ShiViz {
    /// `None` once it has failed: a closed pipe is no failure of the run.
    sink: Option<Box<dyn io::Write + Send>>,
    clocks: BTreeMap<NodeId, VersionVector<NodeId>>,
    /// What a sender knew when it sent this to that node. Of messages that are equal to the byte, the first: whichever of
    /// them arrived, its receiver knows at least that much.
    sent: BTreeMap<(NodeId, NodeId, Vec<u8>), VersionVector<NodeId>>,
}

impl ShiViz {
    pub(crate) fn new(sink: Box<dyn io::Write + Send>) -> Self {
        Self { sink: Some(sink), clocks: BTreeMap::new(), sent: BTreeMap::new() }
    }

    /// Something happens at a node.
    pub(crate) fn event(&mut self, now: Instant, node: NodeId, text: fmt::Arguments<'_>) {
        let clock = self.clocks.entry(node).or_default();
        clock.tick(&node).expect("fewer than 2^64 events");
        let Some(sink) = &mut self.sink else { return };
        if writeln!(sink, "{now} {text}\n{node} {}", Shown(clock)).is_err() {
            self.sink = None;
        }
    }

    /// What the node did last was to send this.
    pub(crate) fn sent(&mut self, from: NodeId, to: NodeId, bytes: &[u8]) {
        let clock = self.clocks.entry(from).or_default().clone();
        self.sent.entry((from, to, bytes.to_vec())).or_insert(clock);
    }

    /// What the node does next is to receive this.
    pub(crate) fn heard(&mut self, to: NodeId, from: NodeId, bytes: &[u8]) {
        if let Some(clock) = self.sent.get(&(from, to, bytes.to_vec())) {
            self.clocks.entry(to).or_default().merge(clock);
        }
    }
}

/// A clock in JSON.
struct Shown<'a>(&'a VersionVector<NodeId>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (place, (node, events)) in self.0.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}\"{node}\":{events}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for ShiViz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShiViz").field("clocks", &self.clocks).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
