//! Errors: the Rust enum as classes of `quorate._errors`, each with the fields of its variant.

use lamport::{ClockError, ConfigError, Defect, Side};
use pyo3::{prelude::*, types::PyDict};

use crate::{hlc::HlcTime, kind};

/// Turns the clocks' refusal into its exception. When that itself fails, as out of memory, what failed is raised.
pub(crate) fn clock(py: Python<'_>, error: ClockError) -> PyErr {
    raise(py, error).unwrap_or_else(|failure| failure)
}

/// Turns a refused configuration into its exception.
pub(crate) fn config(py: Python<'_>, error: &ConfigError) -> PyErr {
    build(py, "ConfigError", &error.to_string(), |_| Ok(())).unwrap_or_else(|failure| failure)
}

/// A call that needed a value in which an earlier one panicked, which is our bug.
pub(crate) fn poisoned(py: Python<'_>, what: &str) -> PyErr {
    let message = format!("an earlier call on this {what} panicked, so nothing it holds can be trusted");
    build(py, "PoisonedError", &message, |_| Ok(())).unwrap_or_else(|failure| failure)
}

/// A call that panicked, now or before.
pub(crate) fn panicked(py: Python<'_>, what: &str, panic: &str) -> PyErr {
    let message = format!(
        "a call on this {what} panicked, which is a bug of this package ({panic}); nothing it holds can be trusted, and \
         it is of no use any more"
    );
    build(py, "PoisonedError", &message, |_| Ok(())).unwrap_or_else(|failure| failure)
}

fn raise(py: Python<'_>, error: ClockError) -> PyResult<PyErr> {
    let message = error.to_string();
    let build =
        |class, fields: &dyn Fn(&Bound<'_, PyAny>) -> PyResult<()>| build(py, class, &message, fields);
    match error {
        ClockError::Exhausted { last } => build("ExhaustedError", &|it| it.setattr("last", last)),
        ClockError::TooFarAhead { side, ahead, limit } => build("TooFarAheadError", &|it| {
            it.setattr("side", kind::member(py, "Side", side_name(side))?)?;
            it.setattr("ahead", ahead)?;
            it.setattr("limit", limit)
        }),
        ClockError::NotPersisted { persisted, request } => build("NotPersistedError", &|it| {
            it.setattr("persisted", HlcTime(persisted))?;
            it.setattr("request", HlcTime(request))
        }),
        ClockError::ForwardJump { jump, limit } => build("ForwardJumpError", &|it| {
            it.setattr("jump", jump)?;
            it.setattr("limit", limit)
        }),
        ClockError::BeforeFloor { floor, latest } => build("BeforeFloorError", &|it| {
            it.setattr("floor", floor)?;
            it.setattr("latest", latest)
        }),
        ClockError::TooManyEntries { limit } => {
            build("TooManyEntriesError", &|it| it.setattr("limit", limit))
        }
        ClockError::OwnIdFromFuture { claimed, issued } => build("OwnIdFromFutureError", &|it| {
            it.setattr("claimed", claimed)?;
            it.setattr("issued", issued)
        }),
        ClockError::UnknownMember => build("UnknownMemberError", &|_| Ok(())),
        ClockError::Malformed { at, defect } => build("MalformedError", &|it| {
            it.setattr("at", at)?;
            it.setattr("defect", kind::member(py, "Defect", defect_name(defect))?)
        }),
        _ => build("ClockError", &|_| Ok(())),
    }
}

/// An exception of `quorate._errors`, with its fields.
pub(crate) fn build(
    py: Python<'_>,
    class: &str,
    message: &str,
    fields: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<()>,
) -> PyResult<PyErr> {
    let class = py.import("quorate._errors")?.getattr(class)?;
    let error = class.call((message,), None::<&Bound<'_, PyDict>>)?;
    fields(&error)?;
    Ok(PyErr::from_value(error))
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Local => "LOCAL",
        Side::Remote => "REMOTE",
    }
}

const fn defect_name(defect: Defect) -> &'static str {
    match defect {
        Defect::Truncated => "TRUNCATED",
        Defect::TrailingBytes => "TRAILING_BYTES",
        Defect::OverLong => "OVER_LONG",
        Defect::Overflow => "OVERFLOW",
        Defect::Zero => "ZERO",
        Defect::Order => "ORDER",
        Defect::NotApart => "NOT_APART",
        Defect::Uncovered => "UNCOVERED",
        _ => "OTHER",
    }
}
