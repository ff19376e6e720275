use rustix::fs::{FallocateFlags, FlockOperation};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, IoSlice},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{Disk, fault::DropDirty};

/// The name of the file that two processes contend for. It is never removed: removing it would let two in.
const LOCK_NAME: &str = "lock";

/// A folder of the file system.
#[derive(Debug)]
pub struct RealDisk {
    folder: PathBuf,
    lock: Option<File>,
}

impl RealDisk {
    /// The folder at this path. Nothing is touched before [`Disk::lock`].
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), lock: None }
    }

    /// The folder's path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Disk for RealDisk {
    type File = File;

    fn place(&self) -> String {
        self.folder.display().to_string()
    }

    fn lock(&mut self) -> io::Result<()> {
        if self.lock.is_some() {
            return Ok(());
        }
        create_durably(&self.folder)?;
        let path = self.folder.join(LOCK_NAME);
        let lock = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        self.lock = Some(lock);
        Ok(())
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        let names =
            fs::read_dir(&self.folder)?.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
        // Names that are not text are not ours.
        names.filter_map(Result::transpose).collect()
    }

    fn create(&mut self, name: &str) -> io::Result<File> {
        OpenOptions::new().create_new(true).read(true).write(true).open(self.folder.join(name))
    }

    fn open(&mut self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.folder.join(name))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn length(&mut self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn allocate(&mut self, file: &File, bytes: u64) -> io::Result<()> {
        match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
            // A file system without reservations (some network and copy-on-write ones): a full disk shows later, as a
            // write that fails.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => file.set_len(bytes),
            done => Ok(done?),
        }
    }

    fn read_at(&mut self, file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(file, buffer, offset)
    }

    fn write_at(&mut self, file: &File, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        Ok(rustix::io::pwritev(file, buffers, offset)?)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        // fdatasync: also the length, when it is needed to find the data; not the times.
        file.sync_data()
    }
}

/// The real page cache decides for itself what a failed sync leaves.
impl DropDirty for RealDisk {
    fn drop_dirty(&mut self, _file: &File) {}
}

/// Makes the folder and those above it that are missing, and syncs the folders that got a new name.
fn create_durably(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = match folder.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => return Ok(()),
    };
    create_durably(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        done => done?,
    }
    File::open(above)?.sync_all()
}

#[cfg(test)]
mod tests;
