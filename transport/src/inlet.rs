//! Commands that the driver fetches itself, without the mailbox.
//!
//! A client's command passes two threads on its way in: the one that waits for the client, and the driver, which that one
//! wakes. An inlet spares the first: the driver waits for its descriptor beside its own sockets.
//!
//! ```text
//!   Mailbox::try_watch ──▶ given to the driver ──▶ readable: take ──▶ Command ─▶ Host::commands, with the mailbox's
//!                                 │                        └────────▶ End
//!                                 └── needed for another, the node stops ──▶ dropped: its owner has it back
//! ```

use std::{
    fmt,
    os::fd::{AsFd, AsRawFd},
};

use mio::{Interest, Registry, Token, event::Event, unix::SourceFd};

/// Where inlets' readiness is reported: far above the places of connections.
const FIRST_PLACE: usize = usize::MAX / 2;

/// An inlet that gave nothing while so many batches of commands came gives way to a new one.
const SILENT_BATCHES: u64 = 64;

/// Gives commands when its descriptor becomes readable. See [`Mailbox::try_watch`](crate::Mailbox::try_watch).
///
/// The descriptor is the same, and open, until the inlet is dropped. That happens on the driver's thread as soon as the
/// inlet says [`Inflow::End`], when the node stops, or when its place is needed: so a `Drop` is where its owner takes over.
pub trait Inlet<C>: AsFd + Send {
    /// The descriptor has become readable. Runs on the driver's thread and must not block.
    ///
    /// Called once each time that something comes. What is left unread then is not announced again, so an inlet reads all
    /// that is there, or ends.
    fn take(&mut self) -> Inflow<C>;
}

/// What came out of an [`Inlet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inflow<C> {
    /// One command. It joins what came through the mailbox in this turn, and is treated alike.
    Command(C),
    /// Nothing this time.
    Nothing,
    /// Nothing any more: the driver lets go of the inlet.
    End,
}

/// The driver's inlets.
pub(crate) struct Inlets<C> {
    registry: Registry,
    places: Vec<Option<Place<C>>>,
    /// Batches of commands so far.
    batches: u64,
}

struct Place<C> {
    inlet: Box<dyn Inlet<C>>,
    readable: bool,
    /// The last batch that it had a part in.
    heard: u64,
}

impl<C> Inlets<C> {
    /// Room for `len_max` of them.
    pub(crate) fn new(registry: Registry, len_max: usize) -> Self {
        Self { registry, places: (0..len_max).map(|_| None).collect(), batches: 0 }
    }

    /// Watches it from here on, if there is a place; else it is dropped.
    pub(crate) fn admit(&mut self, inlet: Box<dyn Inlet<C>>) {
        let Some(place) = self.vacate() else { return };
        let descriptor = inlet.as_fd().as_raw_fd();
        let token = Token(FIRST_PLACE + place);
        // What is readable already is reported, too.
        if self.registry.register(&mut SourceFd(&descriptor), token, Interest::READABLE).is_ok() {
            self.places[place] = Some(Place { inlet, readable: false, heard: self.batches });
        }
    }

    /// Remembers what the kernel says is ready. False when it is no inlet's.
    pub(crate) fn ready(&mut self, event: &Event) -> bool {
        let Some(place) = event.token().0.checked_sub(FIRST_PLACE) else { return false };
        if let Some(Some(place)) = self.places.get_mut(place) {
            place.readable = true;
        }
        true
    }

    /// Adds what came to `batch`.
    pub(crate) fn take(&mut self, batch: &mut Vec<C>) {
        for index in 0..self.places.len() {
            let Some(place) = self.places[index].as_mut().filter(|place| place.readable) else { continue };
            place.readable = false;
            match place.inlet.take() {
                Inflow::Command(command) => {
                    // That of the batch under way.
                    place.heard = self.batches + 1;
                    batch.push(command);
                }
                Inflow::Nothing => {}
                Inflow::End => self.close(index),
            }
        }
        self.batches += u64::from(!batch.is_empty());
    }

    /// Lets go of all.
    pub(crate) fn clear(&mut self) {
        for index in 0..self.places.len() {
            self.close(index);
        }
    }

    /// A place that is free, or becomes it.
    fn vacate(&mut self) -> Option<usize> {
        if let Some(free) = self.places.iter().position(Option::is_none) {
            return Some(free);
        }
        let heard = |index: &usize| self.places[*index].as_ref().map_or(0, |place| place.heard);
        let oldest = (0..self.places.len()).min_by_key(heard)?;
        (self.batches - heard(&oldest) >= SILENT_BATCHES).then(|| {
            self.close(oldest);
            oldest
        })
    }

    fn close(&mut self, index: usize) {
        if let Some(Place { inlet, .. }) = self.places[index].take() {
            let descriptor = inlet.as_fd().as_raw_fd();
            // It may be open elsewhere, and then closing would not deregister it. Nothing can be done about an error.
            let _deregistered = self.registry.deregister(&mut SourceFd(&descriptor));
        }
    }
}

impl<C> Drop for Inlets<C> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl<C> fmt::Debug for Inlets<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.places.iter().flatten().count();
        f.debug_struct("Inlets").field("len", &open).field("len_max", &self.places.len()).finish()
    }
}
