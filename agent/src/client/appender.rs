use std::{
    collections::VecDeque,
    mem,
    net::SocketAddr,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use super::{
    ClientError, Connection,
    connection::{self, Sender},
};
use crate::{
    entry::{ClientId, LINE_BYTES_MAX},
    protocol::{Batch, ProtocolError, Refusal, Request, RequestId, Response},
    wall::{now, pause},
};

/// A batch is sealed before it grows beyond this, in bytes.
const BATCH_BYTES_MAX: usize = 256 << 10;
/// The shortest and the longest pause between two attempts.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// How one session appends. [`AppenderConfig::new`] is good as it is.
#[derive(Clone, Debug)]
pub struct AppenderConfig {
    addresses: Vec<SocketAddr>,
    outstanding_lines_max: usize,
    batch_lines_max: usize,
    answer_timeout: Duration,
    patience: Duration,
}

impl AppenderConfig {
    /// A session on the cluster whose nodes answer clients at these addresses; any of them will do, all are better.
    #[must_use]
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            addresses: addresses.into_iter().collect(),
            outstanding_lines_max: 1024,
            batch_lines_max: 64,
            answer_timeout: Duration::from_secs(2),
            patience: Duration::from_secs(30),
        }
    }

    /// Most lines under way at once; default 1,024, at least 1. More is more throughput and more latency.
    #[must_use]
    pub fn with_outstanding_lines_max(self, lines: usize) -> Self {
        Self { outstanding_lines_max: lines.max(1), ..self }
    }

    /// Most lines in one request; default 64, at least 1 and at most
    /// [`BATCH_LINES_MAX`](crate::protocol::BATCH_LINES_MAX).
    #[must_use]
    pub fn with_batch_lines_max(self, lines: usize) -> Self {
        Self { batch_lines_max: lines.clamp(1, crate::protocol::BATCH_LINES_MAX), ..self }
    }

    /// How long one node may keep silent before another is tried; default 2 s.
    #[must_use]
    pub fn with_answer_timeout(self, timeout: Duration) -> Self {
        Self { answer_timeout: timeout, ..self }
    }

    /// How long the whole cluster may take nothing before the session gives up; default 30 s.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// A session: appends lines in order, exactly once, whatever becomes of single nodes.
///
/// Lines are numbered 1, 2, 3, … and kept until they are acknowledged. After any refusal or silence the session goes
/// to another node, asks with the oldest unacknowledged batch alone whether it leads, and sends the rest behind it in
/// order. A line that was in the log already is recognised by its number.
#[derive(Debug)]
pub struct Appender {
    config: AppenderConfig,
    client: ClientId,
    next_sequence: u64,
    acknowledged: u64,
    /// Lines not yet sealed into a batch.
    open: Vec<Vec<u8>>,
    open_bytes: usize,
    /// Batches not yet acknowledged, oldest first; the first `sent` of them are on the way on the present link.
    window: VecDeque<InFlight>,
    window_lines: usize,
    sent: usize,
    ever_sent: bool,
    link: Option<Link>,
    /// Counts links, so that an acknowledgement can be told from one by an earlier link.
    links: u64,
    route: Route,
    progress_at: Instant,
    acks: Vec<Ack>,
    last_error: Option<Box<ClientError>>,
}

/// Consecutive lines were acknowledged together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The first of them.
    pub first_sequence: u64,
    /// The last of them.
    pub last_sequence: u64,
    /// The node that answered.
    pub address: SocketAddr,
    /// Which of the session's connections it came over, counted from 1.
    pub link: u64,
    /// When the answer was here.
    pub at: Instant,
    /// From the moment the batch was sealed until then.
    pub latency: Duration,
}

#[derive(Debug)]
struct InFlight {
    request: Request,
    first_sequence: u64,
    last_sequence: u64,
    lines: usize,
    since: Instant,
}

/// A connection whose answers are read by a thread of its own, which ends with the connection.
#[derive(Debug)]
struct Link {
    address: SocketAddr,
    sender: Sender,
    answers: Receiver<Answer>,
    /// The ids of the requests on the way, oldest first.
    asked: VecDeque<RequestId>,
    /// Whether this node has acknowledged something: only then more than one batch is sent.
    proven: bool,
    heard_at: Instant,
}

type Answer = (Instant, Result<(RequestId, Response), ClientError>);

/// Which node is tried next.
#[derive(Debug, Default)]
struct Route {
    next: usize,
    hint: Option<SocketAddr>,
    failures: u32,
}

impl Appender {
    /// A new session. Connects when there is something to send.
    ///
    /// # Errors
    ///
    /// When the system has no source of randomness for the session's id.
    pub fn new(config: AppenderConfig) -> std::io::Result<Self> {
        let client = ClientId::new(super::random_u64()?);
        Ok(Self {
            config,
            client,
            next_sequence: 1,
            acknowledged: 0,
            open: Vec::new(),
            open_bytes: 0,
            window: VecDeque::new(),
            window_lines: 0,
            sent: 0,
            ever_sent: false,
            link: None,
            links: 0,
            route: Route::default(),
            progress_at: now(),
            acks: Vec::new(),
            last_error: None,
        })
    }

    /// Takes one line. Blocks while as many lines as allowed are under way.
    ///
    /// # Errors
    ///
    /// When the line is too long (it is not taken), or the session has failed: then it cannot be used any more.
    pub fn push(&mut self, line: &[u8]) -> Result<(), ClientError> {
        if line.len() > LINE_BYTES_MAX {
            return Err(ClientError::Invalid(ProtocolError::LineTooLong { line: 0, bytes: line.len() }));
        }
        if self.open_bytes + line.len() > BATCH_BYTES_MAX {
            self.seal()?;
        }
        self.open.push(line.to_vec());
        self.open_bytes += line.len() + 4;
        let full = self.open.len() >= self.config.batch_lines_max.min(self.config.outstanding_lines_max);
        if full || self.window.is_empty() {
            self.seal()?;
        }
        self.advance(false)?;
        while self.window_lines + self.open.len() >= self.config.outstanding_lines_max
            && !self.window.is_empty()
        {
            self.advance(true)?;
        }
        Ok(())
    }

    /// Waits until every line that was pushed is acknowledged.
    ///
    /// # Errors
    ///
    /// When the session has failed.
    pub fn flush(&mut self) -> Result<(), ClientError> {
        self.seal()?;
        while !self.window.is_empty() {
            self.advance(true)?;
        }
        Ok(())
    }

    /// What was acknowledged since the last call, oldest first.
    pub fn acks(&mut self) -> Vec<Ack> {
        mem::take(&mut self.acks)
    }

    /// Lines acknowledged so far: the first that many of those pushed.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// The session's id.
    #[must_use]
    pub const fn client(&self) -> ClientId {
        self.client
    }

    /// How many connections the session has had.
    #[must_use]
    pub const fn links(&self) -> u64 {
        self.links
    }

    fn seal(&mut self) -> Result<(), ClientError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let lines = mem::take(&mut self.open);
        self.open_bytes = 0;
        let batch = Batch::new(self.client, self.next_sequence, &lines).map_err(ClientError::Invalid)?;
        let (first_sequence, last_sequence) = (batch.first_sequence(), batch.last_sequence());
        self.next_sequence = last_sequence + 1;
        self.window_lines += lines.len();
        let sealed_at = now();
        if self.window.is_empty() {
            self.progress_at = sealed_at;
        }
        let (request, lines) = (Request::Append(batch), lines.len());
        self.window.push_back(InFlight { request, first_sequence, last_sequence, lines, since: sealed_at });
        Ok(())
    }

    /// Sends what may be sent and takes the answers that are there; with `wait`, waits for one if there is none.
    fn advance(&mut self, wait: bool) -> Result<(), ClientError> {
        if self.window.is_empty() {
            return Ok(());
        }
        let step = match self.link.take() {
            None => self.connect(),
            Some(mut link) => match self.drive(&mut link, wait) {
                Ok(()) => {
                    self.link = Some(link);
                    Ok(())
                }
                Err(error) => {
                    link.sender.close();
                    self.sent = 0;
                    Err(error)
                }
            },
        };
        match step {
            Ok(()) => Ok(()),
            Err(error) => self.recover(error, wait),
        }
    }

    fn connect(&mut self) -> Result<(), ClientError> {
        let address = self.route.choose(&self.config.addresses).ok_or_else(|| self.gave_up())?;
        let connection = Connection::open(address, self.config.answer_timeout)?;
        self.links += 1;
        self.link = Some(Link::new(address, connection)?);
        Ok(())
    }

    fn drive(&mut self, link: &mut Link, wait: bool) -> Result<(), ClientError> {
        self.send_window(link)?;
        let mut heard = false;
        while let Some(answer) = link.try_answer()? {
            self.take_answer(link, answer)?;
            heard = true;
        }
        if wait && !heard {
            let answer = link.wait_answer(self.config.answer_timeout)?;
            self.take_answer(link, answer)?;
        }
        Ok(())
    }

    fn send_window(&mut self, link: &mut Link) -> Result<(), ClientError> {
        let may_send = if link.proven { self.window.len() } else { 1 };
        if self.sent >= may_send {
            return Ok(());
        }
        for batch in self.window.iter().take(may_send).skip(self.sent) {
            if link.asked.is_empty() {
                link.heard_at = now();
            }
            self.ever_sent = true;
            link.asked.push_back(link.sender.send(&batch.request)?);
            self.sent += 1;
        }
        link.sender.flush()
    }

    fn take_answer(&mut self, link: &mut Link, answer: Answer) -> Result<(), ClientError> {
        let (at, answer) = answer;
        let (id, response) = answer?;
        let address = link.address;
        link.heard_at = at;
        let expected = link.asked.pop_front();
        match response {
            Response::Refused(refusal) => return Err(ClientError::Refused { address, refusal }),
            Response::Appended(appended) if expected == Some(id) => {
                let Some(done) = self.window.pop_front() else {
                    return Err(ClientError::Mismatch { address });
                };
                if appended.last_sequence != done.last_sequence {
                    self.window.push_front(done);
                    return Err(ClientError::Mismatch { address });
                }
                self.sent -= 1;
                self.window_lines -= done.lines;
                self.acknowledged = done.last_sequence;
                self.progress_at = at;
                self.last_error = None;
                self.route.proved();
                link.proven = true;
                self.acks.push(Ack {
                    first_sequence: done.first_sequence,
                    last_sequence: done.last_sequence,
                    address,
                    link: self.links,
                    at,
                    latency: at.saturating_duration_since(done.since),
                });
            }
            Response::Appended(_)
            | Response::Status(_)
            | Response::Entries(_)
            | Response::BarrierPassed { .. } => return Err(ClientError::Mismatch { address }),
        }
        self.send_window(link)
    }

    /// Decides where to go after an error; pauses a little when the caller waits anyway.
    fn recover(&mut self, error: ClientError, wait: bool) -> Result<(), ClientError> {
        self.route.hint = None;
        if let ClientError::Refused { refusal, address } = &error {
            match refusal {
                Refusal::NotLeader { leader } => {
                    self.route.hint = leader.and_then(|leader| leader.client_address);
                }
                // Batches behind one that was not taken whole find a gap; the oldest one finds none, unless the
                // session itself is gone.
                Refusal::Gap { expected } if *expected < self.oldest() => {
                    return Err(ClientError::SessionLost { next: self.oldest(), expected: *expected });
                }
                Refusal::TooLarge { .. } | Refusal::Malformed { .. } | Refusal::Unreadable { .. } => {
                    return Err(error);
                }
                Refusal::Full | Refusal::Superseded | Refusal::Gap { .. } => self.route.hint = Some(*address),
                Refusal::NoQuorum
                | Refusal::Transferring { .. }
                | Refusal::Stopping { .. }
                | Refusal::Crowded { .. } => {}
            }
        }
        let interval = self.route.failed();
        self.last_error = Some(Box::new(error));
        if self.progress_at.elapsed() >= self.config.patience {
            return Err(self.gave_up());
        }
        if wait {
            pause(interval);
        }
        Ok(())
    }

    /// The oldest line that is not acknowledged.
    const fn oldest(&self) -> u64 {
        self.acknowledged + 1
    }

    fn gave_up(&mut self) -> ClientError {
        let (acknowledged, last) = (self.acknowledged, self.last_error.take());
        match last {
            Some(last) if self.ever_sent => {
                ClientError::Uncertain { acknowledged, unanswered: self.window_lines as u64, last }
            }
            last => ClientError::GaveUp { acknowledged, last },
        }
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            link.sender.close();
        }
    }
}

impl Link {
    fn new(address: SocketAddr, connection: Connection) -> Result<Self, ClientError> {
        let Connection { sender, receiver } = connection;
        receiver.wait_for_ever()?;
        // Bounded, though no honest node answers more often than it is asked: one that does waits.
        let (answer, answers) = sync_channel(1024);
        let reader =
            thread::Builder::new().name("answers".to_owned()).spawn(move || read_answers(receiver, &answer));
        reader.map_err(|error| ClientError::Unreachable { address, error })?;
        Ok(Self { address, sender, answers, asked: VecDeque::new(), proven: false, heard_at: now() })
    }

    fn try_answer(&self) -> Result<Option<Answer>, ClientError> {
        match self.answers.try_recv() {
            Ok(answer) => Ok(Some(answer)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(ClientError::Closed { address: self.address }),
        }
    }

    fn wait_answer(&self, timeout: Duration) -> Result<Answer, ClientError> {
        let left = timeout.saturating_sub(self.heard_at.elapsed());
        self.answers.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Disconnected => ClientError::Closed { address: self.address },
            RecvTimeoutError::Timeout => ClientError::Unreachable {
                address: self.address,
                error: std::io::Error::new(
                    std::io::ErrorKind::TimedOut,
                    format!("no answer for {timeout:?}"),
                ),
            },
        })
    }
}

fn read_answers(mut receiver: connection::Receiver, answers: &SyncSender<Answer>) {
    loop {
        let answer = receiver.receive();
        let over = answer.is_err();
        // A session that has gone on to another link does not listen any more.
        if answers.send((now(), answer)).is_err() || over {
            return;
        }
    }
}

impl Route {
    /// The node to try: where a refusal pointed to, or the next one in turn.
    fn choose(&mut self, addresses: &[SocketAddr]) -> Option<SocketAddr> {
        if let Some(hint) = self.hint.take() {
            return Some(hint);
        }
        let address = addresses.get(self.next % addresses.len().max(1)).copied();
        self.next = self.next.wrapping_add(1);
        address
    }

    const fn proved(&mut self) {
        self.failures = 0;
    }

    /// The pause before the next attempt.
    fn failed(&mut self) -> Duration {
        let pause = PAUSE_MIN.saturating_mul(1_u32.checked_shl(self.failures.min(10)).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        pause.min(PAUSE_MAX)
    }
}

#[cfg(test)]
mod tests;
