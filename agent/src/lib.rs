//! The program quorate: a durable replicated log in three processes

pub mod client;
mod config;
pub mod entry;
pub mod input;
pub mod lines;
pub mod memory;
pub mod node;
pub mod peers;
pub mod protocol;
pub mod server;
pub mod sessions;
pub mod table;
pub mod text;
pub mod wall;

pub use config::{Limits, NodeConfig};
pub use entry::ClientId;
pub use machine_core::NodeId;
pub use node::{Node, NodeEvent, NodeHandle, StartError};
pub use transport::ClusterId;
