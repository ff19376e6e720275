//! A connection that carries the puts of many clients, each of which has a key of its own.

use std::{collections::BTreeMap, net::SocketAddr};

use super::{
    http2::Connection,
    protobuf::{Fields, put_bytes},
};
use crate::{
    Failure,
    bench::{load::Wire, noise::Noise},
};

pub(crate) struct EtcdWire {
    connection: Connection,
    /// Puts that were acknowledged, of each client.
    clients: Vec<u64>,
    /// The number of the first client among those of all connections.
    first: u64,
    asked: BTreeMap<u32, usize>,
    noise: Noise,
    message: Vec<u8>,
}

impl EtcdWire {
    pub(crate) fn open(
        address: SocketAddr,
        first: u64,
        clients: usize,
        noise: Noise,
    ) -> Result<Self, Failure> {
        Ok(Self {
            connection: Connection::open(address, "/etcdserverpb.KV/Put")?,
            clients: vec![0; clients],
            first,
            asked: BTreeMap::new(),
            noise,
            message: Vec::new(),
        })
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.clients.iter().sum()
    }
}

impl Wire for EtcdWire {
    fn clients(&self) -> usize {
        self.clients.len()
    }

    fn ask(&mut self, client: usize) -> Result<(), Failure> {
        let key = self.first + client as u64;
        self.message.clear();
        put_bytes(&mut self.message, 1, &key.to_be_bytes());
        put_bytes(&mut self.message, 2, self.noise.line(key, self.clients[client] + 1));
        let stream = self.connection.ask(&self.message)?;
        self.asked.insert(stream, client);
        Ok(())
    }

    fn answered(&mut self) -> Result<usize, Failure> {
        let (stream, answer) = self.connection.answer()?;
        let client = self.asked.remove(&stream).ok_or_else(|| Failure::new("etcd answers twice"))?;
        // The header of an answer holds the revision that the put has made.
        if Fields::new(&answer).message(1).uint(3) == 0 {
            return Err(Failure::new("etcd answers a put without a revision"));
        }
        self.clients[client] += 1;
        Ok(client)
    }
}
