//! Enums that are Python's own, so that `match` over them is known to be complete.

use lamport::{Causality, Receipt};
use pyo3::prelude::*;

use crate::{arg, value::Field};

/// The member of an enum of `quorate._kinds`.
pub(crate) fn member<'py>(py: Python<'py>, kind: &str, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("quorate._kinds")?.getattr(kind)?.getattr(name)
}

pub(crate) fn causality(py: Python<'_>, causality: Causality) -> PyResult<Bound<'_, PyAny>> {
    let name = match causality {
        Causality::Equal => "EQUAL",
        Causality::Before => "BEFORE",
        Causality::After => "AFTER",
        Causality::Concurrent => "CONCURRENT",
    };
    member(py, "Causality", name)
}

pub(crate) fn receipt(py: Python<'_>, receipt: Receipt) -> PyResult<Bound<'_, PyAny>> {
    let name = match receipt {
        Receipt::Kept => "KEPT",
        Receipt::Duplicate => "DUPLICATE",
    };
    member(py, "Receipt", name)
}

/// Something of which there are a few, each with a name, and an enum of `quorate._kinds` with members of these names.
pub(crate) trait Named: Copy + 'static {
    /// The enum.
    const ENUM: &'static str;
    /// All of them.
    const ALL: &'static [(Self, &'static str)];
}

/// The member's name.
pub(crate) fn name<T: Named + PartialEq>(kind: T) -> &'static str {
    T::ALL.iter().find(|(one, _)| *one == kind).map_or("OTHER", |(_, name)| name)
}

/// One of the few, as a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind<T>(pub(crate) T);

impl<'py, T: Named + PartialEq> IntoPyObject<'py> for Kind<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        member(py, T::ENUM, name(self.0))
    }
}

impl<T: Named> Field for Kind<T> {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        for (one, its_name) in T::ALL {
            if value.is(member(value.py(), T::ENUM, its_name)?) {
                return Ok(Self(*one));
            }
        }
        Err(arg::expected(name, &arg::one(T::ENUM), value))
    }
}
