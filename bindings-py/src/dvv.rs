//! The values of one key that nobody has replaced.

use std::sync::Mutex;

use lamport::SIBLINGS_MAX;
use pyo3::{PyTraverseError, PyVisit, class::basic::CompareOp, prelude::*, types::PyList};

use crate::{
    arg, error,
    lock::lock,
    vector::{Dot, VersionVector, equality},
};

type Set = lamport::DvvSet<u64, Value>;
type Parts = (VersionVector, Vec<(Dot, Py<PyAny>)>, usize);

/// The values of one key that no later write has replaced: siblings, each with the event that wrote it (Preguiça et al.
/// 2010, *Dotted Version Vectors*).
///
/// A client reads ``values()`` with ``context()``, and hands that context back with its write: ``update(context, value,
/// id)`` replaces what the client has seen, and stands beside what it has not. Ids name servers, not clients. **The context
/// must come from the read**: a newer one silently replaces values that its author has never seen.
///
/// ``a | b`` has heard of the writes of both; ``a |= b`` and ``a.sync(b)`` change ``a``. It changes in place, so it is not
/// hashable; it is picklable when its values are; threads may share it. At most ``siblings_max`` values (1,024 unless said
/// otherwise) stand side by side by local writes; ``sync`` is never refused, or replicas would not converge.
#[pyclass(frozen, generic, module = "quorate")]
#[derive(Debug)]
pub struct DvvSet {
    set: Mutex<Set>,
    siblings_max: usize,
}

/// A reference of its own in every set, so that Python's garbage collector can count them.
#[derive(Debug)]
struct Value(Py<PyAny>);

#[pymethods]
impl DvvSet {
    #[new]
    #[pyo3(signature = (*, siblings_max = None))]
    fn new(siblings_max: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let siblings_max = siblings_max.map_or(Ok(SIBLINGS_MAX), |most| arg::size("siblings_max", most))?;
        Ok(Self::of(lamport::DvvSet::with_siblings_max(siblings_max), siblings_max))
    }

    /// The set of what ``context()`` and ``dotted()`` have given, in the same order.
    ///
    /// Raises ``MalformedError`` for parts to which no history of writes leads; ``at`` counts the values before the one at
    /// fault.
    #[staticmethod]
    #[pyo3(signature = (context, values, siblings_max = None))]
    fn from_parts(
        context: &Bound<'_, PyAny>,
        values: &Bound<'_, PyAny>,
        siblings_max: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        const WHAT: &str = "an iterable of pairs of Dot and value";
        let (py, empty) = (context.py(), Self::new(siblings_max)?);
        let context = &arg::class::<VersionVector>("context", context)?.get().0;
        let pair = |pair: PyResult<Bound<'_, PyAny>>| {
            let pair = pair?;
            let (dot, value): (Bound<'_, PyAny>, Py<PyAny>) =
                pair.extract().map_err(|_| arg::expected("values", WHAT, &pair))?;
            Ok((arg::class::<Dot>("values", &dot)?.get().0, Value(value)))
        };
        let values: Vec<_> = arg::items("values", WHAT, values)?.map(pair).collect::<PyResult<_>>()?;
        // As many as `sync` may have brought together, which is no local write.
        let parts =
            Set::from_parts(context, values, usize::MAX).map_err(|refusal| error::clock(py, refusal))?;
        empty.change(py, |set| set.sync(&parts))?;
        Ok(empty)
    }

    /// The siblings: by id, and of one id the newest first. The same in all sets that have heard of the same writes.
    fn values(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        Ok(self.snapshot(py)?.values().map(|value| value.0.clone_ref(py)).collect())
    }

    /// The siblings with the events that wrote them, in the order of ``values()``.
    fn dotted(&self, py: Python<'_>) -> PyResult<Vec<(Dot, Py<PyAny>)>> {
        Ok(dotted(py, &self.snapshot(py)?))
    }

    /// Every write that this set has heard of: goes to the client with the values, and comes back with its write.
    fn context(&self, py: Python<'_>) -> PyResult<VersionVector> {
        Ok(VersionVector(self.snapshot(py)?.context()))
    }

    /// A write at the server ``id`` by a client that has read ``context``: the value replaces what the context covers.
    /// Returns the event.
    ///
    /// Nothing has changed on ``OwnIdFromFutureError`` (the context has writes of this server that it has not made),
    /// ``TooManyEntriesError`` (more siblings than may be: have somebody resolve them), ``ExhaustedError``.
    fn update(&self, context: &Bound<'_, PyAny>, value: Py<PyAny>, id: &Bound<'_, PyAny>) -> PyResult<Dot> {
        let (py, read) = (id.py(), arg::class::<VersionVector>("context", context)?.get());
        self.write(py, &read.0, value, arg::number("id", id)?)
    }

    /// Reads all siblings, lets ``merge`` make one value of the list of them, and writes that at the server ``id``.
    /// Returns the event. What is written while ``merge`` runs stands beside the result.
    ///
    /// Raises what ``merge`` and ``update`` raise; nothing has changed then.
    fn resolve(&self, id: &Bound<'_, PyAny>, merge: &Bound<'_, PyAny>) -> PyResult<Dot> {
        let (py, number) = (id.py(), arg::number("id", id)?);
        if !merge.is_callable() {
            return Err(arg::expected("merge", "a callable", merge));
        }
        let read = self.snapshot(py)?;
        let siblings = PyList::new(py, read.values().map(|value| value.0.clone_ref(py)))?;
        let value = merge.call1((siblings,))?.unbind();
        self.write(py, &read.context(), value, number)
    }

    /// Takes over what another server has heard: its writes, and which values they have replaced. Never refused.
    fn sync(&self, other: &Bound<'_, PyAny>) -> PyResult<()> {
        let theirs = arg::class::<Self>("other", other)?.get().snapshot(other.py())?;
        self.change(other.py(), |set| set.sync(&theirs))
    }

    /// Another set with the same values; the values themselves are shared.
    fn copy(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self::of(self.snapshot(py)?, self.siblings_max))
    }

    fn __or__(&self, other: &Bound<'_, Self>) -> PyResult<Self> {
        let (py, union) = (other.py(), self.copy(other.py())?);
        let theirs = other.get().snapshot(py)?;
        union.change(py, |set| set.sync(&theirs))?;
        Ok(union)
    }

    fn __ior__(&self, other: &Bound<'_, Self>) -> PyResult<()> {
        self.sync(other.as_any())
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.snapshot(py)?.len())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.values(py)?.into_pyobject(py)?.try_iter()?.into_any())
    }

    /// The same writes heard of, and values that Python finds equal.
    fn __richcmp__<'py>(&self, other: &Bound<'py, Self>, op: CompareOp) -> PyResult<Bound<'py, PyAny>> {
        let py = other.py();
        let (mine, theirs) = (self.snapshot(py)?, other.get().snapshot(py)?);
        let dots = |set: &Set| set.dotted().map(|(dot, _)| dot).collect::<Vec<_>>();
        let mut equal = mine.context() == theirs.context() && dots(&mine) == dots(&theirs);
        for (a, b) in mine.values().zip(theirs.values()) {
            equal = equal && a.0.bind(py).eq(b.0.bind(py))?;
        }
        equality(py, op, equal)
    }

    #[classattr]
    #[pyo3(name = "__hash__")]
    const fn unhashable() -> Option<u64> {
        None
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let set = self.snapshot(py)?;
        let values: PyResult<Vec<_>> =
            set.dotted().map(|(dot, value)| Ok(format!("{dot:?} {}", value.0.bind(py).repr()?))).collect();
        Ok(format!("<DvvSet [{}] of {:?}>", values?.join(", "), set.context()))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Parts)> {
        let set = self.snapshot(py)?;
        let parts = (VersionVector(set.context()), dotted(py, &set), self.siblings_max);
        Ok((py.get_type::<Self>().getattr("from_parts")?, parts))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // A set that is in use is not garbage.
        let Ok(set) = self.set.try_lock() else { return Ok(()) };
        set.values().try_for_each(|value| visit.call(&value.0))
    }

    fn __clear__(&self) {
        let emptied = self.set.try_lock().map(|mut set| std::mem::take(&mut *set));
        drop(emptied); // behind the lock: a destructor may ask the set how long it is
    }
}

impl DvvSet {
    const fn of(set: Set, siblings_max: usize) -> Self {
        Self { set: Mutex::new(set), siblings_max }
    }

    fn snapshot(&self, py: Python<'_>) -> PyResult<Set> {
        let set = lock(py, &self.set, "DvvSet")?;
        Ok(set.clone())
    }

    /// Changes the set. What it drops lives until the lock is released.
    fn change<T>(&self, py: Python<'_>, change: impl FnOnce(&mut Set) -> T) -> PyResult<T> {
        let mut set = lock(py, &self.set, "DvvSet")?;
        let before = set.clone();
        let result = change(&mut set);
        drop(set);
        drop(before);
        Ok(result)
    }

    fn write(
        &self,
        py: Python<'_>,
        context: &lamport::VersionVector<u64>,
        value: Py<PyAny>,
        id: u64,
    ) -> PyResult<Dot> {
        let value = Value(value);
        // The caller's own reference keeps a refused value alive beyond the lock.
        let written = self.change(py, |set| set.update(context, value.clone(), id))?;
        written.map(Dot).map_err(|refusal| error::clock(py, refusal))
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        // Only ever called from Python, so this attaches nothing anew.
        Self(Python::attach(|py| self.0.clone_ref(py)))
    }
}

fn dotted(py: Python<'_>, set: &Set) -> Vec<(Dot, Py<PyAny>)> {
    set.dotted().map(|(dot, value)| (Dot(dot), value.0.clone_ref(py))).collect()
}
