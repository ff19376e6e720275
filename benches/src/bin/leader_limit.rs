//! What a leader costs per entry: `leader-limit --help`.

use std::process::ExitCode;

use benches::{contenders, program};

fn main() -> ExitCode {
    program::end(program::run(&contenders::OWN))
}
