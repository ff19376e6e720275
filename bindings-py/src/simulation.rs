//! The simulator: a group of nodes under one seed, one event at a time.
//!
//! This half hands over plain tuples; the classes that people see are made of them in Python.

use std::sync::{LockResult, Mutex, PoisonError};

use machine_core::{Instant, NodeId};
use pyo3::{exceptions::PyValueError, prelude::*, sync::MutexExt, types::PyBytes};
use raft_core::{Index, LogPos, Term};
use sim::{
    Kind,
    raft::{Bench, Failure, Setup, View},
};

use crate::{arg, kind};

mod happening;
mod refusal;

use happening::Told;

/// Events between two looks at the signals: a fraction of a millisecond.
const EVENTS_AT_ONCE: u64 = 1024;

/// A simulation's compiled half; use ``quorate.Simulation``.
#[pyclass(frozen, module = "quorate._quorate")]
#[derive(Debug)]
pub struct SimulationCore {
    bench: Mutex<Bench>,
    /// Held by whoever waits for the bench: a thread that has just let go of it comes after the one that waited. Without
    /// the interpreter's lock, which makes threads take turns, others would wait for the whole of a run.
    turn: Mutex<()>,
}

#[pymethods]
impl SimulationCore {
    /// A group of ``nodes``; ``faults`` are names of kinds.
    #[new]
    fn new(
        seed: &Bound<'_, PyAny>,
        nodes: &Bound<'_, PyAny>,
        faults: &Bound<'_, PyAny>,
        clients: &Bound<'_, PyAny>,
        lines_max: &Bound<'_, PyAny>,
        events_max: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let refused = |name: &'static str| move |error| PyValueError::new_err(format!("{name}: {error}"));
        let seed = arg::number("seed", seed)?;
        let setup = Setup::new(seed, arg::size("nodes", nodes)?).map_err(refused("nodes"))?;
        let setup = setup.with_faults(&kinds("faults", faults)?).map_err(refused("faults"))?;
        let setup = setup.with_clients(arg::size("clients", clients)?).map_err(refused("clients"))?;
        let memory = (arg::size("trace_max", lines_max)?, arg::size("events_max", events_max)?);
        Ok(Self::of(Bench::new(&setup.with_memory(memory.0, memory.1))))
    }

    /// A whole run as it is drawn from its seed.
    #[staticmethod]
    fn drawn(
        seed: &Bound<'_, PyAny>,
        lines_max: &Bound<'_, PyAny>,
        events_max: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let seed = arg::number("seed", seed)?;
        let memory = (arg::size("trace_max", lines_max)?, arg::size("events_max", events_max)?);
        Ok(Self::of(Bench::drawn(seed, memory.0, memory.1)))
    }

    /// The next event; false when nothing is left to happen.
    fn step(&self, py: Python<'_>) -> PyResult<bool> {
        let stepped = self.with(py, Bench::step);
        stepped.map_err(|failure| refusal::failed(py, &failure))
    }

    /// Goes on until this virtual time, or for so many events; whether the time has come.
    fn run_until(&self, py: Python<'_>, until_ns: u64, events_max: u64) -> PyResult<bool> {
        let until = Instant::from_nanos(until_ns);
        let mut left = events_max;
        loop {
            let some = left.min(EVENTS_AT_ONCE);
            let come = self.slice(py, |bench| bench.run_until(until, some));
            if come.map_err(|failure| refusal::failed(py, &failure))? {
                return Ok(true);
            }
            left -= some;
            if left == 0 {
                return Ok(false);
            }
            py.check_signals()?;
        }
    }

    /// Ends all faults, and goes on until the group is one again.
    fn converge(&self, py: Python<'_>) -> PyResult<()> {
        self.by_hand(py, |bench| bench.end_faults().map(|()| 0))?;
        let run = |bench: &mut Bench| -> Result<bool, Box<Failure>> {
            for _ in 0..EVENTS_AT_ONCE {
                if bench.is_over() || !bench.step()? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        loop {
            let over = self.slice(py, run);
            if over.map_err(|failure| refusal::failed(py, &failure))? {
                return Ok(());
            }
            py.check_signals()?;
        }
    }

    /// Virtual time, in nanoseconds.
    #[getter]
    fn now_ns(&self, py: Python<'_>) -> u64 {
        self.with(py, |bench| bench.now().as_nanos())
    }

    /// When the next event happens, in nanoseconds.
    #[getter]
    fn next_ns(&self, py: Python<'_>) -> Option<u64> {
        self.with(py, |bench| bench.next_at().map(Instant::as_nanos))
    }

    /// Events so far.
    #[getter]
    fn steps(&self, py: Python<'_>) -> u64 {
        self.with(py, |bench| bench.events())
    }

    /// What was done so far, in one number.
    #[getter]
    fn digest(&self, py: Python<'_>) -> String {
        self.with(py, |bench| bench.digest().to_string())
    }

    /// How many nodes there are.
    #[getter]
    fn size(&self, py: Python<'_>) -> usize {
        self.with(py, |bench| bench.nodes())
    }

    /// The node that leads the newest term that is led.
    #[getter]
    fn leader(&self, py: Python<'_>) -> Option<u64> {
        self.with(py, |bench| bench.leader().map(NodeId::get))
    }

    /// Whether all faults have ended, and the group is one again.
    #[getter]
    fn is_over(&self, py: Python<'_>) -> bool {
        self.with(py, |bench| bench.is_over())
    }

    /// What ever happened, kept or not.
    #[getter]
    fn happened(&self, py: Python<'_>) -> u64 {
        self.with(py, |bench| bench.happenings_count())
    }

    /// What happened, without the first ``skipped`` of all.
    fn happenings(&self, py: Python<'_>, skipped: u64) -> Vec<Told> {
        self.with(py, |bench| bench.happenings(skipped).map(happening::told).collect())
    }

    /// The newest lines of the trace.
    fn lines(&self, py: Python<'_>) -> Vec<String> {
        self.with(py, |bench| bench.lines().map(str::to_owned).collect())
    }

    /// What happened, in numbers, by their names.
    fn totals(&self, py: Python<'_>) -> Vec<(&'static str, u64)> {
        let totals = self.with(py, |bench| bench.totals());
        totals.rows().into_iter().filter(|(name, _)| *name != "seeds").collect()
    }

    /// What can be seen of a node.
    fn view(&self, py: Python<'_>, node: &Bound<'_, PyAny>) -> PyResult<Seen> {
        let node = arg::number("node", node)?;
        let view = self.with(py, |bench| bench.view(node));
        view.map(|view| seen(&view)).map_err(|error| refusal::by_hand(py, error))
    }

    /// A node's entries from this index on: index, term, payload.
    fn log<'py>(&self, py: Python<'py>, node: &Bound<'_, PyAny>, first: u64) -> PyResult<Vec<Logged<'py>>> {
        let node = arg::number("node", node)?;
        let log = self.with(py, |bench| bench.log(node, Index::new(first)));
        let log = log.map_err(|error| refusal::by_hand(py, error))?;
        let bytes = |payload: Option<bytes::Bytes>| payload.map(|payload| PyBytes::new(py, &payload));
        let entry =
            |entry: sim::raft::Entry| (entry.at.index.get(), entry.at.term.get(), bytes(entry.payload));
        Ok(log.into_iter().map(entry).collect())
    }

    /// Asks a node to append; the term and the index that the entry has got.
    fn propose(
        &self,
        py: Python<'_>,
        node: &Bound<'_, PyAny>,
        payload: &Bound<'_, PyAny>,
    ) -> PyResult<(u64, u64)> {
        let node = arg::number("node", node)?;
        let payload = arg::with_bytes("payload", payload, |bytes| Ok(bytes.to_vec()))?;
        let at = self.by_hand(py, |bench| bench.propose(node, &payload))?;
        Ok((at.term.get(), at.index.get()))
    }

    /// Asks a node to read; the read's id.
    fn read(&self, py: Python<'_>, node: &Bound<'_, PyAny>) -> PyResult<u64> {
        let node = arg::number("node", node)?;
        self.by_hand(py, |bench| bench.read(node).map(raft_core::ReadId::get))
    }

    /// Asks a node to hand leadership over.
    fn transfer(&self, py: Python<'_>, node: &Bound<'_, PyAny>, to: &Bound<'_, PyAny>) -> PyResult<()> {
        let (node, to) = (arg::number("node", node)?, arg::number("to", to)?);
        self.by_hand(py, |bench| bench.transfer(node, to))
    }

    /// Asks a node to lead no longer.
    fn step_down(&self, py: Python<'_>, node: &Bound<'_, PyAny>) -> PyResult<()> {
        let node = arg::number("node", node)?;
        self.by_hand(py, |bench| bench.step_down(node))
    }

    /// Ends a node.
    fn crash(&self, py: Python<'_>, node: &Bound<'_, PyAny>, power: &Bound<'_, PyAny>) -> PyResult<()> {
        let node = arg::number("node", node)?;
        let power = power.extract::<bool>().map_err(|_| arg::expected("power", "a bool", power))?;
        self.by_hand(py, |bench| bench.crash(node, power))
    }

    /// Starts a node.
    fn restart(&self, py: Python<'_>, node: &Bound<'_, PyAny>) -> PyResult<()> {
        let node = arg::number("node", node)?;
        self.by_hand(py, |bench| bench.restart(node))
    }

    /// Lets a node stand still.
    fn pause(&self, py: Python<'_>, node: &Bound<'_, PyAny>) -> PyResult<()> {
        let node = arg::number("node", node)?;
        self.by_hand(py, |bench| bench.pause(node))
    }

    /// Lets a node go on.
    fn resume(&self, py: Python<'_>, node: &Bound<'_, PyAny>) -> PyResult<()> {
        let node = arg::number("node", node)?;
        self.by_hand(py, |bench| bench.resume(node))
    }

    /// Cuts the links between groups.
    fn partition(&self, py: Python<'_>, groups: &Bound<'_, PyAny>) -> PyResult<()> {
        let groups = arg::items("groups", "an iterable of groups", groups)?;
        let groups = groups.map(|group| arg::ids("groups", &group?)).collect::<PyResult<Vec<_>>>()?;
        self.by_hand(py, |bench| bench.partition(&groups))
    }

    /// Cuts one link in one direction.
    fn cut(&self, py: Python<'_>, sender: &Bound<'_, PyAny>, receiver: &Bound<'_, PyAny>) -> PyResult<()> {
        let (sender, receiver) = (arg::number("sender", sender)?, arg::number("receiver", receiver)?);
        self.by_hand(py, |bench| bench.cut(sender, receiver))
    }

    /// Opens what was cut by hand.
    fn heal(&self, py: Python<'_>) -> PyResult<()> {
        self.by_hand(py, Bench::heal)
    }

    /// Whether a client was told that the entry at this place is applied.
    fn is_acknowledged(&self, py: Python<'_>, term: u64, index: u64) -> bool {
        let at = LogPos { term: Term::new(term), index: Index::new(index) };
        self.with(py, |bench| bench.is_acknowledged(at))
    }

    /// Tells the judges a lie that they must find.
    fn promise_too_much(&self, py: Python<'_>) -> PyResult<()> {
        self.by_hand(py, Bench::promise_too_much)
    }
}

impl SimulationCore {
    fn of(bench: Bench) -> Self {
        Self { bench: Mutex::new(bench), turn: Mutex::new(()) }
    }

    /// Nothing of Python's is made or dropped under the lock. The bench keeps its own failures, panics of cores among them:
    /// what is behind the lock is whole whatever happened.
    fn with<T>(&self, py: Python<'_>, call: impl FnOnce(&mut Bench) -> T) -> T {
        let turn = whole(self.turn.lock_py_attached(py));
        let mut bench = whole(self.bench.lock_py_attached(py));
        drop(turn);
        call(&mut bench)
    }

    /// A part of what takes long, without the interpreter.
    fn slice<T: Send>(&self, py: Python<'_>, call: impl FnOnce(&mut Bench) -> T + Send) -> T {
        py.detach(|| {
            let turn = whole(self.turn.lock());
            let mut bench = whole(self.bench.lock());
            drop(turn);
            call(&mut bench)
        })
    }

    fn by_hand<T>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mut Bench) -> Result<T, sim::raft::HandError>,
    ) -> PyResult<T> {
        self.with(py, call).map_err(|error| refusal::by_hand(py, error))
    }
}

/// Index, term and payload.
type Logged<'py> = (u64, u64, Option<Bound<'py, PyBytes>>);

/// Role, term, leader, commit, applied, written and durable entries as term and index, vote, paused, retired, whether it has
/// heard a majority.
type Seen =
    (Option<&'static str>, u64, Option<u64>, u64, u64, (u64, u64), (u64, u64), Option<u64>, bool, bool, bool);

fn seen(view: &View) -> Seen {
    let pos = |at: LogPos| (at.term.get(), at.index.get());
    let id = |node: Option<NodeId>| node.map(NodeId::get);
    let status = view.status.as_ref();
    (
        status.map(|status| kind::name(status.role)),
        status.map_or(view.hard_state.term, |status| status.term).get(),
        id(status.and_then(|status| status.leader)),
        status.map_or(view.hard_state.commit, |status| status.commit).get(),
        view.applied.get(),
        pos(view.written),
        pos(view.durable),
        id(view.hard_state.vote),
        view.paused,
        view.retired,
        status.is_some_and(|status| status.quorum_heard),
    )
}

/// What is behind a lock, even if a thread has panicked with it.
fn whole<G>(locked: LockResult<G>) -> G {
    locked.unwrap_or_else(PoisonError::into_inner)
}

/// Kinds of faults by their names, out of any iterable.
fn kinds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Kind>> {
    let kind = |item: PyResult<Bound<'_, PyAny>>| {
        let item = item?;
        let text = item.extract::<String>().map_err(|_| arg::expected(name, "an iterable of str", &item))?;
        text.parse::<Kind>().map_err(|error| PyValueError::new_err(format!("{name}: {error}")))
    };
    arg::items(name, "an iterable of str", value)?.map(kind).collect()
}
