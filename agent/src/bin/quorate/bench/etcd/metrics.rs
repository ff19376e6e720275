//! What a member tells of its syncs at `/metrics`.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::Failure;

const TIMEOUT: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: u64 = 4 << 20;
/// Syncs of the write-ahead log, and commits of the store, each of which is one sync.
const COUNTERS: [&str; 2] =
    ["etcd_disk_wal_fsync_duration_seconds_count", "etcd_disk_backend_commit_duration_seconds_count"];

/// How many syncs the member has made.
pub(crate) fn syncs(address: SocketAddr) -> Result<u64, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    // The old version: the answer comes in one piece, and the end of the connection ends it.
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    parse(&answer).ok_or_else(|| Failure::new(format!("etcd at {address} does not count its syncs")))
}

fn parse(answer: &str) -> Option<u64> {
    COUNTERS.into_iter().try_fold(0, |sum, counter| {
        let line = answer.lines().find_map(|line| line.strip_prefix(counter)?.strip_prefix(' '))?;
        Some(sum + line.trim().parse::<u64>().ok()?)
    })
}

#[cfg(test)]
mod tests;
