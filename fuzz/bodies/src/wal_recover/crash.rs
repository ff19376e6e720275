//! An honest history, crashes at any operation of the disk, and a model that knows what may be left.

use bytes::Bytes;
use machine_core::WriteId;
use storage::{Fate, LogStore, MemoryDisk, OpenError, Run, State, Wal, Write, disk::Pending};

use super::{Dump, dump, judge_opening, options, watched::Watched};
use crate::{Choices, Marks};

/// Steps of one input; more say nothing new.
const STEPS_MAX: usize = 200;

type Log<'a> = Wal<&'a mut Watched>;

/// What the log may hold, oldest first: one content for each operation since the last sync.
struct Model {
    contents: Vec<Content>,
    /// Writes so far, over all lives: each has a body of its own.
    writes: u64,
    /// The id of the last write of this life.
    id: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    released: u64,
    /// What is at each position after the released ones.
    entries: Vec<(u64, Bytes)>,
    state: Option<State>,
}

/// Plays writes, syncs, releases and crashes; each opening gives back what the model allows.
pub(super) fn run(choices: &mut Choices<'_>, marks: &mut Marks) {
    let empty = Content { released: 0, entries: Vec::new(), state: None };
    let mut model = Model { contents: vec![empty], writes: 0, id: 0 };
    let mut disk = MemoryDisk::new();
    for _ in 0..STEPS_MAX {
        disk = one_life(disk, &mut model, choices, marks);
        disk.crash(|pending| fate(&pending, choices));
        marks.see("crash");
        if choices.is_over() {
            break;
        }
    }
    // Nobody interferes with the last opening.
    let mut disk = Watched::new(disk);
    let before = disk.files();
    let (mut wal, _) = Wal::open(&mut disk, options()).expect("a crash is no damage");
    model.opened(&mut wal, &before, marks);
}

/// From an opening to the moment at which power fails.
fn one_life(disk: MemoryDisk, model: &mut Model, choices: &mut Choices<'_>, marks: &mut Marks) -> MemoryDisk {
    let mut disk = Watched::new(disk);
    let before = disk.files();
    let early = choices.byte();
    disk.fuel = early.checked_sub(200).map(usize::from);
    let mut wal = match Wal::open(&mut disk, options()) {
        Ok((wal, _)) => wal,
        Err(error) => {
            assert!(matches!(error, OpenError::Disk(_)), "a crash is no damage: {error}");
            assert_eq!(disk.fuel, Some(0), "the disk has failed");
            marks.see("crash while opening");
            return disk.disk;
        }
    };
    wal.disk_mut().fuel = None;
    model.opened(&mut wal, &before, marks);
    for _ in 0..STEPS_MAX {
        let what = choices.byte();
        if what >= 240 {
            wal.disk_mut().fuel = Some(usize::from(what - 240));
        }
        let going = match what % 8 {
            0..=3 => model.append(&mut wal, choices, marks),
            4 => model.sync(&mut wal),
            5 => wal.mark().is_ok(),
            6 => model.release(&mut wal, choices, marks),
            _ => false,
        };
        if !going || choices.is_over() {
            break;
        }
    }
    if wal.disk_mut().fuel == Some(0) {
        marks.see("crash in an operation");
    }
    drop(wal);
    disk.disk
}

impl Model {
    /// What is found is one of the contents that may be there; it is durable from here on.
    fn opened(&mut self, wal: &mut Log<'_>, before: &[(String, Vec<u8>)], marks: &mut Marks) {
        let dump = dump(wal);
        judge_opening(&dump, before, &wal.disk().files());
        let found = content(&dump);
        let place = self.contents.iter().rposition(|content| *content == found);
        let place = place.unwrap_or_else(|| {
            panic!("found {found:?}, which is none of {:?}", self.contents);
        });
        if place + 1 < self.contents.len() {
            marks.see("writes lost");
        }
        if place > 0 {
            marks.see("unsynced writes kept");
        }
        self.contents = vec![found];
        self.id = 0;
    }

    fn append(&mut self, wal: &mut Log<'_>, choices: &mut Choices<'_>, marks: &mut Marks) -> bool {
        let mut next = self.newest().clone();
        self.writes += 1;
        self.id += 1;
        let (count, back, bytes) = (choices.below(4), choices.below(8), choices.below(32) * 24);
        let back = back.saturating_sub(4).min(next.entries.len());
        let state = State::new(&self.writes.to_le_bytes()).expect("eight bytes");
        let body: Bytes = self.writes.to_le_bytes().into_iter().cycle().take(bytes).collect();
        let run = (count > 0).then(|| {
            next.entries.truncate(next.entries.len() - back);
            let first = next.released + next.entries.len() as u64 + 1;
            let mark = self.writes / 4;
            next.entries.extend((0..count).map(|_| (mark, body.clone())));
            if back > 0 {
                marks.see("overwritten");
            }
            Run { first, count: u32::try_from(count).expect("at most 3"), mark, body }
        });
        next.state = Some(state);
        let segments = wal.segments();
        // Also when it fails: some of it may be on the disk.
        self.contents.push(next);
        let going = wal.append(&Write { id: WriteId::new(self.id), state, run }).is_ok();
        if wal.segments() > segments {
            marks.see("rotated");
        }
        assert!(going || wal.disk().fuel == Some(0), "an honest write is refused");
        going
    }

    fn sync(&mut self, wal: &mut Log<'_>) -> bool {
        let going = wal.sync().is_ok();
        if going {
            self.contents.drain(..self.contents.len() - 1);
        }
        going
    }

    fn release(&mut self, wal: &mut Log<'_>, choices: &mut Choices<'_>, marks: &mut Marks) -> bool {
        let mut next = self.newest().clone();
        let up_to = choices.below(next.entries.len() + 2);
        next.released += up_to as u64;
        next.entries.drain(..up_to.min(next.entries.len()));
        if up_to > 0 {
            self.contents.push(next.clone());
        }
        let going = wal.release(next.released).is_ok();
        if going && up_to > 0 {
            self.contents = vec![next];
            marks.see("released");
        }
        going
    }

    fn newest(&self) -> &Content {
        self.contents.last().expect("there is always one")
    }
}

fn content(dump: &Dump) -> Content {
    let entries =
        dump.runs.values().flat_map(|(count, mark, body)| (0..*count).map(move |_| (*mark, body.clone())));
    Content { released: dump.released, entries: entries.collect(), state: dump.state }
}

/// Zero, and with it an input that has ended: everything is lost that can be.
fn fate(pending: &Pending<'_>, choices: &mut Choices<'_>) -> Fate {
    match (choices.byte() % 8, pending) {
        (0..=2, _) => Fate::Lost,
        (3, Pending::Sector { versions, .. }) => Fate::Older(choices.below(*versions)),
        (4, Pending::Sector { .. }) => Fate::Torn(usize::from(choices.u16() % 512)),
        _ => Fate::Kept,
    }
}
