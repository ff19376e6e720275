//! `leader-limit` with the peers: `leader-limit-peers --help`.

use std::process::ExitCode;

use benches::program;

fn main() -> ExitCode {
    program::end(program::run(&peers::ALL))
}
