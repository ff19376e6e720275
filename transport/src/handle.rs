//! What the rest of the program holds of a driver.

use std::{fmt, net::SocketAddr, sync::Arc, thread::JoinHandle, time::Duration};

use crate::{
    counters::Counters,
    driver::DriverError,
    mailbox::Mailbox,
    sync::{Mutex, channel},
};

/// Talks to a running [`Driver`](crate::Driver); cheap to clone, usable from any thread. Dropping it stops nothing.
pub struct Handle<C> {
    shared: Arc<Shared<C>>,
}

impl<C> Handle<C> {
    pub(crate) fn new(shared: Arc<Shared<C>>) -> Self {
        Self { shared }
    }

    /// Where commands go.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox<C> {
        &self.shared.mailbox
    }

    /// Asks the driver to stop; returns at once, and does nothing the second time.
    ///
    /// Later commands are refused as `Closed`. Those accepted before are handed to the host, outstanding writes are
    /// synced and acknowledged, and whatever is still unanswered then is abandoned: replication that is under way is
    /// not waited for.
    pub fn shutdown(&self) {
        self.shared.mailbox.close();
    }

    /// Where the node listens, with the port that was found if the configuration left it open.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.shared.address
    }

    /// What happened up to the end of the last turn of the loop.
    #[must_use]
    pub fn counters(&self) -> Counters {
        *self.shared.counters.lock()
    }
}

impl<C> Clone for Handle<C> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<C> fmt::Debug for Handle<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("address", &self.shared.address).finish_non_exhaustive()
    }
}

/// A driver on its own thread.
#[derive(Debug)]
#[must_use = "whoever never joins never learns why the node stopped"]
pub struct Running {
    thread: JoinHandle<()>,
    exit: channel::Receiver<Result<(), DriverError>>,
}

impl Running {
    pub(crate) fn new(thread: JoinHandle<()>, exit: channel::Receiver<Result<(), DriverError>>) -> Self {
        Self { thread, exit }
    }

    /// Waits until the driver has stopped; does not ask it to.
    ///
    /// # Errors
    ///
    /// Why it stopped, if not because of [`Handle::shutdown`].
    pub fn join(self) -> Result<(), DriverError> {
        let outcome = self.exit.recv();
        self.finish(outcome.ok())
    }

    /// Waits at most `timeout` until the driver has stopped.
    ///
    /// # Errors
    ///
    /// Itself, still good, when it has not stopped by then.
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<(), DriverError>, Self> {
        match self.exit.recv_timeout(timeout) {
            Ok(outcome) => Ok(self.finish(Some(outcome))),
            Err(channel::RecvTimeoutError::Disconnected) => Ok(self.finish(None)),
            Err(channel::RecvTimeoutError::Timeout) => Err(self),
        }
    }

    fn finish(self, outcome: Option<Result<(), DriverError>>) -> Result<(), DriverError> {
        // The thread has said its last word, so this waits for nothing but its stack.
        let unwound = self.thread.join().is_err();
        outcome.filter(|_| !unwound).unwrap_or(Err(DriverError::Panicked))
    }
}

/// What driver and handles share besides the mailbox's inside.
pub(crate) struct Shared<C> {
    mailbox: Mailbox<C>,
    address: SocketAddr,
    counters: Mutex<Counters>,
}

impl<C> Shared<C> {
    pub(crate) fn new(mailbox: Mailbox<C>, address: SocketAddr) -> Self {
        Self { mailbox, address, counters: Mutex::new(Counters::default()) }
    }

    pub(crate) fn publish(&self, counters: Counters) {
        *self.counters.lock() = counters;
    }
}
