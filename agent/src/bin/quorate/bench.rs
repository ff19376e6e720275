//! `quorate bench`: what three durable nodes carry, at which latency, at what cost, and what stops them.

mod etcd;
mod json;
mod knee;
mod limits;
mod load;
mod machine;
mod noise;
mod ours;
mod plan;
mod report;
mod usage;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use agent::{entry::LINE_BYTES_MAX, protocol::FRAME_BYTES_MAX};
use clap::Args;

use self::{
    etcd::Etcd,
    limits::Shares,
    load::{Phases, Watched, Wire},
    machine::Machine,
    noise::Noise,
    ours::Ours,
    plan::{Load, Point, Sweep, System},
    report::{Measured, Report},
    usage::Device,
};
use crate::{
    Failure,
    cluster::{CleanUp, Held, NODES},
    progress::Progress,
    say,
};

/// How often a point is measured anew when the leader changed meanwhile.
const TRIES: u32 = 3;
/// What a request holds beside its lines at most, in bytes.
const REQUEST_OVERHEAD_BYTES: u64 = 64;
/// What a line takes in a request beside its bytes.
const LINE_OVERHEAD_BYTES: u64 = 4;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// How many clients, each with one request under way; several numbers are a sweep [default: 1,8,64,512].
    #[arg(long, value_delimiter = ',', value_name = "N,...", value_parser = clap::value_parser!(u16).range(1..=4096))]
    clients: Vec<u16>,
    /// Bytes of an entry [default: 256,4096].
    #[arg(long, value_delimiter = ',', value_name = "BYTES,...", value_parser = clap::value_parser!(u32).range(1..=LINE_BYTES_MAX as i64))]
    size: Vec<u32>,
    /// Entries in one request [default: 1,64].
    #[arg(long, value_delimiter = ',', value_name = "N,...", value_parser = clap::value_parser!(u16).range(1..=4096))]
    batch: Vec<u16>,
    /// How long each point is measured, in seconds, after a warm-up of a quarter of that.
    #[arg(long, default_value_t = 4.0, value_parser = parse_seconds)]
    seconds: f64,
    /// Measure everything so many times, one round after the other; the tables show each point's median by puts/s.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=99))]
    rounds: u8,
    /// How many connections the clients share at most.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=24))]
    connections: u16,
    /// Also measure a leader that gathers proposals and sends them only every so many milliseconds; 0 leaves it out.
    #[arg(long, value_name = "MS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=1000))]
    tick: u64,
    /// The program etcd, for the same load on three members of it [default: the one on the PATH, if there is one].
    #[arg(long, value_name = "PATH")]
    etcd: Option<PathBuf>,
    /// Do not look for etcd.
    #[arg(long, conflicts_with = "etcd")]
    no_etcd: bool,
    /// The folder below which the nodes keep their data; must be on the disk in question [default: that of temporary files].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Draw throughput against latency into this file, as SVG.
    #[arg(long, value_name = "FILE.svg")]
    out: Option<PathBuf>,
    /// Write everything measured into this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// A look within seconds instead of a measurement: up to 8 clients, the first size only, a third of a second for each.
    #[arg(long, conflicts_with = "seconds")]
    quick: bool,
}

const EXAMPLE: &str = "\
Examples:
  quorate bench                                     the whole sweep; some minutes
  quorate bench --out knee.svg --json all.json      with a picture, and the figures for a program
  quorate bench --clients 64 --size 256 --batch 1   one load only (and the same with a fixed tick)
  quorate bench --dir /mnt/nvme --seconds 10        on another disk, for longer
  quorate bench --rounds 3                          when other programs run now and then: the median of three
  quorate bench --quick                             does it run at all? no figure to keep

What happens: for each point three nodes with empty logs start as processes of their own on 127.0.0.1. Clients put entries
in a closed loop: each has one request under way, and asks again when it is answered, which is when a majority has synced
the entries to disk. Then all nodes are compared with each other and with what was acknowledged.

How to read it:
  puts/s          entries acknowledged per second; a request holds as many as --batch says
  p50, p99, ..    how long requests took, as a client sees it
  CPU us/put      processor time of all three nodes for each entry; the load generator's own stands apart
  runs/put        how often a thread of any node was given a processor for each entry: a small one costs mostly that
  disk B/put      what reached the disk for each entry, of all nodes, the file system's journal (and other programs) included
  syncs/put       of all nodes; below 3 because many entries share one
  busy, in %      the first four of all processors; loop and load thread of one processor, waiting for it included; in
                  sync: of the looks at the leader; network: of what one stream over loopback carries alone
The knee is where more clients no longer get more puts but only longer latencies; --out draws it.

Clients, nodes and disk share one machine here, so figures are for comparing, not for sizing: two systems in one run, or
two loads. Let nothing else run, and see the load average in the first line. With etcd on the PATH (or --etcd PATH) three
members of it get the same load through gRPC: one put per request, the same sizes, clients and connections, no TLS.";

fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is not a number of seconds"))?;
    if (0.05..=600.0).contains(&seconds) { Ok(seconds) } else { Err("from 0.05 to 600 seconds".to_owned()) }
}

impl Arguments {
    fn sweep(&self, etcd: bool) -> Result<Sweep, Failure> {
        let sweep = Sweep {
            clients: self.asked_for(&self.clients, &[1, 8, 64, 512], 2).map(usize::from).collect(),
            sizes: self.asked_for(&self.size, &[256, 4096], 1).map(|size| size as usize).collect(),
            batches: self.asked_for(&self.batch, &[1, 64], 2).map(u64::from).collect(),
            connections_max: self.connections.into(),
            tick: (self.tick > 0).then(|| Duration::from_millis(self.tick)),
            etcd,
        };
        let size = sweep.sizes.last().copied().unwrap_or_default();
        let batch = sweep.batches.last().copied().unwrap_or_default();
        let bytes = batch * (size as u64 + LINE_OVERHEAD_BYTES) + REQUEST_OVERHEAD_BYTES;
        if bytes > FRAME_BYTES_MAX as u64 {
            return Err(Failure::new(format!(
                "{batch} entries of {size} bytes do not fit a request, which holds {FRAME_BYTES_MAX} bytes; \
                 take a smaller --batch or --size"
            )));
        }
        Ok(sweep)
    }

    /// What was asked for, rising; or the default, of which a quick look takes the first few.
    fn asked_for<T: Copy + Ord>(
        &self,
        asked: &[T],
        default: &[T],
        quick: usize,
    ) -> impl Iterator<Item = T> + use<T> {
        let default = if self.quick { &default[..quick.min(default.len())] } else { default };
        let values: BTreeSet<T> = if asked.is_empty() { default } else { asked }.iter().copied().collect();
        values.into_iter()
    }

    /// The program, and a word about it or about how to get it.
    fn etcd(&self) -> Result<Option<PathBuf>, Failure> {
        if self.no_etcd {
            return Ok(None);
        }
        let found = self.etcd.clone().or_else(etcd::installed);
        match &found {
            Some(program) => say::note(format_args!("{}: {}", program.display(), etcd::version(program)?)),
            None => say::note(
                "etcd was not found on the PATH, so there is nothing to compare with. On Debian and Ubuntu: \
                 apt-get install etcd-server; elsewhere unpack a release of it, and name it with --etcd PATH.",
            ),
        }
        Ok(found)
    }

    fn phases(&self) -> Phases {
        let measured = Duration::from_secs_f64(if self.quick { 0.3 } else { self.seconds });
        Phases { warm_up: measured / 4, measured }
    }
}

/// Measures every point, checks each, and tells.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    for file in arguments.out.iter().chain(&arguments.json) {
        check_writable(file)?;
    }
    let mut progress = Progress::new();
    let held = Held::new();
    held.end_on_stop()?;
    let _clean_up = CleanUp(held.clone());
    let etcd = arguments.etcd()?;
    let points = arguments.sweep(etcd.is_some())?.points();
    let folder = arguments.dir.clone().unwrap_or_else(std::env::temp_dir);
    let machine = Machine::look(&folder)?;
    say::result(&machine)?;
    let bench = Bench { held, folder, etcd, machine, phases: arguments.phases() };
    let mut measured = Vec::new();
    let rounds = (0..arguments.rounds).flat_map(|_| &points);
    let all = points.len() * usize::from(arguments.rounds);
    for (at, point) in rounds.enumerate() {
        let title = format!("{} of {all}: {point}", at + 1);
        let found = bench.measure(*point, &title, &mut progress)?;
        progress.step(&format!("{title}: {}", found.in_short()));
        measured.push(found);
    }
    let medians = report::medians(measured.clone());
    let acknowledged = measured.iter().map(|found| found.acknowledged).sum();
    say::result(Report { measured: &medians, acknowledged })?;
    if bench.etcd.is_none() {
        say::result("No etcd was measured beside it.\n")?;
    }
    if let Some(file) = &arguments.out {
        write(file, &knee::svg(&medians, &bench.machine.in_short()))?;
    }
    if let Some(file) = &arguments.json {
        write(file, &json::json(&measured, &bench.machine))?;
    }
    Ok(())
}

/// Finds out before the work whether its fruit can be kept.
fn check_writable(file: &Path) -> Result<(), Failure> {
    let opened = File::options().create(true).append(true).open(file);
    opened.map(drop).map_err(|error| Failure::new(format!("{} cannot be written: {error}", file.display())))
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text)
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", file.display())))?;
    say::result(format_args!("wrote {}\n", file.display()))
}

/// What all points have in common.
struct Bench {
    held: Held,
    folder: PathBuf,
    etcd: Option<PathBuf>,
    machine: Machine,
    phases: Phases,
}

/// Three nodes that are to be loaded.
trait Group {
    /// How requests get there.
    type Wire: Wire;

    /// Whom to look at, with their data on this device.
    fn watched(&self, device: Option<Device>) -> Watched;

    /// The clients, on their connections to the leader.
    fn connect(&mut self, load: Load, noise: &Noise) -> Result<Vec<Self::Wire>, Failure>;

    /// How many syncs each node has made so far.
    fn syncs(&mut self) -> Result<[u64; NODES], Failure>;

    /// Whether the node that led in the beginning does so still, and has all the time.
    fn has_same_leader(&mut self) -> bool;

    /// After the load: whether all nodes hold the same, and everything that was acknowledged. Returns how many entries
    /// that are.
    fn check(&mut self, wires: Vec<Self::Wire>, noise: &Noise) -> Result<u64, Failure>;
}

impl Bench {
    /// Starts three nodes with empty folders, loads them, checks them, and removes them.
    fn measure(&self, point: Point, title: &str, progress: &mut Progress) -> Result<Measured, Failure> {
        let mut last = Failure::new("not tried");
        for _ in 0..TRIES {
            progress.count(&format!("{title}: starting three nodes"), 0, 100);
            let tried = match point.system {
                System::Quorate => self.ours(point, None, title, progress),
                System::FixedTick(tick) => self.ours(point, Some(tick), title, progress),
                System::Etcd => self.etcd(point, title, progress),
            };
            self.held.clean_up();
            match tried? {
                Ok(measured) => return Ok(measured),
                Err(failure) => {
                    progress.step(&format!("{title}: another leader was elected meanwhile; once more"));
                    last = failure;
                }
            }
        }
        Err(Failure::new(format!(
            "{point}: another leader was elected each of {TRIES} times; is the machine too busy? ({})",
            last.text
        )))
    }

    fn ours(
        &self,
        point: Point,
        tick: Option<Duration>,
        title: &str,
        progress: &mut Progress,
    ) -> Result<Result<Measured, Failure>, Failure> {
        self.load(&mut Ours::start(&self.held, &self.folder, tick)?, point, title, progress)
    }

    fn etcd(
        &self,
        point: Point,
        title: &str,
        progress: &mut Progress,
    ) -> Result<Result<Measured, Failure>, Failure> {
        let program = self.etcd.as_deref().ok_or_else(|| Failure::new("there is no etcd to be measured"))?;
        self.load(&mut Etcd::start(&self.held, &self.folder, program)?, point, title, progress)
    }

    /// The inner error says that the leader changed.
    fn load<G: Group>(
        &self,
        group: &mut G,
        point: Point,
        title: &str,
        progress: &mut Progress,
    ) -> Result<Result<Measured, Failure>, Failure> {
        let noise = Noise::new(point.load.size);
        let wires = group.connect(point.load, &noise)?;
        let watched = group.watched(Device::below(&self.folder));
        let before = group.syncs()?;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let all = millis(self.phases.warm_up + self.phases.measured);
        let loaded = load::load(wires, &watched, self.phases, |since| {
            progress.count(&format!("{title}: under load, ms"), millis(since), all);
        });
        if !group.has_same_leader() {
            return Ok(Err(loaded.err().unwrap_or_else(|| Failure::new("the load went on all the same"))));
        }
        let (loaded, wires) = loaded?;
        let mut syncs = group.syncs()?;
        for (after, before) in syncs.iter_mut().zip(before) {
            *after -= before;
        }
        progress.count(&format!("{title}: comparing all nodes"), 99, 100);
        let acknowledged = group.check(wires, &noise)?;
        let shares = Shares::of(&loaded, watched.leader, &self.machine);
        let limit = shares.limit(point.system);
        Ok(Ok(Measured { point, leader: watched.leader, loaded, syncs, acknowledged, shares, limit }))
    }
}
