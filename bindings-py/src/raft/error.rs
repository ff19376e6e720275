//! The core's refusals as classes of `quorate._errors`.

use machine_core::{Misuse, NodeId};
use pyo3::{prelude::*, types::PyDict};
use raft_core::{
    ConfigError, Fault as CoreFault, Index, PeerError, ProposeError, ReadError, Term, TransferError,
    wire::WireError,
};

use super::run::LogPos;
use crate::{arg, error::build, kind, value::Field};

/// A detail of a refusal.
#[derive(Clone, Copy, Debug, IntoPyObject)]
pub(crate) enum Detail {
    Number(u64),
    Pos(LogPos),
}

impl From<u64> for Detail {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

macro_rules! details {
    ($($type:ty),*) => {
        $(impl From<$type> for Detail {
            fn from(number: $type) -> Self {
                Self::Number(number.get())
            }
        })*
    };
}
details!(Term, Index, NodeId, raft_core::Round, machine_core::WriteId);

impl From<raft_core::LogPos> for Detail {
    fn from(pos: raft_core::LogPos) -> Self {
        Self::Pos(pos.into())
    }
}

/// What a refusal is and says: the member of its enum, and its numbers by their names.
pub(crate) type Told = (&'static str, Vec<(&'static str, Detail)>);

/// Writes down a refusal: `told!("NAME", field, field)`.
macro_rules! told {
    ($name:literal $(, $field:ident)*) => {
        ($name, vec![$((stringify!($field), Detail::from(*$field))),*])
    };
}

pub(crate) fn propose(py: Python<'_>, error: ProposeError) -> PyErr {
    let message = error.to_string();
    made(match error {
        ProposeError::NotLeader { leader } => {
            build(py, "NotLeaderError", &message, |it| it.setattr("leader", leader.map(NodeId::get)))
        }
        ProposeError::NoQuorum => build(py, "NoQuorumError", &message, |_| Ok(())),
        ProposeError::Full => build(py, "FullError", &message, |_| Ok(())),
        ProposeError::TooLarge { bytes, bytes_max } => build(py, "TooLargeError", &message, |it| {
            it.setattr("bytes", bytes)?;
            it.setattr("bytes_max", bytes_max)
        }),
        ProposeError::Transferring { to } => {
            build(py, "TransferringError", &message, |it| it.setattr("to", to.get()))
        }
        ProposeError::Halted => build(py, "HaltedError", &message, |_| Ok(())),
        _ => build(py, "RaftError", &message, |_| Ok(())),
    })
}

pub(crate) fn read(py: Python<'_>, error: ReadError) -> PyErr {
    // The one that says something else than for proposals.
    if error == ReadError::Full {
        return made(build(py, "FullError", &error.to_string(), |_| Ok(())));
    }
    propose(py, error.into())
}

pub(crate) fn transfer(py: Python<'_>, error: TransferError) -> PyErr {
    let message = error.to_string();
    match error {
        TransferError::NotLeader { leader } => propose(py, ProposeError::NotLeader { leader }),
        TransferError::NoSuchPeer { to } => {
            made(build(py, "NoSuchPeerError", &message, |it| it.setattr("to", to.get())))
        }
        TransferError::Transferring { to } => {
            made(build(py, "TransferringError", &message, |it| it.setattr("to", to.get())))
        }
        TransferError::Halted => propose(py, ProposeError::Halted),
        _ => made(build(py, "RaftError", &message, |_| Ok(()))),
    }
}

pub(crate) fn peer(py: Python<'_>, error: &PeerError) -> PyErr {
    let told: Told = match error {
        PeerError::UnknownPeer { from } => told!("UNKNOWN_PEER", from),
        PeerError::TermZero => told!("TERM_ZERO"),
        PeerError::TermTooFar { term, own } => told!("TERM_TOO_FAR", term, own),
        PeerError::TwoLeaders { term, known, claimed } => told!("TWO_LEADERS", term, known, claimed),
        PeerError::RunMisplaced { prev, first, term } => told!("RUN_MISPLACED", prev, first, term),
        PeerError::RunTooLarge { bytes, bytes_max } => {
            let (bytes, bytes_max) = (&(*bytes as u64), &(*bytes_max as u64));
            told!("RUN_TOO_LARGE", bytes, bytes_max)
        }
        PeerError::ConflictsWithCommitted { at, commit } => told!("CONFLICTS_WITH_COMMITTED", at, commit),
        PeerError::AckBeyondLog { matched, last } => told!("ACK_BEYOND_LOG", matched, last),
        PeerError::RoundNeverAsked { round, newest } => told!("ROUND_NEVER_ASKED", round, newest),
        PeerError::HintBeyondPrev { prev, hint } => told!("HINT_BEYOND_PREV", prev, hint),
        _ => told!("OTHER"),
    };
    raise(py, ("PeerError", "PeerErrorKind"), &error.to_string(), told)
}

pub(crate) fn misuse(py: Python<'_>, error: &Misuse) -> PyErr {
    let told: Told = match error {
        Misuse::UnknownWrite { named, newest } => told!("UNKNOWN_WRITE", named, newest),
        Misuse::NotHandedOut { named, last } => told!("NOT_HANDED_OUT", named, last),
        Misuse::UnknownFetch { named } => told!("UNKNOWN_FETCH", named),
        _ => told!("OTHER"),
    };
    raise(py, ("MisuseError", "MisuseKind"), &error.to_string(), told)
}

pub(crate) fn wire(py: Python<'_>, error: WireError) -> PyErr {
    let told: Told = match &error {
        WireError::Version { found } => told_number("VERSION", "found", u64::from(*found)),
        WireError::UnknownKind { kind } => told_number("UNKNOWN_KIND", "kind", u64::from(*kind)),
        WireError::Flags { kind, flags } => {
            let (kind, flags) = (&u64::from(*kind), &u64::from(*flags));
            told!("FLAGS", kind, flags)
        }
        WireError::Truncated => told!("TRUNCATED"),
        WireError::TrailingBytes { bytes } => told_number("TRAILING_BYTES", "bytes", *bytes as u64),
        WireError::Run(run) => told_run(run),
        _ => told!("OTHER"),
    };
    raise(py, ("WireError", "WireErrorKind"), &error.to_string(), told)
}

fn told_run(error: &raft_core::RunError) -> Told {
    use raft_core::{EntryFlaw, RunError};
    match error {
        RunError::Zero => told!("RUN_ZERO"),
        RunError::IndexOverflow { first } => told!("INDEX_OVERFLOW", first),
        RunError::TrailingBytes { bytes } => told_number("TRAILING_BYTES", "bytes", *bytes as u64),
        RunError::Entry { entry, flaw } => {
            let entry = &u64::from(*entry);
            match flaw {
                EntryFlaw::Truncated => told!("ENTRY_TRUNCATED", entry),
                EntryFlaw::UnknownKind(code) => {
                    let code = &u64::from(*code);
                    told!("ENTRY_UNKNOWN_KIND", entry, code)
                }
                EntryFlaw::BlankWithPayload => told!("ENTRY_BLANK_WITH_PAYLOAD", entry),
                _ => told!("OTHER"),
            }
        }
        _ => told!("OTHER"),
    }
}

/// Numbers by their names.
pub(crate) fn told_all(numbers: &[(&'static str, u64)]) -> Vec<(&'static str, Detail)> {
    numbers.iter().map(|(field, number)| (*field, Detail::Number(*number))).collect()
}

fn told_number(name: &'static str, field: &'static str, number: u64) -> Told {
    (name, vec![(field, Detail::Number(number))])
}

pub(crate) fn config(py: Python<'_>, error: &ConfigError) -> PyErr {
    let field = match error {
        ConfigError::NotAVoter { .. } => "id",
        ConfigError::DuplicateVoter { .. } | ConfigError::TooManyVoters { .. } => "voters",
        ConfigError::ElectionTimeout { .. } => "election_timeout_min_ms",
        ConfigError::HeartbeatInterval { .. } => "heartbeat_interval_ms",
        ConfigError::Priority { .. } => "priority",
        ConfigError::TooSmall { field, .. } | ConfigError::TooLarge { field, .. } => field,
        ConfigError::Recovered(fault) => return self::fault(py, fault),
        _ => "",
    };
    made(build(py, "ConfigError", &error.to_string(), |it| it.setattr("field", field)))
}

/// An invariant that does not hold.
pub(crate) fn broken(py: Python<'_>, broken: raft_core::Broken) -> PyErr {
    made(build(py, "BrokenError", &broken.to_string(), |it| it.setattr("claim", broken.0)))
}

fn fault(py: Python<'_>, fault: &CoreFault) -> PyErr {
    let told: Told = match fault {
        CoreFault::RunOutOfOrder { after, first } => told!("RUN_OUT_OF_ORDER", after, first),
        CoreFault::TermLost { term, last } => told!("TERM_LOST", term, last),
        CoreFault::TermImpossible { term } => told!("TERM_IMPOSSIBLE", term),
        CoreFault::EntriesLost { last, needed } => told!("ENTRIES_LOST", last, needed),
        CoreFault::WrongEntry { asked, first, count } => {
            let count = &u64::from(*count);
            told!("WRONG_ENTRY", asked, first, count)
        }
        _ => told!("OTHER"),
    };
    raise(py, ("FaultError", "FaultKind"), &fault.to_string(), told)
}

/// Storage that contradicts itself, as a field: an exception that nobody has raised yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fault(pub(crate) CoreFault);

impl<'py> IntoPyObject<'py> for Fault {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Ok(fault(py, &self.0).into_value(py).into_bound(py).into_any())
    }
}

impl Field for Fault {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let class = value.py().import("quorate._errors")?.getattr("FaultError")?;
        if !value.is_instance(&class)? {
            return Err(arg::expected(name, "a FaultError", value));
        }
        let details = value.getattr("details")?;
        let number = |field: &str| arg::number(field, &details.get_item(field)?);
        let pos = |field: &str| -> PyResult<raft_core::LogPos> {
            let pos = LogPos::take(field, &details.get_item(field)?)?;
            Ok(raft_core::LogPos { term: Term::new(pos.term), index: Index::new(pos.index) })
        };
        let kind: String = value.getattr("kind")?.getattr("name")?.extract()?;
        Ok(Self(match kind.as_str() {
            "RUN_OUT_OF_ORDER" => CoreFault::RunOutOfOrder { after: pos("after")?, first: pos("first")? },
            "TERM_LOST" => CoreFault::TermLost { term: Term::new(number("term")?), last: pos("last")? },
            "TERM_IMPOSSIBLE" => CoreFault::TermImpossible { term: Term::new(number("term")?) },
            "ENTRIES_LOST" => CoreFault::EntriesLost {
                last: Index::new(number("last")?),
                needed: Index::new(number("needed")?),
            },
            "WRONG_ENTRY" => CoreFault::WrongEntry {
                asked: pos("asked")?,
                first: pos("first")?,
                count: u32::take("count", &details.get_item("count")?)?,
            },
            _ => return Err(arg::expected(name, "a FaultError of the core", value)),
        }))
    }
}

/// An exception with a kind and details.
pub(crate) fn raise(py: Python<'_>, (class, kinds): (&str, &str), message: &str, told: Told) -> PyErr {
    let (name, details) = told;
    made(build(py, class, message, |it| {
        let all = PyDict::new(py);
        for (field, detail) in details {
            all.set_item(field, detail)?;
        }
        it.setattr("kind", kind::member(py, kinds, name)?)?;
        it.setattr("details", all)
    }))
}

/// When making the exception fails, as out of memory, what failed is raised.
pub(crate) fn made(error: PyResult<PyErr>) -> PyErr {
    error.unwrap_or_else(|failure| failure)
}
