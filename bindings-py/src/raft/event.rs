//! Facts for the application.

use machine_core::NodeId;
use pyo3::prelude::*;
use raft_core::{Event as Core, Index, ReadId, Term};

use crate::{
    arg,
    value::{Field, value},
};

value! {
    /// This node leads. Proposals are taken from here on.
    BecameLeader {
        /// The term it leads.
        term: u64,
    }
}

value! {
    /// This node follows. What it proposed as leader and did not see applied may or may not survive.
    BecameFollower {
        /// The term.
        term: u64,
        /// The leader, when known.
        leader: Option<u64>,
    }
}

value! {
    /// This node hears no leader and seeks to become one.
    BecameCandidate {
        /// The term; not yet raised while it only asks whether it would be elected.
        term: u64,
    }
}

value! {
    /// The reads ``first`` to ``last`` may be answered from the state machine as it is now: every write that was acknowledged
    /// before they were asked has been applied.
    ReadReady {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
        /// What had to be applied.
        index: u64,
    }
}

value! {
    /// The reads ``first`` to ``last`` cannot be answered here: leadership was lost. Ask the new leader.
    ReadsLost {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    }
}

value! {
    /// The chosen successor did not take over in time; this node leads on.
    TransferFailed {
        /// The chosen successor.
        to: u64,
    }
}

/// One of them, as a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Event(pub(crate) Core);

impl<'py> IntoPyObject<'py> for Event {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Ok(match self.0 {
            Core::BecameLeader { term } => Bound::new(py, BecameLeader { term: term.get() })?.into_any(),
            Core::BecameFollower { term, leader } => {
                let event = BecameFollower { term: term.get(), leader: leader.map(NodeId::get) };
                Bound::new(py, event)?.into_any()
            }
            Core::BecameCandidate { term } => {
                Bound::new(py, BecameCandidate { term: term.get() })?.into_any()
            }
            Core::ReadReady { first, last, index } => {
                let event = ReadReady { first: first.get(), last: last.get(), index: index.get() };
                Bound::new(py, event)?.into_any()
            }
            Core::ReadsLost { first, last } => {
                Bound::new(py, ReadsLost { first: first.get(), last: last.get() })?.into_any()
            }
            Core::TransferFailed { to } => Bound::new(py, TransferFailed { to: to.get() })?.into_any(),
            // The enum may grow; who adds to it adds the class here.
            _ => return Err(pyo3::exceptions::PyNotImplementedError::new_err("an event without a class")),
        })
    }
}

impl Field for Event {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(event) = value.cast::<BecameLeader>() {
            return Ok(Self(Core::BecameLeader { term: Term::new(event.get().term) }));
        }
        if let Ok(event) = value.cast::<BecameFollower>() {
            let BecameFollower { term, leader } = *event.get();
            let leader = leader.and_then(NodeId::new);
            return Ok(Self(Core::BecameFollower { term: Term::new(term), leader }));
        }
        if let Ok(event) = value.cast::<BecameCandidate>() {
            return Ok(Self(Core::BecameCandidate { term: Term::new(event.get().term) }));
        }
        if let Ok(event) = value.cast::<ReadReady>() {
            let ReadReady { first, last, index } = *event.get();
            let (first, last) = (ReadId::new(first), ReadId::new(last));
            return Ok(Self(Core::ReadReady { first, last, index: Index::new(index) }));
        }
        if let Ok(event) = value.cast::<ReadsLost>() {
            let ReadsLost { first, last } = *event.get();
            return Ok(Self(Core::ReadsLost { first: ReadId::new(first), last: ReadId::new(last) }));
        }
        if let Ok(event) = value.cast::<TransferFailed>() {
            return Ok(Self(Core::TransferFailed { to: arg::named("to", event.get().to)? }));
        }
        Err(arg::expected(name, "an event", value))
    }
}
