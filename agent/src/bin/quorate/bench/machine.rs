//! What the machine can do by itself, measured before anything runs: no figure says much without it.

use std::{
    fmt, fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use agent::wall::now;

use super::usage::Processors;
use crate::Failure;

/// What is written for one sync.
const PAGE_BYTES: usize = 4096;
/// The file that is written to; all of it is allocated before.
const FILE_PAGES: u64 = 256;
const SYNCS: u64 = 200;
/// However slow the disk is, this ends the probe.
const SYNCS_TIME_MAX: Duration = Duration::from_secs(2);
const STREAM_TIME: Duration = Duration::from_millis(150);
const STREAM_PIECE_BYTES: usize = 64 << 10;

/// The machine at the beginning.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) processors: usize,
    load_average: String,
    folder: PathBuf,
    filesystem: String,
    /// A page written over and synced (`fdatasync`): the median, and the time that 99 of 100 take at most.
    sync: (Duration, Duration),
    /// One stream over the loopback interface.
    pub(crate) loopback_bytes_per_second: f64,
}

impl Machine {
    /// Looks, and tries for half a second what the disk below `folder` and the loopback interface can do.
    pub(crate) fn look(folder: &Path) -> Result<Self, Failure> {
        let refused = |error| Failure::new(format!("{} cannot be used: {error}", folder.display()));
        let filesystem = rustix::fs::statfs(folder).map_err(std::io::Error::from).map_err(refused)?;
        let load_average = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Self {
            processors: Processors::now().count.max(1),
            load_average: load_average.split(' ').next().unwrap_or_default().to_owned(),
            folder: folder.to_owned(),
            filesystem: name(filesystem.f_type.try_into().unwrap_or_default()),
            sync: time_of_sync(folder).map_err(refused)?,
            loopback_bytes_per_second: stream()?,
        })
    }
}

impl Machine {
    /// For programs.
    pub(crate) fn fields(&self) -> Vec<(&'static str, f64)> {
        let (p50, p99) = self.sync;
        vec![
            ("processors", self.processors as f64),
            ("load_average", self.load_average.parse().unwrap_or(0.0)),
            ("sync_p50_us", micros(p50)),
            ("sync_p99_us", micros(p99)),
            ("loopback_bytes_per_second", self.loopback_bytes_per_second),
        ]
    }

    /// The gist, in a line.
    pub(crate) fn in_short(&self) -> String {
        let Self { processors, load_average, sync: (median, _), .. } = self;
        format!(
            "Three nodes, clients and all on one machine: {processors} processors, load average {load_average} before, \
             a 4 KiB sync alone {:.0} us.",
            micros(*median)
        )
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, most) = self.sync;
        writeln!(
            f,
            "{} processors, load average {} at the beginning; data in {} ({})",
            self.processors,
            self.load_average,
            self.folder.display(),
            self.filesystem
        )?;
        writeln!(
            f,
            "the disk alone: 4 KiB written over and synced in {:.0} us (p50), {:.0} us (p99); loopback alone: {:.1} GB/s",
            micros(median),
            micros(most),
            self.loopback_bytes_per_second / 1e9
        )
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn time_of_sync(folder: &Path) -> std::io::Result<(Duration, Duration)> {
    let file = tempfile::tempfile_in(folder)?;
    let page = [0xa5; PAGE_BYTES];
    for at in 0..FILE_PAGES {
        file.write_all_at(&page, at * PAGE_BYTES as u64)?;
    }
    file.sync_all()?;
    let (mut times, start) = (Vec::new(), now());
    for at in 0..SYNCS {
        let begin = now();
        file.write_all_at(&page, at % FILE_PAGES * PAGE_BYTES as u64)?;
        file.sync_data()?;
        times.push(begin.elapsed());
        if start.elapsed() > SYNCS_TIME_MAX {
            break;
        }
    }
    times.sort_unstable();
    let at = |per_cent: usize| times.get((times.len() - 1) * per_cent / 100).copied().unwrap_or_default();
    Ok((at(50), at(99)))
}

fn stream() -> Result<f64, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let mut sending = TcpStream::connect(listener.local_addr()?)?;
    let (mut receiving, _) = listener.accept()?;
    let start = now();
    let received = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let (mut received, mut piece) = (0_usize, vec![0; STREAM_PIECE_BYTES]);
            while let Ok(read @ 1..) = receiving.read(&mut piece) {
                received += read;
            }
            received
        });
        let piece = vec![0xa5; STREAM_PIECE_BYTES];
        while start.elapsed() < STREAM_TIME && sending.write_all(&piece).is_ok() {}
        drop(sending);
        reader.join().unwrap_or_default()
    });
    Ok(received as f64 / start.elapsed().as_secs_f64())
}

/// The file systems one meets, by their magic numbers (statfs(2)).
fn name(magic: u64) -> String {
    match magic {
        0x0102_1994 | 0x8584_58f6 => {
            "IN MEMORY: nothing is durable there; name a disk's folder with --dir".to_owned()
        }
        0xef53 => "ext4".to_owned(),
        0x5846_5342 => "xfs".to_owned(),
        0x9123_683e => "btrfs".to_owned(),
        0x2fc1_2fc1 => "zfs".to_owned(),
        0x794c_7630 => "overlayfs".to_owned(),
        0x6969 => "nfs".to_owned(),
        _ => format!("file system {magic:#x}"),
    }
}
