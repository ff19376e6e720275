//! The kinds of harm.

use std::{fmt, str::FromStr};

/// A kind of harm, and of what else a run may do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A node ends at a moment of its own.
    Crash,
    /// A node ends between two of its outputs.
    Between,
    /// A node ends right after the output that makes it worst.
    Hunt,
    /// The power fails, or the process ends, within what a log does.
    Power,
    /// A loss of power loses, tears or sets back a sector, or loses a change of the folder.
    Sector,
    /// A node starts with a state machine that is empty or older than when it ended.
    Machine,
    /// A node is paused.
    Pause,
    /// Links are cut or clogged.
    Partition,
    /// A leader hears late, just when it is asked to hand over.
    Handover,
    /// Data at rest become others.
    Damage,
    /// A clock goes ahead, stands or goes back.
    Jump,
    /// A disk operation fails for good.
    Broken,
    /// A sync fails and drops what was dirty.
    Sync,
    /// There is no room for a file.
    Full,
    /// A disk operation is interrupted, or does only a part.
    Part,
    /// A sync takes very long.
    Stall,
    /// A message is lost.
    Loss,
    /// A message arrives once more.
    Double,
    /// A message is late.
    Late,
    /// A message is lost or held back by an adversary.
    Grip,
    /// A connection breaks.
    Reset,
    /// A bit on a connection is turned round.
    Flip,
    /// A host leaves outputs for later.
    Lazy,
    /// A client asks for something. No harm; but a run that fails without it is shorter.
    Call,
}

/// Each kind with its name.
const NAMES: [(Kind, &str); 24] = [
    (Kind::Crash, "crash"),
    (Kind::Between, "between"),
    (Kind::Hunt, "hunt"),
    (Kind::Power, "power"),
    (Kind::Sector, "sector"),
    (Kind::Machine, "machine"),
    (Kind::Pause, "pause"),
    (Kind::Partition, "partition"),
    (Kind::Handover, "handover"),
    (Kind::Damage, "damage"),
    (Kind::Jump, "jump"),
    (Kind::Broken, "broken"),
    (Kind::Sync, "sync"),
    (Kind::Full, "full"),
    (Kind::Part, "part"),
    (Kind::Stall, "stall"),
    (Kind::Loss, "loss"),
    (Kind::Double, "double"),
    (Kind::Late, "late"),
    (Kind::Grip, "grip"),
    (Kind::Reset, "reset"),
    (Kind::Flip, "flip"),
    (Kind::Lazy, "lazy"),
    (Kind::Call, "call"),
];

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; NAMES.len()] = {
        let mut all = [Self::Crash; NAMES.len()];
        let mut place = 0;
        while place < NAMES.len() {
            all[place] = NAMES[place].0;
            assert!(all[place] as usize == place, "a kind's row is where its number says");
            place += 1;
        }
        all
    };

    /// As in a schedule.
    #[must_use]
    pub const fn name(self) -> &'static str {
        NAMES[self as usize].1
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
            format!("no kind of fault is called {name:?}; there are {}", names.join(", "))
        })
    }
}
