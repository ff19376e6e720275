//! What a run of the cluster leaves for seeds of other targets.

use bytes::Bytes;
use machine_core::{NodeId, WriteId};
use raft_core::Write;

/// What was said by all, and what node 1 was told and wrote.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Every message in the wire's form, in the order in which they were sent; some never arrived.
    pub letters: Vec<Letter>,
    /// What node 1's disk went through.
    pub disk: Vec<OnDisk>,
    /// Node 1's calls, as `raft_step` reads them.
    pub(super) calls: Vec<u8>,
    /// The newest write of this life.
    newest: WriteId,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Who sent it.
    pub from: NodeId,
    /// Whom it was sent to.
    pub to: NodeId,
    /// What `raft_core::wire` made of it.
    pub bytes: Bytes,
}

/// One step of a disk.
#[derive(Clone, Debug)]
pub enum OnDisk {
    /// A write was handed out.
    Write(Write),
    /// The oldest unfinished writes became durable.
    Sync {
        /// So many at most.
        most: usize,
    },
    /// The power failed.
    Crash {
        /// So many of the unfinished writes became durable before.
        kept: usize,
    },
}

impl Record {
    /// An input of `raft_step` that repeats node 1's part of the run.
    #[must_use]
    pub fn as_calls(&self) -> Vec<u8> {
        // The first byte chooses a group of three.
        [&[0], &self.calls[..]].concat()
    }

    pub(super) fn wrote(&mut self, id: WriteId, write: &Write) {
        if id > self.newest {
            self.newest = id;
            self.disk.push(OnDisk::Write(write.clone()));
        }
    }

    pub(super) fn went_through(&mut self, what: OnDisk) {
        if matches!(what, OnDisk::Crash { .. }) {
            // Ids begin anew.
            self.newest = WriteId::NONE;
        }
        self.disk.push(what);
    }
}
