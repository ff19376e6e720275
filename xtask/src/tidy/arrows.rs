//! Which crate may use which. Arrows never run back: a core knows no adapter, an adapter knows no protocol.

use super::{Finding, line_of};
use crate::workspace::{Dependency, File, Kind, Package};

/// What one crate may use. A folder that is not in the table is refused until it is.
#[derive(Debug)]
pub(super) struct Place {
    folder: &'static str,
    pub(super) role: Role,
    /// Our own crates, by folder.
    ours: &'static [&'static str],
    foreign: Foreign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A pure state machine or a pure value: `no_std`, no clock, no thread, no chance of its own.
    Core,
    /// Whatever touches the world.
    Adapter,
}

#[derive(Debug)]
enum Foreign {
    Only(&'static [&'static str]),
    Any,
}

const TABLE: &[Place] = &[
    core("machine-core", &[], &["bytes"]),
    core("lamport", &[], &["serde"]),
    core("raft-core", &["machine-core"], &["bytes", "serde"]),
    core("gossip-core", &["machine-core"], &["bytes", "serde"]),
    core("twophase-core", &["machine-core"], &["bytes", "serde"]),
    core("coord-core", &["lamport"], &["bytes", "serde"]),
    adapter("storage", &["machine-core"], Foreign::Only(&["bytes", "crc32c", "rustix"])),
    adapter(
        "transport",
        &["machine-core"],
        Foreign::Only(&["bytes", "crc32c", "crossbeam-channel", "mio", "parking_lot", "socket2"]),
    ),
    adapter("agent", &[CORES, "storage", "transport"], Foreign::Any),
    adapter("sim", &[CORES, "storage", "transport", "agent"], Foreign::Any),
    adapter("bindings-py", &[CORES, "storage", "transport", "agent", "sim"], Foreign::Any),
    adapter("benches", &[CORES, "storage", "transport", "agent", "sim"], Foreign::Any),
    adapter("fuzz/bodies", &[CORES, "storage", "transport", "agent", "sim"], Foreign::Any),
    adapter("worlds", &[CORES], Foreign::Any),
    adapter("xtask", &[], Foreign::Any),
];

/// Stands for every core in the table.
const CORES: &str = "(cores)";

/// Loom replaces the seam of the one crate with threads, and that of the atomic clocks, and only when it is asked for.
const LOOM_SEAMS: &[&str] = &["lamport", "transport"];
const LOOM_TARGET: &str = "cfg(loom)";

const fn core(
    folder: &'static str,
    ours: &'static [&'static str],
    foreign: &'static [&'static str],
) -> Place {
    Place { folder, role: Role::Core, ours, foreign: Foreign::Only(foreign) }
}

const fn adapter(folder: &'static str, ours: &'static [&'static str], foreign: Foreign) -> Place {
    Place { folder, role: Role::Adapter, ours, foreign }
}

/// The place of the folder in the table.
pub(super) fn place(folder: &str) -> Option<&'static Place> {
    TABLE.iter().find(|place| place.folder == folder)
}

/// Whether the folder holds a core.
pub(super) fn is_core(folder: &str) -> bool {
    place(folder).is_some_and(|place| place.role == Role::Core)
}

/// Every dependency of the package that its place does not allow.
pub(super) fn check(package: &Package, manifest: Option<&File>) -> Vec<Finding> {
    let path = format!("{}/Cargo.toml", package.folder);
    let Some(place) = place(&package.folder) else {
        let advice =
            "is not in the table of import directions; decide what it may use, in xtask/src/tidy/arrows.rs";
        return vec![Finding::new(&path, 1, advice)];
    };
    let refused = package.dependencies.iter().filter(|dependency| !allowed(place, dependency));
    refused
        .map(|dependency| {
            let advice = format!(
                "`{}` must not be used by {}; see the import directions in xtask/src/tidy/arrows.rs, and move the \
                 code to a crate that may",
                dependency.name, place.folder
            );
            let line = line_of(manifest, dependency.name.trim_start_matches("quorate-"));
            Finding::new(&path, line, advice)
        })
        .collect()
}

fn allowed(place: &Place, dependency: &Dependency) -> bool {
    let own = dependency.name.strip_prefix("quorate-");
    match (dependency.kind, own) {
        (Kind::Normal | Kind::Build, Some(folder)) => may_use(place, folder),
        (Kind::Normal | Kind::Build, None) => match place.foreign {
            Foreign::Any => true,
            Foreign::Only(names) => {
                names.contains(&dependency.name.as_str())
                    || (LOOM_SEAMS.contains(&place.folder)
                        && dependency.name == "loom"
                        && dependency.target.as_deref() == Some(LOOM_TARGET))
            }
        },
        // Tests are free, but a core that needs an adapter, or chance of its own, to be tested is not a pure machine.
        // Its own name: a test turns its own features on that way.
        (Kind::Dev, Some(folder)) => {
            place.role != Role::Core || folder == place.folder || may_use(place, folder)
        }
        (Kind::Dev, None) => {
            place.role != Role::Core || !["rand", "tokio"].contains(&dependency.name.as_str())
        }
    }
}

fn may_use(place: &Place, folder: &str) -> bool {
    place.ours.contains(&folder) || (place.ours.contains(&CORES) && is_core(folder))
}

#[cfg(test)]
mod tests;
