//! The seam: every lock, condition and atomic of this crate comes from here, and `cfg(loom)` replaces them all.
//!
//! The hand-offs of this crate (mailbox, completion, disk queue, wake-up signal) are written on these few names, and
//! loom tries every interleaving of them. `parking_lot` and `crossbeam-channel` are used in this file and nowhere
//! else in the workspace.

pub(crate) use imp::{Arc, AtomicU8, Condvar, Mutex, Ordering};

/// Where loom need not look: a thread's last word, sent once, when it ends.
///
/// A plain bounded channel is all that is needed there, and its `recv_timeout` is what
/// [`std::thread::JoinHandle::join`] lacks. No hand-off of ours depends on it: when a value comes out, the thread
/// has done everything it will ever do; loom's subject, the draining before that, is modelled on the seam.
pub(crate) mod channel {
    pub(crate) use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
}

#[cfg(not(loom))]
mod imp {
    pub(crate) use std::sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    };
    use std::time::Duration;

    use parking_lot::MutexGuard;

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(parking_lot::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(parking_lot::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock()
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Condvar(parking_lot::Condvar);

    impl Condvar {
        pub(crate) const fn new() -> Self {
            Self(parking_lot::Condvar::new())
        }

        pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(&mut guard);
            guard
        }

        /// Waits for at most `timeout`; may return early, as `wait` may.
        pub(crate) fn wait_for<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            timeout: Duration,
        ) -> MutexGuard<'a, T> {
            let _woken_or_late = self.0.wait_for(&mut guard, timeout);
            guard
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }
    }
}

#[cfg(loom)]
mod imp {
    pub(crate) use loom::sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    };
    use std::time::Duration;

    use loom::sync::MutexGuard;

    const NO_POISON: &str = "loom aborts the model when a thread panics, so no lock is ever poisoned";

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect(NO_POISON)
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(loom::sync::Condvar::new())
        }

        pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(guard).expect(NO_POISON)
        }

        /// loom has no time: this one waits as long as it takes.
        pub(crate) fn wait_for<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            timeout: Duration,
        ) -> MutexGuard<'a, T> {
            self.0.wait_timeout(guard, timeout).expect(NO_POISON).0
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }
    }
}
