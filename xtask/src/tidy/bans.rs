//! Names that must not be said where they are said.

use super::{
    Finding, arrows,
    tokens::{Levels, line, paths},
};
use crate::workspace::File;

/// A path that is refused, and what to do instead. It matches every path that begins with it, also in the middle of a
/// longer one; an empty last segment stands for any.
#[derive(Debug)]
struct Ban {
    path: &'static [&'static str],
    advice: &'static str,
}

/// In a core, its tests included: what makes two runs of one seed differ.
const CHANCE: &[Ban] = &[
    ban(&["HashMap"], "its order differs from run to run; take BTreeMap"),
    ban(&["HashSet"], "its order differs from run to run; take BTreeSet"),
    ban(&["Instant", "now"], "time is an argument of a core"),
    ban(&["SystemTime"], "time is an argument of a core"),
    ban(&["rand", ""], "chance is machine_core::Rng, from the caller's seed"),
    ban(&["thread_rng"], "chance is machine_core::Rng, from the caller's seed"),
];

/// In a core without its tests and examples: the world.
const WORLD: &[Ban] = &[
    ban(&["std", "fs"], "a core knows no file; return an output, and let an adapter execute it"),
    ban(&["std", "net"], "a core knows no socket; return an output, and let an adapter execute it"),
    ban(&["std", "thread"], "a core has no thread; its caller has"),
    ban(&["std", "time"], "take core::time::Duration and machine_core::Instant"),
    ban(&["println"], "a core prints nothing; return an output"),
    ban(&["eprintln"], "a core prints nothing; return an output"),
];

/// Anywhere but below one place.
const ONLY: &[(Ban, &str)] = &[
    (ban(&["crossbeam_channel"], "threads meet in transport only, behind its seam"), "transport/"),
    (ban(&["parking_lot"], "threads meet in transport only, behind its seam"), "transport/"),
    // The one wrapper has a limit, takes a slice, and refuses trailing bytes. It is for other projects' clocks in the benches.
    (
        ban(&["bincode"], "write a bounded wrapper, and name its file in xtask/src/tidy/bans.rs"),
        "benches/peers/src/fixed_ints.rs",
    ),
];

const fn ban(path: &'static [&'static str], advice: &'static str) -> Ban {
    Ban { path, advice }
}

/// Every banned name in the file.
pub(super) fn check(file: &File, levels: &Levels) -> Vec<Finding> {
    let bans = bans_for(&file.path);
    let mut findings = Vec::new();
    for tokens in levels {
        for (at, token) in tokens.iter().enumerate() {
            for path in paths(tokens, at) {
                let hits = bans.iter().filter(|ban| ban.matches(&path));
                findings.extend(hits.map(|ban| {
                    let name = ban.path.join("::");
                    Finding::new(&file.path, line(token), format!("`{name}` is banned here; {}", ban.advice))
                }));
            }
        }
    }
    findings
}

impl Ban {
    fn matches(&self, path: &[String]) -> bool {
        path.len() >= self.path.len()
            && self.path.iter().zip(path).all(|(banned, said)| banned.is_empty() || banned == said)
    }
}

fn bans_for(path: &str) -> Vec<&'static Ban> {
    let (folder, inside) = path.split_once('/').unwrap_or_default();
    let is_test = inside.starts_with("tests/") || inside.contains("/tests/") || inside.ends_with("/tests.rs");
    let is_source = inside.starts_with("src/") && !is_test;
    let elsewhere = ONLY.iter().filter(|(_, home)| !path.starts_with(home)).map(|(ban, _)| ban);
    let chance = CHANCE.iter().filter(|_| arrows::is_core(folder) && (is_source || is_test));
    let world = WORLD.iter().filter(|_| arrows::is_core(folder) && is_source);
    elsewhere.chain(chance).chain(world).collect()
}

#[cfg(test)]
mod tests;
