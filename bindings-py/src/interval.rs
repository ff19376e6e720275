//! True time, as far as it is known.

use std::sync::Mutex;

use lamport::Wall;
use pyo3::{class::basic::CompareOp, exceptions::PyValueError, prelude::*};

use crate::{arg, error, lock::lock, scalar::hash_of, vector::equality};

/// A span that contains the true time of an event (Corbett et al. 2012, *Spanner*, TrueTime). Both ends are included, in
/// whole milliseconds since the Unix epoch.
///
/// Immutable, hashable, picklable, and of use in ``match``. Intervals have no ``<``: ask ``definitely_before``.
///
/// Raises ``ValueError`` when the ends are the other way round, ``TypeError`` for what is no ``int``, ``OverflowError`` for
/// one outside 0 and 2**64 - 1.
#[pyclass(frozen, module = "quorate")]
#[derive(Clone, Copy, Debug)]
pub struct Interval(lamport::Interval);

#[pymethods]
impl Interval {
    #[new]
    fn new(earliest_ms: &Bound<'_, PyAny>, latest_ms: &Bound<'_, PyAny>) -> PyResult<Self> {
        let earliest = arg::number("earliest_ms", earliest_ms)?;
        let latest = arg::number("latest_ms", latest_ms)?;
        let interval = lamport::Interval::new(Wall::from_ms(earliest), Wall::from_ms(latest));
        let refusal =
            || PyValueError::new_err(format!("latest_ms: {latest} is before earliest_ms, {earliest}"));
        interval.map(Self).ok_or_else(refusal)
    }

    #[classattr]
    #[pyo3(name = "__match_args__")]
    const fn match_args() -> (&'static str, &'static str) {
        ("earliest_ms", "latest_ms")
    }

    /// A reading that is wrong by at most ``error_ms`` milliseconds, either way. Saturates at both ends of time.
    #[staticmethod]
    fn around(wall_ms: &Bound<'_, PyAny>, error_ms: &Bound<'_, PyAny>) -> PyResult<Self> {
        let wall = Wall::from_ms(arg::number("wall_ms", wall_ms)?);
        Ok(Self(lamport::Interval::around(wall, arg::number("error_ms", error_ms)?)))
    }

    /// It was not before this.
    #[getter]
    const fn earliest_ms(&self) -> u64 {
        self.0.earliest().ms()
    }

    /// It was not after this.
    #[getter]
    const fn latest_ms(&self) -> u64 {
        self.0.latest().ms()
    }

    /// Whether this was before ``other``, whatever the true times were: a strict partial order.
    fn definitely_before(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.0.definitely_before(&arg::class::<Self>("other", other)?.get().0))
    }

    /// Whether either may have been first.
    fn overlaps(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.0.overlaps(&arg::class::<Self>("other", other)?.get().0))
    }

    /// How many milliseconds to wait at ``now`` until this is certainly past, so that whoever looks afterwards comes
    /// definitely behind (Spanner's commit wait); 0 when it is past already.
    fn commit_wait_ms(&self, now: &Bound<'_, PyAny>) -> PyResult<u64> {
        let now = arg::class::<Self>("now", now)?.get();
        let wait = self.0.commit_wait(&now.0).map_or(0, |wait| wait.as_millis());
        Ok(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    fn __richcmp__<'py>(&self, other: &Self, op: CompareOp, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        equality(py, op, self.0 == other.0)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        hash_of(py, (self.earliest_ms(), self.latest_ms()))
    }

    fn __repr__(&self) -> String {
        format!("Interval(earliest_ms={}, latest_ms={})", self.earliest_ms(), self.latest_ms())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyAny>, (u64, u64)) {
        (py.get_type::<Self>().into_any(), (self.earliest_ms(), self.latest_ms()))
    }
}

/// Turns wall readings with their error bounds into intervals, and holds them against each other: what was certainly past
/// stays past, also when the wall goes back. It reads no clock itself. Threads may share it.
#[pyclass(frozen, module = "quorate")]
#[derive(Debug)]
pub struct BoundedClock(Mutex<lamport::BoundedClock>);

#[pymethods]
impl BoundedClock {
    #[new]
    const fn new() -> Self {
        Self(Mutex::new(lamport::BoundedClock::new()))
    }

    /// The present, by a reading (milliseconds since the Unix epoch) that is wrong by at most ``error_ms`` milliseconds.
    ///
    /// Raises ``BeforeFloorError`` when all of the reading lies before a moment that was certainly past: then this error
    /// bound or an earlier one was too small. Nothing has changed then.
    fn now(&self, wall_ms: &Bound<'_, PyAny>, error_ms: &Bound<'_, PyAny>) -> PyResult<Interval> {
        let py = wall_ms.py();
        let wall = Wall::from_ms(arg::number("wall_ms", wall_ms)?);
        let error_ms = arg::number("error_ms", error_ms)?;
        let now = lock(py, &self.0, "BoundedClock")?.now(wall, error_ms);
        now.map(Interval).map_err(|refusal| error::clock(py, refusal))
    }
}
