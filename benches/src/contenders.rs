//! Who takes part. One contender, one file.

use crate::cell::Contender;

pub mod floor;
pub mod ours;

/// Those that need nothing but this workspace. The floor first: the others are judged by how far they are above it.
pub const OWN: [Contender; 3] = [floor::FLOOR, ours::OURS, ours::OURS_WIRE];
