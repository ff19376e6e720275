//! CPU time: what this process has used, whatever else the machine does.

use std::time::Duration;

use cpu_time::ProcessTime;

/// CPU time of all threads of this process so far.
///
/// # Panics
///
/// When the system does not tell.
#[must_use]
pub fn process() -> Duration {
    ProcessTime::now().as_duration()
}
