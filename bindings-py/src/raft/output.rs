//! What a node owes the world, and what storage gives back to it.

use machine_core::NodeId;
use pyo3::{PyClass, prelude::*};
use raft_core::{Index, Term};

use super::{error::Fault, event::Event, message::Message, run::Run};
use crate::value::value;

value! {
    /// Make ``write`` durable, in the order given, then call ``Raft.persisted(id)``. Writes may be gathered: the id of the
    /// last one that is durable stands for all before it. ``Log.append`` takes this as it is.
    Persist {
        /// To be named when it is durable.
        id: u64,
        /// What to write, all of it or nothing.
        write: Write,
    }
}

value! {
    /// Hand ``message`` to the node ``to``, at once or never: it may be lost, delayed, doubled or reordered.
    Send {
        /// The peer.
        to: u64,
        /// What to say; ``message.encode()`` makes bytes of it.
        message: Message,
    }
}

value! {
    /// Give these committed entries to the state machine, in the order given, then call ``Raft.applied(run.last)``. They are
    /// durable on this node and on a majority.
    Apply {
        /// The entries.
        run: Run,
    }
}

value! {
    /// Bring back entries that are no longer in memory: answer with ``Raft.fetched(id, run)`` and any stored run that holds
    /// the entry ``index``, as ``Log.fetch(index)`` gives. A store that cannot must stop the node.
    Fetch {
        /// To be named in the answer.
        id: u64,
        /// The entry that the run must hold.
        index: u64,
    }
}

value! {
    /// A fact for the application.
    Notify {
        /// What is the case.
        event: Event,
    }
}

value! {
    /// Storage contradicts itself. The node does nothing from here on: stop it, and look at its disk.
    Halt {
        /// What is wrong; an exception, to be raised where that suits.
        fault: Fault,
    }
}

value! {
    /// One atomic write: after a crash the log holds all of it or nothing.
    Write {
        /// Replaces the hard state written before.
        hard_state: HardState,
        /// Entries to store, which replace everything stored from their first index on; or ``None``.
        run: Option<Run>,
    }
}

value! {
    /// What a node must never forget, and a hint.
    #[derive(Default)]
    HardState {
        /// The latest term seen.
        term: u64,
        /// The vote given in that term, or ``None``.
        vote: Option<u64>,
        /// The commit index when this was written: a lower bound, which spares work after a restart.
        commit: u64,
    }
}

/// What the machine owes, as the object that Python gets. Made where no lock is held.
pub(crate) fn to_python(py: Python<'_>, output: raft_core::Output) -> PyResult<Bound<'_, PyAny>> {
    use raft_core::Output;
    match output {
        Output::Persist { id, write } => object(py, Persist { id: id.get(), write: write.into() }),
        Output::Send { to, message } => object(py, Send { to: to.get(), message: Message(message) }),
        Output::Apply { run } => object(py, Apply { run: Run(run) }),
        Output::Fetch { id, from } => object(py, Fetch { id: id.get(), index: from.get() }),
        Output::Notify(event) => object(py, Notify { event: Event(event) }),
        Output::Halt(fault) => object(py, Halt { fault: Fault(fault) }),
    }
}

fn object<T: PyClass + Into<PyClassInitializer<T>>>(py: Python<'_>, value: T) -> PyResult<Bound<'_, PyAny>> {
    Bound::new(py, value).map(Bound::into_any)
}

impl From<raft_core::Write> for Write {
    fn from(write: raft_core::Write) -> Self {
        Self { hard_state: write.hard_state.into(), run: write.run.map(Run) }
    }
}

impl From<raft_core::HardState> for HardState {
    fn from(state: raft_core::HardState) -> Self {
        Self { term: state.term.get(), vote: state.vote.map(NodeId::get), commit: state.commit.get() }
    }
}

impl From<&HardState> for raft_core::HardState {
    fn from(state: &HardState) -> Self {
        Self {
            term: Term::new(state.term),
            vote: state.vote.and_then(NodeId::new),
            commit: Index::new(state.commit),
        }
    }
}
