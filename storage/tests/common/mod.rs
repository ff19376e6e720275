//! What the tests share: short words for writes and logs.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub(crate) mod life;

use bytes::Bytes;
use machine_core::{NodeId, WriteId};
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use storage::{Disk, LogStore, Options, Recovered, Run, State, Wal, Write};

/// Small segments, so that a few writes fill one.
pub(crate) fn options() -> Options {
    Options::new(0xc1, NodeId::of(1), 42).with_segment_bytes(4096).with_record_bytes_max(2048)
}

pub(crate) fn state(text: &str) -> State {
    State::new(text.as_bytes()).expect("short")
}

/// A write whose state and body say which one it is, so that any mix-up shows.
pub(crate) fn write(id: u64, first: u64, count: u32, body_bytes: usize) -> Write {
    let body: Vec<u8> = format!("{id}:{first}:").bytes().cycle().take(body_bytes).collect();
    let run = Run { first, count, mark: id / 4, body: Bytes::from(body) };
    Write { id: WriteId::new(id), state: state(&format!("s{id}")), run: Some(run) }
}

/// A write of a state alone.
pub(crate) fn state_write(id: u64) -> Write {
    Write { id: WriteId::new(id), state: state(&format!("s{id}")), run: None }
}

pub(crate) fn open<D: Disk>(disk: D) -> (Wal<D>, Recovered) {
    Wal::open(disk, options()).expect("the log opens")
}

/// Everything a log holds: the live entries as (position, mark, whole body), and the state.
pub(crate) type Dump = (Option<State>, u64, u64, Vec<(u64, u32, u64, Bytes)>);

pub(crate) fn dump(log: &mut impl LogStore) -> Dump {
    let mut runs = Vec::new();
    let mut position = log.released() + 1;
    while position <= log.last() {
        for stored in log.read(position, 4096).expect("what is held can be read") {
            let run = stored.run;
            position = run.first + u64::from(stored.live);
            runs.push((run.first, stored.live, run.mark, run.body));
        }
    }
    (log.state(), log.released(), log.last(), runs)
}

/// A folder that is removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("quorate-storage-{}-{next}-{name}", std::process::id())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _missing = std::fs::remove_dir_all(&self.0);
    }
}
