//! Who is in the cluster: `1=10.0.0.1:7101,2=10.0.0.2:7101,3=10.0.0.3:7101`.

use std::{
    collections::BTreeMap,
    fmt,
    net::{SocketAddr, ToSocketAddrs},
    str::FromStr,
};

use machine_core::NodeId;

/// The address of each node; never empty, no id and no address twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peers {
    by_id: BTreeMap<NodeId, SocketAddr>,
}

impl Peers {
    /// The address of this node, if it is one of them.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<SocketAddr> {
        self.by_id.get(&id).copied()
    }

    /// All nodes, by rising id.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, SocketAddr)> {
        self.by_id.iter().map(|(id, address)| (*id, *address))
    }

    /// All ids, rising.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> {
        self.by_id.keys().copied()
    }

    /// How many there are; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The same ids with other addresses: whether `other` speaks of the same nodes.
    #[must_use]
    pub fn same_ids(&self, other: &Self) -> bool {
        self.ids().eq(other.ids())
    }

    /// Collects the pairs.
    ///
    /// # Errors
    ///
    /// When there are none, or when an id or an address comes twice.
    pub fn new(pairs: impl IntoIterator<Item = (NodeId, SocketAddr)>) -> Result<Self, PeersError> {
        let mut by_id = BTreeMap::new();
        for (id, address) in pairs {
            if let Some((other, _)) = by_id.iter().find(|(_, known)| **known == address) {
                let other = *other;
                return Err(PeersError::DuplicateAddress { address, ids: [other, id] });
            }
            if by_id.insert(id, address).is_some() {
                return Err(PeersError::DuplicateId { id });
            }
        }
        if by_id.is_empty() {
            return Err(PeersError::Empty);
        }
        Ok(Self { by_id })
    }
}

impl fmt::Display for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (id, address)) in self.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{}={address}", id.get())?;
        }
        Ok(())
    }
}

impl FromStr for Peers {
    type Err = PeersError;

    fn from_str(text: &str) -> Result<Self, PeersError> {
        if text.trim().is_empty() {
            return Err(PeersError::Empty);
        }
        let pairs: Result<Vec<_>, _> = text.split(',').map(|part| parse_peer(part.trim())).collect();
        Self::new(pairs?)
    }
}

/// Reads `host:port`; a name is looked up, and its first address taken.
///
/// # Errors
///
/// When there is no port, or the name has no address.
pub fn parse_address(text: &str) -> Result<SocketAddr, PeersError> {
    let bad = |reason: String| PeersError::BadAddress { text: text.to_owned(), reason };
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let Some((host, port)) = text.rsplit_once(':') else { return Err(bad("it has no port".to_owned())) };
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(bad(format!("{port:?} is not a port, or the host is missing")));
    }
    let mut found = text.to_socket_addrs().map_err(|error| bad(error.to_string()))?;
    found.next().ok_or_else(|| bad("the name has no address".to_owned()))
}

fn parse_peer(part: &str) -> Result<(NodeId, SocketAddr), PeersError> {
    let Some((id, address)) = part.split_once('=') else {
        return Err(PeersError::NoId { text: part.to_owned() });
    };
    let parsed = id.trim().parse().ok().and_then(NodeId::new);
    let Some(id) = parsed else { return Err(PeersError::BadId { text: id.to_owned() }) };
    Ok((id, parse_address(address.trim())?))
}

/// Why a list of nodes is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeersError {
    /// No node at all.
    Empty,
    /// A part without `=`.
    NoId {
        /// The part.
        text: String,
    },
    /// What stands before `=` is no number above zero.
    BadId {
        /// What stands there.
        text: String,
    },
    /// What stands after `=` is no address.
    BadAddress {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An id comes twice.
    DuplicateId {
        /// The id.
        id: NodeId,
    },
    /// An address comes twice.
    DuplicateAddress {
        /// The address.
        address: SocketAddr,
        /// The two nodes that claim it.
        ids: [NodeId; 2],
    },
}

impl fmt::Display for PeersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "no node is named; write 1=HOST:PORT,2=HOST:PORT,3=HOST:PORT"),
            Self::NoId { text } => {
                write!(f, "{text:?} names no node id; write ID=HOST:PORT, such as 1=127.0.0.1:7101")
            }
            Self::BadId { text } => write!(f, "{text:?} is not a node id; ids are whole numbers from 1 on"),
            Self::BadAddress { text, reason } => {
                write!(f, "{text:?} is not an address: {reason}; write HOST:PORT, such as 127.0.0.1:7101")
            }
            Self::DuplicateId { id } => {
                write!(f, "node {id} is named twice; give every node an id of its own")
            }
            Self::DuplicateAddress { address, ids: [first, second] } => {
                write!(
                    f,
                    "nodes {first} and {second} both have the address {address}; give every node its own"
                )
            }
        }
    }
}

impl std::error::Error for PeersError {}

#[cfg(test)]
mod tests;
