//! One coalesced wake-up for the driver, whoever has news: a client, the disk thread, a handle.
//!
//! ```text
//!            woke                    may_sleep
//!   ASLEEP ────────▶ AWAKE ──────────────────────▶ ASLEEP   (sleep)
//!      │               │
//!      │ notify: ring  │ notify: nothing to do
//!      ▼               ▼
//!   NOTIFIED ◀─────────┘        may_sleep in NOTIFIED says no
//! ```
//!
//! The order that makes it work: a producer publishes, then notifies; the driver calls `woke`, then collects
//! everything, then asks `may_sleep`. All three are swaps of one atomic, so they have one total order: a notify
//! that comes before `may_sleep` keeps the driver from sleeping, one that comes after it rings. While the driver is
//! busy a notify costs one atomic operation and no system call.

use crate::sync::{Arc, AtomicU8, Ordering};
use std::fmt;

const AWAKE: u8 = 0;
const ASLEEP: u8 = 1;
const NOTIFIED: u8 = 2;

/// See the module's page. `bell` is what ends the driver's sleep.
pub(crate) struct Signal {
    state: AtomicU8,
    bell: Box<dyn Fn() + Send + Sync>,
}

impl Signal {
    pub(crate) fn new(bell: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { state: AtomicU8::new(AWAKE), bell: Box::new(bell) })
    }

    /// There is news, and it is already where the driver will look.
    pub(crate) fn notify(&self) {
        if self.state.swap(NOTIFIED, Ordering::AcqRel) == ASLEEP {
            (self.bell)();
        }
    }

    /// Called by the driver before it sleeps: false when something was published that it may not have seen.
    pub(crate) fn may_sleep(&self) -> bool {
        self.state.swap(ASLEEP, Ordering::AcqRel) != NOTIFIED
    }

    /// Called by the driver after it slept and before it collects.
    pub(crate) fn woke(&self) {
        self.state.swap(AWAKE, Ordering::AcqRel);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").field("state", &self.state).finish_non_exhaustive()
    }
}
