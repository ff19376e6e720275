//! The configuration, which is Python's own dataclass: read here, and judged by the core.

use std::time::Duration;

use machine_core::NodeId;
use pyo3::{
    exceptions::PyOverflowError,
    prelude::*,
    sync::PyOnceLock,
    types::{PyTuple, PyType},
};
use raft_core::Config;

use super::error;
use crate::arg;

/// The core's configuration out of a `quorate.raft.Config`.
pub(crate) fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Config> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    if !value.is_instance(CLASS.import(value.py(), "quorate._config", "Config")?)? {
        return Err(arg::expected(name, "a Config", value));
    }
    read(value, &voters(value)?)
}

/// The voters of a configuration. Raises what is wrong with any of it, by the name of the field.
#[pyfunction]
pub(crate) fn _check_config<'py>(config: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let voters = voters(config)?;
    let core = read(config, &voters)?;
    let (now, nothing) = (machine_core::Instant::ZERO, raft_core::Recovered::default());
    raft_core::Raft::new(core, nothing, 0, now).map_err(|refusal| error::config(config.py(), &refusal))?;
    PyTuple::new(config.py(), voters.into_iter().map(NodeId::get))
}

fn voters(config: &Bound<'_, PyAny>) -> PyResult<Vec<NodeId>> {
    let voters = config.getattr("voters")?;
    // One more than there may be is enough to be refused.
    let voters = arg::items("voters", "an iterable of int", &voters)?.take(raft_core::VOTERS_MAX + 1);
    voters.map(|voter| arg::node("voters", &voter?)).collect()
}

fn read(config: &Bound<'_, PyAny>, voters: &[NodeId]) -> PyResult<Config> {
    let field = |name: &str| config.getattr(name);
    let millis = |name: &str| arg::number(name, &field(name)?).map(Duration::from_millis);
    let size = |name: &str| arg::size(name, &field(name)?);
    let id = arg::node("id", &field("id")?)?;
    let priority = arg::number("priority", &field("priority")?)?;
    let priority = u8::try_from(priority)
        .map_err(|_| PyOverflowError::new_err(format!("priority: {priority} is not within 0 and 255")))?;
    Ok(Config::new(id, voters.iter().copied())
        .with_election_timeout(millis("election_timeout_min_ms")?, millis("election_timeout_max_ms")?)
        .with_heartbeat_interval(millis("heartbeat_interval_ms")?)
        .with_priority(priority)
        .with_append_bytes_max(size("append_bytes_max")?)
        .with_inflight_messages_max(size("inflight_messages_max")?)
        .with_inflight_bytes_max(size("inflight_bytes_max")?)
        .with_uncommitted_bytes_max(size("uncommitted_bytes_max")?)
        .with_cache_bytes_max(size("cache_bytes_max")?)
        .with_reads_max(size("reads_max")?))
}
