//! One client's connection.

use std::{
    io::{self, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use super::{
    answers::{Answer, Answers, Pushed},
    lent::{Lending, Quiet},
};
use crate::{
    config::Limits,
    node::NodeHandle,
    protocol::{
        FrameError, GREETING_BYTES, Greeting, Refusal, Request, Response, VERSION, read_frame, write_frame,
    },
};

/// How long a client has for its greeting.
const GREETING_TIMEOUT: Duration = Duration::from_secs(2);
const REFUSE_TIMEOUT: Duration = Duration::from_millis(100);
/// How long a connection may be silent, and how long a client may not take its answers.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long answers that are still to come are waited for when the client asks nothing more.
const LEAVE_TIMEOUT: Duration = Duration::from_millis(200);

pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(GREETING_TIMEOUT))?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))
}

/// Says that there is no room, without a thread: what is written fits the socket's empty buffer, and the client has
/// a moment only.
pub(super) fn refuse(mut stream: &TcpStream, connections_max: usize) -> io::Result<()> {
    let connections_max = u32::try_from(connections_max).unwrap_or(u32::MAX);
    let mut content = Vec::new();
    Response::Refused(Refusal::Crowded { connections_max }).encode(0, &mut content);
    stream.set_read_timeout(Some(REFUSE_TIMEOUT))?;
    // Its greeting is read first: a socket closed with unread bytes would throw away what we say.
    stream.read_exact(&mut [0; GREETING_BYTES])?;
    stream.write_all(&Greeting::OWN.encode())?;
    write_frame(&mut stream, &content).map_err(|_| io::ErrorKind::Other)?;
    stream.shutdown(Shutdown::Write)
}

/// Answers one client until it leaves, errs or falls silent.
pub(super) fn serve(stream: &TcpStream, lending: &Arc<Lending>, node: &NodeHandle, limits: &Limits) {
    if greet(stream).is_err() {
        let _closed = stream.shutdown(Shutdown::Both);
        return;
    }
    let Ok(writing) = stream.try_clone() else { return };
    let answers = Answers::new(writing, limits.requests_max);
    thread::scope(|scope| {
        let (writer, answers) = (thread::Builder::new().name("quorate-answers".to_owned()), &answers);
        let writer = writer.spawn_scoped(scope, move || {
            let over = answers.write(LEAVE_TIMEOUT);
            // Ends the reader's wait; after a clean end there is none.
            let _closed = stream.shutdown(if over.is_err() { Shutdown::Both } else { Shutdown::Write });
        });
        if writer.is_ok() {
            read_requests(stream, lending, node, answers);
        }
        answers.leave();
    });
    let _closed = stream.shutdown(Shutdown::Both);
}

fn greet(mut stream: &TcpStream) -> Result<(), FrameError> {
    let mut greeting = [0; GREETING_BYTES];
    stream.read_exact(&mut greeting)?;
    let theirs = Greeting::decode(greeting)?;
    stream.write_all(&Greeting::OWN.encode())?;
    stream.set_read_timeout(Some(IDLE_TIMEOUT))?;
    // A client of another version reads ours, and knows why the connection ends.
    if theirs.version == VERSION { Ok(()) } else { Err(FrameError::Stranger { greeting }) }
}

fn read_requests(stream: &TcpStream, lending: &Arc<Lending>, node: &NodeHandle, answers: &Arc<Answers>) {
    let mut reader = BufReader::with_capacity(64 << 10, Input { unused: Vec::new(), stream });
    let mut quiet = Quiet::new();
    loop {
        let content = match read_frame(&mut reader) {
            Ok(Some(content)) => content,
            Ok(None) | Err(FrameError::Io(_)) => return,
            Err(error) => {
                let _told = answers.push(0, malformed(error.to_string()));
                return;
            }
        };
        let (id, answer, last) = match Request::decode(content) {
            Ok((id, request)) => (id, ask(node, &request), false),
            Err(error) => (0, malformed(error.to_string()), true),
        };
        let pushed = answers.push(id, answer);
        if pushed == Pushed::Failed || last {
            return;
        }
        if quiet.asked(pushed == Pushed::Alone && reader.buffer().is_empty()) {
            let Some(back) = lending.lend(node, answers, IDLE_TIMEOUT) else { return };
            quiet.given_back(back.served);
            reader.get_mut().unused = back.unused;
        }
    }
}

/// What was read on our behalf, and then the stream itself.
struct Input<'a> {
    unused: Vec<u8>,
    stream: &'a TcpStream,
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.unused.is_empty() {
            return self.stream.read(into);
        }
        let read = self.unused.as_slice().read(into)?;
        self.unused.drain(..read);
        Ok(read)
    }
}

fn ask(node: &NodeHandle, request: &Request) -> Answer {
    match request {
        Request::Append(batch) => Answer::Append(node.append(batch)),
        Request::Barrier => Answer::Barrier(node.barrier()),
        Request::List { from, bytes_max } => Answer::List(node.list(*from, *bytes_max as usize)),
        Request::Status => Answer::Now(match node.status() {
            Ok(status) => Response::Status(Box::new(status)),
            Err(refusal) => Response::Refused(refusal),
        }),
    }
}

const fn malformed(reason: String) -> Answer {
    Answer::Now(Response::Refused(Refusal::Malformed { reason }))
}
