//! A connection that carries the requests of many clients, each of them a session of its own.

use std::{
    collections::VecDeque,
    io::{BufReader, BufWriter, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use agent::{
    ClientId,
    protocol::{
        Appended, Batch, GREETING_BYTES, Greeting, Request, RequestId, Response, VERSION, read_frame,
        write_frame,
    },
};

use crate::{
    Failure,
    bench::{load::Wire, noise::Noise},
};

/// How long the node may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// One client: what of its lines is acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) client: ClientId,
    pub(crate) acknowledged: u64,
}

pub(crate) struct OurWire {
    address: SocketAddr,
    reader: BufReader<TcpStream>,
    writer: BufWriter<TcpStream>,
    sessions: Vec<Session>,
    /// Whose requests are under way, in the order of their answers.
    asked: VecDeque<(RequestId, usize)>,
    next_id: RequestId,
    content: Vec<u8>,
    noise: Noise,
    batch: u64,
}

impl OurWire {
    pub(crate) fn open(
        address: SocketAddr,
        sessions: Vec<Session>,
        noise: Noise,
        batch: u64,
    ) -> Result<Self, Failure> {
        let failed = |what: &dyn std::fmt::Display| Failure::new(format!("{address}: {what}"));
        let mut stream = TcpStream::connect(address).map_err(|error| failed(&error))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        stream.set_write_timeout(Some(SILENCE_MAX))?;
        stream.write_all(&Greeting::OWN.encode())?;
        let mut greeting = [0; GREETING_BYTES];
        stream.read_exact(&mut greeting)?;
        if Greeting::decode(greeting).map_err(|error| failed(&error))?.version != VERSION {
            return Err(failed(&"speaks another version of the client protocol"));
        }
        Ok(Self {
            address,
            reader: BufReader::with_capacity(64 << 10, stream.try_clone()?),
            writer: BufWriter::with_capacity(64 << 10, stream),
            asked: VecDeque::with_capacity(sessions.len()),
            sessions,
            next_id: 1,
            content: Vec::new(),
            noise,
            batch,
        })
    }

    /// Every client, with what of its lines is acknowledged.
    pub(crate) fn close(self) -> Vec<Session> {
        self.sessions
    }

    fn failed(&self, what: &dyn std::fmt::Display) -> Failure {
        Failure::new(format!("{}: {what}", self.address))
    }
}

impl Wire for OurWire {
    fn clients(&self) -> usize {
        self.sessions.len()
    }

    fn ask(&mut self, client: usize) -> Result<(), Failure> {
        let Session { client: id, acknowledged } = self.sessions[client];
        let first = acknowledged + 1;
        let lines = (first..first + self.batch).map(|sequence| self.noise.line(id.get(), sequence));
        let request = Request::Append(Batch::new(id, first, lines)?);
        request.encode(self.next_id, &mut self.content);
        write_frame(&mut self.writer, &self.content).map_err(|error| self.failed(&error))?;
        self.asked.push_back((self.next_id, client));
        self.next_id += 1;
        Ok(())
    }

    fn answered(&mut self) -> Result<usize, Failure> {
        if self.reader.buffer().is_empty() {
            self.writer.flush()?;
        }
        let content = read_frame(&mut self.reader).map_err(|error| self.failed(&error))?;
        let content = content.ok_or_else(|| self.failed(&"closed the connection"))?;
        let (id, response) = Response::decode(content).map_err(|error| self.failed(&error))?;
        let asked = self.asked.pop_front().filter(|(asked, _)| *asked == id);
        let (_, client) = asked.ok_or_else(|| self.failed(&"answers what was not asked"))?;
        let expected = self.sessions[client].acknowledged + self.batch;
        match response {
            Response::Appended(Appended { last_sequence, .. }) if last_sequence == expected => {
                self.sessions[client].acknowledged = expected;
                Ok(client)
            }
            Response::Refused(refusal) => Err(self.failed(&refusal)),
            Response::Appended(_)
            | Response::Status(_)
            | Response::Entries(_)
            | Response::BarrierPassed { .. } => Err(self.failed(&"gives an answer to another question")),
        }
    }
}
