//! What peers say to each other.

use machine_core::NodeId;
use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyBytes, PyTuple, PyType},
};
use raft_core::{
    Index, Message as Core, MessageKind, Outcome, Round, SessionId,
    wire::{self, WireError},
};

use super::{
    error,
    run::{LogPos, Run},
};
use crate::{
    arg,
    kind::{Kind, Named},
    value::Field,
};

/// What one node says to another. Made by ``Raft.poll_output`` and by ``decode``; the way over a network is
/// ``Message.decode(message.encode())``.
///
/// ``kind`` says which it is, and so which of the fields it has; the others are ``None``. The bytes are the core's own,
/// documented layout, the same in every language. Immutable, hashable, picklable.
#[pyclass(frozen, eq, hash, module = "quorate.raft")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message(pub(crate) Core);

#[pymethods]
impl Message {
    /// Reads a message; the entries in it share ``data`` where that is a large ``bytes`` object.
    ///
    /// Raises ``WireError`` when the bytes are no message.
    #[staticmethod]
    fn decode(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let message = wire::decode(arg::block("data", data)?);
        message.map(Self).map_err(|refusal| error::wire(data.py(), refusal))
    }

    /// The message as bytes: a head of at most 64, and the entries, if any.
    fn encode<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let mut bytes = Vec::with_capacity(wire::HEAD_BYTES_MAX);
        wire::encode_head(&self.0, &mut bytes);
        let Some(run) = self.0.run() else { return Ok(PyBytes::new(py, &bytes)) };
        let (head, body) = (bytes, run.body());
        PyBytes::new_with(py, head.len() + body.len(), |all| {
            all[..head.len()].copy_from_slice(&head);
            all[head.len()..].copy_from_slice(body);
            Ok(())
        })
    }

    #[classattr]
    #[pyo3(name = "__match_args__")]
    const fn match_args() -> (&'static str, &'static str) {
        ("kind", "term")
    }

    /// Which message it is.
    #[getter]
    const fn kind(&self) -> Kind<MessageKind> {
        Kind(self.0.kind())
    }

    /// The sender's term; for ``PRE_VOTE`` and a granted ``PRE_VOTE_REPLY`` the term asked about.
    #[getter]
    const fn term(&self) -> u64 {
        self.0.term().get()
    }

    /// The entries of an ``APPEND`` that has any.
    #[getter]
    fn run(&self) -> Option<Run> {
        self.0.run().cloned().map(Run)
    }

    /// The sender's last entry: of ``PRE_VOTE`` and ``VOTE``.
    #[getter]
    fn last(&self) -> Option<LogPos> {
        self.said().last.map(LogPos::from)
    }

    /// Whether the sender votes, or would vote, so: of ``PRE_VOTE_REPLY`` and ``VOTE_REPLY``.
    #[getter]
    fn granted(&self) -> Option<bool> {
        self.said().granted
    }

    /// Whether the leader asked for this election: of ``VOTE``.
    #[getter]
    fn transfer(&self) -> Option<bool> {
        self.said().transfer
    }

    /// The stretch of replication: of ``APPEND`` and ``APPEND_REPLY``.
    #[getter]
    fn session(&self) -> Option<u64> {
        self.said().session.map(SessionId::get)
    }

    /// The newest question "am I still the leader?", asked or seen: of ``APPEND`` and ``APPEND_REPLY``.
    #[getter]
    fn round(&self) -> Option<u64> {
        self.said().round.map(Round::get)
    }

    /// The entry just before those sent: of ``APPEND``.
    #[getter]
    fn prev(&self) -> Option<LogPos> {
        self.said().prev.map(LogPos::from)
    }

    /// The leader's commit index: of ``APPEND``.
    #[getter]
    fn commit(&self) -> Option<u64> {
        self.said().commit.map(Index::get)
    }

    /// Whether an answer is wanted at once: of ``APPEND``.
    #[getter]
    fn reply(&self) -> Option<bool> {
        self.said().reply
    }

    /// The last index that the follower holds durably and in agreement: of an ``APPEND_REPLY`` that accepts.
    #[getter]
    fn matched(&self) -> Option<u64> {
        self.said().matched.map(Index::get)
    }

    /// The index asked about, which does not match: of an ``APPEND_REPLY`` that rejects.
    #[getter]
    fn rejected(&self) -> Option<u64> {
        self.said().rejected.map(Index::get)
    }

    /// The last place at which the logs may still agree: of an ``APPEND_REPLY`` that rejects.
    #[getter]
    fn hint(&self) -> Option<LogPos> {
        self.said().hint.map(LogPos::from)
    }

    fn __repr__(&self) -> String {
        format!("<Message {:?}>", self.0)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(py, "quorate.raft", "Message")?;
        Ok((class.getattr("decode")?, (self.encode(py)?,).into_pyobject(py)?))
    }
}

/// What a message says besides kind, term and entries: what its kind does not have is missing.
#[derive(Default)]
struct Said {
    last: Option<raft_core::LogPos>,
    granted: Option<bool>,
    transfer: Option<bool>,
    session: Option<SessionId>,
    round: Option<Round>,
    prev: Option<raft_core::LogPos>,
    commit: Option<Index>,
    reply: Option<bool>,
    matched: Option<Index>,
    rejected: Option<Index>,
    hint: Option<raft_core::LogPos>,
}

impl Message {
    fn said(&self) -> Said {
        let nothing = Said::default();
        match self.0 {
            Core::PreVote { last, .. } => Said { last: Some(last), ..nothing },
            Core::PreVoteReply { granted, .. } | Core::VoteReply { granted, .. } => {
                Said { granted: Some(granted), ..nothing }
            }
            Core::Vote { last, transfer, .. } => {
                Said { last: Some(last), transfer: Some(transfer), ..nothing }
            }
            Core::Append { session, prev, commit, round, reply, .. } => Said {
                session: Some(session),
                prev: Some(prev),
                commit: Some(commit),
                round: Some(round),
                reply: Some(reply),
                ..nothing
            },
            Core::AppendReply { session, round, outcome, .. } => {
                let answered = Said { session: Some(session), round: Some(round), ..nothing };
                match outcome {
                    Outcome::Accepted { matched } => Said { matched: Some(matched), ..answered },
                    Outcome::Rejected { prev, hint } => {
                        Said { rejected: Some(prev), hint: Some(hint), ..answered }
                    }
                }
            }
            Core::TimeoutNow { .. } => nothing,
        }
    }
}

impl Named for MessageKind {
    const ENUM: &'static str = "MessageKind";
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::PreVote, "PRE_VOTE"),
        (Self::PreVoteReply, "PRE_VOTE_REPLY"),
        (Self::Vote, "VOTE"),
        (Self::VoteReply, "VOTE_REPLY"),
        (Self::Append, "APPEND"),
        (Self::AppendReply, "APPEND_REPLY"),
        (Self::TimeoutNow, "TIMEOUT_NOW"),
    ];
}

impl Field for Message {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(arg::class::<Self>(name, value)?.get().clone())
    }
}

/// A message, or the bytes of one.
pub(crate) fn spoken(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Core> {
    said(name, value)?.map_err(|refusal| error::wire(value.py(), refusal))
}

/// Messages or their bytes, with their senders; what is no message is found out before anything is done.
pub(crate) fn spoken_many(
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<Vec<(NodeId, Result<Core, WireError>)>> {
    const WHAT: &str = "a sequence of pairs of int and Message";
    let pair = |pair: Bound<'_, PyAny>| {
        let (sender, message): (Bound<'_, PyAny>, Bound<'_, PyAny>) =
            pair.extract().map_err(|_| arg::expected(name, WHAT, &pair))?;
        Ok((arg::node("sender", &sender)?, said("message", &message)?))
    };
    arg::list(name, WHAT, value)?.iter().map(pair).collect()
}

fn said(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Result<Core, WireError>> {
    if let Ok(message) = value.cast::<Message>() {
        return Ok(Ok(message.get().0.clone()));
    }
    let bytes = arg::block(name, value);
    Ok(wire::decode(bytes.map_err(|_| arg::expected(name, "a Message, or the bytes of one", value))?))
}
