//! The table at the end, and the verdict.

use std::time::Duration;

use agent::table::Table;

use super::{
    feed::{Fed, Killed},
    refusal::Refused,
    verify::Found,
};
use crate::{Failure, cluster::id, say};

/// Everything that the demo has seen.
pub(crate) struct Report<'a> {
    pub(crate) fed: &'a Fed,
    pub(crate) killed: &'a Killed,
    pub(crate) caught_up: Duration,
    pub(crate) found: &'a [Found],
    pub(crate) refused: &'a Refused,
}

impl Report<'_> {
    /// Acknowledged lines that are missing on at least one node.
    fn lost(&self) -> u64 {
        let least = self.found.iter().map(|found| found.lines).min().unwrap_or(0);
        self.fed.acknowledged.saturating_sub(least)
    }

    fn order_kept(&self) -> bool {
        let same = self.found.windows(2).all(|pair| pair[0].summary == pair[1].summary);
        same && self.found.iter().all(|found| found.order_kept)
    }

    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new(["", "result"]);
        table.row(["acknowledged", &format!("{} lines", self.fed.acknowledged)]);
        for (node, found) in self.found.iter().enumerate() {
            table.row([format!("found on {}", id(node)), format!("{} lines", found.lines)]);
        }
        table.row(["lost", &format!("{} lines", self.lost())]);
        table.row(["order kept", if self.order_kept() { "yes" } else { "NO" }]);
        let before = self.killed.acknowledged_before();
        let fail_over = self.killed.fail_over.map_or_else(|| "not seen".to_owned(), millis);
        table.row([
            "fail-over",
            &format!("{fail_over} from SIGKILL (after {before} lines) to the next acknowledgement"),
        ]);
        table.row(["catch-up", &format!("{} from the restart", millis(self.caught_up))]);
        let (all, up) = (self.fed.per_second(), self.fed.per_second_without_outage());
        table.row(["appends per second", &format!("{all:.0}; {up:.0} without the outage")]);
        for (name, quantile) in [("latency p50", 0.5), ("latency p99", 0.99)] {
            let (all, up) = (self.fed.latency(quantile), self.fed.latency_without_outage(quantile));
            table.row([
                name,
                &format!("{}; {} of lines that did not meet the outage", millis(all), millis(up)),
            ]);
        }
        let Refused { node, after, refusal } = self.refused;
        table.row([
            "without a majority",
            &format!("{} refused after {}: {refusal}", id(*node), millis(*after)),
        ]);
        table
    }

    /// One sentence, or what is wrong.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        for (node, found) in self.found.iter().enumerate() {
            if let Some(difference) = &found.difference {
                return Err(Failure::new(format!("{}: {difference}", id(node))));
            }
        }
        if self.lost() > 0 || !self.order_kept() {
            return Err(Failure::new(format!(
                "{} acknowledged lines are missing, or the order differs",
                self.lost()
            )));
        }
        say::result(format_args!(
            "Every one of the {} acknowledged lines is on the disks of all {} nodes, once and in order, although the \
             leader was killed half-way.\n",
            self.fed.acknowledged,
            self.found.len()
        ))?;
        Ok(())
    }
}

fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.2} ms") } else { format!("{millis:.0} ms") }
}
