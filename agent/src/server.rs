//! Where clients are answered: one listener, and two threads for each connection.
//!
//! ```text
//!   reader thread                                                       the node's loop, or the writer thread
//!   read a frame ─▶ ask the node ─▶ [ answers to come, bounded ] ─▶ when the first is there: write
//! ```
//!
//! A lone answer is sent by the loop that has it; the rest, and what a socket does not take at once, by the writer. A
//! connection whose requests come one by one is read by the loop itself, while its reader waits: see `lent`.
//!
//! Answers come in the order of the requests. A connection with as many unanswered requests as allowed is not read
//! from, so that TCP holds its client back; a connection beyond the allowed number is told so and closed.

mod answers;
mod connection;
mod lent;

use std::{
    collections::BTreeMap,
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use self::lent::Lending;
use crate::{
    config::Limits,
    node::{NodeHandle, StartError},
    wall::pause,
};

/// How long the listener rests when the system refuses a connection, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers clients of one node. Dropped, it closes all connections and waits for its threads.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What listener and connections share.
#[derive(Debug)]
struct Shared {
    node: NodeHandle,
    address: SocketAddr,
    limits: Limits,
    stopping: AtomicBool,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    clients: BTreeMap<u64, Client>,
    threads: BTreeMap<u64, JoinHandle<()>>,
    /// Connections whose thread has said its last word.
    ended: Vec<u64>,
}

/// What ends a connection from outside.
#[derive(Debug)]
struct Client {
    stream: TcpStream,
    lending: Arc<Lending>,
}

impl Server {
    /// Takes the address; connections are accepted from here on, and wait.
    ///
    /// Bound before the node starts, so that an occupied port is noticed before anything else happens.
    ///
    /// # Errors
    ///
    /// [`StartError::ClientListener`].
    pub fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
        TcpListener::bind(address).map_err(|error| StartError::ClientListener { address, error })
    }

    /// Answers for this node until it is dropped.
    ///
    /// # Errors
    ///
    /// [`StartError::ClientListener`], when the system refuses a thread.
    pub fn start(listener: TcpListener, node: NodeHandle, limits: Limits) -> Result<Self, StartError> {
        let refused =
            |error| StartError::ClientListener { address: SocketAddr::from(([0, 0, 0, 0], 0)), error };
        let address = listener.local_addr().map_err(refused)?;
        let open = Mutex::new(Open::default());
        let shared = Arc::new(Shared { node, address, limits, stopping: AtomicBool::new(false), open });
        let accepting = {
            let shared = shared.clone();
            let thread = thread::Builder::new().name("quorate-clients".to_owned());
            thread.spawn(move || shared.accept(&listener)).map_err(refused)?
        };
        Ok(Self { shared, accepting: Some(accepting) })
    }

    /// Where clients are answered.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.shared.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the listener from its wait; if that fails, it is not waiting.
        let _woken = TcpStream::connect_timeout(&self.shared.address, Duration::from_secs(1));
        if let Some(accepting) = self.accepting.take() {
            let _ended = accepting.join();
        }
        let threads = {
            let mut open = self.shared.open();
            for Client { stream, lending } in open.clients.values() {
                let _closed = stream.shutdown(Shutdown::Both);
                lending.end();
            }
            std::mem::take(&mut open.threads)
        };
        for thread in threads.into_values() {
            let _ended = thread.join();
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            self.bury();
            match accepted {
                Ok((stream, _)) => {
                    // A connection that cannot be served is closed; its client tries another node.
                    let _served = self.serve(stream);
                }
                Err(_) => pause(ACCEPT_PAUSE),
            }
        }
    }

    fn serve(self: &Arc<Self>, stream: TcpStream) -> io::Result<()> {
        connection::prepare(&stream)?;
        let mut open = self.open();
        let crowded = open.clients.len() >= self.limits.connections_max;
        if crowded {
            drop(open);
            return connection::refuse(&stream, self.limits.connections_max);
        }
        let key = open.next;
        open.next += 1;
        let lending = Arc::new(Lending::default());
        open.clients.insert(key, Client { stream: stream.try_clone()?, lending: lending.clone() });
        let shared = self.clone();
        let thread = thread::Builder::new().name("quorate-client".to_owned()).spawn(move || {
            connection::serve(&stream, &lending, &shared.node, &shared.limits);
            let mut open = shared.open();
            open.clients.remove(&key);
            open.ended.push(key);
        });
        match thread {
            Ok(thread) => {
                open.threads.insert(key, thread);
                Ok(())
            }
            Err(error) => {
                open.clients.remove(&key);
                Err(error)
            }
        }
    }

    /// Joins the threads that have ended.
    fn bury(&self) {
        let ended: Vec<_> = {
            let mut open = self.open();
            let ended = std::mem::take(&mut open.ended);
            ended.into_iter().filter_map(|key| open.threads.remove(&key)).collect()
        };
        for thread in ended {
            let _ended = thread.join();
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // The table is whole between any two statements that change it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
