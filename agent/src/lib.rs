//! The program quorate: a durable replicated log in three processes

pub mod entry;
pub mod lines;
pub mod memory;
pub mod peers;
pub mod protocol;
pub mod sessions;
pub mod text;
