//! Everything is bounded by the configuration (rule 5 of machine-core's crate page).

use raft_core::{Output, Run, Status};

use super::{Verdict, hold};
use crate::raft::profile::Limits;

const LAW: &str = "everything is bounded";

/// Most outputs in one step; more is taken for a loop that never ends.
pub(crate) const OUTPUTS_MAX: u64 = 10_000;

/// What a core may count for a run besides its bytes.
const RUN_OVERHEAD_BYTES: usize = 64;

/// A node's status after a step.
pub(crate) fn observed(status: &Status, limits: &Limits) -> Verdict {
    // The limit is looked at before a run is taken, and a run costs more than its bytes: hence some slack.
    let slack = limits.append_bytes + 2 * RUN_OVERHEAD_BYTES;
    let pending = limits.uncommitted_bytes.saturating_add(slack);
    hold(status.pending_bytes <= pending, LAW, || {
        format!("{} has {} bytes pending, most is {pending}", status.id, status.pending_bytes)
    })?;
    let cached = limits.cache_bytes.saturating_add(pending).saturating_add(slack);
    hold(status.cached_bytes <= cached, LAW, || {
        format!("{} holds {} bytes of entries, most is {cached}", status.id, status.cached_bytes)
    })?;
    let on_its_way = limits.inflight_bytes.saturating_add(limits.append_bytes);
    for follower in &status.followers {
        let fits =
            follower.inflight_messages <= limits.inflight_messages && follower.inflight_bytes <= on_its_way;
        hold(fits, LAW, || format!("{} has too much on its way: {follower:?}", status.id))?;
    }
    Ok(())
}

/// A node's output.
pub(crate) fn output(output: &Output, limits: &Limits) -> Verdict {
    let run: Option<&Run> = match output {
        Output::Persist { write, .. } => write.run.as_ref(),
        Output::Send { message, .. } => message.run(),
        Output::Apply { run } => Some(run),
        Output::Fetch { .. } | Output::Notify(_) | Output::Halt(_) => None,
    };
    let bytes = run.map_or(0, |run| run.body().len());
    hold(bytes <= limits.append_bytes, LAW, || {
        format!("{bytes} bytes of entries in {output:?}, most is {}", limits.append_bytes)
    })
}

/// Bytes handed out to a state machine and not yet applied.
pub(crate) fn applying(node: usize, bytes: usize, limits: &Limits) -> Verdict {
    // A run is handed out whole once there is any room.
    let most = limits.inflight_bytes.saturating_add(limits.append_bytes);
    hold(bytes <= most, LAW, || format!("n{} has {bytes} bytes to apply, most is {most}", node + 1))
}

/// Outputs taken in one step.
pub(crate) fn step(node: usize, outputs: u64) -> Verdict {
    hold(outputs <= OUTPUTS_MAX, "no output without progress", || {
        format!("n{} gave {outputs} outputs in one step", node + 1)
    })
}

#[cfg(test)]
mod tests;
