//! Small worlds, explored to the last state.

pub mod explore;
mod folding;
pub mod history;
pub mod known;
pub mod names;
pub mod node;
pub mod roots;
pub mod table;
pub mod world;
