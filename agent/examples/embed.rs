//! Three nodes in one process: what a service does that embeds a node, three times.
//!
//! Run it: `cargo run --release -p quorate-agent --example embed`
//!
//! A real service has one of them in each of its processes, with fixed ports and a folder that stays.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, net::TcpListener, time::Duration};

use agent::{
    ClientId, ClusterId, Node, NodeConfig, NodeId,
    protocol::{Appended, Batch},
    wall,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let ports = free_ports()?;
    let peers = format!("1=127.0.0.1:{},2=127.0.0.1:{},3=127.0.0.1:{}", ports[0], ports[1], ports[2]);
    let mut nodes = Vec::new();
    for id in 1..=3 {
        let dir = folder.path().join(id.to_string());
        let config = NodeConfig::new(NodeId::of(id), ClusterId::new(7), peers.parse()?, dir);
        nodes.push(Node::start(config, move |event| println!("n{id}: {event}"))?);
    }

    // Whoever leads takes the lines; the others say who does. A batch has a number, so it may be sent again.
    let batch = Batch::new(ClientId::new(9), 1, ["a line", "another"])?;
    let appended = append(&nodes, &batch)?;
    println!("durable on a majority; the last line is entry {}", appended.index);
    for node in nodes {
        node.stop()?;
    }
    Ok(())
}

fn append(nodes: &[Node], batch: &Batch) -> Result<Appended, Box<dyn Error>> {
    for _ in 0..100 {
        for node in nodes {
            match node.handle().append(batch).wait()? {
                Ok(appended) => return Ok(appended),
                Err(refusal) => println!("{}: {refusal}", node.handle().id()),
            }
        }
        // Right after the start nobody leads yet.
        wall::pause(Duration::from_millis(100));
    }
    Err("no node led within ten seconds".into())
}

/// Ports that were free a moment ago.
fn free_ports() -> Result<[u16; 3], Box<dyn Error>> {
    let listeners = [
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
    ];
    let [a, b, c] = &listeners;
    Ok([a.local_addr()?.port(), b.local_addr()?.port(), c.local_addr()?.port()])
}
