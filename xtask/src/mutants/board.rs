//! The scoreboard.

use std::fmt;

use super::parts::{Part, Verdict};

/// What became of one mutant.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) mutant: String,
    /// Whether each part must find it.
    pub(super) needs_all: bool,
    pub(super) verdicts: Vec<(Part, Verdict)>,
}

/// What became of all; shown as the table of `docs/testing.md`.
#[derive(Debug, Default)]
pub(super) struct Board {
    pub(super) rows: Vec<Row>,
}

impl Row {
    pub(super) fn is_found(&self) -> bool {
        let mut verdicts = self.verdicts.iter().map(|(_, verdict)| *verdict != Verdict::Missed);
        if self.needs_all { verdicts.all(|found| found) } else { verdicts.any(|found| found) }
    }

    /// Seeds that the simulator took, if it found the mutant; `None` also when it was not asked.
    fn seeds(&self) -> Option<u64> {
        self.verdicts.iter().find_map(|(_, verdict)| match verdict {
            Verdict::Found { seeds, .. } => *seeds,
            Verdict::Missed => None,
        })
    }

    fn cell(&self, part: Part) -> Option<String> {
        let (_, verdict) = self.verdicts.iter().find(|(of, _)| *of == part)?;
        Some(match verdict {
            Verdict::Found { by, .. } => by.clone(),
            Verdict::Missed => "**not found**".to_owned(),
        })
    }
}

impl Board {
    pub(super) fn missed(&self) -> usize {
        self.rows.iter().filter(|row| !row.is_found()).count()
    }

    /// The middle of what the simulator took, the upper one of two. A mutant that it missed counts as the worst.
    pub(super) fn median_seeds(&self) -> Option<u64> {
        let simulated = self.rows.iter().filter(|row| row.cell(Part::Sim).is_some());
        let mut seeds: Vec<_> = simulated.map(|row| row.seeds().unwrap_or(u64::MAX)).collect();
        seeds.sort_unstable();
        seeds.get(seeds.len() / 2).copied()
    }

    fn worst_seeds(&self) -> Option<(u64, &str)> {
        let simulated = self.rows.iter().filter(|row| row.cell(Part::Sim).is_some());
        simulated.map(|row| (row.seeds().unwrap_or(u64::MAX), row.mutant.as_str())).max()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:42}", self.mutant)?;
        for (part, verdict) in &self.verdicts {
            write!(f, "  {part}: {verdict}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| mutant | found by tests | found by the simulator | after seeds |")?;
        writeln!(f, "|---|---|---|---|")?;
        for row in &self.rows {
            let cells: Vec<_> = [Part::Tests, Part::Loom, Part::Guard]
                .into_iter()
                .filter_map(|part| row.cell(part))
                .collect();
            let tests = cells.join("; ");
            let sim = row.cell(Part::Sim).unwrap_or_else(|| "–".to_owned());
            let seeds = row.seeds().map_or_else(|| "–".to_owned(), |seeds| seeds.to_string());
            writeln!(f, "| {} | {tests} | {sim} | {seeds} |", row.mutant)?;
        }
        let shown = |seeds: u64| {
            if seeds == u64::MAX { "more than the budget".to_owned() } else { seeds.to_string() }
        };
        writeln!(f)?;
        if let (Some(median), Some((worst, of))) = (self.median_seeds(), self.worst_seeds()) {
            writeln!(f, "simulator: median {} seeds, worst {} ({of})", shown(median), shown(worst))?;
        }
        let missed = self.missed();
        write!(f, "{} found, {missed} not found", self.rows.len() - missed)
    }
}

#[cfg(test)]
mod tests;
