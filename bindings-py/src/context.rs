//! Sets of events with gaps.

use pyo3::{class::basic::CompareOp, prelude::*, types::PyBytes};

use crate::{
    arg, error,
    scalar::hash_of,
    vector::{Dot, VersionVector, decoded, encoded, equality},
};

type Parts = (VersionVector, Vec<Dot>);

/// A set of events with gaps: all up to some event of each node (``base``), and a *cloud* of others above them.
///
/// It is compact at all times, so equal sets are equal values, equal hashes and equal bytes. ``a | b`` has the events of
/// both. Immutable, hashable and picklable. A dot costs as much as the set is long; so give ``with_dots`` many at once.
///
/// Made of a ``VersionVector`` and an iterable of dots. At most 65,536 dots may stand apart: ``TooManyEntriesError``.
#[pyclass(frozen, module = "quorate")]
#[derive(Clone, Debug)]
pub struct CausalContext(lamport::CausalContext<u64>);

#[pymethods]
impl CausalContext {
    #[new]
    #[pyo3(signature = (base = None, dots = None))]
    fn new(base: Option<&Bound<'_, PyAny>>, dots: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let base = base.map(|base| arg::class::<VersionVector>("base", base)).transpose()?;
        let base = base.map_or_else(lamport::VersionVector::new, |base| base.get().0.clone());
        let empty = Self(base.into());
        dots.map_or_else(|| Ok(empty.clone()), |dots| empty.with_dots(dots))
    }

    /// All up to here, without gaps.
    #[getter]
    fn base(&self) -> VersionVector {
        VersionVector(self.0.base().clone())
    }

    /// The dots apart, by id, then by number.
    #[getter]
    fn cloud(&self) -> Vec<Dot> {
        self.0.cloud().copied().map(Dot).collect()
    }

    /// Whether the set has no gaps, so that ``base`` is all of it.
    #[getter]
    fn is_contiguous(&self) -> bool {
        self.0.is_contiguous()
    }

    /// A set with these events as well.
    ///
    /// Raises ``TooManyEntriesError`` when more than 65,536 would stand apart.
    fn with_dots(&self, dots: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut next = self.0.clone();
        for dot in arg::items("dots", "an iterable of Dot", dots)? {
            let dot = arg::class::<Dot>("dots", &dot?)?.get().0;
            next.insert(dot).map_err(|refusal| error::clock(dots.py(), refusal))?;
        }
        Ok(Self(next))
    }

    /// The one encoding of this value: the same bytes for equal sets.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        encoded(py, |out| self.0.encode(out))
    }

    /// The value that all of ``data`` encodes, with at most ``entries_max`` ids, 65,536 unless said otherwise.
    ///
    /// Raises ``MalformedError`` or ``TooManyEntriesError``. Memory taken is bounded by the length of ``data``.
    #[staticmethod]
    #[pyo3(signature = (data, *, entries_max = None))]
    fn decode(data: &Bound<'_, PyAny>, entries_max: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        decoded(data, entries_max, lamport::CausalContext::decode).map(Self)
    }

    fn __contains__(&self, dot: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.0.contains(&arg::class::<Dot>("dot", dot)?.get().0))
    }

    fn __bool__(&self) -> bool {
        !self.0.is_empty()
    }

    fn __or__(&self, other: &Self, py: Python<'_>) -> PyResult<Self> {
        let mut union = self.0.clone();
        union.merge(&other.0).map_err(|refusal| error::clock(py, refusal))?;
        Ok(Self(union))
    }

    fn __richcmp__<'py>(&self, other: &Self, op: CompareOp, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        equality(py, op, self.0 == other.0)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        hash_of(py, self.encode(py))
    }

    fn __repr__(&self) -> String {
        let dots: Vec<_> = self.0.cloud().map(|dot| format!("Dot(id={}, n={})", dot.id, dot.n)).collect();
        let base: Vec<_> = self.0.base().iter().map(|(id, n)| format!("{id}: {n}")).collect();
        format!("CausalContext(VersionVector({{{}}}), [{}])", base.join(", "), dots.join(", "))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyAny>, Parts) {
        (py.get_type::<Self>().into_any(), (self.base(), self.cloud()))
    }
}
