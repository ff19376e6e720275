//! Version vectors and dots.

use lamport::{ClockError, Limits};
use pyo3::{
    class::basic::CompareOp,
    prelude::*,
    types::{PyBytes, PyDict, PyNotImplemented},
};

use crate::{arg, error, kind, scalar::hash_of};

/// One event: the ``n``-th of the node ``id``, counted from 1.
///
/// Immutable, hashable, picklable, and of use in ``match``. Dots have no ``<``: of two nodes' events it would say nothing.
///
/// Raises ``TypeError`` for what is no ``int``, ``OverflowError`` for one outside 0 and 2**64 - 1, ``ValueError`` for the
/// zeroth event, which there is not.
#[pyclass(frozen, module = "quorate")]
#[derive(Clone, Copy, Debug)]
pub struct Dot(pub(crate) lamport::Dot<u64>);

#[pymethods]
impl Dot {
    #[new]
    fn new(id: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(lamport::Dot { id: arg::number("id", id)?, n: arg::positive("n", n)? }))
    }

    #[classattr]
    #[pyo3(name = "__match_args__")]
    const fn match_args() -> (&'static str, &'static str) {
        ("id", "n")
    }

    /// Who did it.
    #[getter]
    const fn id(&self) -> u64 {
        self.0.id
    }

    /// Which of its events it is, at least 1.
    #[getter]
    const fn n(&self) -> u64 {
        self.0.n.get()
    }

    fn __richcmp__<'py>(&self, other: &Self, op: CompareOp, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        equality(py, op, self.0 == other.0)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        hash_of(py, (self.id(), self.n()))
    }

    fn __repr__(&self) -> String {
        format!("Dot(id={}, n={})", self.id(), self.n())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyAny>, (u64, u64)) {
        (py.get_type::<Self>().into_any(), (self.id(), self.n()))
    }
}

/// For each node, how many of its events are known: the exact partial order of happened-before.
///
/// ``a < b`` if and only if ``a`` happened before ``b``; concurrent vectors are neither ``<`` nor ``>`` nor ``==``
/// (``a.compare(b)`` names the case), so sorting them does not make an order. ``a | b`` knows what either knows,
/// ``a & b`` what both do. An id that is absent counts zero, and zero is absent: equal knowledge is equal value, equal hash
/// and equal bytes.
///
/// Immutable, hashable and picklable: ``clock = clock.ticked(7)``.
///
/// Made of a mapping, or of pairs, of id to counter; of an id that comes twice the larger counts. Raises ``TypeError`` for
/// what is neither, ``OverflowError`` for numbers outside 0 and 2**64 - 1.
#[pyclass(frozen, module = "quorate")]
#[derive(Clone, Debug)]
pub struct VersionVector(pub(crate) lamport::VersionVector<u64>);

#[pymethods]
impl VersionVector {
    #[new]
    #[pyo3(signature = (entries = None, /))]
    fn new(entries: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let entries = entries.map_or(Ok(Vec::new()), |entries| arg::entries("entries", entries))?;
        Ok(Self(entries.into_iter().collect()))
    }

    /// The newest known event of the node; 0 when none is.
    fn get(&self, id: &Bound<'_, PyAny>) -> PyResult<u64> {
        Ok(self.0.get(&arg::number("id", id)?))
    }

    /// The ids that have an entry, ascending.
    fn ids(&self) -> Vec<u64> {
        self.0.iter().map(|(id, _)| *id).collect()
    }

    /// The entries, ids ascending: each id with its newest known event, which is at least 1.
    fn items(&self) -> Vec<(u64, u64)> {
        self.0.iter().map(|(id, n)| (*id, n)).collect()
    }

    /// The entries as a new ``dict``, ids ascending.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        self.0.iter().try_for_each(|(id, n)| dict.set_item(id, n))?;
        Ok(dict)
    }

    /// The event that ``ticked`` would count. Raises ``ExhaustedError`` when the counter stands at 2**64 - 1.
    fn next_dot(&self, id: &Bound<'_, PyAny>) -> PyResult<Dot> {
        let dot = self.0.next_dot(&arg::number("id", id)?);
        dot.map(Dot).map_err(|refusal| error::clock(id.py(), refusal))
    }

    /// A vector that knows one more event of the node. Raises ``ExhaustedError`` when the counter stands at 2**64 - 1.
    fn ticked(&self, id: &Bound<'_, PyAny>) -> PyResult<Self> {
        let number = arg::number("id", id)?;
        let mut next = self.0.clone();
        next.tick(&number).map_err(|refusal| error::clock(id.py(), refusal))?;
        Ok(Self(next))
    }

    /// A vector that knows the event, and all before it of the same node.
    fn with_dot(&self, dot: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut next = self.0.clone();
        next.set_max(arg::class::<Dot>("dot", dot)?.get().0);
        Ok(Self(next))
    }

    /// How this stands to ``other``: exactly one of the four members of ``Causality``.
    fn compare<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let theirs = arg::class::<Self>("other", other)?.get();
        kind::causality(other.py(), self.0.causal_cmp(&theirs.0))
    }

    /// Whether everything that ``other`` knows is known here: ``self >= other``.
    fn descends(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.0.descends(&arg::class::<Self>("other", other)?.get().0))
    }

    /// What is known here and not to ``other``, ids ascending: the id, the first and the last of its events.
    fn missing_from(&self, other: &Bound<'_, PyAny>) -> PyResult<Vec<(u64, u64, u64)>> {
        let theirs = arg::class::<Self>("other", other)?.get();
        let missing = self.0.missing_from(&theirs.0);
        Ok(missing.map(|(id, range)| (*id, *range.start(), *range.end())).collect())
    }

    /// ``self | other`` with at most ``entries_max`` ids in the end: for what comes from somebody who may invent ids.
    ///
    /// Raises ``TooManyEntriesError`` when there would be more.
    fn merge_bounded(&self, other: &Bound<'_, PyAny>, entries_max: &Bound<'_, PyAny>) -> PyResult<Self> {
        let theirs = arg::class::<Self>("other", other)?.get();
        let most = arg::size("entries_max", entries_max)?;
        let mut merged = self.0.clone();
        merged.merge_bounded(&theirs.0, most).map_err(|refusal| error::clock(other.py(), refusal))?;
        Ok(Self(merged))
    }

    /// A vector without the entries of ids that are not of ``members`` any more, as far as ``stable`` covers them.
    ///
    /// Retire all vectors by the same two before they are compared; an id that was retired must not be used again.
    fn retired(&self, members: &Bound<'_, PyAny>, stable: &Bound<'_, PyAny>) -> PyResult<Self> {
        let members = arg::ids("members", members)?;
        let stable = arg::class::<Self>("stable", stable)?.get();
        let mut live = self.0.clone();
        live.retain_live(|id| members.contains(id), &stable.0);
        Ok(Self(live))
    }

    /// The one encoding of this value: the same bytes for equal vectors.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        encoded(py, |out| self.0.encode(out))
    }

    /// The value that all of ``data`` encodes, with at most ``entries_max`` ids, 65,536 unless said otherwise.
    ///
    /// Raises ``MalformedError`` or ``TooManyEntriesError``. Memory taken is bounded by the length of ``data``.
    #[staticmethod]
    #[pyo3(signature = (data, *, entries_max = None))]
    fn decode(data: &Bound<'_, PyAny>, entries_max: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        decoded(data, entries_max, lamport::VersionVector::decode).map(Self)
    }

    fn __getitem__(&self, id: &Bound<'_, PyAny>) -> PyResult<u64> {
        self.get(id)
    }

    fn __contains__(&self, dot: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.0.contains(&arg::class::<Dot>("dot", dot)?.get().0))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.ids().into_pyobject(py)?.try_iter()?.into_any())
    }

    fn __or__(&self, other: &Self) -> Self {
        Self(lamport::VersionVector::join(&self.0, &other.0))
    }

    fn __and__(&self, other: &Self) -> Self {
        Self(lamport::VersionVector::meet(&self.0, &other.0))
    }

    fn __richcmp__(&self, other: &Self, op: CompareOp) -> bool {
        match op {
            CompareOp::Eq => self.0 == other.0,
            CompareOp::Ne => self.0 != other.0,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => {
                self.0.partial_cmp(&other.0).is_some_and(|order| op.matches(order))
            }
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        hash_of(py, self.encode(py))
    }

    fn __repr__(&self) -> String {
        let entries: Vec<_> = self.0.iter().map(|(id, n)| format!("{id}: {n}")).collect();
        format!("VersionVector({{{}}})", entries.join(", "))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyDict>,))> {
        Ok((py.get_type::<Self>().into_any(), (self.to_dict(py)?,)))
    }
}

/// The answer of a class that knows `==` and no `<`.
pub(crate) fn equality(py: Python<'_>, op: CompareOp, equal: bool) -> PyResult<Bound<'_, PyAny>> {
    let answer = match op {
        CompareOp::Eq => equal,
        CompareOp::Ne => !equal,
        CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => {
            return Ok(PyNotImplemented::get(py).to_owned().into_any());
        }
    };
    Ok(answer.into_pyobject(py)?.to_owned().into_any())
}

/// What a value writes, as bytes.
pub(crate) fn encoded(py: Python<'_>, encode: impl FnOnce(&mut Vec<u8>)) -> Bound<'_, PyBytes> {
    let mut out = Vec::new();
    encode(&mut out);
    PyBytes::new(py, &out)
}

/// The value that all of the bytes encode, under the default limits, or with another number of entries when one is given.
pub(crate) fn decoded<T>(
    data: &Bound<'_, PyAny>,
    entries_max: Option<&Bound<'_, PyAny>>,
    decode: impl FnOnce(&[u8], Limits) -> Result<T, ClockError>,
) -> PyResult<T> {
    let most = entries_max.map(|most| arg::size("entries_max", most)).transpose()?;
    let limits = most.map_or(Limits::DEFAULT, Limits::entries);
    arg::with_bytes("data", data, |bytes| {
        decode(bytes, limits).map_err(|refusal| error::clock(data.py(), refusal))
    })
}
