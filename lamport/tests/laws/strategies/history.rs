//! Histories of nodes that act, send and receive, with their true happened-before.

use proptest::{collection, prelude::*};

/// What a node does. Choices wrap round what there is, so that any are a history.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Something inside.
    Local(usize),
    /// A message is made.
    Send(usize),
    /// One of the messages so far arrives; again, maybe, and in any order.
    Receive(usize, usize),
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// Who did it.
    pub(crate) node: usize,
    /// The event that sent the message which it received.
    pub(crate) received: Option<usize>,
    /// Whether a message was made.
    pub(crate) sent: bool,
}

/// Events, each behind all that it can depend on.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// How many nodes.
    pub(crate) nodes: usize,
    /// In the order in which they happened.
    pub(crate) events: Vec<Event>,
}

/// Histories of up to so many nodes and events.
pub(crate) fn histories(nodes_max: usize, events_max: usize) -> impl Strategy<Value = History> {
    let step = (0..3u8, any::<u8>(), any::<u8>()).prop_map(|(kind, node, message)| match kind {
        0 => Step::Local(node.into()),
        1 => Step::Send(node.into()),
        _ => Step::Receive(node.into(), message.into()),
    });
    (1..=nodes_max, collection::vec(step, 0..=events_max))
        .prop_map(|(nodes, steps)| History::of(nodes, &steps))
}

impl History {
    /// The history of these steps.
    pub(crate) fn of(nodes: usize, steps: &[Step]) -> Self {
        let mut events: Vec<Event> = Vec::new();
        for step in steps {
            let sends: Vec<usize> = (0..events.len()).filter(|at| events[*at].sent).collect();
            let (node, received, sent) = match *step {
                Step::Local(node) => (node, None, false),
                Step::Send(node) => (node, None, true),
                Step::Receive(node, message) => {
                    (node, sends.get(message % sends.len().max(1)).copied(), false)
                }
            };
            events.push(Event { node: node % nodes, received, sent });
        }
        Self { nodes, events }
    }

    /// For each event, whether each other one happened before it: the transitive closure of the order within a node and
    /// of messages (Lamport 1978).
    pub(crate) fn happened_before(&self) -> Vec<Vec<bool>> {
        let count = self.events.len();
        let mut before = vec![vec![false; count]; count];
        for (at, event) in self.events.iter().enumerate() {
            let previous = (0..at).rev().find(|earlier| self.events[*earlier].node == event.node);
            for cause in previous.into_iter().chain(event.received) {
                let causes = before[cause].clone();
                for (known, caused) in before[at].iter_mut().zip(causes) {
                    *known |= caused;
                }
                before[at][cause] = true;
            }
        }
        before
    }
}
