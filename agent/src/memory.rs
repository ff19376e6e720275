//! How much memory this process holds, as the operating system counts it.

use std::fs;

/// Resident memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident now (`VmRSS`).
    pub resident_bytes: u64,
    /// The most there ever was (`VmHWM`).
    pub peak_bytes: u64,
}

impl Memory {
    /// This process's memory; `None` where `/proc/self/status` does not say (systems other than Linux).
    #[must_use]
    pub fn of_this_process() -> Option<Self> {
        parse(&fs::read_to_string("/proc/self/status").ok()?)
    }
}

fn parse(status: &str) -> Option<Memory> {
    let kib = |field: &str| -> Option<u64> {
        let rest = status.lines().find_map(|line| line.strip_prefix(field))?;
        rest.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    let bytes = |field| kib(field).and_then(|kib| kib.checked_mul(1024));
    Some(Memory { resident_bytes: bytes("VmRSS:")?, peak_bytes: bytes("VmHWM:")? })
}

#[cfg(test)]
mod tests;
