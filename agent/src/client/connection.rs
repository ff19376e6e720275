use std::{
    io::{BufReader, BufWriter, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use super::ClientError;
use crate::protocol::{
    FrameError, GREETING_BYTES, Greeting, NodeStatus, Request, RequestId, Response, VERSION, read_frame,
    write_frame,
};

/// One connection to one node. Not shared: one question after the other.
#[derive(Debug)]
pub struct Connection {
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
}

/// The half that asks.
#[derive(Debug)]
pub(super) struct Sender {
    address: SocketAddr,
    stream: BufWriter<TcpStream>,
    next_id: RequestId,
    scratch: Vec<u8>,
}

/// The half that hears the answers, in the order of the questions.
#[derive(Debug)]
pub(super) struct Receiver {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects and exchanges greetings. `timeout` bounds that, and each wait for an answer afterwards.
    ///
    /// # Errors
    ///
    /// When nobody answers in time, or not a node of this version.
    pub fn open(address: SocketAddr, timeout: Duration) -> Result<Self, ClientError> {
        let unreachable = |error| ClientError::Unreachable { address, error };
        let mut stream = TcpStream::connect_timeout(&address, timeout).map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        stream.set_read_timeout(Some(timeout)).map_err(unreachable)?;
        stream.set_write_timeout(Some(timeout)).map_err(unreachable)?;
        stream.write_all(&Greeting::OWN.encode()).map_err(unreachable)?;
        let mut greeting = [0; GREETING_BYTES];
        stream.read_exact(&mut greeting).map_err(unreachable)?;
        let theirs =
            Greeting::decode(greeting).map_err(|error| ClientError::Frame { address, error })?.version;
        if theirs != VERSION {
            return Err(ClientError::OtherVersion { address, theirs });
        }
        let reading = stream.try_clone().map_err(unreachable)?;
        Ok(Self {
            sender: Sender { address, stream: BufWriter::new(stream), next_id: 1, scratch: Vec::new() },
            receiver: Receiver { address, stream: BufReader::new(reading) },
        })
    }

    /// Asks, and waits for the answer; a refusal is an error here.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`], or whatever befell the connection; then open another.
    pub fn call(&mut self, request: &Request) -> Result<Response, ClientError> {
        let address = self.sender.address;
        let asked = self.sender.send(request)?;
        self.sender.flush()?;
        let (id, response) = self.receiver.receive()?;
        // A node that refuses the connection as such does so before it has read a request, under the id 0.
        match response {
            Response::Refused(refusal) if id == asked || id == 0 => {
                Err(ClientError::Refused { address, refusal })
            }
            response if id == asked => Ok(response),
            Response::Appended(_)
            | Response::Status(_)
            | Response::Entries(_)
            | Response::BarrierPassed { .. }
            | Response::Refused(_) => Err(ClientError::Mismatch { address }),
        }
    }

    /// Asks how the node is.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn status(&mut self) -> Result<NodeStatus, ClientError> {
        match self.call(&Request::Status)? {
            Response::Status(status) => Ok(*status),
            Response::Appended(_)
            | Response::Entries(_)
            | Response::BarrierPassed { .. }
            | Response::Refused(_) => Err(ClientError::Mismatch { address: self.address() }),
        }
    }

    /// The node's address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.sender.address
    }
}

impl Sender {
    /// Puts the question into the buffer; returns its id.
    pub(super) fn send(&mut self, request: &Request) -> Result<RequestId, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        request.encode(id, &mut self.scratch);
        let written = write_frame(&mut self.stream, &self.scratch);
        written.map_err(|error| ClientError::Frame { address: self.address, error })?;
        Ok(id)
    }

    pub(super) fn flush(&mut self) -> Result<(), ClientError> {
        let address = self.address;
        self.stream.flush().map_err(|error| ClientError::Frame { address, error: FrameError::Io(error) })
    }

    /// Ends both directions, so that whoever reads from the connection hears of it.
    pub(super) fn close(&self) {
        // An error says that it is closed already.
        let _closed = self.stream.get_ref().shutdown(Shutdown::Both);
    }
}

impl Receiver {
    pub(super) fn receive(&mut self) -> Result<(RequestId, Response), ClientError> {
        let address = self.address;
        let content = read_frame(&mut self.stream).map_err(|error| ClientError::Frame { address, error })?;
        let content = content.ok_or(ClientError::Closed { address })?;
        Response::decode(content).map_err(|error| ClientError::Protocol { address, error })
    }

    /// For a thread that reads all the time: silence is no error there.
    pub(super) fn wait_for_ever(&self) -> Result<(), ClientError> {
        let address = self.address;
        let set = self.stream.get_ref().set_read_timeout(None);
        set.map_err(|error| ClientError::Unreachable { address, error })
    }
}

/// 64 bits from the system's source of randomness, for names that nobody else has; never zero.
///
/// # Errors
///
/// When the system has no such source.
pub fn random_u64() -> std::io::Result<u64> {
    Ok(getrandom::u64().map_err(std::io::Error::from)?.max(1))
}
