//! The answer to one command: set once by the driver's side, awaited or waited for by the client's.

use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::{
    clock::Clock,
    sync::{Arc, Condvar, Mutex},
};

/// A pair: what is given to [`Completer::complete`] comes out of the [`Completion`].
///
/// ```
/// let (completer, completion) = transport::completion();
/// std::thread::spawn(move || completer.complete(42));
/// assert_eq!(completion.wait(), Ok(42));
/// ```
pub fn completion<T>() -> (Completer<T>, Completion<T>) {
    let shared = Arc::new(Shared { slot: Mutex::new(Slot::Pending(None)), set: Condvar::new() });
    (Completer { shared: shared.clone() }, Completion { shared })
}

/// The side that answers. Dropped without an answer, it resolves the [`Completion`] to [`Abandoned`], so that no
/// client ever hangs on a command that the driver let go.
#[derive(Debug)]
pub struct Completer<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Completer<T> {
    /// Gives the answer and wakes whoever waits for it. Answers to a dropped [`Completion`] are dropped.
    pub fn complete(self, value: T) {
        self.shared.settle(Slot::Done(value));
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        // After `complete` the slot is settled, and this does nothing.
        self.shared.settle(Slot::Abandoned);
    }
}

/// The side that waits: a future for any executor, or a plain [`wait`](Self::wait) without one.
///
/// Polled again after it was ready, it says [`Abandoned`].
#[derive(Debug)]
#[must_use = "a completion does nothing unless it is awaited or waited for"]
pub struct Completion<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Completion<T> {
    /// Blocks this thread until there is an answer.
    ///
    /// # Errors
    ///
    /// [`Abandoned`] when the other side was dropped: the command may or may not have taken effect.
    pub fn wait(self) -> Result<T, Abandoned> {
        let mut slot = self.shared.slot.lock();
        loop {
            if let Some(answer) = slot.take() {
                return answer;
            }
            slot = self.shared.set.wait(slot);
        }
    }

    /// Blocks this thread until there is an answer, or `timeout` has passed.
    ///
    /// # Errors
    ///
    /// The completion itself, still good, when there was no answer in time.
    pub fn wait_timeout(self, timeout: Duration) -> Result<Result<T, Abandoned>, Self> {
        let clock = Clock::start();
        let mut slot = self.shared.slot.lock();
        loop {
            if let Some(answer) = slot.take() {
                return Ok(answer);
            }
            let left = timeout.saturating_sub(clock.now().since(machine_core::Instant::ZERO));
            if left.is_zero() {
                break;
            }
            slot = self.shared.set.wait_for(slot, left);
        }
        drop(slot);
        Err(self)
    }

    /// The answer, if it is there; `None` says: not yet.
    #[must_use]
    pub fn try_take(&mut self) -> Option<Result<T, Abandoned>> {
        self.shared.slot.lock().take()
    }
}

impl<T> Future for Completion<T> {
    type Output = Result<T, Abandoned>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.shared.slot.lock();
        match slot.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                *slot = Slot::Pending(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}

/// The other side was dropped without an answer: the command may or may not have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Abandoned;

impl fmt::Display for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the node stopped before it answered; the command may or may not have taken effect: look before you repeat it",
        )
    }
}

impl Error for Abandoned {}

struct Shared<T> {
    slot: Mutex<Slot<T>>,
    set: Condvar,
}

enum Slot<T> {
    Pending(Option<Waker>),
    Done(T),
    Abandoned,
}

impl<T> Shared<T> {
    /// Moves from pending to `outcome` and wakes; does nothing when the slot is settled already.
    fn settle(&self, outcome: Slot<T>) {
        let mut slot = self.slot.lock();
        let Slot::Pending(waker) = &mut *slot else { return };
        let waker = waker.take();
        *slot = outcome;
        drop(slot);
        self.set.notify_one();
        // Outside the lock: a waker may run anything, even a poll of this very completion.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Slot<T> {
    fn take(&mut self) -> Option<Result<T, Abandoned>> {
        match std::mem::replace(self, Self::Abandoned) {
            Self::Done(value) => Some(Ok(value)),
            Self::Abandoned => Some(Err(Abandoned)),
            pending @ Self::Pending(_) => {
                *self = pending;
                None
            }
        }
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.slot.lock() {
            Slot::Pending(_) => "pending",
            Slot::Done(_) => "done",
            Slot::Abandoned => "abandoned",
        };
        f.write_str(state)
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
