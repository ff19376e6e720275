//! The durable log: Raft's writes in a folder, with the same bytes as the agent's.

use std::{
    path::PathBuf,
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use machine_core::WriteId;
use pyo3::{
    exceptions::{PyOSError, PyTypeError},
    prelude::*,
    types::PyList,
};
use raft_core::{Index, Term};
use storage::{LogStore, Options, RealDisk, State, Wal};

use crate::{
    arg,
    guard::Guarded,
    raft::{
        output::{HardState, Persist},
        recovered::{Recovered, RecoveredRun},
        run::Run,
    },
    value::{Field, Many},
};

mod error;

/// The durable log of one Raft node: a write-ahead log in a folder of its own, which a crash leaves whole.
///
/// Use ``Log.open``. ``recovered()`` goes into ``Raft``; ``append`` takes each ``Persist``, one ``sync`` makes all of them
/// durable and says up to which id ``Raft.persisted`` may be told; ``fetch`` answers a ``Fetch``. The bytes are those of the
/// node ``quorate`` in Rust: a folder written by one opens in the other.
///
/// Every call that may touch the disk lets other threads of Python run, and is short: one write, one sync, or one read. A
/// signal, such as Ctrl-C, is handled when it returns. Threads may share the log; calls take turns. After a failed write or
/// sync nothing is tried again: every call raises ``StoppedError``. It is not picklable, and of no use in a forked child.
#[pyclass(frozen, module = "quorate")]
#[derive(Debug)]
pub struct Log {
    wal: Guarded<Option<Wal<RealDisk>>>,
    folder: PathBuf,
    recovered: Recovered,
    trimmed: Option<String>,
    /// How long the newest sync took.
    sync_ns: AtomicU64,
    /// Who opened it. A fork shares the files, but not the memory that knows what is in them.
    process: u32,
}

#[pymethods]
impl Log {
    /// Opens the log in ``folder``, which is made if it is missing, and takes it for this object alone.
    ///
    /// ``cluster`` and ``node`` say whose log it is: the folder of another one is refused. ``seed`` makes the records' tags hard
    /// to guess; from the system's randomness if not given. ``segment_bytes``: the size of a file, 16 MiB, a multiple of 4,096
    /// up to 1 GiB. ``record_bytes_max``: the most that one write may take, 4 MiB. ``spares_max``: how many released files are
    /// kept to be used again, 2.
    ///
    /// Raises ``ConfigError``, ``LockedError`` (somebody else has it open), ``OtherLogError``, ``DamagedError``,
    /// ``ForeignLogError``, ``DiskError``. Nothing durable was changed then.
    #[staticmethod]
    #[pyo3(
        signature = (folder, *, cluster, node, seed = None, segment_bytes = None, record_bytes_max = None, spares_max = None)
    )]
    #[expect(clippy::too_many_arguments, reason = "they are named in Python")]
    fn open(
        py: Python<'_>,
        folder: &Bound<'_, PyAny>,
        cluster: &Bound<'_, PyAny>,
        node: &Bound<'_, PyAny>,
        seed: Option<&Bound<'_, PyAny>>,
        segment_bytes: Option<&Bound<'_, PyAny>>,
        record_bytes_max: Option<&Bound<'_, PyAny>>,
        spares_max: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let folder: PathBuf = folder.extract().map_err(|error: PyErr| {
            let wrong = error.is_instance_of::<PyTypeError>(py);
            if wrong { arg::expected("folder", "a str or a path", folder) } else { error }
        })?;
        let (cluster, node) = (arg::number("cluster", cluster)?, arg::node("node", node)?);
        let seed = seed.map_or_else(random, |seed| arg::number("seed", seed))?;
        let mut options = Options::new(cluster, node, seed);
        if let Some(bytes) = segment_bytes {
            options = options.with_segment_bytes(u32::take("segment_bytes", bytes)?);
        }
        if let Some(bytes) = record_bytes_max {
            options = options.with_record_bytes_max(u32::take("record_bytes_max", bytes)?);
        }
        if let Some(spares) = spares_max {
            options = options.with_spares_max(u32::take("spares_max", spares)?);
        }
        let disk = RealDisk::new(&folder);
        let opened = py.detach(|| Wal::open(disk, options));
        let (wal, found) = opened.map_err(|refusal| error::open(py, &refusal))?;
        let recovered = recovered(py, &found)?;
        let trimmed = found.trimmed.map(|trimmed| trimmed.to_string());
        let process = process::id();
        let sync_ns = AtomicU64::new(0);
        Ok(Self { wal: Guarded::new("Log", Some(wal)), folder, recovered, trimmed, sync_ns, process })
    }

    /// Where it is.
    #[getter]
    fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// What a crash left at the end in part, and what was therefore dropped when the log was opened, in words; ``None`` when
    /// nothing was. Never anything durable.
    #[getter]
    fn trimmed(&self) -> Option<&str> {
        self.trimmed.as_deref()
    }

    /// The last position that was appended; 0 when none was.
    #[getter]
    fn last(&self, py: Python<'_>) -> PyResult<u64> {
        self.call(py, |wal| wal.last())
    }

    /// How long the newest ``sync`` or ``persist`` that succeeded was with the disk, in nanoseconds; 0 before the first. What it
    /// has waited for other calls, or for Python's global lock, is not counted.
    #[getter]
    fn sync_ns(&self) -> u64 {
        self.sync_ns.load(Ordering::Relaxed)
    }

    /// What the log held when it was opened, for ``Raft``: all of it is durable. ``applied`` is the last entry that the state
    /// machine has kept on its own; leave it at 0 when it begins empty.
    #[pyo3(signature = (applied = None))]
    fn recovered(&self, applied: Option<&Bound<'_, PyAny>>) -> PyResult<Recovered> {
        let applied = applied.map_or(Ok(0), |index| arg::number("applied", index))?;
        Ok(Recovered { applied, ..self.recovered.clone() })
    }

    /// Appends the write of a ``Persist``, all of it or nothing. It is durable after the next ``sync``, not before.
    ///
    /// Raises ``AppendError`` when it cannot follow what is there, ``NoSegmentError`` when the disk is full (make room, and append
    /// the same again): nothing has changed then. Raises ``StoppedError`` when writing failed.
    fn append(&self, py: Python<'_>, persist: &Bound<'_, PyAny>) -> PyResult<()> {
        let write = to_stored("persist", persist)?;
        let appended = self.call(py, |wal| wal.append(&write))?;
        appended.map_err(|refusal| error::append(py, &refusal))
    }

    /// Makes all that was appended durable, with one sync. Returns the id of the last write, which is what ``Raft.persisted``
    /// wants to hear; 0 when nothing was appended since the log was opened.
    ///
    /// Raises ``StoppedError`` when the sync failed, now or before.
    fn sync(&self, py: Python<'_>) -> PyResult<u64> {
        let synced = self.call(py, |wal| self.timed(|| wal.sync()))?;
        synced.map(WriteId::get).map_err(|refusal| error::stopped(py, &refusal))
    }

    /// Appends all of a sequence of ``Persist`` and syncs once, in one call: what a thread for the disk does in a turn.
    ///
    /// Raises as ``append`` and ``sync`` do. What comes before a write that was refused is appended, and not synced.
    fn persist(&self, py: Python<'_>, persists: &Bound<'_, PyAny>) -> PyResult<u64> {
        let persists = arg::list("persists", "a sequence of Persist", persists)?;
        let writes = persists.iter().enumerate();
        let writes = writes.map(|(place, persist)| to_stored(&format!("persists[{place}]"), &persist));
        let writes = writes.collect::<PyResult<Vec<_>>>()?;
        let appended = self.call(py, |wal| {
            self.timed(|| writes.iter().try_for_each(|write| wal.append(write)).map(|()| wal.sync()))
        })?;
        let synced = appended.map_err(|refusal| error::append(py, &refusal))?;
        synced.map(WriteId::get).map_err(|refusal| error::stopped(py, &refusal))
    }

    /// The run that holds the entry at ``index``, joined with those that follow it in its term up to 64 KiB: the answer to a
    /// ``Fetch``.
    ///
    /// Raises ``ReadError`` for an index that is not there, ``DamagedError`` when the disk does not give back what was written,
    /// ``DiskError`` when it gives nothing back, ``StoppedError``.
    fn fetch(&self, py: Python<'_>, index: &Bound<'_, PyAny>) -> PyResult<Run> {
        let index = arg::number("index", index)?;
        let found = self.runs(py, index, FETCH_BYTES)?;
        raft_core::Run::joined(&found).map(Run).ok_or_else(|| error::foreign(py, index, "no run"))
    }

    /// Consecutive runs, beginning with the one that holds the entry at ``first``: as many as take ``bytes_max`` bytes, 64 for
    /// each run beside its body, but always one. The first one may begin before ``first``.
    ///
    /// Raises as ``fetch``.
    #[pyo3(signature = (first, *, bytes_max = None))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        first: &Bound<'_, PyAny>,
        bytes_max: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let first = arg::number("first", first)?;
        let bytes_max = bytes_max.map_or(Ok(READ_BYTES), |bytes| arg::size("bytes_max", bytes))?;
        let runs = self.runs(py, first, bytes_max)?;
        PyList::new(py, runs.into_iter().map(Run))
    }

    /// Leaves proof of what is durable, by which the next opening can tell a damaged end from a torn one. Call it when there is
    /// nothing else to do. It does not sync.
    ///
    /// Raises ``StoppedError``.
    fn mark(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |wal| wal.mark())?.map_err(|refusal| error::stopped(py, &refusal))
    }

    /// Syncs, leaves proof, and lets go of the folder. Does nothing when it is closed; a log that is dropped instead loses
    /// nothing that was synced.
    ///
    /// Raises ``StoppedError`` when that failed; it is closed then, too.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.check_process(py)?;
        let closed = self.wal.with_detached(py, |slot| slot.take().map_or(Ok(()), Wal::close))?;
        closed.map_err(|refusal| error::stopped(py, &refusal))
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _error: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<Log in {:?}>", self.folder)
    }
}

/// How much `fetch` brings along, beyond the first run.
const FETCH_BYTES: usize = 64 << 10;

/// How much `read` gives if nobody says how much.
const READ_BYTES: usize = 1 << 20;

impl Log {
    /// Calls the log, detached: whatever it does may wait for a disk.
    fn call<R: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mut Wal<RealDisk>) -> R + Send,
    ) -> PyResult<R> {
        self.check_process(py)?;
        let answer = self.wal.with_detached(py, |slot| slot.as_mut().map(call))?;
        answer.ok_or_else(|| error::closed(py, "the log was closed"))
    }

    /// Where no lock of Python's is waited for.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a disk takes is measured; no decision of a core rests on it"
    )]
    fn timed<R, E>(&self, call: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
        let begun = Instant::now();
        let outcome = call()?;
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.sync_ns.store(took, Ordering::Relaxed);
        Ok(outcome)
    }

    /// Before the lock is touched: another thread may have held it when the process was forked, and would hold it for ever.
    fn check_process(&self, py: Python<'_>) -> PyResult<()> {
        if process::id() == self.process {
            return Ok(());
        }
        Err(error::closed(
            py,
            "the log was opened before this process was forked; open it in one of the two only",
        ))
    }

    fn runs(&self, py: Python<'_>, first: u64, bytes_max: usize) -> PyResult<Vec<raft_core::Run>> {
        let stored = self.call(py, |wal| wal.read(first, bytes_max))?;
        let stored = stored.map_err(|refusal| error::read(py, &refusal))?;
        let runs = stored.into_iter().map(|stored| {
            let storage::Run { first, count, mark, body } = stored.run;
            let run = raft_core::Run::decode(Term::new(mark), Index::new(first), count, body)
                .map_err(|flaw| error::foreign(py, first, &flaw.to_string()))?;
            let last = first.saturating_add(u64::from(stored.live)).saturating_sub(1);
            Ok(run.up_to(Index::new(last)).unwrap_or(run))
        });
        runs.collect()
    }
}

/// The write of a `Persist`, in the words of the log store.
fn to_stored(name: &str, persist: &Bound<'_, PyAny>) -> PyResult<storage::Write> {
    let persist = arg::class::<Persist>(name, persist)?.get();
    let run = persist.write.run.as_ref().map(|Run(run)| storage::Run {
        first: run.first().get(),
        count: run.count(),
        mark: run.term().get(),
        body: run.body().clone(),
    });
    let state = raft_core::HardState::from(&persist.write.hard_state).encode();
    let state = State::new(&state).expect("a hard state takes 25 bytes, and 64 fit");
    Ok(storage::Write { id: WriteId::new(persist.id), state, run })
}

fn recovered(py: Python<'_>, found: &storage::Recovered) -> PyResult<Recovered> {
    let hard_state = match &found.state {
        Some(state) => raft_core::HardState::decode(state.as_bytes())
            .map_err(|flaw| error::foreign(py, found.last, &flaw.to_string()))?,
        None => raft_core::HardState::default(),
    };
    let run = |run: &storage::LiveRun| RecoveredRun { first: run.first, count: run.count, term: run.mark };
    let runs = Many(found.runs.iter().map(run).collect());
    Ok(Recovered { hard_state: HardState::from(hard_state), runs, applied: 0 })
}

fn random() -> PyResult<u64> {
    getrandom::u64()
        .map_err(|error| PyOSError::new_err(format!("seed: no randomness from the system: {error}")))
}
