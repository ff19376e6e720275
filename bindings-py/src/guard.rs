//! A value that threads may share, and that is given up for good when a call on it panics.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use pyo3::{prelude::*, sync::MutexExt};

use crate::error;

/// A lock, and the value behind it or the words of the panic that ended it.
///
/// A panic is our bug. It becomes an exception, and every later call raises the same one: what a call has left half done
/// is not to be trusted, least of all by a protocol whose promises it would break.
pub(crate) struct Guarded<T> {
    what: &'static str,
    slot: Mutex<Result<T, Arc<str>>>,
}

impl<T> Guarded<T> {
    pub(crate) const fn new(what: &'static str, value: T) -> Self {
        Self { what, slot: Mutex::new(Ok(value)) }
    }

    /// Calls, and lets other threads of Python run while it waits for its turn. The lock is free again when this returns:
    /// nothing of Python's is made or dropped under it.
    pub(crate) fn with<R>(&self, py: Python<'_>, call: impl FnOnce(&mut T) -> R) -> PyResult<R> {
        let outcome = {
            let mut slot = self.slot.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
            run(&mut slot, call)
        };
        outcome.map_err(|panic| error::panicked(py, self.what, &panic))
    }

    /// Calls, and lets other threads of Python run meanwhile: for what waits for a disk.
    pub(crate) fn with_detached<R: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mut T) -> R + Send,
    ) -> PyResult<R>
    where
        T: Send,
    {
        let outcome = py.detach(|| run(&mut self.slot.lock().unwrap_or_else(PoisonError::into_inner), call));
        outcome.map_err(|panic| error::panicked(py, self.what, &panic))
    }
}

impl<T> fmt::Debug for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guarded({})", self.what)
    }
}

fn run<T, R>(slot: &mut Result<T, Arc<str>>, call: impl FnOnce(&mut T) -> R) -> Result<R, Arc<str>> {
    let value = slot.as_mut().map_err(|panic| Arc::clone(panic))?;
    catch_unwind(AssertUnwindSafe(|| call(value))).map_err(|payload| {
        let panic = words(&*payload);
        let broken = std::mem::replace(slot, Err(Arc::clone(&panic)));
        // What is broken may panic once more when it goes.
        let _again = catch_unwind(AssertUnwindSafe(|| drop((broken, payload))));
        panic
    })
}

fn words(payload: &(dyn Any + Send)) -> Arc<str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words").into()
}
