//! Commands from clients to the driver: bounded, and taken whole, which is what batches them.

use std::{error::Error, fmt};

use crate::{
    inlet::Inlet,
    signal::Signal,
    sync::{Arc, Mutex},
};

/// A bounded mailbox for at most `len_max` commands and `inlets_max` inlets, whose driver is woken through `signal`.
pub(crate) fn mailbox<C>(len_max: usize, inlets_max: usize, signal: Arc<Signal>) -> (Mailbox<C>, Inbox<C>) {
    let shared = Arc::new(Shared {
        queue: Mutex::new(Queue { commands: Vec::new(), inlets: Vec::new(), closed: false }),
        len_max,
        inlets_max,
        signal,
    });
    (Mailbox { shared: shared.clone() }, Inbox { shared })
}

/// Where clients put commands; cheap to clone, usable from any thread.
///
/// A command carries its own [`Completer`](crate::Completer). A command that was accepted is answered or its
/// completer is dropped; it is never forgotten.
pub struct Mailbox<C> {
    shared: Arc<Shared<C>>,
}

impl<C> Mailbox<C> {
    /// Puts a command into the mailbox and wakes the driver if it sleeps. Never blocks on anything but a short lock.
    ///
    /// # Errors
    ///
    /// The command back, when the mailbox is full or the driver has closed it. Nothing has happened then.
    pub fn try_send(&self, command: C) -> Result<(), TrySendError<C>> {
        self.try_put(command, self.shared.len_max, |queue| &mut queue.commands)
    }

    /// Lets the driver fetch commands from this inlet by itself, until it drops it: which may be at once, if there is no
    /// place for it. Never blocks on anything but a short lock.
    ///
    /// # Errors
    ///
    /// The inlet back, when others wait for a place or the driver has closed the mailbox. Nothing has happened then.
    pub fn try_watch(&self, inlet: Box<dyn Inlet<C>>) -> Result<(), TrySendError<Box<dyn Inlet<C>>>> {
        self.try_put(inlet, self.shared.inlets_max, |queue| &mut queue.inlets)
    }

    fn try_put<T>(
        &self,
        item: T,
        len_max: usize,
        list: impl FnOnce(&mut Queue<C>) -> &mut Vec<T>,
    ) -> Result<(), TrySendError<T>> {
        {
            let mut queue = self.shared.queue.lock();
            if queue.closed {
                return Err(TrySendError::Closed(item));
            }
            let list = list(&mut queue);
            if list.len() >= len_max {
                return Err(TrySendError::Full(item));
            }
            list.push(item);
        }
        self.shared.signal.notify();
        Ok(())
    }

    /// Refuses commands and inlets from here on; those accepted before are still taken.
    pub(crate) fn close(&self) {
        self.shared.queue.lock().closed = true;
        self.shared.signal.notify();
    }
}

impl<C> Clone for Mailbox<C> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<C> fmt::Debug for Mailbox<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.shared.queue.lock();
        f.debug_struct("Mailbox")
            .field("len", &queue.commands.len())
            .field("len_max", &self.shared.len_max)
            .field("closed", &queue.closed)
            .finish()
    }
}

/// Why a command was not accepted; gives it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<C> {
    /// As many commands wait as the mailbox may hold: the node is slower than its clients. Try again later.
    Full(C),
    /// The node is stopping or has stopped.
    Closed(C),
}

impl<C> TrySendError<C> {
    /// The command.
    pub fn into_inner(self) -> C {
        match self {
            Self::Full(command) | Self::Closed(command) => command,
        }
    }
}

// By hand: a command need not be printable for its refusal to be.
impl<C> fmt::Debug for TrySendError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<C> fmt::Display for TrySendError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the mailbox is full: the node is slower than its clients; try again later",
            Self::Closed(_) => "the mailbox is closed: the node is stopping or has stopped",
        })
    }
}

impl<C> Error for TrySendError<C> {}

/// The driver's end. Dropped, it closes the mailbox and drops what is in it, whose completers say `Abandoned`.
#[derive(Debug)]
pub(crate) struct Inbox<C> {
    shared: Arc<Shared<C>>,
}

impl<C> Inbox<C> {
    /// Moves every waiting command into `batch`, which must be empty and whose allocation is reused. Returns whether
    /// the mailbox is closed: after a `true`, nothing ever comes again.
    pub(crate) fn take(&self, batch: &mut Vec<C>) -> bool {
        debug_assert!(batch.is_empty(), "the last batch was handled");
        let mut queue = self.shared.queue.lock();
        std::mem::swap(&mut queue.commands, batch);
        queue.closed
    }

    /// The inlets that came since the last call. None come after [`take`](Self::take) has returned true.
    pub(crate) fn take_inlets(&self) -> Vec<Box<dyn Inlet<C>>> {
        std::mem::take(&mut self.shared.queue.lock().inlets)
    }

    /// Whether no command waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.shared.queue.lock().commands.is_empty()
    }

    /// Whether the mailbox is closed, though it may still hold commands.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.queue.lock().closed
    }
}

impl<C> Drop for Inbox<C> {
    fn drop(&mut self) {
        let rest = {
            let mut queue = self.shared.queue.lock();
            queue.closed = true;
            (std::mem::take(&mut queue.commands), std::mem::take(&mut queue.inlets))
        };
        // Outside the lock: what is dropped wakes clients, who may use the mailbox at once.
        drop(rest);
    }
}

struct Shared<C> {
    queue: Mutex<Queue<C>>,
    len_max: usize,
    inlets_max: usize,
    signal: Arc<Signal>,
}

struct Queue<C> {
    commands: Vec<C>,
    inlets: Vec<Box<dyn Inlet<C>>>,
    closed: bool,
}

impl<C> fmt::Debug for Shared<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("len_max", &self.len_max).finish_non_exhaustive()
    }
}
