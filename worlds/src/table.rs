//! The worlds that are explored on every run of the tests.

use crate::{explore::Exploration, roots::Walks, world::Bounds};

/// A world with a name.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the table calls it.
    pub name: &'static str,
    /// What to explore.
    pub exploration: Exploration,
    /// Whether all of it can be explored.
    pub whole: bool,
}

/// Three nodes, one term, one proposal, all messages kept until they are delivered.
pub const PLAIN: Bounds = Bounds {
    nodes: 3,
    term_max: 1,
    proposals_max: 1,
    crashes_max: 0,
    reminders_max: 0,
    lossy: false,
    duplicates_max: 0,
    asks: false,
    window: 64,
    drops_moot: false,
    in_flight_max: 64,
};

/// Where roots are looked for.
pub const DEEP: Bounds =
    Bounds { term_max: 4, proposals_max: 0, drops_moot: true, in_flight_max: 12, ..PLAIN };

/// The random runs that roots are taken from.
pub const WALKS: Walks = Walks { seed: 8, count: 6_000, steps: 70, kept_max: 40 };

/// All worlds, the quick ones first.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let whole = |name, bounds| Entry { name, exploration: Exploration::new(bounds), whole: true };
    let part = |name, bounds, depth: usize| Entry {
        name,
        exploration: Exploration { depth_max: Some(depth), ..Exploration::new(bounds) },
        whole: false,
    };
    let moot = Bounds { drops_moot: true, ..PLAIN };
    let mut deep = part("from random runs", DEEP, 12);
    deep.exploration.roots = WALKS.gather(&DEEP, true);
    vec![
        whole("pair, asks", Bounds { nodes: 2, crashes_max: 1, asks: true, ..PLAIN }),
        whole("one entry", PLAIN),
        whole("one entry, lossy", Bounds { lossy: true, ..moot }),
        whole("one entry, twice", Bounds { duplicates_max: 1, ..moot }),
        whole("pair, reminded", Bounds { nodes: 2, reminders_max: 1, lossy: true, ..moot }),
        whole("one entry, a crash", Bounds { crashes_max: 1, ..moot }),
        whole("two entries", Bounds { proposals_max: 2, window: 1, ..moot }),
        whole("two terms", Bounds { term_max: 2, proposals_max: 0, ..moot }),
        whole(
            "pair, two of each",
            Bounds { nodes: 2, term_max: 2, proposals_max: 2, crashes_max: 1, window: 1, ..moot },
        ),
        part("two terms, one entry", Bounds { term_max: 2, ..moot }, 20),
        deep,
    ]
}
