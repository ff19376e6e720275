use core::fmt;

/// A reading of a wall clock: whole milliseconds since the Unix epoch, in UTC without leap seconds, as the caller's
/// system has it. The clocks of this crate never read one themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Wall(u64);

impl Wall {
    /// The reading of so many milliseconds.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// The milliseconds.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
    }
}

/// A moment of hybrid time in 8 bytes: 48 bits of milliseconds since the Unix epoch (until the year 10889), and a 16-bit
/// counter within the millisecond (Kulkarni et al. 2014, §6.2 has the same layout with NTP's fractions).
///
/// The order is that of the number, and that of its big-endian bytes: it may be the key of any ordered store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HlcTime(u64);

impl HlcTime {
    /// Before everything.
    pub const ZERO: Self = Self(0);
    /// The last one.
    pub const MAX: Self = Self(u64::MAX);
    /// The last millisecond: 2^48 - 1.
    pub const MS_MAX: u64 = (1 << 48) - 1;

    /// The moment with these parts; `None` beyond [`HlcTime::MS_MAX`].
    #[must_use]
    pub const fn new(ms: u64, counter: u16) -> Option<Self> {
        if ms > Self::MS_MAX {
            return None;
        }
        Some(Self(ms << 16 | counter as u64))
    }

    /// The moment with this number. Every number is one.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The number: milliseconds times 65,536, plus the counter.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The moment with these bytes. Every eight bytes are one.
    #[must_use]
    pub const fn from_be_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// Its bytes, whose order is the order of moments.
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The physical part: milliseconds since the Unix epoch.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0 >> 16
    }

    /// The logical part: which stamp within the millisecond.
    #[must_use]
    pub const fn counter(self) -> u16 {
        (self.0 & 0xFFFF) as u16
    }

    /// The next moment: behind a full counter, the next millisecond. `None` behind the last.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }
}

impl fmt::Display for HlcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms+{}", self.ms(), self.counter())
    }
}

impl fmt::Debug for HlcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hybrid time and who gave it: a total order of all events, by time, then by node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HlcStamp<I> {
    /// Compared first.
    pub time: HlcTime,
    /// Compared second; no two nodes share one.
    pub node: I,
}

#[cfg(test)]
mod tests;
