//! The answers of one connection, in the order of the requests.
//!
//! ```text
//!   reader thread            the node's loop                         writer thread
//!   push(id, answer) ─▶ [ answers to come, bounded ]
//!                            the first one is completed ─▶ wake
//!                            alone:      encode, send without blocking
//!                            else, or the socket is full: hand over ─▶ encode all that are there, write, again
//! ```
//!
//! A lone answer costs no change of threads: whoever completes it sends it. Many are left to the writer thread, so that the
//! loop does not pay for their system calls, and those that are completed together go out together. So are long ones.

use std::{
    collections::VecDeque,
    future::Future,
    io::{self, Write},
    net::{Shutdown, TcpStream},
    os::fd::{AsFd, BorrowedFd},
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use rustix::net::{SendFlags, send};
use transport::{Abandoned, Completion};

use crate::{
    node::Barrier,
    protocol::{Appended, Chunk, FrameError, Refusal, RequestId, Response, write_frame},
};

/// An answer that is there, or to come.
pub(super) enum Answer {
    Now(Response),
    Append(Completion<Result<Appended, Refusal>>),
    Barrier(Completion<Result<Barrier, Refusal>>),
    List(Completion<Result<Chunk, Refusal>>),
}

/// The queue between the reader of a connection, the node, and the connection's writer.
pub(super) struct Answers {
    stream: TcpStream,
    state: Mutex<State>,
    /// The queue has room again, the writer has work, or it is over.
    changed: Condvar,
    len_max: usize,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It is the only one.
    Alone,
    /// Others are before it.
    Behind,
    /// It was dropped: the connection has failed.
    Failed,
}

#[derive(Default)]
struct State {
    /// Oldest first. Unless `writing`, the first one is not there yet, and wakes us when it is.
    waiting: VecDeque<(RequestId, Answer)>,
    /// Bytes of an answer that the socket did not take at once.
    unsent: Vec<u8>,
    /// The writer thread has taken over: nobody else touches the socket until it has written all that is there.
    writing: bool,
    /// The reader waits for room.
    full: bool,
    /// The reader has left: nothing is pushed any more.
    left: bool,
    /// The connection has failed: nothing is written any more.
    failed: bool,
    /// Reused from answer to answer.
    scratch: Vec<u8>,
}

impl Answers {
    /// No answers yet, and at most `len_max` of them at a time.
    pub(super) fn new(stream: TcpStream, len_max: usize) -> Arc<Self> {
        Arc::new(Self { stream, state: Mutex::default(), changed: Condvar::new(), len_max })
    }

    /// Adds the next answer. Waits while there are as many as allowed.
    pub(super) fn push(self: &Arc<Self>, id: RequestId, answer: Answer) -> Pushed {
        let full = |state: &mut State| {
            state.full = state.waiting.len() >= self.len_max;
            state.full && !state.failed
        };
        let waited = self.changed.wait_while(self.state(), full);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.failed {
            return Pushed::Failed;
        }
        let pushed = if state.is_quiet() { Pushed::Alone } else { Pushed::Behind };
        self.add(&mut state, id, answer);
        pushed
    }

    /// Adds an answer if no other is there or to come. Does not block; false when nothing was added.
    pub(super) fn push_alone(self: &Arc<Self>, id: RequestId, answer: Answer) -> bool {
        let mut state = self.state();
        let alone = state.is_quiet() && !state.failed;
        if alone {
            self.add(&mut state, id, answer);
        }
        alone
    }

    /// Nothing is pushed any more: [`write`](Self::write) ends when all is answered, or `patience` after that if not.
    pub(super) fn leave(&self) {
        self.state().left = true;
        self.changed.notify_all();
    }

    /// The writer thread's life.
    ///
    /// # Errors
    ///
    /// When the client does not take its answers.
    pub(super) fn write(self: &Arc<Self>, patience: Duration) -> Result<(), FrameError> {
        let written = self.write_all(patience);
        let mut state = self.state();
        state.failed = true;
        // Here, so that no completion keeps this alive in a waker.
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
        self.changed.notify_all();
        written
    }

    fn write_all(self: &Arc<Self>, patience: Duration) -> Result<(), FrameError> {
        let waker = Waker::from(self.clone());
        let (mut bytes, mut content, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let mut state = self.state();
            let resting = |state: &mut State| !state.writing && !state.left && !state.failed;
            state = self.changed.wait_while(state, resting).unwrap_or_else(PoisonError::into_inner);
            if !state.writing && !state.waiting.is_empty() && !state.failed {
                // The reader has left, and the first answer is not there.
                let unanswered =
                    |state: &mut State| !state.writing && !state.failed && !state.waiting.is_empty();
                let waited = self.changed.wait_timeout_while(state, patience, unanswered);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if state.failed || !state.writing {
                return Ok(());
            }
            bytes.append(&mut state.unsent);
            while taken.len() < TAKEN_MAX && state.first_is_there(&waker) {
                taken.extend(state.take_first());
            }
            state.writing = !bytes.is_empty() || !taken.is_empty();
            if state.full {
                self.changed.notify_all();
            }
            // The node's loop must not wait for what takes time.
            drop(state);
            for (id, response) in taken.drain(..) {
                response.encode(id, &mut content);
                write_frame(&mut bytes, &content)?;
                if bytes.len() >= WRITE_BYTES {
                    (&self.stream).write_all(&bytes)?;
                    bytes.clear();
                }
            }
            (&self.stream).write_all(&bytes)?;
            bytes.clear();
        }
    }

    fn add(self: &Arc<Self>, state: &mut State, id: RequestId, answer: Answer) {
        state.waiting.push_back((id, answer));
        // Behind another it is looked at when that one is answered.
        if state.waiting.len() == 1 && !state.writing && state.first_is_there(&Waker::from(self.clone())) {
            self.hand_over(state);
        }
    }

    /// Leaves the rest to the writer thread.
    fn hand_over(&self, state: &mut State) {
        state.writing = true;
        self.changed.notify_all();
    }

    /// Sends the only answer from this thread, as much of it as the socket takes at once.
    fn send(&self, state: &mut State) -> Result<(), FrameError> {
        let mut bytes = std::mem::take(&mut state.unsent);
        if let Some((id, response)) = state.take_first() {
            response.encode(id, &mut state.scratch);
            write_frame(&mut bytes, &state.scratch)?;
        }
        let sent = loop {
            match send(&self.stream, &bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(sent) => break sent,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => break 0,
                Err(error) => return Err(io::Error::from(error).into()),
            }
        };
        bytes.drain(..sent);
        state.unsent = bytes;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements that change it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsFd for Answers {
    /// The socket.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Wake for Answers {
    /// The first answer is there. Runs on the thread that completed it, and does not block.
    fn wake(self: Arc<Self>) {
        let mut state = self.state();
        if state.writing || state.failed {
            return;
        }
        let lone = state.waiting.len() == 1 && !matches!(state.waiting.front(), Some((_, Answer::List(_))));
        if !lone {
            self.hand_over(&mut state);
        } else if state.first_is_there(&Waker::from(self.clone())) {
            match self.send(&mut state) {
                Ok(()) if state.unsent.is_empty() => {
                    if state.full || state.left {
                        self.changed.notify_all();
                    }
                }
                Ok(()) => self.hand_over(&mut state),
                Err(_gone) => {
                    state.failed = true;
                    self.changed.notify_all();
                    // Ends the reader's wait.
                    let _closed = self.stream.shutdown(Shutdown::Both);
                }
            }
        }
    }
}

/// The writer thread gathers so much before it writes.
const WRITE_BYTES: usize = 64 << 10;
/// The writer thread takes so many answers at a time, which then count no longer as waiting.
const TAKEN_MAX: usize = 64;

impl State {
    /// All that was asked is answered, and sent.
    fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && !self.writing
    }

    /// Whether the first answer is there; if not, it wakes `waker` when it is.
    fn first_is_there(&mut self, waker: &Waker) -> bool {
        let first = self.waiting.front_mut();
        first.is_some_and(|(_, answer)| answer.is_there(&mut Context::from_waker(waker)))
    }

    /// Takes the first answer, which is there.
    fn take_first(&mut self) -> Option<(RequestId, Response)> {
        match self.waiting.pop_front() {
            Some((id, Answer::Now(response))) => Some((id, response)),
            _ => None,
        }
    }
}

impl Answer {
    /// Whether it is there, and [`Answer::Now`] from then on.
    fn is_there(&mut self, context: &mut Context<'_>) -> bool {
        let response = match self {
            Self::Now(_) => return true,
            Self::Append(completion) => poll(completion, context, Response::Appended),
            Self::Barrier(completion) => poll(completion, context, |Barrier { index, summary }| {
                Response::BarrierPassed { index, summary }
            }),
            Self::List(completion) => poll(completion, context, Response::Entries),
        };
        response.map(|response| *self = Self::Now(response)).is_some()
    }
}

fn poll<T>(
    completion: &mut Completion<Result<T, Refusal>>,
    context: &mut Context<'_>,
    response: impl FnOnce(T) -> Response,
) -> Option<Response> {
    match Pin::new(completion).poll(context) {
        Poll::Ready(Ok(Ok(answer))) => Some(response(answer)),
        Poll::Ready(Ok(Err(refusal))) => Some(Response::Refused(refusal)),
        Poll::Ready(Err(abandoned @ Abandoned)) => {
            Some(Response::Refused(Refusal::Stopping { reason: abandoned.to_string() }))
        }
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests;
