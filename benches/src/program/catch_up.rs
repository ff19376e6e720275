//! The table of catching up.

use clap::Args;

use super::{Only, Scratch, find, parse_size, say};
use crate::{
    callgrind,
    catch_up::{self, Measured},
    cell::Contender,
};

/// What it costs until a follower has applied what it missed: the CPU time of the whole group, in seconds.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Entries missed.
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Entries missed where instructions are counted.
    #[arg(long, default_value_t = 100_000)]
    counted_entries: u64,
    /// Bytes of each payload, at least 8.
    #[arg(long, default_value_t = 16, value_parser = parse_size)]
    size: usize,
    #[command(flatten)]
    only: Only,
}

#[derive(Debug, Args)]
pub(super) struct CellOptions {
    #[arg(long)]
    contender: String,
    #[arg(long, default_value_t = 16, value_parser = parse_size)]
    size: usize,
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
}

impl Options {
    pub(super) fn run(&self, contenders: &[Contender]) -> Result<(), String> {
        let chosen = self.only.choose(contenders, |contender| contender.catch_up.is_some())?;
        let counts = self.only.counts();
        say(&format!(
            "{} entries of {} bytes\n\n\
             | contender | CPU seconds | messages | entries in the largest | KiB of payload in it \
             | instructions per entry |\n|---|---|---|---|---|---|",
            self.entries, self.size
        ));
        for contender in chosen {
            let run = || catch_up::measure(contender, self.size, self.entries);
            let mut runs: [Measured; 3] = [run()?, run()?, run()?];
            runs.sort_by_key(|run| run.cpu);
            let Measured { cpu, messages, entries_max } = runs[1];
            let instructions =
                if counts { format!("{:.1}", self.instructions(contender)?) } else { "–".into() };
            say(&format!(
                "| {} | {:.4} | {messages} | {entries_max} | {} | {instructions} |",
                contender.name,
                cpu.as_secs_f64(),
                entries_max * self.size as u64 / 1024
            ));
        }
        Ok(())
    }

    /// Per entry.
    fn instructions(&self, contender: &Contender) -> Result<f64, String> {
        let scratch = Scratch::new().map_err(|error| format!("no folder for callgrind's file: {error}"))?;
        let arguments = [
            "catch-up-cell",
            "--contender",
            contender.name,
            "--size",
            &self.size.to_string(),
            "--entries",
            &self.counted_entries.to_string(),
        ]
        .map(str::to_owned);
        let counts = callgrind::count(&arguments, "measured_return", "(none)", &scratch.0)
            .map_err(|error| format!("{} under callgrind: {error}", contender.name))?;
        Ok(counts.all as f64 / self.counted_entries as f64)
    }
}

impl CellOptions {
    pub(super) fn run(&self, contenders: &[Contender]) -> Result<(), String> {
        let measured = catch_up::measure(find(contenders, &self.contender)?, self.size, self.entries)?;
        say(&format!("{}: {measured:?}", self.contender));
        Ok(())
    }
}
