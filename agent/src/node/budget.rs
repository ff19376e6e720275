//! A bound on bytes that many threads share.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Hands out permits for at most so many bytes at a time.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    used: Mutex<Used>,
    freed: Condvar,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Used {
    bytes: usize,
    /// Threads that wait for room.
    waiting: usize,
}

/// Bytes that were granted; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    shared: Arc<Shared>,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { shared: Arc::new(Shared { used: Mutex::default(), freed: Condvar::new(), bytes_max }) }
    }

    /// As [`acquire`](Self::acquire), without waiting.
    pub(crate) fn try_acquire(&self, bytes: usize) -> Option<Permit> {
        let bytes = bytes.min(self.shared.bytes_max);
        let mut used = self.used();
        let room = used.bytes + bytes <= self.shared.bytes_max;
        used.bytes += if room { bytes } else { 0 };
        drop(used);
        room.then(|| Permit { shared: self.shared.clone(), bytes })
    }

    /// Waits at most `patience` until there is room. One request above the whole budget is granted when it is alone.
    pub(crate) fn acquire(&self, bytes: usize, patience: Duration) -> Option<Permit> {
        let bytes = bytes.min(self.shared.bytes_max);
        let mut used = self.used();
        let no_room = |used: &mut Used| used.bytes + bytes > self.shared.bytes_max;
        used.waiting += 1;
        let waited = self.shared.freed.wait_timeout_while(used, patience, no_room);
        let (mut used, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        used.waiting -= 1;
        if timeout.timed_out() {
            return None;
        }
        used.bytes += bytes;
        drop(used);
        Some(Permit { shared: self.shared.clone(), bytes })
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        // A counter is whole whatever happened to the thread that held the lock.
        self.shared.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut used = self.shared.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.bytes -= self.bytes;
        // Whoever drops permits is often the node's loop, and a wake is a system call even when nobody waits.
        if used.waiting > 0 {
            self.shared.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests;
