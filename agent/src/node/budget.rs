//! A bound on bytes that many threads share.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Hands out permits for at most so many bytes at a time.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    used: Mutex<usize>,
    freed: Condvar,
    bytes_max: usize,
}

/// Bytes that were granted; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    shared: Arc<Shared>,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { shared: Arc::new(Shared { used: Mutex::new(0), freed: Condvar::new(), bytes_max }) }
    }

    /// Waits at most `patience` until there is room. One request above the whole budget is granted when it is alone.
    pub(crate) fn acquire(&self, bytes: usize, patience: Duration) -> Option<Permit> {
        let bytes = bytes.min(self.shared.bytes_max);
        // A counter is whole whatever happened to the thread that held the lock.
        let used = self.shared.used.lock().unwrap_or_else(PoisonError::into_inner);
        let no_room = |used: &mut usize| *used + bytes > self.shared.bytes_max;
        let waited = self.shared.freed.wait_timeout_while(used, patience, no_room);
        let (mut used, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return None;
        }
        *used += bytes;
        drop(used);
        Some(Permit { shared: self.shared.clone(), bytes })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.shared.used.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.shared.freed.notify_all();
    }
}

#[cfg(test)]
mod tests;
