//! Small Raft groups, explored to the last interleaving, with the real core.
//!
//! A [`World`](world::World) is a group at one moment: nodes, disks, messages under way. Its [`Action`](world::Action)s
//! are all that can happen next; after each, the laws of [`history`] are judged from outside. [`explore`] goes everywhere
//! within [`Bounds`](world::Bounds), from the beginning or from [`roots`]. `docs/testing.md` says what is cut.

pub mod explore;
mod folding;
pub mod history;
pub mod known;
pub mod names;
pub mod node;
pub mod roots;
pub mod table;
pub mod world;
