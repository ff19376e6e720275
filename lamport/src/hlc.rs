//! The hybrid clock, by aspect: the stamp, the configuration, the rules, and the two clocks that follow them.

#[cfg(target_has_atomic = "64")]
mod atomic;
mod clock;
mod config;
mod rules;
mod time;

#[cfg(target_has_atomic = "64")]
pub use atomic::AtomicHlc;
pub use clock::Hlc;
pub use config::{ConfigError, HlcConfig};
pub use time::{HlcStamp, HlcTime, Wall};
