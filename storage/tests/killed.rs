//! SIGKILL of a process that writes to a log on a real disk, hundreds of times: every acknowledged entry is there, and
//! none that was never written. What a power failure adds is simulated (`crashes.rs`); here it is the real program, the
//! real file system, and a death at any instruction, opening included.
//!
//! The program runs itself as the process that is killed, so it is not one of libtest's.

#![expect(
    clippy::print_stdout,
    reason = "the process that is killed tells on its standard output what is durable"
)]

mod common;

use std::{
    env,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Sender},
    thread,
    time::Duration,
};

use bytes::Bytes;
use common::{Folder, dump};
use machine_core::{NodeId, Rng, WriteId};
use storage::{LogStore, Options, RealDisk, Run, State, Wal, Write};

const NAME: &str = "every_acknowledged_entry_survives_hundreds_of_kills";
const KILLS: u64 = 300;
/// What the process that is killed is started with.
const WRITE: &str = "--write";
/// When a process is killed is counted in what it says, and then drawn a little further.
const LINES_MAX: u64 = 36;
const LAST_WAIT_MICROS_MAX: u64 = 4_000;
/// The most that anything may take. Never waited out but by a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);
const SEED: u64 = 1;
/// The writer lets go of what is further back, so that segments are removed and used again.
const KEPT: u64 = 1_000;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [WRITE, folder, seed] => write_for_ever(Path::new(folder), seed.parse().expect("a number")),
        ["--list", ..] => println!("{NAME}: test"),
        // As libtest does with a name that is asked for.
        [wanted, ..] if !wanted.starts_with('-') && !NAME.contains(wanted) => {}
        _ => kill_again_and_again(),
    }
}

fn kill_again_and_again() {
    let mut rng = Rng::new(SEED);
    let folder = Folder::new("killed");
    let (mut acknowledged, mut opened) = (0, 0);
    for kill in 0..KILLS {
        let mut writer = start(folder.path(), rng.next_u64());
        let (tell, told) = mpsc::channel();
        let said = writer.stdout.take().expect("it is piped");
        let reader = thread::spawn(move || listen(said, &tell));
        // A third die while they open the log, the others at any moment of their writing.
        let lines = rng.below(LINES_MAX).saturating_sub(LINES_MAX / 3);
        let mut heard: Vec<_> = (0..lines).map_while(|_| told.recv_timeout(PATIENCE).ok()).collect();
        heard.extend(told.recv_timeout(Duration::from_micros(rng.below(LAST_WAIT_MICROS_MAX))));
        let ended = writer.try_wait().expect("a child can be looked at");
        writer.kill().expect("it is ours");
        writer.wait().expect("a child can be waited for");
        reader.join().expect("the reader does not fail");
        assert!(ended.is_none(), "kill {kill}: the writer failed by itself: {ended:?}");
        heard.extend(told.try_iter());
        if let Some((found, synced)) = heard.split_first() {
            opened += 1;
            assert!(*found >= acknowledged, "kill {kill}: {found} found of {acknowledged}");
            acknowledged = synced.last().copied().unwrap_or(*found);
        }
    }
    let (mut wal, recovered) = open(folder.path(), SEED);
    assert!(recovered.last >= acknowledged, "{} found of {acknowledged}", recovered.last);
    assert_all_is_as_written(&mut wal);
    assert!(opened > KILLS / 2 && wal.released() > 0, "{opened} openings, {acknowledged} entries: too few");
    println!(
        "{NAME}: {KILLS} kills, {opened} of them after the log was open; {acknowledged} entries, all there"
    );
}

fn start(folder: &Path, seed: u64) -> Child {
    let program = env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.arg(WRITE).arg(folder).arg(seed.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
    command.spawn().expect("this program runs")
}

/// Passes on each position it says: first the last one found when the log was opened, then those that are durable. A
/// line without its end was cut off by the kill.
fn listen(said: ChildStdout, tell: &Sender<u64>) {
    let mut said = BufReader::new(said);
    let mut line = String::new();
    while said.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        if let Some(position) = line.strip_suffix('\n') {
            let _nobody_listens_any_more = tell.send(position.parse().expect("a number"));
        }
        line.clear();
    }
}

// The process that is killed.

fn write_for_ever(folder: &Path, seed: u64) {
    let (mut wal, recovered) = open(folder, seed);
    assert_all_is_as_written(&mut wal);
    let mut out = std::io::stdout();
    let mut rng = Rng::new(seed);
    let (mut next, mut id) = (recovered.last + 1, 1);
    writeln!(out, "{}", recovered.last).expect("it is read");
    loop {
        for _ in 0..=rng.below(6) {
            let count = u32::try_from(1 + rng.below(12)).expect("small");
            wal.append(&write(id, next, count)).expect("there is room");
            (next, id) = (next + u64::from(count), id + 1);
        }
        wal.sync().expect("the disk works");
        writeln!(out, "{}", next - 1).expect("it is read");
        if rng.per_mille(30) && next > KEPT {
            wal.release(next - KEPT).expect("it was appended");
        }
        if rng.per_mille(100) {
            wal.mark().expect("the disk works");
        }
    }
}

fn open(folder: &Path, seed: u64) -> (Wal<RealDisk>, storage::Recovered) {
    let options =
        Options::new(0xc1, NodeId::of(1), seed).with_segment_bytes(64 << 10).with_record_bytes_max(16 << 10);
    Wal::open(RealDisk::new(folder), options).expect("a killed process leaves a log that opens")
}

/// Entries that follow from their position, so that one that was never written shows; the state says how many there
/// are, so that it cannot be of another write than the last.
fn write(id: u64, first: u64, count: u32) -> Write {
    let run = Run { first, count, mark: 1 + first / 1000, body: body(first, count) };
    Write { id: WriteId::new(id), state: state(run.last()), run: Some(run) }
}

fn body(first: u64, count: u32) -> Bytes {
    let mut rng = Rng::new(first);
    let bytes = (0..count).flat_map(|_| (0..1 + rng.below(40)).map(|_| rng.next_u64()).collect::<Vec<_>>());
    Bytes::from_iter(bytes.flat_map(u64::to_le_bytes))
}

fn state(last: u64) -> State {
    State::new(&last.to_le_bytes()).expect("eight bytes")
}

fn assert_all_is_as_written(wal: &mut impl LogStore) {
    let (found, _, last, runs) = dump(wal);
    assert_eq!(found, (last > 0).then(|| state(last)), "the state is that of the last write");
    for (first, live, mark, bytes) in runs {
        assert_eq!((mark, bytes), (1 + first / 1000, body(first, live)), "at {first}");
    }
}
