//! A fixed tick before the core: what a leader costs its clients that replicates only every so often.
//!
//! Textbooks draw a leader that gathers proposals and sends them on with its next heartbeat. The core does not: what is
//! proposed goes out at the end of the same turn. This is the textbook's leader, so that the price can be measured.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use transport::Handle;

use super::{
    MAILBOX_LEN_MAX,
    host::{AppendDone, Command, Payloads},
    refusal_of,
};
use crate::{protocol::Refusal, wall::now};

/// One append that waits for the tick.
type Gathered = (Payloads, AppendDone);

/// Takes appends, and hands them to the node at the next tick. Cheap to clone; its thread ends with the last of them.
#[derive(Clone, Debug)]
pub(super) struct Gatherer {
    sender: SyncSender<Gathered>,
}

impl Gatherer {
    pub(super) fn start(interval: Duration, node: Handle<Command>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(MAILBOX_LEN_MAX);
        thread::Builder::new()
            .name("quorate-tick".to_owned())
            .spawn(move || serve(interval, &receiver, &node))?;
        Ok(Self { sender })
    }

    /// Answers at once when too many wait.
    pub(super) fn append(&self, payloads: Payloads, done: AppendDone) {
        match self.sender.try_send((payloads, done)) {
            Ok(()) => {}
            Err(TrySendError::Full((_, done))) => done.completer.complete(Err(Refusal::Full)),
            // The thread lives as long as one of us does.
            Err(TrySendError::Disconnected((_, done))) => {
                let reason = "its tick has ended; please report this".to_owned();
                done.completer.complete(Err(Refusal::Stopping { reason }));
            }
        }
    }
}

fn serve(interval: Duration, receiver: &Receiver<Gathered>, node: &Handle<Command>) {
    let start = now();
    while let Ok(first) = receiver.recv() {
        let tick = next_tick(start, interval, now());
        let mut gathered = vec![first];
        let connected = loop {
            match receiver.recv_timeout(tick.saturating_duration_since(now())) {
                Ok(append) => gathered.push(append),
                Err(RecvTimeoutError::Timeout) => break true,
                Err(RecvTimeoutError::Disconnected) => break false,
            }
            // A channel that is never empty would keep us here.
            if now() >= tick {
                break true;
            }
        };
        if let Err(error) = node.mailbox().try_send(Command::Gathered(gathered)) {
            let refusal = refusal_of(&error);
            if let Command::Gathered(gathered) = error.into_inner() {
                for (_, done) in gathered {
                    done.completer.complete(Err(refusal.clone()));
                }
            }
        }
        if !connected {
            return;
        }
    }
}

/// The first tick after `now`: ticks are a whole number of intervals after `start`, whatever comes when.
fn next_tick(start: Instant, interval: Duration, now: Instant) -> Instant {
    let since = now.saturating_duration_since(start).as_nanos();
    let interval = interval.as_nanos().max(1);
    let left = interval - since % interval;
    now + Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
