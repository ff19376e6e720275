//! Why something was not done, as exceptions.

use pyo3::{
    exceptions::{PyIndexError, PyRuntimeError, PyValueError},
    prelude::*,
};
use sim::raft::{Failure, HandError};

use crate::{error, raft::error as raft};

/// A law was broken.
pub(crate) fn failed(py: Python<'_>, failure: &Failure) -> PyErr {
    raft::made(error::build(py, "ViolationError", &failure.to_string(), |it| {
        it.setattr("law", failure.violation.law)?;
        it.setattr("detail", &failure.violation.detail)?;
        it.setattr("seed", failure.plan.seed)?;
        it.setattr("at_ns", failure.at.as_nanos())?;
        it.setattr("step", failure.events)?;
        it.setattr("digest", failure.digest.to_string())
    }))
}

/// What somebody wanted to do by hand cannot be done.
pub(crate) fn by_hand(py: Python<'_>, refusal: HandError) -> PyErr {
    let message = refusal.to_string();
    let state = |node: machine_core::NodeId| {
        raft::made(error::build(py, "NodeStateError", &message, |it| it.setattr("node", node.get())))
    };
    match refusal {
        HandError::Failed(failure) => failed(py, &failure),
        HandError::NoSuchNode { .. } => PyIndexError::new_err(format!("node: {message}")),
        HandError::Twice { .. } => PyValueError::new_err(message),
        HandError::Down { node }
        | HandError::Up { node }
        | HandError::Paused { node }
        | HandError::NotPaused { node }
        | HandError::Retired { node } => state(node),
        HandError::NoNumbers => PyRuntimeError::new_err(message),
        HandError::Propose(refusal) => raft::propose(py, refusal),
        HandError::Read(refusal) => raft::read(py, refusal),
        HandError::Transfer(refusal) => raft::transfer(py, refusal),
    }
}
