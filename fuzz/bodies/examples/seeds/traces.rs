//! What the histories of a cluster leave: messages, streams, and logs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bodies::raft_cluster::{OnDisk, Record};
use machine_core::{Rng, WriteId};
use raft_core::Write;
use storage::{Fate, LogStore, MemoryDisk, State, Wal};
use transport::{HEADER_BYTES, encode};

use crate::logs::{options, segments};

/// Frames of one stream; more say nothing new.
const FRAMES_MAX: usize = 12;
/// Bytes of a folder that a corpus should keep.
const FOLDER_BYTES_MAX: usize = 6 << 10;

/// Every message that was ever said, once, and every hard state that was written.
pub(crate) fn messages(records: &[Record]) -> Vec<Vec<u8>> {
    let letters = records.iter().flat_map(|record| &record.letters);
    let said = letters.map(|letter| [&[0], &letter.bytes[..]].concat());
    let written = records.iter().flat_map(|record| &record.disk).filter_map(|step| match step {
        OnDisk::Write(write) => Some([&[1], &write.hard_state.encode()[..]].concat()),
        OnDisk::Sync { .. } | OnDisk::Crash { .. } => None,
    });
    said.chain(written).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What one node said to another, as frames: whole, cut in the middle of a frame, and with a bit turned round.
pub(crate) fn streams(records: &[Record]) -> Vec<Vec<u8>> {
    let mut dice = Rng::new(3);
    let mut byte = move |limit: u64| u8::try_from(dice.below(limit)).expect("at most 256 are asked for");
    let mut seeds = Vec::new();
    for record in records {
        let mut pairs: BTreeMap<_, Vec<Vec<u8>>> = BTreeMap::new();
        for letter in &record.letters {
            let frames = pairs.entry((letter.from, letter.to)).or_default();
            if frames.len() < FRAMES_MAX {
                frames.push(encode(1, &letter.bytes).expect("short"));
            }
        }
        for frames in pairs.values() {
            let mut stream = frames.concat();
            // Flags, chunk, longest body, two cuts.
            let mut head = vec![0, byte(255), 255, 0, 2, byte(90), byte(90)];
            match byte(3) {
                0 => {}
                1 => stream.truncate(stream.len() - usize::from(byte(HEADER_BYTES as u64))),
                _ => {
                    head[0] = 1;
                    let at = usize::from(byte(255)) % stream.len();
                    stream[at] ^= 1 << byte(8);
                }
            }
            seeds.push([head, stream].concat());
        }
    }
    seeds
}

/// The folder of node 1's log after each crash, and in the end: what its core wrote, over a disk that loses power.
pub(crate) fn folders(records: &[Record]) -> Vec<Vec<u8>> {
    let mut dice = Rng::new(4);
    let mut seeds = BTreeSet::new();
    for record in records {
        let mut disk = MemoryDisk::new();
        let mut steps = record.disk.iter();
        loop {
            let crashed = one_life(&mut disk, &mut steps);
            disk.crash(|_| match dice.below(4) {
                0 | 1 => Fate::Kept,
                2 => Fate::Lost,
                _ => Fate::Torn(usize::try_from(dice.below(512)).expect("below a sector")),
            });
            let folder = segments(&disk);
            let seed = bodies::wal_recover::described(&folder);
            if seed.len() <= FOLDER_BYTES_MAX && folder.len() <= 6 {
                seeds.insert(seed);
            }
            if !crashed {
                break;
            }
        }
    }
    seeds.into_iter().collect()
}

/// From an opening to the next crash; whether there was one.
fn one_life<'a>(disk: &mut MemoryDisk, steps: &mut impl Iterator<Item = &'a OnDisk>) -> bool {
    let (mut wal, _) = Wal::open(disk, options()).expect("a crash is no damage");
    let mut unfinished = VecDeque::new();
    let mut id = 0;
    let mut durable = |wal: &mut Wal<_>, unfinished: &mut VecDeque<&Write>, most: usize, synced| {
        for write in unfinished.drain(..most.min(unfinished.len())) {
            id += 1;
            wal.append(&stored(id, write)).expect("honest");
        }
        if synced {
            wal.sync().expect("a good disk");
        }
    };
    for step in steps {
        match step {
            OnDisk::Write(write) => unfinished.push_back(write),
            OnDisk::Sync { most } => durable(&mut wal, &mut unfinished, *most, true),
            OnDisk::Crash { kept } => {
                durable(&mut wal, &mut unfinished, *kept, true);
                // The rest is on its way to the disk, and may arrive or not.
                durable(&mut wal, &mut unfinished, usize::MAX, false);
                // So that it is written at all.
                let _none = wal.read(wal.last(), 1);
                return true;
            }
        }
    }
    durable(&mut wal, &mut unfinished, usize::MAX, true);
    false
}

/// The core's write in the words of the log.
fn stored(id: u64, write: &Write) -> storage::Write {
    let run = write.run.as_ref().map(|run| storage::Run {
        first: run.first().get(),
        count: run.count(),
        mark: run.term().get(),
        body: run.body().clone(),
    });
    let state = State::new(&write.hard_state.encode()).expect("a hard state is short");
    storage::Write { id: WriteId::new(id), state, run }
}
