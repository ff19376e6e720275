//! What must hold, judged after every step from outside: from the calls, the outputs, the disks and the public status,
//! never from what is inside a core. One law, one file.

use std::fmt;

pub(crate) mod attendance;
pub(crate) mod bounds;
pub(crate) mod calm;
pub(crate) mod commits;
pub(crate) mod durability;
pub(crate) mod elections;
pub(crate) mod histories;
pub(crate) mod log_matching;
pub(crate) mod loyalty;
pub(crate) mod monotone;
pub(crate) mod promises;
pub(crate) mod reads;
pub(crate) mod stamps;
pub(crate) mod state_machine;
pub(crate) mod votes;

pub(crate) use self::{
    attendance::Attendance,
    calm::Calm,
    commits::Commits,
    elections::Elections,
    histories::Histories,
    log_matching::LogMatching,
    loyalty::{Loyalty, Weighed},
    monotone::Monotone,
    promises::Promises,
    reads::Reads,
    stamps::Stamps,
    state_machine::StateMachines,
    votes::Votes,
};

/// All that is remembered in order to judge.
#[derive(Debug)]
pub(crate) struct Judges {
    pub(crate) elections: Elections,
    pub(crate) votes: Votes,
    pub(crate) log: LogMatching,
    pub(crate) commits: Commits,
    pub(crate) monotone: Monotone,
    pub(crate) machines: StateMachines,
    pub(crate) promises: Promises,
    pub(crate) reads: Reads,
    pub(crate) histories: Histories,
    pub(crate) attendance: Attendance,
    pub(crate) loyalty: Loyalty,
    pub(crate) calm: Calm,
    pub(crate) stamps: Stamps,
}

impl Judges {
    pub(crate) fn new(nodes: usize, history: bool) -> Self {
        Self {
            elections: Elections::default(),
            votes: Votes::new(nodes),
            log: LogMatching::default(),
            commits: Commits::default(),
            monotone: Monotone::new(nodes),
            machines: StateMachines::new(nodes),
            promises: Promises::default(),
            reads: Reads::new(nodes),
            histories: Histories::new(nodes, history),
            attendance: Attendance::new(nodes),
            loyalty: Loyalty::new(nodes),
            calm: Calm::default(),
            stamps: Stamps::default(),
        }
    }
}

/// A law that was broken, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law's name.
    pub law: &'static str,
    /// Who broke it, and how.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.detail)
    }
}

/// The verdict of a judge.
pub(crate) type Verdict = Result<(), Violation>;

/// Breaks `law` unless it holds; the detail is put together only then.
pub(crate) fn hold(holds: bool, law: &'static str, detail: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Violation { law, detail: detail() }) }
}

#[cfg(test)]
mod testing;
