//! `quorate append`: the lines of a file or of standard input into the list.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use agent::{
    client::{Appender, AppenderConfig},
    input::Input,
    peers::parse_address,
};
use clap::Args;

use crate::{Failure, say};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Where nodes answer clients; any one will do, all are better.
    #[arg(long, required = true, value_delimiter = ',', value_parser = parse_address, value_name = "HOST:PORT,...")]
    to: Vec<SocketAddr>,
    /// The file; standard input if not given.
    file: Option<PathBuf>,
    /// How long the cluster may take nothing before this gives up, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Most lines under way at once.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    outstanding: u32,
}

/// A file is read in pieces of this size, and only between them is everything acknowledged.
const BUFFER_BYTES: usize = 1 << 20;

const EXAMPLE: &str = "\
Example:
  quorate append --to 127.0.0.1:7201,127.0.0.1:7202,127.0.0.1:7203 access.log
  tail -f access.log | quorate append --to 127.0.0.1:7201

A line counts as acknowledged when it is durable on a majority of the nodes. Lines are appended in order, each exactly
once, also when the leader dies meanwhile. After a failure the number printed says how many of the first lines are in;
those after it may or may not be.";

/// Appends until the input ends.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let source: Box<dyn Read> = match &arguments.file {
        None => Box::new(io::stdin()),
        Some(path) => Box::new(
            File::open(path)
                .map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))?,
        ),
    };
    let config = AppenderConfig::new(arguments.to.iter().copied())
        .with_patience(Duration::from_secs(arguments.timeout))
        .with_outstanding_lines_max(arguments.outstanding as usize);
    let mut appender = Appender::new(config)?;
    let outcome = feed(&mut appender, source);
    say::result(format_args!("{} lines acknowledged\n", appender.acknowledged()))?;
    outcome
}

fn feed(appender: &mut Appender, source: Box<dyn Read>) -> Result<(), Failure> {
    let mut input = Input::new(BufReader::with_capacity(BUFFER_BYTES, source));
    loop {
        let line = match input.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                // What was read before is sound and is finished.
                appender.flush()?;
                return Err(error.into());
            }
        };
        appender.push(&line)?;
        // A pipe may be silent for long, and then nobody would notice that a leader died: what was read so far is
        // acknowledged before more is waited for.
        if input.reader().buffer().is_empty() {
            appender.flush()?;
        }
        drop(appender.acks());
    }
    Ok(appender.flush()?)
}
