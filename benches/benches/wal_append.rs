//! Appending to the write-ahead log and syncing it, beside the disk's own speed: as many bytes written to a file that
//! has its room already, and the same `fdatasync`.
//!
//! The files lie below the target folder: what is timed is the disk that it is on.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
    time::Duration,
};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput};
use machine_core::{NodeId, WriteId};
use storage::{LogStore, Options, RealDisk, Run, State, Wal, Write};

/// Bytes of the file that the bare writes go round in: what a segment has.
const ROUND_BYTES: u64 = 16 << 20;

/// After so many appends the log lets go of them, so that the bench ends on any disk. It is part of what is timed, as
/// are the changes of segment: a log that runs for long pays both.
const RELEASED_AT_ONCE: u64 = 1024;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let folder = Folder::new().expect("the target folder can be written to");
    let mut group = criterion.benchmark_group("wal_append");
    for bytes in [256, 4 << 10, 64 << 10] {
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("bare", bytes), |bencher| {
            let mut file = Bare::new(&folder, bytes).expect("the target folder can be written to");
            bencher.iter(|| file.write().expect("the disk takes it"));
        });
        group.bench_function(BenchmarkId::new("wal", bytes), |bencher| {
            let mut log = Log::new(&folder, bytes);
            bencher.iter(|| log.append());
        });
    }
    group.finish();
    criterion.final_summary();
}

/// The file that has its room already: all written once, so that a sync has no metadata to write.
struct Bare {
    file: File,
    bytes: Vec<u8>,
    at: u64,
}

impl Bare {
    fn new(folder: &Folder, bytes: usize) -> io::Result<Self> {
        let file = File::create(folder.0.join("bare"))?;
        file.write_all_at(&vec![0; 16 << 20], 0)?;
        file.sync_all()?;
        Ok(Self { file, bytes: vec![0x5a; bytes], at: 0 })
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.bytes, self.at)?;
        self.at = (self.at + self.bytes.len() as u64) % ROUND_BYTES;
        self.file.sync_data()
    }
}

/// Our log, with one run of one entry a write.
struct Log {
    wal: Wal<RealDisk>,
    write: Write,
}

impl Log {
    fn new(folder: &Folder, bytes: usize) -> Self {
        let options = Options::new(1, NodeId::of(1), 42);
        let disk = RealDisk::new(folder.0.join(format!("wal-{bytes}")));
        let (wal, recovered) = Wal::open(disk, options).expect("the folder is ours");
        let run = Run { first: recovered.last, count: 1, mark: 1, body: Bytes::from(vec![0x5a; bytes]) };
        let state = State::new(b"term 1").expect("at most 64 bytes");
        Self { wal, write: Write { id: WriteId::NONE, state, run: Some(run) } }
    }

    fn append(&mut self) {
        let run = self.write.run.as_mut().expect("each write has one");
        run.first += 1;
        let first = run.first;
        self.write.id = WriteId::new(self.write.id.get() + 1);
        self.wal.append(&self.write).expect("the disk takes it");
        self.wal.sync().expect("the disk takes it");
        if first % RELEASED_AT_ONCE == 0 {
            self.wal.release(first).expect("the disk takes it");
        }
    }
}

/// A folder below target/ that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("wal_append-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
