//! What waits for one peer: bounded in frames and bytes, written from where it lies.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
};

use bytes::Bytes;

use crate::{config::QueueLimits, frame::HEADER_BYTES};

/// Pieces per system call: three a frame. Linux takes up to 1,024.
const SLICES_MAX: usize = 96;

/// A frame on its way: the header, what is the peer's own, and what may be shared with other peers.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) header: [u8; HEADER_BYTES],
    pub(crate) head: Bytes,
    pub(crate) body: Bytes,
}

impl Outgoing {
    fn len(&self) -> usize {
        HEADER_BYTES + self.head.len() + self.body.len()
    }

    /// The three pieces, without the first `skip` bytes.
    fn pieces(&self, skip: usize) -> [&[u8]; 3] {
        let mut rest = skip;
        [&self.header[..], &self.head, &self.body].map(|piece| {
            let skipped = rest.min(piece.len());
            rest -= skipped;
            &piece[skipped..]
        })
    }
}

#[derive(Debug)]
pub(crate) struct SendQueue {
    frames: VecDeque<Outgoing>,
    /// Of all frames held, the written part of the first included.
    bytes: usize,
    /// How much of the first frame has been written.
    written: usize,
    limits: QueueLimits,
}

/// What one call of [`SendQueue::write`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: usize,
    pub(crate) frames: usize,
}

impl SendQueue {
    pub(crate) const fn new(limits: QueueLimits) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, written: 0, limits }
    }

    /// Whether a frame of this length, header included, may be pushed.
    pub(crate) fn has_room(&self, frame_len: usize) -> bool {
        self.frames.len() < self.limits.frames_max
            && self.bytes.saturating_add(frame_len) <= self.limits.bytes_max
    }

    /// Appends the frame, for which there is room.
    pub(crate) fn push(&mut self, frame: Outgoing) {
        debug_assert!(self.has_room(frame.len()), "the caller asked before it computed the checksum");
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Gives as much as fits into one vectored write to `write`, and lets go of what was taken.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<Written> {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let mut count = 0;
        let mut skip = self.written;
        for frame in self.frames.iter().take(SLICES_MAX / 3) {
            for piece in frame.pieces(skip) {
                if !piece.is_empty() {
                    slices[count] = IoSlice::new(piece);
                    count += 1;
                }
            }
            skip = 0;
        }
        let bytes = write(&slices[..count])?;
        Ok(Written { bytes, frames: self.advance(bytes) })
    }

    fn advance(&mut self, bytes: usize) -> usize {
        self.written += bytes;
        let mut frames = 0;
        while let Some(first) = self.frames.front() {
            let len = first.len();
            if self.written < len {
                break;
            }
            self.written -= len;
            self.bytes -= len;
            frames += 1;
            self.frames.pop_front();
        }
        frames
    }

    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
