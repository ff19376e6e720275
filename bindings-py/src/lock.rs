//! The one way to a lock.

use std::sync::{Mutex, MutexGuard};

use pyo3::{prelude::*, sync::MutexExt};

use crate::error;

/// Locks, and lets other threads of Python run while it waits.
///
/// The guard must be gone before anything of Python's is made or dropped: making an exception may collect garbage, and
/// that may call the very object again.
pub(crate) fn lock<'a, T>(py: Python<'_>, mutex: &'a Mutex<T>, what: &str) -> PyResult<MutexGuard<'a, T>> {
    let poison = match mutex.lock_py_attached(py) {
        Ok(guard) => return Ok(guard),
        Err(poison) => poison,
    };
    drop(poison); // it has the guard
    Err(error::poisoned(py, what))
}
