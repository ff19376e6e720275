//! One life of a log, step by step, and what may be found afterwards.

use super::{Dump, dump, options, state_write, write};
use machine_core::{Rng, WriteId};
use storage::{
    AppendError, Disk, Fate, LogStore, MemoryDisk, MemoryLog, OpenError, ReleaseError, Stopped, Wal, Write,
    disk::Pending,
};

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Append(Write),
    Sync,
    Mark,
    Release(u64),
}

/// Goes through everything a log does: small and large records, many to a sync, overwriting within a segment and across,
/// states alone, marks, rotation into new and into used files, releases with and without something to recycle.
pub(crate) fn script() -> Vec<Step> {
    use Step::{Append, Mark, Release, Sync};
    vec![
        Append(write(1, 1, 3, 100)),
        Sync,
        Append(write(2, 4, 1, 700)),
        Append(write(3, 5, 2, 1200)),
        Sync,
        Mark,
        Append(write(4, 7, 1, 900)),
        Append(write(5, 8, 4, 1500)),
        Sync,
        Append(write(6, 6, 2, 300)),
        Append(state_write(7)),
        Sync,
        Append(write(8, 8, 1, 1900)),
        Append(write(9, 9, 1, 10)),
        Mark,
        Sync,
        Release(2),
        Append(write(10, 10, 1, 1900)),
        Append(write(11, 11, 1, 1900)),
        Sync,
        Release(9),
        Append(write(12, 10, 3, 1900)),
        Append(write(13, 13, 1, 1900)),
        Append(write(14, 14, 1, 200)),
        Sync,
        Append(write(15, 15, 1, 1900)),
        Mark,
        Append(write(16, 16, 1, 1900)),
        Sync,
        Release(40),
        Append(write(17, 41, 1, 30)),
        Append(write(18, 42, 1, 600)),
        Sync,
        Append(write(19, 42, 2, 500)),
        Append(write(20, 44, 1, 40)),
        Append(write(21, 45, 1, 40)),
    ]
}

/// What the log holds after each change of the script, and before the first.
pub(crate) fn states(script: &[Step]) -> Vec<Dump> {
    let mut model = MemoryLog::new();
    let mut states = vec![dump(&mut model)];
    for step in script {
        match step {
            Step::Append(write) => model.append(write).expect("the script is sound"),
            Step::Release(up_to) => model.release(*up_to).expect("the script is sound"),
            Step::Sync | Step::Mark => continue,
        }
        states.push(dump(&mut model));
    }
    states
}

/// How far a life came, in changes: appends and releases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// So many are durable for certain.
    pub(crate) acknowledged: usize,
    /// So many were tried.
    pub(crate) tried: usize,
    pub(crate) stopped: Option<Stopped>,
    pub(crate) opening: Option<OpenError>,
    /// How often there was no room for a segment: the step is repeated once.
    pub(crate) no_segment: u32,
}

/// Plays the script until the end or the first failure. A log that has stopped is asked everything once more.
pub(crate) fn live<D: Disk>(disk: D, script: &[Step]) -> Life {
    let mut life = Life::default();
    let mut wal = match Wal::open(disk, options()) {
        Ok((wal, _)) => wal,
        Err(error) => {
            life.opening = Some(error);
            return life;
        }
    };
    let mut done = 0;
    for step in script {
        life.tried += usize::from(matches!(step, Step::Append(_) | Step::Release(_)));
        let mut result = act(&mut wal, step);
        if let Err(None) = result {
            result = act(&mut wal, step);
            life.no_segment += if result == Err(None) { 2 } else { 1 };
        }
        match result {
            Ok(durable) => {
                done = life.tried;
                if durable {
                    life.acknowledged = done;
                }
            }
            Err(Some(stopped)) => {
                still_stopped(&mut wal, &stopped);
                life.stopped = Some(stopped);
                return life;
            }
            Err(None) => return life,
        }
    }
    assert_eq!(done, life.tried, "every step was done");
    life
}

/// Whether everything is durable now; `Err(None)` when there is no room for a segment.
fn act<D: Disk>(wal: &mut Wal<D>, step: &Step) -> Result<bool, Option<Stopped>> {
    match step {
        Step::Append(write) => match wal.append(write) {
            Ok(()) => Ok(false),
            Err(AppendError::Stopped(stopped)) => Err(Some(stopped)),
            Err(AppendError::NoSegment(_)) => Err(None),
            Err(other) => panic!("{other}"),
        },
        Step::Sync => wal.sync().map(|_| true).map_err(Some),
        Step::Mark => wal.mark().map(|()| false).map_err(Some),
        Step::Release(up_to) => match wal.release(*up_to) {
            Ok(()) => Ok(true),
            Err(ReleaseError::Stopped(stopped)) => Err(Some(stopped)),
            Err(ReleaseError::NoSegment(_)) => Err(None),
            Err(other) => panic!("{other}"),
        },
    }
}

fn still_stopped<D: Disk>(wal: &mut Wal<D>, stopped: &Stopped) {
    let first = wal.last() + 1;
    assert_eq!(wal.append(&write(1000, first, 1, 1)), Err(AppendError::Stopped(stopped.clone())));
    assert_eq!(wal.sync(), Err(stopped.clone()));
    assert_eq!(wal.mark(), Err(stopped.clone()));
    assert_eq!(wal.read(first, 1), Err(storage::ReadError::Stopped(stopped.clone())));
    assert_eq!(wal.release(first), Err(ReleaseError::Stopped(stopped.clone())));
}

/// Opens what a life left, checks that it is what was acknowledged and perhaps a beginning of what followed, and lives
/// on a little. Returns the number of changes found.
pub(crate) fn check(disk: &mut MemoryDisk, life: &Life, states: &[Dump], context: &str) -> usize {
    let (mut wal, recovered) = match Wal::open(&mut *disk, options()) {
        Ok(opened) => opened,
        Err(error) => panic!("{context}: {error}"),
    };
    let found = dump(&mut wal);
    let may_be = &states[life.acknowledged..=life.tried];
    let Some(beyond) = may_be.iter().rposition(|state| *state == found) else {
        panic!("{context}: {life:?} found {found:?} trimmed {:?}", recovered.trimmed);
    };
    let files = |kind: &str| wal.disk().names().filter(|name| name.ends_with(kind)).count();
    assert_eq!(files(".new"), 0, "{context}: something half made is left");
    assert_eq!(files(".wal"), wal.segments(), "{context}: released segments are left");
    // What was handed out is durable, and goes on to be when more is appended.
    let first = recovered.last + 1;
    wal.append(&write(1, first, 2, 700)).expect("appended");
    wal.append(&write(2, first + 2, 1, 60)).expect("appended");
    assert_eq!(wal.sync(), Ok(WriteId::new(2)), "{context}");
    let longer = dump(&mut wal);
    drop(wal);
    disk.crash(|_| Fate::Lost);
    let (mut wal, _) = Wal::open(disk, options()).unwrap_or_else(|error| panic!("{context}, again: {error}"));
    assert_eq!(dump(&mut wal), longer, "{context}, again");
    life.acknowledged + beyond
}

/// Any fate for any pending thing, also torn sectors and older versions of them.
pub(crate) fn any_fate(rng: &mut Rng) -> impl FnMut(Pending<'_>) -> Fate + '_ {
    move |pending| match (rng.below(6), pending) {
        (0 | 1, _) => Fate::Lost,
        (2, Pending::Sector { versions, .. }) => Fate::Older(small(rng, versions)),
        (3, Pending::Sector { .. }) => Fate::Torn(small(rng, 512)),
        _ => Fate::Kept,
    }
}

fn small(rng: &mut Rng, limit: usize) -> usize {
    usize::try_from(rng.below(limit as u64)).expect("below a usize")
}
