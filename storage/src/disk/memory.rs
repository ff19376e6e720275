use core::fmt;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    io::{self, IoSlice},
    sync::Arc,
};

use super::{Disk, fault::DropDirty, whole};

/// Bytes of a sector: what a crash keeps, loses or tears.
const SECTOR_BYTES: usize = 512;
/// How many unsynced versions of one sector a crash can choose from, beside the durable one.
const VERSIONS_MAX: usize = 4;

type Sector = Arc<[u8; SECTOR_BYTES]>;

/// A folder in memory that can crash: the real log code runs on it in tests and simulations.
///
/// Every write is pending, sector by sector, until the file is synced; every creation, renaming and removal until the
/// folder is. [`crash`](Self::crash) asks for the fate of each pending thing. A plain value: a clone is a second disk of
/// the same content (sectors are shared until written), equal disks behave equally, and nothing is iterated in an
/// order that chance decides. Zeros take no memory, but opening a log reads its newest segment whole: simulations do well
/// to choose small segments.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    names: BTreeMap<String, u64>,
    names_durable: BTreeMap<String, u64>,
    changes: Vec<DirectoryChange>,
    files: BTreeMap<u64, Content>,
    next: u64,
}

/// An open file of a [`MemoryDisk`]: only good for the disk that gave it out, and its clones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryFile(u64);

/// Something that a crash may keep or lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending<'a> {
    /// A sector that was written and not synced.
    Sector {
        /// The name of its file: the last it had, also when that is removed.
        file: &'a str,
        /// Its number: the offset in the file, divided by 512.
        sector: u64,
        /// How many versions are pending, at least 1. The oldest are forgotten beyond four.
        versions: usize,
    },
    /// The length of a file that was reserved and not synced.
    Length {
        /// The name of the file.
        file: &'a str,
    },
    /// A change of the folder that was not synced. Lost changes make later ones on the same name void.
    Directory(&'a DirectoryChange),
}

/// A change of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryChange {
    /// A file was created.
    Create {
        /// Its name.
        name: String,
        /// Which file.
        file: MemoryFile,
    },
    /// A file was renamed.
    Rename {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// A file was removed.
    Remove {
        /// Its name.
        name: String,
    },
}

/// What a crash does to one pending thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is as it was when last synced.
    Lost,
    /// It is there.
    Kept,
    /// For a sector: this earlier pending version is there, counted from 0 at the oldest. Otherwise like `Lost`.
    Older(usize),
    /// For a sector: so many bytes at its start are new and the rest is old. Otherwise like `Lost`.
    Torn(usize),
}

impl MemoryDisk {
    /// An empty folder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Power fails: everything synced stays, and `fate` decides over all that is pending, in an order that depends on
    /// the content alone. Files that were open are not usable afterwards.
    pub fn crash(&mut self, mut fate: impl FnMut(Pending<'_>) -> Fate) {
        let titles = self.titles();
        for (number, content) in &mut self.files {
            content.crash(titles.get(number).map_or("", String::as_str), &mut fate);
        }
        for change in core::mem::take(&mut self.changes) {
            if fate(Pending::Directory(&change)) == Fate::Kept {
                change.apply(&mut self.names_durable);
            }
        }
        self.names = self.names_durable.clone();
        self.forget_nameless();
    }

    /// How many things a crash would decide over.
    #[must_use]
    pub fn pending(&self) -> usize {
        let of_files =
            |content: &Content| content.pending.len() + usize::from(content.length != content.length_durable);
        self.changes.len() + self.files.values().map(of_files).sum::<usize>()
    }

    /// The bytes of a file as a reader sees them; `None` when there is none of that name.
    #[must_use]
    pub fn contents(&self, name: &str) -> Option<Vec<u8>> {
        let content = self.files.get(self.names.get(name)?)?;
        let mut bytes = vec![0; usize::try_from(content.length).ok()?];
        content.read(&mut bytes, 0);
        Some(bytes)
    }

    /// Puts a durable file of this name and these bytes in the place of any other: for damage and for odd folders.
    pub fn place_file(&mut self, name: &str, bytes: &[u8]) {
        let mut content = Content { length: bytes.len() as u64, ..Content::default() };
        content.write(bytes, 0);
        content.settle();
        self.next += 1;
        self.files.insert(self.next, content);
        self.names.insert(name.to_owned(), self.next);
        self.names_durable.insert(name.to_owned(), self.next);
        self.forget_nameless();
    }

    /// The names of all files, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    fn content(&mut self, file: MemoryFile) -> io::Result<&mut Content> {
        self.files.get_mut(&file.0).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn forget_nameless(&mut self) {
        let mut kept: BTreeSet<u64> =
            self.names.values().chain(self.names_durable.values()).copied().collect();
        kept.extend(self.changes.iter().filter_map(|change| match change {
            DirectoryChange::Create { file, .. } => Some(file.0),
            DirectoryChange::Rename { .. } | DirectoryChange::Remove { .. } => None,
        }));
        self.files.retain(|number, _| kept.contains(number));
    }

    /// A name for every file, also for those that are removed.
    fn titles(&self) -> BTreeMap<u64, String> {
        let created = self.changes.iter().filter_map(|change| match change {
            DirectoryChange::Create { name, file } => Some((file.0, name.clone())),
            DirectoryChange::Rename { .. } | DirectoryChange::Remove { .. } => None,
        });
        let named = |names: &BTreeMap<String, u64>| -> Vec<(u64, String)> {
            names.iter().map(|(name, number)| (*number, name.clone())).collect()
        };
        created.chain(named(&self.names_durable)).chain(named(&self.names)).collect()
    }
}

impl Disk for MemoryDisk {
    type File = MemoryFile;

    fn place(&self) -> String {
        "memory".to_owned()
    }

    /// Nobody else can have it: it is a value.
    fn lock(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        Ok(self.names.keys().cloned().collect())
    }

    fn create(&mut self, name: &str) -> io::Result<MemoryFile> {
        if self.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.next += 1;
        let file = MemoryFile(self.next);
        self.files.insert(file.0, Content::default());
        let change = DirectoryChange::Create { name: name.to_owned(), file };
        change.apply(&mut self.names);
        self.changes.push(change);
        Ok(file)
    }

    fn open(&mut self, name: &str) -> io::Result<MemoryFile> {
        self.names.get(name).map(|number| MemoryFile(*number)).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.open(from)?;
        let change = DirectoryChange::Rename { from: from.to_owned(), to: to.to_owned() };
        change.apply(&mut self.names);
        self.changes.push(change);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.open(name)?;
        let change = DirectoryChange::Remove { name: name.to_owned() };
        change.apply(&mut self.names);
        self.changes.push(change);
        Ok(())
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        self.changes.clear();
        self.names_durable = self.names.clone();
        self.forget_nameless();
        Ok(())
    }

    fn length(&mut self, file: &MemoryFile) -> io::Result<u64> {
        Ok(self.content(*file)?.length)
    }

    fn allocate(&mut self, file: &MemoryFile, bytes: u64) -> io::Result<()> {
        let content = self.content(*file)?;
        content.length = content.length.max(bytes);
        Ok(())
    }

    fn read_at(&mut self, file: &MemoryFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let content = self.content(*file)?;
        let left = usize::try_from(content.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = left.min(buffer.len());
        content.read(&mut buffer[..count], offset);
        Ok(count)
    }

    fn write_at(&mut self, file: &MemoryFile, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        let content = self.content(*file)?;
        let mut filled = buffers.iter().filter(|buffer| !buffer.is_empty());
        // Each sector gets one new version, however many buffers it takes.
        let bytes = match (filled.next(), filled.next()) {
            (only, None) => Cow::Borrowed(only.map_or(&[][..], |only| only)),
            (Some(_), Some(_)) | (None, Some(_)) => Cow::Owned(whole::concat(buffers)),
        };
        content.write(&bytes, offset);
        content.length = content.length.max(offset + bytes.len() as u64);
        Ok(bytes.len())
    }

    fn sync(&mut self, file: &MemoryFile) -> io::Result<()> {
        self.content(*file)?.settle();
        Ok(())
    }
}

impl DropDirty for MemoryDisk {
    fn drop_dirty(&mut self, file: &MemoryFile) {
        if let Some(content) = self.files.get_mut(&file.0) {
            content.pending.clear();
        }
    }
}

impl DirectoryChange {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Create { name, file } => {
                names.insert(name.clone(), file.0);
            }
            Self::Rename { from, to } => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove { name } => {
                names.remove(name);
            }
        }
    }
}

impl fmt::Debug for MemoryDisk {
    /// Names and lengths; not the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |number| self.files.get(number).map_or(0, |content: &Content| content.length);
        let names = self.names.iter().map(|(name, number)| (name, length(number)));
        f.debug_map().entries(names).entry(&"pending", &self.pending()).finish()
    }
}

/// One file. `None` and missing sectors are zeros.
#[derive(Clone, Debug, Default)]
struct Content {
    length: u64,
    length_durable: u64,
    cached: BTreeMap<u64, Sector>,
    durable: BTreeMap<u64, Sector>,
    pending: BTreeMap<u64, Versions>,
}

impl Content {
    fn read(&self, buffer: &mut [u8], offset: u64) {
        each_sector(buffer.len(), offset, |number, within, part| {
            match self.cached.get(&number) {
                Some(sector) => buffer[part].copy_from_slice(&sector[within]),
                None => buffer[part].fill(0),
            };
        });
    }

    fn write(&mut self, bytes: &[u8], offset: u64) {
        each_sector(bytes.len(), offset, |number, within, part| {
            let mut sector = self.cached.get(&number).map_or([0; SECTOR_BYTES], |sector| **sector);
            sector[within].copy_from_slice(&bytes[part]);
            let sector = Some(sector).filter(|sector| *sector != [0; SECTOR_BYTES]).map(Arc::new);
            put(&mut self.cached, number, sector.as_ref());
            self.pending.entry(number).or_default().push(sector);
        });
    }

    /// Everything is durable.
    fn settle(&mut self) {
        for (number, versions) in core::mem::take(&mut self.pending) {
            put(&mut self.durable, number, versions.newest().as_ref());
        }
        self.length_durable = self.length;
    }

    fn crash(&mut self, file: &str, fate: &mut impl FnMut(Pending<'_>) -> Fate) {
        for (number, versions) in core::mem::take(&mut self.pending) {
            let newest = versions.newest();
            let old = self.durable.get(&number).cloned();
            let left = match fate(Pending::Sector { file, sector: number, versions: versions.count }) {
                Fate::Lost => old,
                Fate::Kept => newest,
                Fate::Older(version) => versions.older(version).unwrap_or(newest),
                Fate::Torn(bytes) => Some(tear(old.as_ref(), newest.as_ref(), bytes)),
            };
            put(&mut self.durable, number, left.as_ref());
        }
        if self.length != self.length_durable && fate(Pending::Length { file }) == Fate::Kept {
            self.length_durable = self.length;
        }
        self.length = self.length_durable;
        let past_the_end = self.length.div_ceil(SECTOR_BYTES as u64);
        self.durable.split_off(&past_the_end);
        self.cached = self.durable.clone();
    }
}

/// The unsynced versions of one sector, oldest first, without an allocation: most have one.
#[derive(Clone, Debug, Default)]
struct Versions {
    kept: [Option<Sector>; VERSIONS_MAX],
    count: usize,
}

impl Versions {
    fn push(&mut self, sector: Option<Sector>) {
        if self.count == VERSIONS_MAX {
            self.kept.rotate_left(1);
            self.count -= 1;
        }
        self.kept[self.count] = sector;
        self.count += 1;
    }

    fn newest(&self) -> Option<Sector> {
        self.older(self.count.checked_sub(1)?).flatten()
    }

    /// This one, counted from the oldest.
    fn older(&self, version: usize) -> Option<Option<Sector>> {
        self.kept[..self.count].get(version).cloned()
    }
}

fn put(sectors: &mut BTreeMap<u64, Sector>, number: u64, sector: Option<&Sector>) {
    match sector {
        Some(sector) => sectors.insert(number, Arc::clone(sector)),
        None => sectors.remove(&number),
    };
}

fn tear(old: Option<&Sector>, new: Option<&Sector>, bytes: usize) -> Sector {
    let mut torn = old.map_or([0; SECTOR_BYTES], |sector| **sector);
    let bytes = bytes.min(torn.len());
    match new {
        Some(new) => torn[..bytes].copy_from_slice(&new[..bytes]),
        None => torn[..bytes].fill(0),
    }
    Arc::new(torn)
}

/// Cuts `length` bytes at `offset` into sectors: the sector's number, the range within it, the range of the bytes.
fn each_sector(
    length: usize,
    offset: u64,
    mut visit: impl FnMut(u64, core::ops::Range<usize>, core::ops::Range<usize>),
) {
    let mut done = 0;
    while done < length {
        let at = offset + done as u64;
        let within = usize::try_from(at % SECTOR_BYTES as u64).expect("a remainder below 512 fits");
        let count = (SECTOR_BYTES - within).min(length - done);
        visit(at / SECTOR_BYTES as u64, within..within + count, done..done + count);
        done += count;
    }
}

#[cfg(test)]
mod tests;
