//! `clocks --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    peers::end("clocks", peers::clocks::run())
}
