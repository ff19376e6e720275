//! The seam to the disk: everything the log asks of one folder, and nothing more.

mod fault;
mod memory;
mod real;
pub(crate) mod whole;

pub use fault::{DropDirty, Fault, FaultDisk};
pub use memory::{DirectoryChange, Fate, MemoryDisk, MemoryFile, Pending};
pub use real::RealDisk;

use core::fmt;
use std::io::{self, IoSlice};

/// One flat folder of files on a medium that can lose what was not synced.
///
/// File names are short ASCII names without a separator. What an implementation must promise:
///
/// - Bytes written to a file, and its length, may be lost or partly lost by a crash until [`sync`](Self::sync) of that
///   file has returned `Ok`. Then they survive any crash.
/// - A name created, renamed or removed may come back or vanish by a crash until [`sync_dir`](Self::sync_dir) has
///   returned `Ok`.
/// - Reads see what was written, synced or not.
/// - A crash leaves each byte of an unsynced write old or new, and touches no byte that was not written. (Sectors
///   need not be atomic; they must not be destroyed.)
///
/// Errors: `Interrupted` means that nothing was done and the call may be repeated. [`read_at`](Self::read_at) and
/// [`write_at`](Self::write_at) may do a part and say how much. Any other error is taken as it is.
pub trait Disk {
    /// An open file. Dropping it closes the file.
    type File: fmt::Debug;

    /// The folder, as messages name it.
    fn place(&self) -> String;

    /// Makes the folder if it is missing, and takes it for this value alone, until it is dropped. Again is a no-op.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when somebody else has it.
    fn lock(&mut self) -> io::Result<()>;

    /// The names of all files, in any order.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    fn list(&mut self) -> io::Result<Vec<String>>;

    /// Creates an empty file.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` when there is one of that name.
    fn create(&mut self, name: &str) -> io::Result<Self::File>;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none.
    fn open(&mut self, name: &str) -> io::Result<Self::File>;

    /// Renames a file, replacing one that has the new name already.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Makes every creation, renaming and removal durable.
    ///
    /// # Errors
    ///
    /// When they may not be.
    fn sync_dir(&mut self) -> io::Result<()>;

    /// The length of the file in bytes.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    fn length(&mut self, file: &Self::File) -> io::Result<u64>;

    /// Reserves room so that the empty file is `bytes` long, reads as zeros, and later writes within it need no more.
    ///
    /// # Errors
    ///
    /// `StorageFull` and the like. The file may then have any length.
    fn allocate(&mut self, file: &Self::File, bytes: u64) -> io::Result<()>;

    /// Reads at `offset`; returns how many bytes, 0 only at the end of the file or for an empty buffer.
    ///
    /// # Errors
    ///
    /// When the medium does not give the bytes back.
    fn read_at(&mut self, file: &Self::File, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes the buffers one after the other at `offset`; returns how many bytes in all.
    ///
    /// # Errors
    ///
    /// When the bytes were not taken; some of them may have been.
    fn write_at(&mut self, file: &Self::File, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize>;

    /// Makes the file's bytes and length durable.
    ///
    /// # Errors
    ///
    /// When they may not be. The bytes are then in doubt for ever: a later success says nothing about them.
    fn sync(&mut self, file: &Self::File) -> io::Result<()>;
}

impl<D: Disk + ?Sized> Disk for &mut D {
    type File = D::File;

    fn place(&self) -> String {
        (**self).place()
    }

    fn lock(&mut self) -> io::Result<()> {
        (**self).lock()
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        (**self).list()
    }

    fn create(&mut self, name: &str) -> io::Result<Self::File> {
        (**self).create(name)
    }

    fn open(&mut self, name: &str) -> io::Result<Self::File> {
        (**self).open(name)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        (**self).rename(from, to)
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        (**self).remove(name)
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        (**self).sync_dir()
    }

    fn length(&mut self, file: &Self::File) -> io::Result<u64> {
        (**self).length(file)
    }

    fn allocate(&mut self, file: &Self::File, bytes: u64) -> io::Result<()> {
        (**self).allocate(file, bytes)
    }

    fn read_at(&mut self, file: &Self::File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(file, buffer, offset)
    }

    fn write_at(&mut self, file: &Self::File, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        (**self).write_at(file, buffers, offset)
    }

    fn sync(&mut self, file: &Self::File) -> io::Result<()> {
        (**self).sync(file)
    }
}

/// The operations of a [`Disk`], for messages and for choosing where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// [`Disk::lock`].
    Lock,
    /// [`Disk::list`].
    List,
    /// [`Disk::create`].
    Create,
    /// [`Disk::open`].
    Open,
    /// [`Disk::rename`].
    Rename,
    /// [`Disk::remove`].
    Remove,
    /// [`Disk::sync_dir`].
    SyncDir,
    /// [`Disk::length`].
    Length,
    /// [`Disk::allocate`].
    Allocate,
    /// [`Disk::read_at`].
    Read,
    /// [`Disk::write_at`].
    Write,
    /// [`Disk::sync`].
    Sync,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lock => "lock",
            Self::List => "list",
            Self::Create => "create",
            Self::Open => "open",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::SyncDir => "sync the folder of",
            Self::Length => "measure",
            Self::Allocate => "reserve space for",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
        })
    }
}
