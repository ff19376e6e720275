//! One node of three is left: it must say no, at once, and why.

use std::time::Duration;

use agent::{
    ClientId,
    client::{ClientError, Connection, random_u64},
    protocol::{Batch, Refusal, Request},
    wall::now,
};

use crate::{
    Failure,
    cluster::{Cluster, NODES, id},
    progress::Progress,
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// What the lonely node said.
pub(crate) struct Refused {
    pub(crate) node: usize,
    pub(crate) after: Duration,
    pub(crate) refusal: Refusal,
}

/// Stops two nodes, leaves the leader, waits until it has noticed, and tries to append a line there.
pub(crate) fn refuse(cluster: &Cluster, progress: &mut Progress) -> Result<Refused, Failure> {
    let left = cluster.leader(TIMEOUT)?;
    for node in (0..NODES).filter(|node| *node != left) {
        cluster.stop(node)?;
    }
    progress.step(&format!("stopped two nodes; {} is alone", id(left)));
    cluster.wait_for("sign that the node left alone knows it", TIMEOUT, || {
        Ok((!cluster.status(left)?.quorum_heard).then_some(()))
    })?;
    let mut connection = Connection::open(cluster.clients()[left], TIMEOUT)?;
    let batch = Batch::new(ClientId::new(random_u64()?), 1, ["a line that cannot be durable"])?;
    let asked = now();
    match connection.call(&Request::Append(batch)) {
        Err(ClientError::Refused { refusal, .. }) => {
            Ok(Refused { node: left, after: asked.elapsed(), refusal })
        }
        Ok(response) => Err(Failure::new(format!("{} alone acknowledged an append: {response:?}", id(left)))),
        Err(error) => {
            Err(Failure::new(format!("{} alone neither took nor refused an append: {error}", id(left))))
        }
    }
}
