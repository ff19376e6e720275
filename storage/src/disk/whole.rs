//! Operations that are done whole: interruptions and short counts are continued, since they are not failures.

use std::io::{self, IoSlice};

use super::Disk;

/// How often in a row an operation may be interrupted before that counts as a failure: no loop without a bound.
const INTERRUPTIONS_MAX: u32 = 1_000;

/// Repeats what was interrupted.
pub(crate) fn uninterrupted<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..INTERRUPTIONS_MAX {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
    operation()
}

/// Fills the buffer from `offset` on.
pub(crate) fn read_exact_at<D: Disk>(
    disk: &mut D,
    file: &D::File,
    mut buffer: &mut [u8],
    mut offset: u64,
) -> io::Result<()> {
    while !buffer.is_empty() {
        let read = uninterrupted(|| disk.read_at(file, buffer, offset))?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.get_mut(read..).ok_or_else(more_than_asked)?;
        offset += read as u64;
    }
    Ok(())
}

/// Writes all buffers from `offset` on. Uses them up.
pub(crate) fn write_all_at<D: Disk>(
    disk: &mut D,
    file: &D::File,
    mut buffers: &mut [IoSlice<'_>],
    mut offset: u64,
) -> io::Result<()> {
    let mut left: usize = buffers.iter().map(|buffer| buffer.len()).sum();
    while left > 0 {
        let written = uninterrupted(|| disk.write_at(file, buffers, offset))?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        left = left.checked_sub(written).ok_or_else(more_than_asked)?;
        IoSlice::advance_slices(&mut buffers, written);
        offset += written as u64;
    }
    Ok(())
}

/// All bytes of the buffers in one: for disks that only play.
pub(super) fn concat(buffers: &[IoSlice<'_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(buffers.iter().map(|buffer| buffer.len()).sum());
    for buffer in buffers {
        bytes.extend_from_slice(buffer);
    }
    bytes
}

fn more_than_asked() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the disk reports more bytes than it was given")
}

#[cfg(test)]
mod tests;
