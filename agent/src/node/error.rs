use std::{fmt, io};

use machine_core::NodeId;
use raft_core::{ConfigError, wire::WireError};
use storage::OpenError;
use transport::DriverError;

use crate::config::NodeConfig;

/// Why a node did not start. Nothing is left running, and nothing durable was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The node's own id is not among the peers.
    OwnId {
        /// The id.
        id: NodeId,
        /// The peers given.
        peers: String,
    },
    /// The client addresses are those of other nodes.
    Clients {
        /// The client addresses given.
        clients: String,
        /// The peers given.
        peers: String,
    },
    /// The system has no source of randomness.
    Random(io::Error),
    /// The folder could not be opened as a log.
    Storage(OpenError),
    /// What the log holds as Raft's state was written by another version.
    HardState(WireError),
    /// The core refuses the configuration, or what the log holds.
    Raft(ConfigError),
    /// The address could not be listened at, or the like.
    Transport(DriverError),
    /// The address for clients could not be listened at.
    ClientListener {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        error: io::Error,
    },
}

impl StartError {
    pub(super) fn own_id(config: &NodeConfig) -> Self {
        Self::OwnId { id: config.id, peers: config.peers.to_string() }
    }

    /// Whether another program listens at one of the node's addresses.
    #[must_use]
    pub fn is_address_in_use(&self) -> bool {
        match self {
            Self::Transport(DriverError::Listen(error)) => error.kind == io::ErrorKind::AddrInUse,
            Self::ClientListener { error, .. } => error.kind() == io::ErrorKind::AddrInUse,
            Self::OwnId { .. }
            | Self::Clients { .. }
            | Self::Random(_)
            | Self::Storage(_)
            | Self::HardState(_)
            | Self::Raft(_)
            | Self::Transport(_) => false,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnId { id, peers } => {
                write!(f, "node {id} is not among the peers {peers}; name it there with its own address")
            }
            Self::Clients { clients, peers } => {
                write!(
                    f,
                    "the client addresses {clients} are not those of the peers {peers}; name the same ids in both"
                )
            }
            Self::Random(error) => write!(f, "the system has no source of randomness: {error}"),
            Self::Storage(error) => error.fmt(f),
            Self::HardState(error) => write!(f, "the log's state was written by another version: {error}"),
            Self::Raft(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::ClientListener { address, error } if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "cannot listen for clients at {address}: another program, perhaps another run of this node, listens \
                 there; stop it or choose another port"
            ),
            Self::ClientListener { address, error } => {
                write!(f, "cannot listen for clients at {address}: {error}")
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Random(error) | Self::ClientListener { error, .. } => Some(error),
            Self::Storage(error) => Some(error),
            Self::HardState(error) => Some(error),
            Self::Raft(error) => Some(error),
            Self::Transport(error) => Some(error),
            Self::OwnId { .. } | Self::Clients { .. } => None,
        }
    }
}
