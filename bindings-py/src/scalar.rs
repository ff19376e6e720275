//! Lamport's clock and its stamps.

use std::sync::{Mutex, MutexGuard};

use lamport::{JUMP_MAX, Time};
use pyo3::{IntoPyObjectExt, class::basic::CompareOp, exceptions::PyValueError, prelude::*, types::PyBytes};

use crate::{arg, error, lock::lock};

/// A time and who gave it: a total order of all events, by time, then by node.
///
/// The order extends happened-before, and says nothing else: of two events that do not know of each other, one still
/// comes first. Immutable, hashable, picklable, and of use in ``match``.
///
/// Raises ``TypeError`` for what is no ``int``, ``OverflowError`` for one outside 0 and 2**64 - 1.
#[pyclass(frozen, module = "quorate")]
#[derive(Clone, Copy, Debug)]
pub struct Stamp(lamport::Stamp<u64>);

#[pymethods]
impl Stamp {
    #[new]
    fn new(time: &Bound<'_, PyAny>, node: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (time, node) = (Time::new(arg::number("time", time)?), arg::number("node", node)?);
        Ok(Self(lamport::Stamp { time, node }))
    }

    #[classattr]
    #[pyo3(name = "__match_args__")]
    const fn match_args() -> (&'static str, &'static str) {
        ("time", "node")
    }

    /// The Lamport time; compared first. Its unit is "events".
    #[getter]
    const fn time(&self) -> u64 {
        self.0.time.get()
    }

    /// Who gave it; compared second.
    #[getter]
    const fn node(&self) -> u64 {
        self.0.node
    }

    /// The one encoding of this value: time, then node, each as a LEB128 number.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut out = Vec::new();
        self.0.encode(&mut out);
        PyBytes::new(py, &out)
    }

    /// The value that all of ``data`` encodes. Raises ``MalformedError``.
    #[staticmethod]
    fn decode(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        arg::with_bytes("data", data, |bytes| {
            let mut input = lamport::codec::Reader::new(bytes);
            let stamp = lamport::Stamp::read(&mut input).and_then(|stamp| input.end().map(|()| stamp));
            stamp.map(Self).map_err(|refusal| error::clock(data.py(), refusal))
        })
    }

    fn __richcmp__(&self, other: &Self, op: CompareOp) -> bool {
        op.matches(self.0.cmp(&other.0))
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        hash_of(py, (self.time(), self.node()))
    }

    fn __repr__(&self) -> String {
        format!("Stamp(time={}, node={})", self.time(), self.node())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyAny>, (u64, u64)) {
        (py.get_type::<Self>().into_any(), (self.time(), self.node()))
    }
}

/// Lamport's clock: if one event can have caused another, its stamp is smaller (Lamport 1978, IR1 and IR2).
///
/// The converse does not hold: a smaller stamp may belong to an event that the other never heard of. Who needs that takes
/// a ``VersionVector``. Threads may share one clock. It is not picklable, since two copies would give the
/// same stamps: after a restart begin at the newest stamp it may have given, ``Lamport(now)``.
///
/// Raises ``TypeError`` for what is no ``int``, ``OverflowError`` for one outside 0 and 2**64 - 1.
#[pyclass(frozen, module = "quorate")]
#[derive(Debug)]
pub struct Lamport(Mutex<lamport::Lamport>);

#[pymethods]
impl Lamport {
    #[new]
    #[pyo3(signature = (now = None))]
    fn new(now: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let now = now.map_or(Ok(0), |now| arg::number("now", now))?;
        Ok(Self(Mutex::new(lamport::Lamport::resume(Time::new(now)))))
    }

    /// The stamp of the last event.
    #[getter]
    fn now(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.lock(py)?.now().get())
    }

    /// A local event, or a message about to be sent: the next stamp. Raises ``ExhaustedError`` behind 2**64 - 1.
    fn tick(&self, py: Python<'_>) -> PyResult<u64> {
        let stamp = self.lock(py)?.tick();
        stamp.map(Time::get).map_err(|refusal| error::clock(py, refusal))
    }

    /// ``count`` stamps at once, at least 1 and below 2**32: the first and the last of them.
    ///
    /// Raises ``ExhaustedError`` when so many are not left; nothing has changed then.
    fn tick_n(&self, count: &Bound<'_, PyAny>) -> PyResult<(u64, u64)> {
        let number = arg::positive("count", count)?;
        let number = number
            .try_into()
            .map_err(|_| PyValueError::new_err(format!("count: {number} is not below 2**32")))?;
        let range = self.lock(count.py())?.tick_n(number);
        let range = range.map_err(|refusal| error::clock(count.py(), refusal))?;
        Ok((range.start().get(), range.end().get()))
    }

    /// A message with the stamp ``remote`` arrives: a stamp above it and above all before.
    ///
    /// Raises ``TooFarAheadError`` when ``remote`` leads by more than ``jump_max`` ticks, 2**48 unless said otherwise, and
    /// ``ExhaustedError`` when no stamp lies above both. Nothing has changed then.
    #[pyo3(signature = (remote, *, jump_max = None))]
    fn observe(&self, remote: &Bound<'_, PyAny>, jump_max: Option<&Bound<'_, PyAny>>) -> PyResult<u64> {
        let jump_max = jump_max.map_or(Ok(JUMP_MAX), |most| arg::number("jump_max", most))?;
        let time = Time::new(arg::number("remote", remote)?);
        let stamp = self.lock(remote.py())?.observe_bounded(time, jump_max);
        stamp.map(Time::get).map_err(|refusal| error::clock(remote.py(), refusal))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Lamport(now={})", self.now(py)?))
    }
}

impl Lamport {
    fn lock<'a>(&'a self, py: Python<'_>) -> PyResult<MutexGuard<'a, lamport::Lamport>> {
        lock(py, &self.0, "Lamport")
    }
}

/// Python's own hash of the parts, so that equal values hash alike in every process.
pub(crate) fn hash_of<'py>(py: Python<'py>, parts: impl IntoPyObject<'py>) -> PyResult<isize> {
    parts.into_bound_py_any(py)?.hash()
}
