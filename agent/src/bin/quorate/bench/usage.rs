//! What processes and the machine have used, as Linux counts it in `/proc`.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use crate::Failure;

/// What a process had used at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    /// By thread id. Threads that ended before are not in it: the programs measured end none while they are.
    threads: BTreeMap<u32, Thread>,
}

/// What a thread had used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Thread {
    name: String,
    time: Time,
}

/// Time of threads, in nanoseconds, and what it was cut into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Time {
    /// On a processor.
    pub(crate) running_ns: u64,
    /// Ready to run, and waiting for one.
    pub(crate) waiting_ns: u64,
    /// How often one of them got a processor.
    pub(crate) runs: u64,
}

impl Usage {
    /// What this process has used until now.
    pub(crate) fn of(process: u32) -> Result<Self, Failure> {
        let mut threads = BTreeMap::new();
        for thread in thread_ids(process)? {
            let path = format!("/proc/{process}/task/{thread}");
            // A thread may end between two looks.
            let (Ok(name), Ok(time)) =
                (fs::read_to_string(format!("{path}/comm")), fs::read_to_string(format!("{path}/schedstat")))
            else {
                continue;
            };
            let time = parse_schedstat(&time).ok_or_else(|| {
                Failure::new(format!("{path}/schedstat cannot be read; processor time cannot be told here"))
            })?;
            threads.insert(thread, Thread { name: name.trim_end().to_owned(), time });
        }
        if threads.is_empty() {
            return Err(Failure::new(format!(
                "/proc/{process}/task/*/schedstat is not there; a bench needs a Linux that counts (CONFIG_SCHED_INFO)"
            )));
        }
        Ok(Self { threads })
    }

    /// This program's own usage.
    pub(crate) fn own() -> Result<Self, Failure> {
        Self::of(process::id())
    }

    /// Time of all threads since an earlier look.
    pub(crate) fn time_since(&self, before: &Self) -> Time {
        self.since(before).fold(Time::default(), |sum, (_, time)| sum.plus(time))
    }

    /// The longest time of a thread whose name begins so, since an earlier look.
    pub(crate) fn longest_since(&self, before: &Self, name: &str) -> Option<Time> {
        let named = self.since(before).filter(|(thread, _)| thread.starts_with(name));
        named.map(|(_, time)| time).max_by_key(|time| time.running_ns + time.waiting_ns)
    }

    /// Running time of the threads since an earlier look, those of the same name together.
    pub(crate) fn running_by_name_since(&self, before: &Self) -> BTreeMap<String, Duration> {
        let mut named: BTreeMap<String, Duration> = BTreeMap::new();
        for (name, time) in self.since(before) {
            *named.entry(name.to_owned()).or_default() += Duration::from_nanos(time.running_ns);
        }
        named
    }

    fn since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (&'a str, Time)> {
        self.threads.iter().map(|(id, thread)| {
            let earlier = before.threads.get(id).map(|thread| thread.time).unwrap_or_default();
            (thread.name.as_str(), thread.time.minus(earlier))
        })
    }
}

impl Time {
    const fn plus(self, other: Self) -> Self {
        Self {
            running_ns: self.running_ns + other.running_ns,
            waiting_ns: self.waiting_ns + other.waiting_ns,
            runs: self.runs + other.runs,
        }
    }

    const fn minus(self, earlier: Self) -> Self {
        Self {
            running_ns: self.running_ns.saturating_sub(earlier.running_ns),
            waiting_ns: self.waiting_ns.saturating_sub(earlier.waiting_ns),
            runs: self.runs.saturating_sub(earlier.runs),
        }
    }
}

/// What all processors of the machine had done at one moment, in the kernel's ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Processors {
    pub(crate) count: usize,
    busy: u64,
    all: u64,
}

impl Processors {
    pub(crate) fn now() -> Self {
        fs::read_to_string("/proc/stat").ok().and_then(|stat| parse_stat(&stat)).unwrap_or_default()
    }

    /// The share of all processors' time that was used by anyone, since an earlier look.
    pub(crate) fn busy_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all);
        if all == 0 { 0.0 } else { self.busy.saturating_sub(before.busy) as f64 / all as f64 }
    }
}

/// Bytes that have come over the loopback interface, of all programs.
pub(crate) fn loopback_bytes() -> u64 {
    let devices = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    parse_field(&devices, "lo:").unwrap_or(0)
}

/// The device below a file system, if it is one (btrfs, overlays and memory are none).
#[derive(Clone, Debug)]
pub(crate) struct Device {
    stat: PathBuf,
}

impl Device {
    /// The one that holds this folder.
    pub(crate) fn below(folder: &Path) -> Option<Self> {
        let device = fs::metadata(folder).ok()?.dev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        let stat = PathBuf::from(format!("/sys/dev/block/{major}:{minor}/stat"));
        stat.is_file().then_some(Self { stat })
    }

    /// Bytes that all programs together have had written to it. What the kernel counts for a process (`write_bytes`) would
    /// not do: there, a write into a large folio of the page cache counts as all of it.
    pub(crate) fn written_bytes(&self) -> u64 {
        fs::read_to_string(&self.stat).ok().and_then(|stat| parse_device(&stat)).unwrap_or(0)
    }
}

/// Whether a thread of this process waits for the disk at this moment (state `D`), which is where a sync waits.
pub(crate) fn waits_for_disk(process: u32) -> bool {
    let Ok(threads) = thread_ids(process) else { return false };
    threads.into_iter().any(|thread| {
        let stat = fs::read_to_string(format!("/proc/{process}/task/{thread}/stat")).unwrap_or_default();
        parse_state(&stat) == Some('D')
    })
}

fn thread_ids(process: u32) -> Result<Vec<u32>, Failure> {
    let gone = |error| Failure::new(format!("process {process} cannot be looked at: {error}"));
    let entries = fs::read_dir(format!("/proc/{process}/task")).map_err(gone)?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

fn parse_schedstat(text: &str) -> Option<Time> {
    let mut fields = text.split_ascii_whitespace().map(str::parse);
    let (running_ns, waiting_ns, runs) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
    Some(Time { running_ns, waiting_ns, runs })
}

/// Reads: requests, merged, sectors, ms; then the same of writes. A sector has 512 bytes here, whatever the device has.
fn parse_device(stat: &str) -> Option<u64> {
    let sectors: u64 = stat.split_ascii_whitespace().nth(6)?.parse().ok()?;
    sectors.checked_mul(512)
}

/// The first number behind a word that begins a line.
fn parse_field(text: &str, field: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.trim_start().strip_prefix(field))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// The line `cpu`: user, nice, system, idle, iowait, irq, softirq, steal. The last two, guests, are in user already.
fn parse_stat(stat: &str) -> Option<Processors> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
    let ticks: Vec<u64> = fields.take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
    let all = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    let count = stat.lines().skip(1).take_while(|line| line.starts_with("cpu")).count();
    Some(Processors { count, busy: all - idle, all })
}

/// The state stands behind the name, which is in parentheses and may hold some itself.
fn parse_state(stat: &str) -> Option<char> {
    stat.rsplit_once(") ")?.1.chars().next()
}

#[cfg(test)]
mod tests;
