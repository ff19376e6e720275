//! A disk that counts what is asked of it, and can lose power in the middle of an operation of the log.

use std::io::{self, IoSlice};

use storage::{Disk, MemoryDisk, disk::MemoryFile};

/// A [`MemoryDisk`] under watch.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) disk: MemoryDisk,
    /// Calls after which nothing succeeds any more.
    pub(super) fuel: Option<usize>,
    /// The largest buffer that was brought to be filled.
    read_largest: usize,
    /// Bytes read in all since the last judgement.
    read_bytes: u64,
}

/// An item of the log's index, as `storage::Wal` documents it.
const INDEX_ITEM_BYTES: usize = 48;

impl Watched {
    pub(super) const fn new(disk: MemoryDisk) -> Self {
        Self { disk, fuel: None, read_largest: 0, read_bytes: 0 }
    }

    /// Every file with its bytes, but for the lock.
    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let names = self.disk.names().filter(|name| *name != "lock");
        names.map(|name| (name.to_owned(), self.disk.contents(name).unwrap_or_default())).collect()
    }

    /// Opening takes memory in proportion to the files, and reads each a few times, not more: an allocation that a
    /// number on the disk asks for would show as a buffer to be filled.
    pub(super) fn judge_memory(&mut self, runs: usize) {
        let files: usize = self.files().iter().map(|(_, bytes)| bytes.len()).sum();
        let memory = self.read_largest + runs * INDEX_ITEM_BYTES;
        assert!(memory <= 2 * files, "{memory} bytes of memory for {files} bytes of files");
        assert!(self.read_bytes <= 16 * files as u64 + 4096, "{} bytes read of {files}", self.read_bytes);
    }

    fn burn(&mut self) -> io::Result<()> {
        match &mut self.fuel {
            Some(0) => Err(io::Error::other("the power has failed")),
            Some(fuel) => {
                *fuel -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Disk for Watched {
    type File = MemoryFile;

    fn place(&self) -> String {
        self.disk.place()
    }

    fn lock(&mut self) -> io::Result<()> {
        self.disk.lock()
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        self.burn()?;
        self.disk.list()
    }

    fn create(&mut self, name: &str) -> io::Result<MemoryFile> {
        self.burn()?;
        self.disk.create(name)
    }

    fn open(&mut self, name: &str) -> io::Result<MemoryFile> {
        self.burn()?;
        self.disk.open(name)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.burn()?;
        self.disk.rename(from, to)
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.burn()?;
        self.disk.remove(name)
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        self.burn()?;
        self.disk.sync_dir()
    }

    fn length(&mut self, file: &MemoryFile) -> io::Result<u64> {
        self.burn()?;
        self.disk.length(file)
    }

    fn allocate(&mut self, file: &MemoryFile, bytes: u64) -> io::Result<()> {
        self.burn()?;
        self.disk.allocate(file, bytes)
    }

    fn read_at(&mut self, file: &MemoryFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.burn()?;
        self.read_largest = self.read_largest.max(buffer.len());
        self.read_bytes += buffer.len() as u64;
        self.disk.read_at(file, buffer, offset)
    }

    fn write_at(&mut self, file: &MemoryFile, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        self.burn()?;
        self.disk.write_at(file, buffers, offset)
    }

    fn sync(&mut self, file: &MemoryFile) -> io::Result<()> {
        self.burn()?;
        self.disk.sync(file)
    }
}
