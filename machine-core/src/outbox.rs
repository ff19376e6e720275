use alloc::collections::VecDeque;

/// A first-in, first-out queue that never holds more than its limit.
///
/// What does not fit is dropped and counted: right for messages, since protocols tolerate loss, and wrong for writes,
/// which a core bounds at the command that causes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outbox<T> {
    items: VecDeque<T>,
    limit: usize,
    dropped: u64,
}

impl<T> Outbox<T> {
    /// An empty queue for at most `limit` items. Memory is taken as it is needed, not up front.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self { items: VecDeque::new(), limit, dropped: 0 }
    }

    /// Appends the item, or drops and counts it when the queue is full. Returns whether it was kept.
    pub fn push(&mut self, item: T) -> bool {
        let room = self.items.len() < self.limit;
        if room {
            self.items.push_back(item);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
        room
    }

    /// Takes the oldest item.
    pub fn pop(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    /// The oldest item.
    #[must_use]
    pub fn front(&self) -> Option<&T> {
        self.items.front()
    }

    /// Drops everything held, without counting it.
    pub fn clear(&mut self) {
        self.items.clear();
    }

    /// Items held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Items dropped for want of room since the start.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The items, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }
}

#[cfg(test)]
mod tests;
