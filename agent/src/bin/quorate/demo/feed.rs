//! Sends every line, kills the leader half-way, and keeps the time.

use std::time::{Duration, Instant};

use agent::{
    ClientId,
    client::{Ack, Appender, AppenderConfig},
    lines::Summary,
    wall::now,
};
use hdrhistogram::Histogram;

use super::source::Source;
use crate::{
    Failure,
    cluster::{Cluster, id},
    progress::Progress,
};

/// How long the cluster may take nothing at all.
const PATIENCE: Duration = Duration::from_secs(20);
/// Latencies above an hour count as an hour.
const LATENCY_MAX: Duration = Duration::from_secs(3600);

/// What the feeding showed.
pub(crate) struct Fed {
    pub(crate) client: ClientId,
    pub(crate) acknowledged: u64,
    pub(crate) sent: Summary,
    pub(crate) elapsed: Duration,
    pub(crate) killed: Option<Killed>,
    latencies_us: Histogram<u64>,
    /// Without the lines that were under way during the outage, or sent then.
    latencies_up_us: Histogram<u64>,
}

/// The leader that was killed.
pub(crate) struct Killed {
    pub(crate) node: usize,
    /// From SIGKILL to the first acknowledgement by another leader.
    pub(crate) fail_over: Option<Duration>,
    at: Instant,
    link: u64,
    acknowledged: u64,
}

impl Fed {
    pub(crate) fn latency(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.latencies_us.value_at_quantile(quantile))
    }

    /// The same of the lines that did not meet the outage.
    pub(crate) fn latency_without_outage(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.latencies_up_us.value_at_quantile(quantile))
    }

    /// Acknowledged lines for each second of the whole time.
    pub(crate) fn per_second(&self) -> f64 {
        self.acknowledged as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The same, with the time between the kill and the first acknowledgement afterwards left out.
    pub(crate) fn per_second_without_outage(&self) -> f64 {
        let outage = self.killed.as_ref().and_then(|killed| killed.fail_over).unwrap_or_default();
        let up = self.elapsed.saturating_sub(outage);
        self.acknowledged as f64 / up.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Sends all lines. With `kill`, SIGKILLs the leader when half of them are acknowledged.
pub(crate) fn feed(
    cluster: &Cluster,
    source: &Source,
    outstanding: usize,
    kill: bool,
    progress: &mut Progress,
) -> Result<Fed, Failure> {
    // With a short text in one gulp there would be no half-way.
    let outstanding = outstanding.min(usize::try_from(source.lines() / 4).unwrap_or(usize::MAX));
    let config = AppenderConfig::new(cluster.clients().iter().copied())
        .with_outstanding_lines_max(outstanding)
        .with_patience(PATIENCE);
    let mut appender = Appender::new(config)?;
    let histogram = || {
        let histogram = Histogram::new_with_bounds(1, micros(LATENCY_MAX), 3);
        histogram.map_err(|error| Failure::new(error.to_string()))
    };
    let mut fed = Fed {
        client: appender.client(),
        acknowledged: 0,
        sent: Summary::default(),
        elapsed: Duration::ZERO,
        killed: None,
        latencies_us: histogram()?,
        latencies_up_us: histogram()?,
    };
    let (total, start) = (source.lines(), now());
    let mut pass = source.pass()?;
    while let Some(line) = pass.next_line()? {
        fed.sent.push(&line);
        appender.push(&line)?;
        for ack in appender.acks() {
            fed.take(&ack);
            if kill && fed.killed.is_none() && fed.acknowledged >= total / 2 {
                fed.kill_leader(cluster, &ack, progress)?;
            }
        }
        progress.count("appending", fed.acknowledged, total);
    }
    appender.flush()?;
    for ack in appender.acks() {
        fed.take(&ack);
    }
    fed.elapsed = start.elapsed();
    progress.step(&format!("appended {} lines in {:.2?}", fed.acknowledged, fed.elapsed));
    Ok(fed)
}

impl Fed {
    fn take(&mut self, ack: &Ack) {
        self.acknowledged = ack.last_sequence;
        let lines = ack.last_sequence - ack.first_sequence + 1;
        self.latencies_us.saturating_record_n(micros(ack.latency), lines);
        let mut met_outage = false;
        if let Some(killed) = &mut self.killed {
            // What the old leader had said before it died may arrive later; it proves nothing about the new one.
            if killed.fail_over.is_none() && ack.link > killed.link {
                killed.fail_over = Some(ack.at.saturating_duration_since(killed.at));
            }
            let back = killed.fail_over.map(|fail_over| killed.at + fail_over);
            let sent = ack.at.checked_sub(ack.latency);
            met_outage = sent.is_none_or(|sent| back.is_none_or(|back| sent < back));
        }
        if !met_outage {
            self.latencies_up_us.saturating_record_n(micros(ack.latency), lines);
        }
    }

    fn kill_leader(&mut self, cluster: &Cluster, ack: &Ack, progress: &mut Progress) -> Result<(), Failure> {
        let node = cluster.node_at(ack.address);
        let node = node.ok_or_else(|| Failure::new(format!("{} is none of the nodes", ack.address)))?;
        let at = cluster.kill(node);
        let acknowledged = self.acknowledged;
        self.killed = Some(Killed { node, fail_over: None, at, link: ack.link, acknowledged });
        progress.step(&format!("killed the leader, {}, with SIGKILL after {acknowledged} lines", id(node)));
        Ok(())
    }
}

impl Killed {
    pub(crate) const fn acknowledged_before(&self) -> u64 {
        self.acknowledged
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
