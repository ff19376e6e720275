//! Whether all nodes hold the same, and every acknowledged line is on the disk of each.

use std::{collections::BTreeMap, net::SocketAddr, thread, time::Duration};

use agent::{client::Lister, lines::Summary};

use super::wire::Session;
use crate::{
    Failure,
    bench::noise::Noise,
    cluster::{Cluster, NODES, id},
};

const TIMEOUT: Duration = Duration::from_secs(60);

/// Compares the nodes with each other, and every line on every disk with what was acknowledged. Returns how many lines
/// that are.
pub(crate) fn check(cluster: &Cluster, sessions: &[Session], noise: &Noise) -> Result<u64, Failure> {
    let acknowledged: BTreeMap<u64, u64> =
        sessions.iter().map(|session| (session.client.get(), session.acknowledged)).collect();
    let leader = cluster.leader(TIMEOUT)?;
    let goal = cluster.status(leader)?.commit;
    let statuses = cluster.wait_for("node that has applied everything", TIMEOUT, || {
        let all = (0..NODES).map(|node| cluster.status(node)).collect::<Result<Vec<_>, _>>();
        Ok(all.ok().filter(|all| all.iter().all(|status| status.applied >= goal)))
    })?;
    let found = thread::scope(|scope| {
        let readers: Vec<_> = cluster
            .clients()
            .iter()
            .map(|address| scope.spawn(|| read_back(*address, &acknowledged, noise)))
            .collect();
        let joined = readers.into_iter().map(|reader| reader.join());
        joined
            .map(|found| found.unwrap_or_else(|_panic| Err(Failure::new("the check panicked"))))
            .collect::<Vec<_>>()
    });
    let total: u64 = acknowledged.values().sum();
    for (node, found) in found.into_iter().enumerate() {
        let summary = found?;
        if summary != statuses[node].summary || summary != statuses[0].summary || summary.count != total {
            return Err(Failure::new(format!(
                "{} has {summary:?} on its disk and says {:?}; {} says {:?}; {total} lines are acknowledged",
                id(node),
                statuses[node].summary,
                id(0),
                statuses[0].summary
            )));
        }
    }
    Ok(total)
}

/// Every line of one node: the right bytes, and of each client exactly those that were acknowledged. Their order within
/// a client is the list's own rule, which the reader applies.
fn read_back(
    address: SocketAddr,
    acknowledged: &BTreeMap<u64, u64>,
    noise: &Noise,
) -> Result<Summary, Failure> {
    let mut lister = Lister::open(address, TIMEOUT)?;
    let mut found: BTreeMap<u64, u64> = acknowledged.keys().map(|client| (*client, 0)).collect();
    while let Some(listed) = lister.next_line()? {
        let client = listed.client.get();
        if noise.line(client, listed.sequence) != listed.line {
            return Err(Failure::new(format!(
                "{address}: line {} of {} has other bytes than were sent",
                listed.sequence, listed.client
            )));
        }
        let last = found.get_mut(&client);
        let last = last.ok_or_else(|| {
            Failure::new(format!("{address}: a line of {}, which was not there", listed.client))
        })?;
        *last = listed.sequence;
    }
    for (client, acknowledged) in acknowledged {
        if found.get(client) != Some(acknowledged) {
            return Err(Failure::new(format!(
                "{address}: of a client's {acknowledged} acknowledged lines {:?} are there",
                found.get(client)
            )));
        }
    }
    Ok(lister.summary())
}
