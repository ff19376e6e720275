//! Places in the log, entries, and the blocks that hold them.

use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyBytes, PyIterator, PyList, PyTuple, PyType},
};
use raft_core::{EntryKind, Index, Term};

use super::error;
use crate::{
    arg,
    kind::{Kind, Named},
    value::{Block, Field, value},
};

/// An entry's term and index, which together name its content.
///
/// The order is that of "more up to date": by term first, then by index. Immutable, hashable, picklable.
#[pyclass(frozen, eq, ord, hash, module = "quorate.raft")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPos {
    /// The entry's term.
    #[pyo3(get)]
    pub(crate) term: u64,
    /// The entry's index; 0 before the first.
    #[pyo3(get)]
    pub(crate) index: u64,
}

#[pymethods]
impl LogPos {
    #[new]
    fn new(term: &Bound<'_, PyAny>, index: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self { term: arg::number("term", term)?, index: arg::number("index", index)? })
    }

    #[classattr]
    #[pyo3(name = "__match_args__")]
    const fn match_args() -> (&'static str, &'static str) {
        ("term", "index")
    }

    fn __repr__(&self) -> String {
        format!("LogPos(term={}, index={})", self.term, self.index)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (u64, u64)) {
        (py.get_type::<Self>(), (self.term, self.index))
    }
}

impl Field for LogPos {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(*arg::class::<Self>(name, value)?.get())
    }
}

impl From<raft_core::LogPos> for LogPos {
    fn from(pos: raft_core::LogPos) -> Self {
        Self { term: pos.term.get(), index: pos.index.get() }
    }
}

value! {
    /// What became of ``Raft.propose_many``.
    Proposed {
        /// The term of the entries.
        term: u64,
        /// The index of the first.
        first: u64,
        /// How many were taken, from the front; at least 1.
        count: u64,
    }
}

value! {
    /// One entry of the log.
    Entry {
        /// Its place in the log, from 1.
        index: u64,
        /// Its term.
        term: u64,
        /// What it is for.
        kind: Kind<EntryName>,
        /// What its proposer has attached, such as the number of a ``HlcTime``; ``None`` for entries without.
        stamp: Option<u64>,
        /// The proposed bytes; empty for a blank entry.
        payload: Block,
    }
}

/// What an entry is for, without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum EntryName {
    Normal,
    Blank,
}

impl Named for EntryName {
    const ENUM: &'static str = "EntryKind";
    const ALL: &'static [(Self, &'static str)] = &[(Self::Normal, "NORMAL"), (Self::Blank, "BLANK")];
}

/// Consecutive entries of one term, at least one, as one shared block of bytes.
///
/// The block is made once and never copied again on its way through log, disk and messages; what Python sees of it, a
/// payload or the body, is copied when it is asked for. Iterating gives each ``Entry``; ``payloads`` and ``items`` cost less
/// where only they matter. Immutable, hashable, picklable.
#[pyclass(frozen, eq, hash, module = "quorate.raft")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run(pub(crate) raft_core::Run);

#[pymethods]
impl Run {
    /// Takes bytes that came from a peer or a disk, after looking at every entry's header.
    ///
    /// Raises ``WireError`` when they are not exactly ``count`` entries, or when a number is zero or too large.
    #[staticmethod]
    fn decode(
        term: &Bound<'_, PyAny>,
        first: &Bound<'_, PyAny>,
        count: &Bound<'_, PyAny>,
        body: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let (term, first) = (arg::number("term", term)?, arg::number("first", first)?);
        let count = u32::take("count", count)?;
        let run =
            raft_core::Run::decode(Term::new(term), Index::new(first), count, arg::block("body", body)?);
        run.map(Self).map_err(|refusal| error::wire(body.py(), raft_core::wire::WireError::Run(refusal)))
    }

    #[classattr]
    #[pyo3(name = "__match_args__")]
    const fn match_args() -> (&'static str, &'static str, &'static str) {
        ("term", "first", "last")
    }

    /// The term of all its entries.
    #[getter]
    const fn term(&self) -> u64 {
        self.0.term().get()
    }

    /// The index of its first entry.
    #[getter]
    const fn first(&self) -> u64 {
        self.0.first().get()
    }

    /// The index of its last entry: what ``Raft.applied`` wants to hear.
    #[getter]
    const fn last(&self) -> u64 {
        self.0.last().get()
    }

    /// All entries as bytes, headers included: what goes to disk and to peers.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.body())
    }

    /// How many bytes ``body`` has, without making them.
    #[getter]
    fn body_bytes(&self) -> usize {
        self.0.body().len()
    }

    /// The entries, in order.
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let entries = self.0.entries().map(|entry| self.entry(&entry)).collect::<Vec<_>>();
        PyList::new(py, entries)
    }

    /// The payloads that the state machine is to apply, in order; blank entries are left out.
    fn payloads<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let payloads = self.0.payloads().map(|(_, payload)| PyBytes::new(py, payload));
        PyList::new(py, payloads.collect::<Vec<_>>())
    }

    /// The same with their indexes, as pairs of index and payload.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let items = self.0.payloads().map(|(index, payload)| (index.get(), PyBytes::new(py, payload)));
        PyList::new(py, items.collect::<Vec<_>>())
    }

    /// The entries up to and including the one at ``last``, in the same block; ``None`` when that leaves nothing.
    fn up_to(&self, last: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        Ok(self.0.up_to(Index::new(arg::number("last", last)?)).map(Self))
    }

    /// The entries from the one at ``first`` on, in the same block; ``None`` when that leaves nothing.
    fn starting_at(&self, first: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        Ok(self.0.starting_at(Index::new(arg::number("first", first)?)).map(Self))
    }

    const fn __len__(&self) -> usize {
        self.0.count() as usize
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.entries(py)?.try_iter()
    }

    fn __repr__(&self) -> String {
        let (term, first, last) = (self.term(), self.first(), self.last());
        format!("<Run of term {term}, entries {first} to {last}, {} bytes>", self.body_bytes())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(py, "quorate.raft", "Run")?;
        let parts = (self.term(), self.first(), self.0.count(), self.body(py)).into_pyobject(py)?;
        Ok((class.getattr("decode")?, parts))
    }
}

impl Run {
    fn entry(&self, entry: &raft_core::Entry<'_>) -> Entry {
        let kind = if entry.kind == EntryKind::Blank { EntryName::Blank } else { EntryName::Normal };
        Entry {
            index: entry.index.get(),
            term: self.term(),
            kind: Kind(kind),
            stamp: entry.kind.stamp().map(raft_core::Stamp::get),
            payload: Block(self.0.share(entry.payload)),
        }
    }
}

impl Field for Run {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(arg::class::<Self>(name, value)?.get().clone())
    }
}
