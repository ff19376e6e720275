//! A quiet connection, read by the node's loop.
//!
//! ```text
//!   reader thread:  reads ──── so many requests came alone ────▶ lends it, and waits ──┐
//!                     ▲                                                                │
//!                     └── given back, with the bytes that were read ◀── node's loop: reads
//! ```
//!
//! That spares a lone request one change of threads: the one that wakes the loop. The loop waits for no client and holds
//! no more than [`LENT_BYTES_MAX`] of it. It takes nothing but one small, whole and sound request at a time, with none
//! before it that is unanswered. Whatever else is there, it gives back unread; then the reader goes on as ever, and the
//! connection has to be quiet for twice as long.

use std::{
    mem,
    os::fd::{AsFd, BorrowedFd},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustix::{
    io::Errno,
    net::{RecvFlags, recv},
};
use transport::{Inflow, Inlet};

use super::answers::{Answer, Answers};
use crate::{
    node::{Command, NodeHandle},
    protocol::{Request, sole_frame},
    wall::now,
};

/// The longest request that the loop takes, with its frame, in bytes.
const LENT_BYTES_MAX: usize = 8 << 10;

/// So many requests in a row must have come alone before a connection is lent for the first time.
const QUIET_REQUESTS_MIN: u64 = 16;
/// And so many at most later.
const QUIET_REQUESTS_MAX: u64 = 16 << 10;

/// Whether a client asks one by one.
#[derive(Debug)]
pub(super) struct Quiet {
    requests: u64,
    needed: u64,
}

impl Quiet {
    pub(super) const fn new() -> Self {
        Self { requests: 0, needed: QUIET_REQUESTS_MIN }
    }

    /// A request came, alone or not. Whether the connection is worth lending.
    pub(super) const fn asked(&mut self, alone: bool) -> bool {
        self.requests = if alone { self.requests + 1 } else { 0 };
        self.requests >= self.needed
    }

    /// It was lent, and so many requests came meanwhile.
    pub(super) fn given_back(&mut self, served: u64) {
        self.requests = 0;
        let paid = served >= self.needed;
        self.needed = if paid { QUIET_REQUESTS_MIN } else { (2 * self.needed).min(QUIET_REQUESTS_MAX) };
    }
}

/// Who reads a connection: shared by its reader, the node's loop, and the server that may end both.
#[derive(Debug, Default)]
pub(super) struct Lending {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The loop reads, and nobody else.
    lent: bool,
    /// The connection is over, whoever reads it.
    over: bool,
    /// The last request that the loop has read, or when it was lent.
    heard: Option<Instant>,
    /// Requests that the loop has read.
    served: u64,
    /// What it has read and not used.
    unused: Vec<u8>,
}

/// What the reader gets back.
pub(super) struct GivenBack {
    pub(super) unused: Vec<u8>,
    pub(super) served: u64,
}

impl Lending {
    /// Lends the connection, and waits until it is given back; none when the client is silent for `patience`, or
    /// the connection over. Nobody reads it then.
    pub(super) fn lend(
        self: &Arc<Self>,
        node: &NodeHandle,
        answers: &Arc<Answers>,
        patience: Duration,
    ) -> Option<GivenBack> {
        // Refused, it is dropped, and so given back.
        node.watch(Box::new(self.lent(node, answers)));
        self.wait(patience)
    }

    /// What the loop gets. It reads from here on.
    fn lent(self: &Arc<Self>, node: &NodeHandle, answers: &Arc<Answers>) -> Lent {
        let mut state = self.state();
        (state.lent, state.heard, state.served) = (true, Some(now()), 0);
        drop(state);
        let buffer = vec![0; LENT_BYTES_MAX];
        Lent { lending: self.clone(), node: node.clone(), answers: answers.clone(), buffer }
    }

    fn wait(&self, patience: Duration) -> Option<GivenBack> {
        let mut state = self.state();
        loop {
            let silent = state.heard.map_or(Duration::ZERO, |heard| now().saturating_duration_since(heard));
            if state.over || state.lent && silent >= patience {
                state.lent = false;
                return None;
            }
            if !state.lent {
                return Some(GivenBack { unused: mem::take(&mut state.unused), served: state.served });
            }
            let waited = self.changed.wait_timeout(state, patience - silent);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The connection is over: the reader need not wait for the loop.
    pub(super) fn end(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements that change it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection in the hands of the loop. Dropped, it is given back.
struct Lent {
    lending: Arc<Lending>,
    node: NodeHandle,
    /// Has the socket, which so stays open as long as this.
    answers: Arc<Answers>,
    buffer: Vec<u8>,
}

impl Inlet<Command> for Lent {
    fn take(&mut self) -> Inflow<Command> {
        let Self { lending, node, answers, buffer } = self;
        // Held all the time: who takes the connection back finds nothing half read. Nothing here blocks.
        let mut state = lending.state();
        if !state.lent {
            return Inflow::End;
        }
        let received = loop {
            match recv(answers.as_fd(), &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((received, _)) => break received,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Inflow::Nothing,
                // The reader will find out.
                Err(_) => return Inflow::End,
            }
        };
        let received = &buffer[..received];
        // A full buffer may not be all that there is.
        let whole = received.len() < LENT_BYTES_MAX;
        if let Some(command) =
            sole_frame(received).filter(|_| whole).and_then(|content| ask(node, answers, content))
        {
            state.heard = Some(now());
            state.served += 1;
            Inflow::Command(command)
        } else {
            state.unused = received.to_vec();
            Inflow::End
        }
    }
}

impl AsFd for Lent {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.answers.as_fd()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.lending.state().lent = false;
        self.lending.changed.notify_all();
    }
}

/// What this request is to the node, if it can be asked without waiting and is the only one that is not answered.
fn ask(node: &NodeHandle, answers: &Arc<Answers>, content: &[u8]) -> Option<Command> {
    let (id, request) = Request::decode(Bytes::copy_from_slice(content)).ok()?;
    let (command, answer) = match request {
        Request::Append(batch) => {
            let (command, answer) = node.append_command(&batch)?;
            (command, Answer::Append(answer))
        }
        Request::Barrier => {
            let (command, answer) = node.barrier_command();
            (command, Answer::Barrier(answer))
        }
        // Rare, or long.
        Request::Status | Request::List { .. } => return None,
    };
    answers.push_alone(id, answer).then_some(command)
}

#[cfg(test)]
mod tests;
