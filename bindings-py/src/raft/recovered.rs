//! What storage gives back when a node starts.

use pyo3::prelude::*;
use raft_core::{Index, Term};

use super::output::HardState;
use crate::{
    arg,
    value::{self, Field, Many, value},
};

/// What storage holds when a node starts: ``Log.recovered()``, or ``Recovered()`` for a node that never ran.
///
/// ``hard_state`` is the newest one written, ``runs`` the ``RecoveredRun`` values that are live, in order, without gaps, from
/// index 1, and ``applied`` the last entry that the state machine has taken and still has: 0 if it starts empty.
#[pyclass(frozen, eq, hash, module = "quorate.raft")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Recovered {
    /// The newest hard state written.
    #[pyo3(get)]
    pub(crate) hard_state: HardState,
    /// The runs that are live.
    #[pyo3(get)]
    pub(crate) runs: Many<RecoveredRun>,
    /// The last entry that the state machine has taken and still has.
    #[pyo3(get)]
    pub(crate) applied: u64,
}

#[pymethods]
impl Recovered {
    #[new]
    #[pyo3(signature = (hard_state = None, runs = None, applied = None))]
    fn new(
        hard_state: Option<&Bound<'_, PyAny>>,
        runs: Option<&Bound<'_, PyAny>>,
        applied: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self {
            hard_state: hard_state
                .map_or_else(|| Ok(HardState::default()), |it| Field::take("hard_state", it))?,
            runs: runs.map_or_else(|| Ok(Many(Vec::new())), |it| Field::take("runs", it))?,
            applied: applied.map_or(Ok(0), |it| arg::number("applied", it))?,
        })
    }

    #[classattr]
    #[pyo3(name = "__match_args__")]
    const fn match_args() -> (&'static str, &'static str, &'static str) {
        ("hard_state", "runs", "applied")
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        value::shown(slf, &["hard_state", "runs", "applied"])
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<value::Parts<'py>> {
        value::parts(slf, &["hard_state", "runs", "applied"])
    }
}

value! {
    /// What storage knows about a live stored run.
    RecoveredRun {
        /// The index of its first entry.
        first: u64,
        /// How many of its entries have not been replaced by later runs.
        count: u32,
        /// The term of its entries.
        term: u64,
    }
}

impl From<&Recovered> for raft_core::Recovered {
    fn from(recovered: &Recovered) -> Self {
        let run = |run: &RecoveredRun| raft_core::RecoveredRun {
            first: Index::new(run.first),
            count: run.count,
            term: Term::new(run.term),
        };
        Self {
            hard_state: (&recovered.hard_state).into(),
            runs: recovered.runs.0.iter().map(run).collect(),
            applied: Index::new(recovered.applied),
        }
    }
}
