//! Two of three nodes are gone: the third refuses at once, says why, and recovers when one comes back.

mod common;

use std::time::Duration;

use agent::{
    ClientId,
    client::{ClientError, Connection},
    protocol::{Batch, Refusal, Request},
};
use common::{PATIENCE, Processes, lines_of, wait_for};

fn append(processes: &Processes, node: usize) -> Result<(), ClientError> {
    let mut connection = Connection::open(processes.clients[node], PATIENCE)?;
    let batch = Batch::new(ClientId::new(7), 1, ["one line"]).expect("it is short");
    connection.call(&Request::Append(batch)).map(|_| ())
}

fn barrier(processes: &Processes, node: usize) -> Result<(), ClientError> {
    Connection::open(processes.clients[node], PATIENCE)?.call(&Request::Barrier).map(|_| ())
}

fn refuses_both(processes: &Processes, node: usize) {
    wait_for("sign that it is alone", || processes.status(node).ok().filter(|status| !status.quorum_heard));
    for refused in [append(processes, node), barrier(processes, node)] {
        let Err(ClientError::Refused { refusal, .. }) = refused else { panic!("not refused: {refused:?}") };
        assert!(matches!(refusal, Refusal::NoQuorum | Refusal::NotLeader { leader: None }), "{refusal}");
    }
}

#[test]
fn a_leader_left_alone_refuses_and_takes_lines_again_when_it_has_company() {
    let mut processes = Processes::start(3);
    let leader = processes.leader();
    let others: Vec<_> = (0..3).filter(|node| *node != leader).collect();
    processes.kill(others[0]);
    processes.kill(others[1]);
    refuses_both(&processes, leader);

    let output = common::quorate()
        .args(["append", "--timeout", "1", "--to", &processes.addresses(), "/proc/self/status"])
        .output()
        .expect("the program is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("0 lines acknowledged") && said.contains("no"), "{said}");

    processes.spawn(others[0]);
    wait_for("acknowledgement by two of three", || append(&processes, processes.leader()).ok());
    let leader = processes.leader();
    assert_eq!(lines_of(processes.clients[leader]), ["one line"], "refused lines are not in the list");
}

#[test]
fn a_follower_left_alone_refuses_too() {
    let mut processes = Processes::start(3);
    let leader = processes.leader();
    let left = (0..3).find(|node| *node != leader).expect("three nodes");
    for node in (0..3).filter(|node| *node != left) {
        processes.kill(node);
    }
    refuses_both(&processes, left);
}

#[test]
fn a_follower_points_to_the_leader() {
    let processes = Processes::start(3);
    wait_for("answer that names the leader", || {
        let leader = processes.leader();
        let follower = (0..3).find(|node| *node != leader).expect("three nodes");
        match append(&processes, follower) {
            Err(ClientError::Refused { refusal: Refusal::NotLeader { leader: Some(hint) }, .. }) => {
                (hint.client_address == Some(processes.clients[leader])).then_some(())
            }
            other => panic!("not refused as it should be: {other:?}"),
        }
    });
    assert!(
        Connection::open(processes.peers[0], Duration::from_secs(5)).is_err(),
        "a peer port is no client port"
    );
}
