//! What a run has come by.

/// The places that one run of a body has come by, of those that its target names.
///
/// A corpus that has stopped reaching something is noticed: the replay fails unless all its inputs together come by
/// every mark.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    names: &'static [&'static str],
    seen: u64,
}

impl Marks {
    /// None was seen yet. At most 64 can be named.
    #[must_use]
    pub const fn new(names: &'static [&'static str]) -> Self {
        assert!(names.len() <= 64, "one bit for each mark");
        Self { names, seen: 0 }
    }

    /// The run came by here.
    ///
    /// # Panics
    ///
    /// When the target does not name this mark: a slip of the body's author.
    pub fn see(&mut self, name: &str) {
        let place = self.names.iter().position(|named| *named == name);
        self.seen |= 1 << place.unwrap_or_else(|| panic!("`{name}` is not among the target's marks"));
    }

    /// Takes over what another run of the same body has seen.
    pub const fn add(&mut self, other: Self) {
        self.seen |= other.seen;
    }

    /// The marks not seen.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        self.names
            .iter()
            .enumerate()
            .filter(|(place, _)| self.seen & (1 << place) == 0)
            .map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests;
