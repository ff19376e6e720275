//! What everybody knows.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;

use crate::{arg, error, lock::lock, vector::VersionVector};

/// What each member is known to know: a matrix clock (Wuu and Bernstein 1984). It says what everybody knows, so what may
/// be forgotten: tombstones, log entries, ids that have left.
///
/// Each member's newest vector, which comes along with its messages, goes to ``observe``. A member that is silent holds
/// back everything (``laggards()``), until it speaks or is removed. One member's vector may have ``entries_max`` ids,
/// 65,536 unless said otherwise. Threads may share it.
#[pyclass(frozen, module = "quorate")]
#[derive(Debug)]
pub struct Stability(Mutex<lamport::Stability<u64>>);

#[pymethods]
impl Stability {
    #[new]
    #[pyo3(signature = (members, *, entries_max = None))]
    fn new(members: &Bound<'_, PyAny>, entries_max: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let mut group = lamport::Stability::new(arg::ids("members", members)?);
        if let Some(most) = entries_max {
            group = group.with_entries_max(arg::size("entries_max", most)?);
        }
        Ok(Self(Mutex::new(group)))
    }

    /// The members, ascending.
    #[getter]
    fn members(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        Ok(self.lock(py)?.members().copied().collect())
    }

    /// ``member`` says that it knows all this. What it said before stays: vectors that arrive late or twice do no harm.
    ///
    /// Raises ``UnknownMemberError`` or ``TooManyEntriesError``; nothing has changed then.
    fn observe(&self, member: &Bound<'_, PyAny>, vector: &Bound<'_, PyAny>) -> PyResult<()> {
        let (py, from) = (member.py(), arg::number("member", member)?);
        let vector = arg::class::<VersionVector>("vector", vector)?.get();
        let observed = self.lock(py)?.observe(&from, &vector.0);
        observed.map_err(|refusal| error::clock(py, refusal))
    }

    /// What every member knows. It only grows while the membership is fixed.
    fn stable(&self, py: Python<'_>) -> PyResult<VersionVector> {
        Ok(VersionVector(self.lock(py)?.stable()))
    }

    /// The members without whom more would be stable, ascending.
    fn laggards(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        Ok(self.lock(py)?.laggards().into_iter().copied().collect())
    }

    /// A new member, which knows this much for certain. ``False`` when it is one already, which does nothing.
    fn add_member(&self, member: &Bound<'_, PyAny>, knows: &Bound<'_, PyAny>) -> PyResult<bool> {
        let (py, id) = (member.py(), arg::number("member", member)?);
        let knows = arg::class::<VersionVector>("knows", knows)?.get().0.clone();
        Ok(self.lock(py)?.add_member(id, knows))
    }

    /// A member has left for good. Returns what it was known to know; ``None`` when it was no member.
    fn remove_member(&self, member: &Bound<'_, PyAny>) -> PyResult<Option<VersionVector>> {
        let (py, id) = (member.py(), arg::number("member", member)?);
        Ok(self.lock(py)?.remove_member(&id).map(VersionVector))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let group = self.lock(py)?;
        Ok(format!("<Stability of {:?}, stable {:?}>", group.members().collect::<Vec<_>>(), group.stable()))
    }
}

impl Stability {
    fn lock<'a>(&'a self, py: Python<'_>) -> PyResult<MutexGuard<'a, lamport::Stability<u64>>> {
        lock(py, &self.0, "Stability")
    }
}
