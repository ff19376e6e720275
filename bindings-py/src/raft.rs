//! Raft: one node of a group, as a value that touches nothing.

use machine_core::{Instant, WriteId};
use pyo3::{prelude::*, types::PyList};
use raft_core::{FetchId, Index, Stamp};

use crate::{arg, guard::Guarded, value::Field};

pub(crate) mod config;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod message;
pub(crate) mod output;
pub(crate) mod recovered;
pub(crate) mod run;
pub(crate) mod status;

use recovered::Recovered;
use run::{LogPos, Proposed, Run};
use status::Status;

/// One node of a Raft group, sans IO: it is told what happened, and says what it now owes the world.
///
/// *Inputs*: ``step`` a peer spoke, ``tick`` time passed, ``persisted``, ``applied`` and ``fetched`` the world has done what
/// an output asked for. *Commands*: ``propose``, ``propose_many``, ``read``, ``transfer_leadership``, ``step_down``.
/// *Outputs*: ``poll_output``, ``poll_outputs``. *Views*: ``next_tick``, ``status``, ``check``.
///
/// Any order of calls is safe, and an output may be executed the moment it is seen. A call that raises has changed nothing
/// but the time that the node has seen.
///
/// ``recovered`` is what the node's storage holds, ``Recovered()`` when it never ran. The same ``seed`` with the same inputs
/// gives the same run: give every node another one. ``now_ns`` is the caller's monotonic clock in whole nanoseconds, of any
/// start, such as ``time.monotonic_ns()``.
///
/// Raises ``ConfigError``, and ``FaultError`` when what storage gave back contradicts itself.
///
/// Threads may share it: calls take turns, and none waits for a disk or a peer. It is not picklable, since two copies of a
/// node would vote twice.
#[pyclass(frozen, module = "quorate.raft")]
#[derive(Debug)]
pub struct Raft(Guarded<raft_core::Raft>);

#[pymethods]
impl Raft {
    #[new]
    #[pyo3(signature = (config, recovered = None, *, seed, now_ns))]
    fn new(
        config: &Bound<'_, PyAny>,
        recovered: Option<&Bound<'_, PyAny>>,
        seed: &Bound<'_, PyAny>,
        now_ns: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let (py, config) = (config.py(), config::take("config", config)?);
        let recovered = recovered.map(|it| arg::class::<Recovered>("recovered", it)).transpose()?;
        let recovered = recovered.map_or_else(raft_core::Recovered::default, |it| it.get().into());
        let seed = arg::number("seed", seed)?;
        let raft = raft_core::Raft::new(config, recovered, seed, now(now_ns)?);
        raft.map(|raft| Self(Guarded::new("Raft", raft))).map_err(|refusal| error::config(py, &refusal))
    }

    /// The node ``sender`` said ``message``: a ``Message``, or the bytes of one as ``Message.encode`` made them.
    ///
    /// Raises ``PeerError`` when no honest peer says this, ``WireError`` when the bytes are no message. Drop the message, and
    /// tell an operator.
    fn step(
        &self,
        py: Python<'_>,
        now_ns: &Bound<'_, PyAny>,
        sender: &Bound<'_, PyAny>,
        message: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (now, from) = (now(now_ns)?, arg::node("sender", sender)?);
        let message = message::spoken("message", message)?;
        let stepped = self.0.with(py, |raft| raft.step(now, from, message))?;
        stepped.map_err(|refusal| error::peer(py, &refusal))
    }

    /// Several messages at one moment, as pairs of sender and message. Returns what was refused, as pairs of the place in
    /// ``messages`` and the ``PeerError`` or ``WireError``: one bad message is no reason to lose the others. Wrong types raise,
    /// before any message is taken.
    fn step_many<'py>(
        &self,
        py: Python<'py>,
        now_ns: &Bound<'_, PyAny>,
        messages: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let (now, spoken) = (now(now_ns)?, message::spoken_many("messages", messages)?);
        let mut refused = Vec::new();
        let mut heard = Vec::with_capacity(spoken.len());
        for (place, (from, message)) in spoken.into_iter().enumerate() {
            match message {
                Ok(message) => heard.push((place, from, message)),
                Err(refusal) => refused.push((place, error::wire(py, refusal))),
            }
        }
        let blamed: Vec<_> = self.0.with(py, |raft| {
            let step = |(place, from, message)| Some((place, raft.step(now, from, message).err()?));
            heard.into_iter().filter_map(step).collect()
        })?;
        refused.extend(blamed.into_iter().map(|(place, blame)| (place, error::peer(py, &blame))));
        refused.sort_unstable_by_key(|(place, _)| *place);
        PyList::new(py, refused.into_iter().map(|(place, error)| (place, error.into_value(py))))
    }

    /// Time passed. Early calls do nothing, late ones are fine; due at ``next_tick()``.
    fn tick(&self, py: Python<'_>, now_ns: &Bound<'_, PyAny>) -> PyResult<()> {
        let now = now(now_ns)?;
        self.0.with(py, |raft| raft.tick(now))
    }

    /// Every write up to and including the one with this ``id`` is durable. Repeated and older ids change nothing.
    ///
    /// Raises ``MisuseError`` for an id that no ``Persist`` had.
    fn persisted(&self, py: Python<'_>, now_ns: &Bound<'_, PyAny>, id: &Bound<'_, PyAny>) -> PyResult<()> {
        let (now, id) = (now(now_ns)?, WriteId::new(arg::number("id", id)?));
        self.0.with(py, |raft| raft.persisted(now, id))?.map_err(|misuse| error::misuse(py, &misuse))
    }

    /// The state machine has done everything up to ``index``. Repeated and older ones change nothing.
    ///
    /// Raises ``MisuseError`` for an index that no ``Apply`` has reached.
    fn applied(&self, py: Python<'_>, now_ns: &Bound<'_, PyAny>, index: &Bound<'_, PyAny>) -> PyResult<()> {
        let (now, index) = (now(now_ns)?, Index::new(arg::number("index", index)?));
        self.0.with(py, |raft| raft.applied(now, index))?.map_err(|misuse| error::misuse(py, &misuse))
    }

    /// Storage answers the ``Fetch`` with this ``id``, with any stored run that holds the entry asked for. Entries that are not
    /// the ones asked for are a fault of the storage: the node halts.
    ///
    /// Raises ``MisuseError`` when the question is not outstanding.
    fn fetched(
        &self,
        py: Python<'_>,
        now_ns: &Bound<'_, PyAny>,
        id: &Bound<'_, PyAny>,
        run: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (now, id) = (now(now_ns)?, FetchId::new(arg::number("id", id)?));
        let run = Run::take("run", run)?.0;
        self.0.with(py, |raft| raft.fetched(now, id, run))?.map_err(|misuse| error::misuse(py, &misuse))
    }

    /// Asks for an entry with this payload, and says where it will stand. It is decided when ``Apply`` hands out an entry of
    /// the same index *and term*; an entry of another term there means that it never will be.
    ///
    /// ``payload`` is ``bytes`` or any contiguous buffer. ``stamp`` comes out with the entry on every replica; the number of a
    /// ``HlcTime`` does well.
    ///
    /// Raises ``NotLeaderError``, ``NoQuorumError``, ``FullError``, ``TooLargeError``, ``TransferringError``, ``HaltedError``.
    #[pyo3(signature = (now_ns, payload, *, stamp = None))]
    fn propose(
        &self,
        py: Python<'_>,
        now_ns: &Bound<'_, PyAny>,
        payload: &Bound<'_, PyAny>,
        stamp: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<LogPos> {
        let now = now(now_ns)?;
        let stamp = stamp.map(|stamp| arg::number("stamp", stamp)).transpose()?.map(Stamp::new);
        let proposed = arg::with_bytes("payload", payload, |payload| {
            self.0.with(py, |raft| match stamp {
                Some(stamp) => raft.propose_stamped(now, stamp, payload),
                None => raft.propose(now, payload),
            })
        })?;
        proposed.map(LogPos::from).map_err(|refusal| error::propose(py, refusal))
    }

    /// Like ``propose`` for a sequence of payloads, in one call: takes as many as there is room for, from the front, and says
    /// how many. Go on with ``payloads[proposed.count:]`` when something has been committed.
    ///
    /// Raises as ``propose``, when not even the first can be taken; ``FullError`` also when there is none. The call is short: no
    /// more is taken than ``uncommitted_bytes_max``.
    fn propose_many(
        &self,
        py: Python<'_>,
        now_ns: &Bound<'_, PyAny>,
        payloads: &Bound<'_, PyAny>,
    ) -> PyResult<Proposed> {
        let now = now(now_ns)?;
        let payloads = arg::payloads("payloads", payloads)?;
        let proposed = self.0.with(py, |raft| raft.propose_many(now, &payloads))?;
        let proposed = proposed.map_err(|refusal| error::propose(py, refusal))?;
        Ok(Proposed { term: proposed.term.get(), first: proposed.first.get(), count: proposed.count })
    }

    /// Asks to read what is newest; returns the id by which ``ReadReady`` and ``ReadsLost`` name it. Costs no write, and reads
    /// asked between two polls share one question to the followers.
    ///
    /// Raises ``NotLeaderError``, ``NoQuorumError``, ``FullError``, ``HaltedError``.
    fn read(&self, py: Python<'_>, now_ns: &Bound<'_, PyAny>) -> PyResult<u64> {
        let now = now(now_ns)?;
        let id = self.0.with(py, |raft| raft.read(now))?;
        id.map(raft_core::ReadId::get).map_err(|refusal| error::read(py, refusal))
    }

    /// Hands leadership to the node ``to``: takes no more proposals, waits until it has everything, and tells it to stand at
    /// once. Gives up after the longest election timeout, with ``TransferFailed``.
    ///
    /// Raises ``NotLeaderError``, ``NoSuchPeerError``, ``TransferringError``, ``HaltedError``.
    fn transfer_leadership(
        &self,
        py: Python<'_>,
        now_ns: &Bound<'_, PyAny>,
        to: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (now, to) = (now(now_ns)?, arg::node("to", to)?);
        self.0
            .with(py, |raft| raft.transfer_leadership(now, to))?
            .map_err(|refusal| error::transfer(py, refusal))
    }

    /// Leads no more, in the same term; others stand first. Does nothing unless this node leads.
    fn step_down(&self, py: Python<'_>, now_ns: &Bound<'_, PyAny>) -> PyResult<()> {
        let now = now(now_ns)?;
        self.0.with(py, |raft| raft.step_down(now))
    }

    /// The next thing owed to the world: ``Persist``, ``Send``, ``Apply``, ``Fetch``, ``Notify`` or ``Halt``; ``None`` when
    /// nothing is owed.
    fn poll_output<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let output = self.0.with(py, raft_core::Raft::poll_output)?;
        output.map(|output| output::to_python(py, output)).transpose()
    }

    /// Everything that is owed at the moment, in one call.
    fn poll_outputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let outputs = self.0.with(py, |raft| {
            let mut outputs = Vec::new();
            while let Some(output) = raft.poll_output() {
                outputs.push(output);
            }
            outputs
        })?;
        let outputs = outputs.into_iter().map(|output| output::to_python(py, output));
        PyList::new(py, outputs.collect::<PyResult<Vec<_>>>()?)
    }

    /// When ``tick`` is next due, on the caller's clock; ``None`` when the node has halted.
    fn next_tick(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        let next = self.0.with(py, |raft| raft.next_tick())?;
        Ok(next.map(Instant::as_nanos))
    }

    /// A copy of what there is to know about the node.
    fn status(&self, py: Python<'_>) -> PyResult<Status> {
        self.0.with(py, |raft| raft.status()).map(Status::from)
    }

    /// Looks at everything that must hold within one node; walks the log in memory. For tests and simulators, after every
    /// step.
    ///
    /// Raises ``BrokenError`` with the first invariant that does not hold, which is a bug of this package.
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        let broken = self.0.with(py, |raft| raft.check())?;
        broken.map_err(|broken| error::broken(py, broken))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let status = self.0.with(py, |raft| raft.status())?;
        Ok(format!("<Raft {}, {:?} in term {}>", status.id.get(), status.role, status.term.get()))
    }
}

/// Panics inside a call on this node, as a bug would: for the test that says what happens then.
#[pyfunction]
pub(crate) fn _panic(raft: &Bound<'_, PyAny>) -> PyResult<()> {
    let raft = arg::class::<Raft>("raft", raft)?;
    raft.get().0.with(raft.py(), |_| panic!("asked to"))
}

/// A moment of the caller's clock.
fn now(value: &Bound<'_, PyAny>) -> PyResult<Instant> {
    arg::number("now_ns", value).map(Instant::from_nanos)
}
