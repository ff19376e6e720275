//! The log's refusals as classes of `quorate._errors`.

use pyo3::prelude::*;
use storage::{AppendError, Damage, Damaged, DiskError, OpenError, OptionsError, ReadError, Stopped};

use crate::{
    error::build,
    kind,
    raft::error::{Told, made, raise, told_all},
};

pub(crate) fn open(py: Python<'_>, error: &OpenError) -> PyErr {
    let message = error.to_string();
    let other = |what, file: &str, found: u64, expected: u64| {
        made(build(py, "OtherLogError", &message, |it| {
            it.setattr("what", what)?;
            it.setattr("file", file)?;
            it.setattr("found", found)?;
            it.setattr("expected", expected)
        }))
    };
    match error {
        OpenError::Options(error) => options(py, error),
        OpenError::Locked { folder } => {
            made(build(py, "LockedError", &message, |it| it.setattr("folder", folder)))
        }
        OpenError::OtherCluster { file, found, expected } => other("cluster", file, *found, *expected),
        OpenError::OtherNode { file, found, expected } => other("node", file, found.get(), expected.get()),
        OpenError::OtherVersion { file, found, expected } => {
            other("version", file, u64::from(*found), u64::from(*expected))
        }
        OpenError::Damaged(error) => damaged(py, error),
        OpenError::Disk(error) => disk(py, "DiskError", &message, error),
        _ => made(build(py, "LogError", &message, |_| Ok(()))),
    }
}

pub(crate) fn append(py: Python<'_>, error: &AppendError) -> PyErr {
    let message = error.to_string();
    let (name, details): Told = match error {
        AppendError::Stopped(error) => return stopped(py, error),
        AppendError::NoSegment(error) => return disk(py, "NoSegmentError", &message, error),
        AppendError::OutOfOrder { id, last } => {
            ("OUT_OF_ORDER", told_all(&[("id", id.get()), ("last", last.get())]))
        }
        AppendError::Malformed { first, count } => {
            ("MALFORMED", told_all(&[("first", *first), ("count", u64::from(*count))]))
        }
        AppendError::Gap { first, last } => ("GAP", told_all(&[("first", *first), ("last", *last)])),
        AppendError::Released { first, released } => {
            ("RELEASED", told_all(&[("first", *first), ("released", *released)]))
        }
        AppendError::TooLarge { bytes, bytes_max } => {
            ("TOO_LARGE", told_all(&[("bytes", *bytes), ("bytes_max", *bytes_max)]))
        }
        AppendError::UsedUp => ("USED_UP", Vec::new()),
        _ => ("OTHER", Vec::new()),
    };
    raise(py, ("AppendError", "AppendErrorKind"), &message, (name, details))
}

pub(crate) fn read(py: Python<'_>, error: &ReadError) -> PyErr {
    let message = error.to_string();
    let told: Told = match error {
        ReadError::Stopped(error) => return stopped(py, error),
        ReadError::Damaged(error) => return damaged(py, error),
        ReadError::Disk(error) => return disk(py, "DiskError", &message, error),
        ReadError::Released { first, released } => {
            ("RELEASED", told_all(&[("first", *first), ("released", *released)]))
        }
        ReadError::Beyond { first, last } => ("BEYOND", told_all(&[("first", *first), ("last", *last)])),
        _ => ("OTHER", Vec::new()),
    };
    raise(py, ("ReadError", "ReadErrorKind"), &message, told)
}

pub(crate) fn stopped(py: Python<'_>, error: &Stopped) -> PyErr {
    disk(py, "StoppedError", &error.to_string(), &error.cause)
}

/// The log was closed, or belongs to the process that this one was forked from.
pub(crate) fn closed(py: Python<'_>, message: &str) -> PyErr {
    made(build(py, "ClosedError", message, |_| Ok(())))
}

/// What the log gave back is no log of Raft's.
pub(crate) fn foreign(py: Python<'_>, at: u64, text: &str) -> PyErr {
    let message = format!(
        "position {at}: {text}; whoever wrote this log stored something else than entries and a hard state of Raft"
    );
    made(build(py, "ForeignLogError", &message, |it| it.setattr("at", at)))
}

fn options(py: Python<'_>, error: &OptionsError) -> PyErr {
    made(build(py, "ConfigError", &error.to_string(), |it| it.setattr("field", error.option)))
}

fn damaged(py: Python<'_>, error: &Damaged) -> PyErr {
    let damage = match error.damage {
        Damage::Header => "HEADER",
        Damage::OtherSegment { .. } => "OTHER_SEGMENT",
        Damage::Short { .. } => "SHORT",
        Damage::Record => "RECORD",
        Damage::Contradiction => "CONTRADICTION",
        Damage::Missing => "MISSING",
        _ => "OTHER",
    };
    made(build(py, "DamagedError", &error.to_string(), |it| {
        it.setattr("file", &error.file)?;
        it.setattr("offset", error.offset)?;
        it.setattr("damage", kind::member(py, "Damage", damage)?)
    }))
}

fn disk(py: Python<'_>, class: &str, message: &str, error: &DiskError) -> PyErr {
    made(build(py, class, message, |it| {
        it.setattr("operation", error.operation.to_string())?;
        it.setattr("file", &error.file)
    }))
}
