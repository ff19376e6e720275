use alloc::{boxed::Box, collections::VecDeque};
use core::hash::{Hash, Hasher};

/// A queue for what a group at rest has none of: it takes no memory before its first item, and gives it back at rest.
/// For a host of many groups, most of which are at rest.
#[derive(Clone, Debug)]
#[expect(clippy::box_collection, reason = "one word where there is nothing, instead of four")]
pub(crate) struct Queue<T>(Option<Box<VecDeque<T>>>);

impl<T> Queue<T> {
    /// The items, to be changed in ways that this page does not name.
    pub(crate) fn items(&mut self) -> &mut VecDeque<T> {
        self.0.get_or_insert_default()
    }

    pub(crate) fn push_back(&mut self, item: T) {
        self.items().push_back(item);
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        self.0.as_mut()?.pop_front()
    }

    /// Takes the item at `place`; the last takes its place.
    pub(crate) fn remove(&mut self, place: usize) -> Option<T> {
        self.0.as_mut()?.swap_remove_back(place)
    }

    pub(crate) fn clear(&mut self) {
        if let Some(items) = &mut self.0 {
            items.clear();
        }
    }

    /// Nothing is going on: memory that holds nothing is given back.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() {
            self.0 = None;
        }
    }

    pub(crate) fn front(&self) -> Option<&T> {
        self.0.as_ref()?.front()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(|items| items.iter())
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flat_map(|items| items.iter_mut())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |items| items.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self(None)
    }
}

// Queues are equal when their items are, wherever these lie.

impl<T: PartialEq> PartialEq for Queue<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Eq> Eq for Queue<T> {}

impl<T: Hash> Hash for Queue<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|item| item.hash(state));
    }
}

#[cfg(test)]
mod tests;
