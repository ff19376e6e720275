//! Fetches every line from a node's disk and compares it with what was sent.

use std::{net::SocketAddr, time::Duration};

use agent::{ClientId, client::Lister, lines::Summary};

use super::source::Source;
use crate::{Failure, progress::Progress};

const TIMEOUT: Duration = Duration::from_secs(10);

/// What one node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Acknowledged lines that are there, at their place and to the byte.
    pub(crate) lines: u64,
    /// Whether nothing stands between them, before them or in another order.
    pub(crate) order_kept: bool,
    /// Number and checksum of everything that the node has.
    pub(crate) summary: Summary,
    /// The first difference, in words.
    pub(crate) difference: Option<String>,
}

/// Compares the node at `address` with the lines of `client` that were sent from `source`.
pub(crate) fn compare(
    address: SocketAddr,
    client: ClientId,
    source: &Source,
    progress: &mut Progress,
) -> Result<Found, Failure> {
    let mut lister = Lister::open(address, TIMEOUT)?;
    let mut pass = source.pass()?;
    let mut found = Found { lines: 0, order_kept: true, summary: Summary::default(), difference: None };
    let mut place = 0_u64;
    while let Some(listed) = lister.next_line()? {
        place += 1;
        let expected = pass.next_line()?;
        let difference = match &expected {
            None => Some(format!("line {place} is one more than was sent")),
            Some(_) if listed.client != client => {
                Some(format!("line {place} is of another client, {}", listed.client))
            }
            Some(_) if listed.sequence != place => {
                Some(format!("line {} stands at place {place}", listed.sequence))
            }
            Some(line) if listed.line != line.as_slice() => {
                Some(format!("line {place} has other bytes than were sent"))
            }
            Some(_) => None,
        };
        match difference {
            None => found.lines += 1,
            Some(difference) => {
                found.order_kept = false;
                found.difference.get_or_insert(difference);
            }
        }
        progress.count(&format!("comparing {address}"), place, source.lines());
    }
    if found.difference.is_none() && pass.next_line()?.is_some() {
        found.difference = Some(format!("line {} and whatever follows it is missing", place + 1));
    }
    found.summary = lister.summary();
    Ok(found)
}
