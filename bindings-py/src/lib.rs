//! The compiled half of the Python package `quorate`: the same types as in Rust, as Python expects them.
//!
//! Three rules hold for all classes. Values are immutable, hashable and picklable; clocks and buffers change in place,
//! may be shared by threads, and refuse to be pickled. Node ids are integers from 0 to 2^64 - 1. A refusal is an exception
//! of `quorate.QuorateError`'s family with the numbers of the Rust error, and has changed nothing.
//!
//! No lock is held while Python code runs, not even a destructor; so no call can meet itself.

#![expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value, and gives the class its signature from them"
)]

mod arg;
mod causal;
mod context;
mod dvv;
mod error;
mod frame;
mod guard;
mod hlc;
mod interval;
mod kind;
mod lock;
mod log;
mod raft;
mod scalar;
mod simulation;
mod stability;
mod value;
mod vector;

use pyo3::prelude::*;

/// The compiled half of `quorate`; import that instead.
#[pymodule(name = "_quorate", gil_used = false)]
mod module {
    #[pymodule_export]
    use super::causal::CausalBuffer;
    #[pymodule_export]
    use super::context::CausalContext;
    #[pymodule_export]
    use super::dvv::DvvSet;
    #[pymodule_export]
    use super::frame::{FrameDecoder, encode_frame, encode_messages};
    #[pymodule_export]
    use super::hlc::{Hlc, HlcTime};
    #[pymodule_export]
    use super::interval::{BoundedClock, Interval};
    #[pymodule_export]
    use super::log::Log;
    #[pymodule_export]
    use super::raft::{
        _panic, Raft,
        config::_check_config,
        event::{BecameCandidate, BecameFollower, BecameLeader, ReadReady, ReadsLost, TransferFailed},
        message::Message,
        output::{Apply, Fetch, Halt, HardState, Notify, Persist, Send, Write},
        recovered::{Recovered, RecoveredRun},
        run::{Entry, LogPos, Proposed, Run},
        status::{FollowerStatus, Status},
    };
    #[pymodule_export]
    use super::scalar::{Lamport, Stamp};
    #[pymodule_export]
    use super::simulation::SimulationCore;
    #[pymodule_export]
    use super::stability::Stability;
    #[pymodule_export]
    use super::vector::{Dot, VersionVector};
}
