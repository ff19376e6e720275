use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use bytes::Bytes;

use super::{ClientError, Connection};
use crate::{
    entry::{ClientId, LineEntry},
    lines::Summary,
    protocol::{FRAME_BYTES_MAX, ListedEntry, Request, Response},
    sessions::{Sessions, Verdict},
};

/// Reads the whole list back from one node's disk, in bounded chunks.
///
/// The node sends the entries of its log; which of them count is judged here, by the same rule as in every node
/// ([`Sessions`]). What comes out is therefore what the node has stored, and not what it believes.
#[derive(Debug)]
pub struct Lister {
    connection: Connection,
    next: u64,
    until: Option<u64>,
    waiting: VecDeque<ListedEntry>,
    sessions: Sessions,
    summary: Summary,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLine {
    /// The log index of its entry.
    pub index: u64,
    /// Who sent it.
    pub client: ClientId,
    /// Its number in the session.
    pub sequence: u64,
    /// The line.
    pub line: Bytes,
}

impl Lister {
    /// Starts at the first entry; goes up to what the node has applied when it is first asked.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub fn open(address: SocketAddr, timeout: Duration) -> Result<Self, ClientError> {
        let connection = Connection::open(address, timeout)?;
        Ok(Self {
            connection,
            next: 1,
            until: None,
            waiting: VecDeque::new(),
            sessions: Sessions::default(),
            summary: Summary::default(),
        })
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`Connection::call`], and [`ClientError::Mismatch`] when the node's entries do not rise.
    pub fn next_line(&mut self) -> Result<Option<ListedLine>, ClientError> {
        loop {
            while let Some(entry) = self.waiting.pop_front() {
                let Ok(found) = LineEntry::decode(&entry.payload) else { continue };
                if self.sessions.admit(found.client, found.sequence, entry.index) == Verdict::New {
                    self.summary.push(found.line);
                    let line = entry.payload.slice_ref(found.line);
                    let (index, client, sequence) = (entry.index, found.client, found.sequence);
                    return Ok(Some(ListedLine { index, client, sequence, line }));
                }
            }
            if self.until.is_some_and(|until| self.next > until) {
                return Ok(None);
            }
            self.fetch()?;
        }
    }

    /// Number and checksum of the lines that came out so far.
    #[must_use]
    pub const fn summary(&self) -> Summary {
        self.summary
    }

    fn fetch(&mut self) -> Result<(), ClientError> {
        let bytes_max = u32::try_from(FRAME_BYTES_MAX / 2).unwrap_or(u32::MAX);
        let mismatch = ClientError::Mismatch { address: self.connection.address() };
        let Response::Entries(chunk) = self.connection.call(&Request::List { from: self.next, bytes_max })?
        else {
            return Err(mismatch);
        };
        let until = *self.until.get_or_insert(chunk.applied);
        let mut last = self.next - 1;
        for entry in &chunk.entries {
            if entry.index <= last || entry.index >= chunk.next {
                return Err(mismatch);
            }
            last = entry.index;
        }
        // No step forward before the end would be a loop without end.
        if chunk.next <= self.next && self.next <= until {
            return Err(mismatch);
        }
        self.next = chunk.next;
        self.waiting.extend(chunk.entries.into_iter().filter(|entry| entry.index <= until));
        Ok(())
    }
}
