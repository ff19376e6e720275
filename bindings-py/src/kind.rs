//! Enums that are Python's own, so that `match` over them is known to be complete.

use lamport::{Causality, Receipt};
use pyo3::prelude::*;

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
