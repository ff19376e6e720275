//! The write-ahead log opens what lies on a disk: any bytes, or what a crash left of an honest history.

mod crash;
mod folder;
mod reference;
mod watched;

use std::collections::BTreeMap;

use bytes::Bytes;
use machine_core::{NodeId, WriteId};
use storage::{AppendError, Damage, LogStore, OpenError, Options, Recovered, Run, State, Wal, Write};

use crate::{Choices, Marks};
use watched::Watched;

/// Every way to open and not to open, and what a history goes through.
pub const MARKS: &[&str] = &[
    "opened",
    "opened empty",
    "opened several segments",
    "opened with released positions",
    "trimmed",
    "appended behind it",
    "no room behind it",
    "used up",
    "other version",
    "other cluster",
    "other node",
    "damaged: missing",
    "damaged: short",
    "damaged: header",
    "damaged: other segment",
    "damaged: record",
    "damaged: contradiction",
    "crash",
    "crash in an operation",
    "crash while opening",
    "writes lost",
    "unsynced writes kept",
    "released",
    "overwritten",
    "rotated",
];

/// The smallest there is: inputs are short.
const SEGMENT_BYTES: u32 = 4096;
const RECORD_BYTES_MAX: u32 = 1024;
const CLUSTER: u64 = 0xc1;
const SEED: u64 = 42;

/// The first byte chooses: even, files of any content; odd, an honest history with crashes.
///
/// # Panics
///
/// When the log breaks a promise: a bug of `storage`.
pub fn run(input: &[u8]) -> Marks {
    let mut choices = Choices::new(input);
    let mut marks = Marks::new(MARKS);
    if choices.flag() {
        crash::run(&mut choices, &mut marks);
    } else {
        any_bytes(&mut choices, &mut marks);
    }
    marks
}

/// The files of this log as inputs of this target: for seeds.
#[must_use]
pub fn described(files: &[(u64, Vec<u8>)]) -> Vec<u8> {
    folder::described(files)
}

const fn options() -> Options {
    Options::new(CLUSTER, NodeId::of(1), SEED)
        .with_segment_bytes(SEGMENT_BYTES)
        .with_record_bytes_max(RECORD_BYTES_MAX)
        .with_spares_max(1)
}

/// A typed error that changes nothing, or a log that can be read whole, goes on, and opens again as it was.
fn any_bytes(choices: &mut Choices<'_>, marks: &mut Marks) {
    let mut disk = Watched::new(folder::placed(choices));
    let before = disk.files();
    let (mut wal, recovered) = match Wal::open(&mut disk, options()) {
        Ok(opened) => opened,
        Err(error) => {
            refused(&error, marks);
            judge_refusal(&error, &before);
            assert_eq!(disk.files(), before, "nothing was changed by an opening that failed with: {error}");
            return disk.judge_memory(0);
        }
    };
    note(&recovered, wal.segments(), marks);
    let dump = whole(&mut wal, &recovered);
    judge_opening(&dump, &before, &wal.disk().files());
    let (dump, goes_on) = go_on(&mut wal, dump, choices, marks);
    drop(wal);
    disk.judge_memory(recovered.runs.len());
    let (mut wal, again) = match Wal::open(&mut disk, options()) {
        Ok(opened) => opened,
        Err(error) => panic!("what was opened and written by us does not open again: {error}"),
    };
    assert_eq!(again.trimmed, None, "everything was synced");
    assert_eq!(whole(&mut wal, &again), dump, "appended behind it: {goes_on}");
}

/// What was opened is what the page reads in the files; and behind it nothing is left that could ever count.
fn judge_opening(dump: &Dump, before: &[(String, Vec<u8>)], after: &[(String, Vec<u8>)]) {
    match reference::read(before) {
        Ok(reading) => assert_eq!(*dump, reading.dump, "what was opened, and what the files say"),
        Err(rule) => panic!("opened, although a rule is broken: {rule}"),
    }
    match reference::read(after) {
        Ok(reading) => {
            assert_eq!(*dump, reading.dump, "what was opened, and what it left behind");
            assert!(
                !reading.is_dirty,
                "what a crash left behind the end is overwritten when the log is opened"
            );
        }
        Err(rule) => panic!("left behind what breaks a rule: {rule}"),
    }
}

/// What is refused as it contradicts itself or lacks a file breaks a rule of the page, too. Of damaged records the log
/// knows one kind more: those made to waste its time.
fn judge_refusal(error: &OpenError, files: &[(String, Vec<u8>)]) {
    let OpenError::Damaged(damaged) = error else { return };
    if damaged.damage != Damage::Record {
        assert!(reference::read(files).is_err(), "refused, and all rules are kept: {error}");
    }
}

/// What a log holds: released, state, and each position's mark with its run's body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Dump {
    released: u64,
    last: u64,
    state: Option<State>,
    /// By first live position: entries, mark, and the body of the run that they are in.
    runs: BTreeMap<u64, (u64, u64, Bytes)>,
}

/// Reads everything, and holds it against what the opening told.
fn whole<D: storage::Disk>(wal: &mut Wal<D>, told: &Recovered) -> Dump {
    assert_eq!((told.last, told.released, told.state), (wal.last(), wal.released(), wal.state()));
    let mut next = told.runs.first().map_or(told.released + 1, |run| run.first);
    assert!(next <= told.released + 1, "no gap behind what is released: {told:?}");
    for run in &told.runs {
        assert_eq!(run.first, next, "no gap between runs: {told:?}");
        assert!(run.count > 0);
        next = run.first + u64::from(run.count);
    }
    assert_eq!(told.last.max(told.released), next - 1, "the last run ends the log: {told:?}");
    let dump = dump(wal);
    for (first, (count, mark, _)) in &dump.runs {
        let among = told.runs.iter().find(|run| run.first <= *first && *first - run.first < run.count.into());
        let among = among.expect("what is read was told");
        assert_eq!(among.mark, *mark);
        assert!(first + count <= among.first + u64::from(among.count), "a run ends where it was told");
    }
    dump
}

fn dump<D: storage::Disk>(wal: &mut Wal<D>) -> Dump {
    let mut runs = BTreeMap::new();
    let mut first = wal.released() + 1;
    while first <= wal.last() {
        let read = wal.read(first, 512).expect("what was just recovered can be read");
        assert!(!read.is_empty(), "at least one run is read");
        for stored in read {
            let end = stored.run.first + u64::from(stored.live);
            assert!((1..=stored.run.count).contains(&stored.live));
            assert!(stored.run.first <= first && first < end, "what is read goes on at {first}: {stored:?}");
            runs.insert(first, (end - first, stored.run.mark, stored.run.body));
            first = end;
        }
    }
    Dump { released: wal.released(), last: wal.last(), state: wal.state(), runs }
}

/// Appends a few runs behind what was recovered: into another segment, if the input says so.
fn go_on<D: storage::Disk>(
    wal: &mut Wal<D>,
    before: Dump,
    choices: &mut Choices<'_>,
    marks: &mut Marks,
) -> (Dump, u64) {
    let (count, bytes) = (choices.below(8) as u64, choices.below(4) * 200);
    let segments = wal.segments();
    let state = State::new(b"after").expect("short");
    let mut expected = before;
    for id in 1..=count {
        let first = expected.last.saturating_add(1);
        let body = Bytes::from(vec![9; bytes]);
        let run = Run { first, count: 1, mark: id, body: body.clone() };
        match wal.append(&Write { id: WriteId::new(id), state, run: Some(run) }) {
            Ok(()) => {}
            // Only what was made by hand ends where positions end.
            Err(AppendError::Malformed { .. }) if first >= u64::MAX - 1 => {
                marks.see("no room behind it");
                break;
            }
            // Nor does anything else come to the end of its numbers.
            Err(AppendError::UsedUp) => {
                marks.see("used up");
                break;
            }
            Err(error) => panic!("a write behind what was recovered is refused: {error}"),
        }
        expected.last = first;
        expected.state = Some(state);
        expected.runs.insert(first, (1, id, body));
        marks.see("appended behind it");
        assert_eq!(wal.sync(), Ok(WriteId::new(id)));
    }
    if wal.segments() > segments {
        marks.see("rotated");
    }
    assert_eq!(dump(wal), expected);
    (expected, count)
}

fn note(recovered: &Recovered, segments: usize, marks: &mut Marks) {
    marks.see(if recovered.runs.is_empty() { "opened empty" } else { "opened" });
    if segments > 1 {
        marks.see("opened several segments");
    }
    if recovered.released > 0 {
        marks.see("opened with released positions");
    }
    if recovered.trimmed.is_some() {
        marks.see("trimmed");
    }
}

fn refused(error: &OpenError, marks: &mut Marks) {
    assert!(!error.to_string().is_empty(), "an error says something");
    marks.see(match error {
        OpenError::OtherVersion { .. } => "other version",
        OpenError::OtherCluster { .. } => "other cluster",
        OpenError::OtherNode { .. } => "other node",
        OpenError::Damaged(damaged) => match damaged.damage {
            Damage::Missing => "damaged: missing",
            Damage::Short { .. } => "damaged: short",
            Damage::Header => "damaged: header",
            Damage::OtherSegment { .. } => "damaged: other segment",
            Damage::Record => "damaged: record",
            Damage::Contradiction => "damaged: contradiction",
            other => panic!("name a mark for {other:?}"),
        },
        OpenError::Options(_) | OpenError::Locked { .. } | OpenError::Disk(_) | _ => {
            panic!("bytes alone do not cause this: {error}")
        }
    });
}
