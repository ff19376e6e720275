//! One cell under a counting allocator: `leader-limit-peers` runs this beside itself.

use std::process::ExitCode;

use benches::program;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    program::end(program::run_allocations(&peers::ALL))
}
