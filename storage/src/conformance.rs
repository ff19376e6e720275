//! Checks that any [`LogStore`] can be run against: what [`crate::log`] says in words.
//!
//! ```
//! use storage::{LogStore, MemoryLog, Recovered, conformance::{self, Place}};
//!
//! #[derive(Default)]
//! struct InMemory(MemoryLog);
//!
//! impl Place for InMemory {
//!     type Log<'a> = &'a mut MemoryLog;
//!
//!     fn open(&mut self) -> (&mut MemoryLog, Recovered) {
//!         let recovered = self.0.crash(0);
//!         (&mut self.0, recovered)
//!     }
//! }
//!
//! conformance::run(InMemory::default)?;
//! # Ok::<(), conformance::Failed>(())
//! ```
//!
//! What faults of the disk do is not checked here: run the store over a disk that fails and crashes for that.

use bytes::Bytes;
use core::fmt;
use machine_core::{Rng, WriteId};

use crate::{
    AppendError, LiveRun, LogStore, MemoryLog, ReadError, Recovered, ReleaseError, Run, State, StoredRun,
    Write,
};

/// A place, empty at first, where one log can be kept.
pub trait Place {
    /// The log in it.
    type Log<'a>: LogStore
    where
        Self: 'a;

    /// Opens the log: an empty one the first time, and later the one that was dropped without a last word.
    ///
    /// Panics when that is not possible: there is nothing to check then.
    fn open(&mut self) -> (Self::Log<'_>, Recovered);
}

/// A store does not do what it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The check.
    pub check: &'static str,
    /// What was expected and what was found.
    pub what: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.what)
    }
}

impl core::error::Error for Failed {}

/// Runs every check, each in a place of its own. Bodies are at most 300 bytes.
///
/// # Errors
///
/// The first check that fails.
pub fn run<P: Place>(mut make: impl FnMut() -> P) -> Result<(), Failed> {
    let checks: [(&'static str, Check<P>); 9] = [
        ("an empty log says so", empty),
        ("reads see what was appended", appended_is_read),
        ("a gap, a released or malformed run, a wrong id change nothing", refusals),
        ("a run overwrites from its first position on", overwriting),
        ("reading is bounded, but gives at least one run", bounded),
        ("sync names the last write, and costs nothing twice", receipts),
        ("what was synced is there after opening anew", reopening),
        ("released positions are gone for good", releasing),
        ("a long random life agrees with the model", random_life),
    ];
    for (check, act) in checks {
        act(&mut make()).map_err(|what| Failed { check, what })?;
    }
    Ok(())
}

type Check<P> = fn(&mut P) -> Result<(), String>;

fn empty<P: Place>(place: &mut P) -> Result<(), String> {
    let (mut log, recovered) = place.open();
    same("recovered", &recovered, &Recovered::default())?;
    same("last, released, state", &(log.last(), log.released(), log.state()), &(0, 0, None))?;
    same("read at 1", &log.read(1, 100), &Err(ReadError::Beyond { first: 1, last: 0 }))?;
    same("read at 0", &log.read(0, 100), &Err(ReadError::Released { first: 0, released: 0 }))?;
    same("sync", &log.sync(), &Ok(WriteId::NONE))?;
    same("mark", &log.mark(), &Ok(()))
}

fn appended_is_read<P: Place>(place: &mut P) -> Result<(), String> {
    let (mut log, _) = place.open();
    let writes = [write(1, 1, 3, 30), write(2, 4, 1, 0), write(3, 5, 2, 300)];
    for write in &writes {
        good("append", log.append(write))?;
    }
    let runs: Vec<StoredRun> = writes.iter().filter_map(whole).collect();
    same("all of it", &log.read(1, usize::MAX), &Ok(runs.clone()))?;
    same("from the middle of a run", &log.read(2, usize::MAX), &Ok(runs.clone()))?;
    same("from the second run", &log.read(4, usize::MAX), &Ok(runs[1..].to_vec()))?;
    same("state", &log.state(), &Some(writes[2].state))?;
    let alone = Write { id: WriteId::new(9), state: state(99), run: None };
    good("append a state alone", log.append(&alone))?;
    same("state and last", &(log.state(), log.last()), &(Some(state(99)), 6))
}

fn refusals<P: Place>(place: &mut P) -> Result<(), String> {
    let (mut log, _) = place.open();
    good("append", log.append(&write(5, 1, 3, 30)))?;
    let before = dump(&mut log)?;
    let id = WriteId::new(5);
    same("the same id", &log.append(&write(5, 4, 1, 1)), &Err(AppendError::OutOfOrder { id, last: id }))?;
    same("a gap", &log.append(&write(6, 5, 1, 1)), &Err(AppendError::Gap { first: 5, last: 3 }))?;
    for (first, count) in [(0, 1), (4, 0), (u64::MAX, 1)] {
        let refused = Err(AppendError::Malformed { first, count });
        same("malformed", &log.append(&write(6, first, count, 1)), &refused)?;
    }
    same("release of the largest number", &log.release(u64::MAX), &Err(ReleaseError::Malformed))?;
    same("after refusals", &dump(&mut log)?, &before)?;
    good("append after refusals", log.append(&write(6, 4, 1, 1)))
}

fn overwriting<P: Place>(place: &mut P) -> Result<(), String> {
    let (mut log, _) = place.open();
    let [a, b, c] = [write(1, 1, 4, 40), write(2, 5, 4, 40), write(3, 3, 2, 20)];
    for write in [&a, &b, &c] {
        good("append", log.append(write))?;
    }
    let cut = StoredRun { run: run_of(&a), live: 2 };
    let expected = vec![cut, StoredRun { run: run_of(&c), live: 2 }];
    same("a cut run, a new one", &log.read(1, usize::MAX), &Ok(expected))?;
    same("last", &log.last(), &4)?;
    let d = write(4, 1, 1, 10);
    good("append over everything", log.append(&d))?;
    same("the new one alone", &log.read(1, usize::MAX), &Ok(vec![StoredRun { run: run_of(&d), live: 1 }]))?;
    same("beyond", &log.read(2, 1), &Err(ReadError::Beyond { first: 2, last: 1 }))
}

fn bounded<P: Place>(place: &mut P) -> Result<(), String> {
    let (mut log, _) = place.open();
    for id in 1..=10 {
        good("append", log.append(&write(id, id, 1, 100)))?;
    }
    let each = 100 + Run::OVERHEAD_BYTES;
    for (bytes_max, count) in [(0, 1), (each, 1), (2 * each - 1, 1), (2 * each, 2), (100 * each, 9)] {
        let read = log.read(2, bytes_max).map(|runs| runs.len());
        same(&format!("runs within {bytes_max} bytes"), &read, &Ok(count))?;
    }
    Ok(())
}

fn receipts<P: Place>(place: &mut P) -> Result<(), String> {
    let (mut log, _) = place.open();
    good("append", log.append(&write(3, 1, 1, 10)))?;
    good("append", log.append(&write(7, 2, 1, 10)))?;
    same("sync", &log.sync(), &Ok(WriteId::new(7)))?;
    same("mark", &log.mark(), &Ok(()))?;
    same("sync again", &log.sync(), &Ok(WriteId::new(7)))?;
    drop(log);
    let (mut log, _) = place.open();
    same("sync after opening anew", &log.sync(), &Ok(WriteId::NONE))?;
    good("ids begin anew", log.append(&write(1, 3, 1, 10)))
}

fn reopening<P: Place>(place: &mut P) -> Result<(), String> {
    let (mut log, _) = place.open();
    for id in 1..=5 {
        good("append", log.append(&write(id, id, 1, 50)))?;
    }
    good("append over", log.append(&write(6, 4, 3, 50)))?;
    good("sync", log.sync().map(drop))?;
    let before = dump(&mut log)?;
    good("append", log.append(&write(7, 7, 1, 10)))?;
    drop(log);
    let (mut log, recovered) = place.open();
    match log.last() {
        6 => same("what was synced", &dump(&mut log)?, &before)?,
        last => same("or also what was appended", &(last, log.state()), &(7, Some(state(7))))?,
    }
    let live = joined(dump(&mut log)?.runs.iter().map(|(live, _)| *live));
    same("recovered runs", &joined(recovered.runs.iter().copied()), &live)?;
    let rest = (recovered.state, recovered.last, recovered.released);
    same("recovered state, last, released", &rest, &(log.state(), log.last(), 0))
}

fn releasing<P: Place>(place: &mut P) -> Result<(), String> {
    let (mut log, _) = place.open();
    for id in 1..=4 {
        good("append", log.append(&write(id, id * 3 - 2, 3, 50)))?;
    }
    good("release", log.release(5))?;
    good("release of less", log.release(2))?;
    same("sync", &log.sync(), &Ok(WriteId::new(4)))?;
    same("released", &log.released(), &5)?;
    same("released read", &log.read(5, 1), &Err(ReadError::Released { first: 5, released: 5 }))?;
    let over = Err(AppendError::Released { first: 5, released: 5 });
    same("overwriting what is released", &log.append(&write(5, 5, 1, 1)), &over)?;
    let whole = log.read(6, 0);
    same(
        "a run that is released in part",
        &whole,
        &Ok(vec![StoredRun { run: run_of(&write(2, 4, 3, 50)), live: 3 }]),
    )?;
    good("append", log.append(&write(5, 6, 1, 1)))?;
    good("release beyond the last", log.release(100))?;
    same("last, released", &(log.last(), log.released()), &(100, 100))?;
    drop(log);
    let (mut log, recovered) = place.open();
    same("recovered", &(recovered.last, recovered.released, recovered.runs), &(100, 100, Vec::new()))?;
    same("state", &log.state(), &Some(state(5)))?;
    same("a gap", &log.append(&write(1, 102, 1, 1)), &Err(AppendError::Gap { first: 102, last: 100 }))?;
    good("append", log.append(&write(1, 101, 1, 1)))
}

/// Appends, overwrites, syncs, releases and reopens at random, beside [`MemoryLog`].
fn random_life<P: Place>(place: &mut P) -> Result<(), String> {
    let mut rng = Rng::new(7);
    let mut model = MemoryLog::new();
    for opening in 0..8 {
        let (mut log, _) = place.open();
        model.crash(usize::MAX);
        same(&format!("opening {opening}"), &dump(&mut log)?, &dump(&mut model)?)?;
        for id in 1..=60 {
            match rng.below(20) {
                0 => {
                    let up_to = model.released() + rng.below(20);
                    same("release", &log.release(up_to), &model.release(up_to))?;
                }
                1 => same("mark", &log.mark(), &Ok(()))?,
                2..6 => same("sync", &log.sync(), &model.sync())?,
                kind => {
                    // Mostly at the end, sometimes overwriting, sometimes refused.
                    let back = if kind < 10 { rng.below(12) } else { 0 };
                    let first = (model.last() + 1).saturating_sub(back) + u64::from(kind == 19);
                    let count = u32::try_from(1 + rng.below(5)).map_err(|error| error.to_string())?;
                    let body_bytes = usize::try_from(rng.below(300)).map_err(|error| error.to_string())?;
                    let write = write(id, first, count, body_bytes);
                    same("append", &log.append(&write), &model.append(&write))?;
                }
            }
        }
        same("the whole", &dump(&mut log)?, &dump(&mut model)?)?;
        same("sync", &log.sync(), &model.sync())?;
    }
    Ok(())
}

/// Everything a log holds.
#[derive(Debug, PartialEq)]
struct Dump {
    state: Option<State>,
    last: u64,
    released: u64,
    runs: Vec<(LiveRun, Run)>,
}

fn dump(log: &mut impl LogStore) -> Result<Dump, String> {
    let (state, last, released) = (log.state(), log.last(), log.released());
    let mut runs = Vec::new();
    let mut position = released + 1;
    while position <= last {
        let read = log.read(position, 700).map_err(|error| format!("read at {position}: {error}"))?;
        for StoredRun { run, live } in read {
            let next = run.first.saturating_add(u64::from(live));
            if run.first > position || next <= position {
                return Err(format!("read at {position}: {live} live from {}", run.first));
            }
            position = next;
            runs.push((LiveRun { first: run.first, count: live, mark: run.mark }, run));
        }
    }
    Ok(Dump { state, last, released, runs })
}

/// With all neighbours of the same mark made one, as a store may do or not.
fn joined(runs: impl Iterator<Item = LiveRun>) -> Vec<LiveRun> {
    let mut joined: Vec<LiveRun> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last) if last.mark == run.mark && last.first + u64::from(last.count) == run.first => {
                last.count += run.count;
            }
            _ => joined.push(run),
        }
    }
    joined
}

fn write(id: u64, first: u64, count: u32, body_bytes: usize) -> Write {
    let body: Vec<u8> = id.to_le_bytes().into_iter().cycle().take(body_bytes).collect();
    let run = Run { first, count, mark: id / 3, body: Bytes::from(body) };
    Write { id: WriteId::new(id), state: state(id), run: Some(run) }
}

fn state(number: u64) -> State {
    State::new(&number.to_be_bytes()).unwrap_or_default()
}

fn run_of(write: &Write) -> Run {
    let nothing = Run { first: 0, count: 0, mark: 0, body: Bytes::new() };
    write.run.clone().unwrap_or(nothing)
}

fn whole(write: &Write) -> Option<StoredRun> {
    let run = write.run.clone()?;
    Some(StoredRun { live: run.count, run })
}

fn good<E: fmt::Display>(what: &str, result: Result<(), E>) -> Result<(), String> {
    result.map_err(|error| format!("{what}: {error}"))
}

fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}")) }
}
