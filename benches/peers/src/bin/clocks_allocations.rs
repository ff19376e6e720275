//! The operations of `clocks` under a counting allocator: `clocks` runs this beside itself.

use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    peers::end("clocks-allocations", peers::clocks::run_allocations(COUNTING))
}

#[test]
fn ours_allocates_nothing_where_it_promises() {
    assert_eq!(peers::clocks::run_allocations(COUNTING), Ok(()));
}
