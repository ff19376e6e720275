use std::{
    collections::BTreeMap,
    io::{self, IoSlice},
};

use super::{Disk, Operation, whole};

/// A disk on which chosen operations fail.
///
/// Operations are counted from 1. A failing write writes its first half all the same, as real ones may; a failing sync
/// drops what was dirty and leaves it readable, as Linux does, so that a second sync would succeed and mean nothing.
#[derive(Clone, Debug)]
pub struct FaultDisk<D> {
    inner: D,
    operations: u64,
    faults: BTreeMap<u64, Fault>,
    lasting: BTreeMap<Operation, Fault>,
    power_until: u64,
    struck: Vec<(u64, Operation)>,
    hurt: bool,
    after_failure: Vec<Operation>,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// EIO.
    InputOutput,
    /// ENOSPC. Operations that take no space are not struck by it: reading, opening, listing, measuring, removing.
    NoSpace,
    /// EINTR, with nothing done.
    Interrupted,
    /// A read or write does only half of it, at least one byte. Others are not struck by it.
    Short,
}

/// A disk that can play what a failed sync does: the dirty data count as clean, and never reach the medium.
pub trait DropDirty: Disk {
    /// Forgets that anything in the file is dirty. Readers go on seeing it until a crash.
    fn drop_dirty(&mut self, file: &Self::File);
}

impl<D: DropDirty + ?Sized> DropDirty for &mut D {
    fn drop_dirty(&mut self, file: &Self::File) {
        (**self).drop_dirty(file);
    }
}

impl<D> FaultDisk<D> {
    /// A disk on which nothing fails yet.
    #[must_use]
    pub const fn new(inner: D) -> Self {
        Self {
            inner,
            operations: 0,
            faults: BTreeMap::new(),
            lasting: BTreeMap::new(),
            power_until: u64::MAX,
            struck: Vec::new(),
            hurt: false,
            after_failure: Vec::new(),
        }
    }

    /// The `operation`-th operation, counted from 1, fails in this way.
    #[must_use]
    pub fn with_fault(mut self, operation: u64, fault: Fault) -> Self {
        self.faults.insert(operation, fault);
        self
    }

    /// Every operation of this kind fails in this way.
    #[must_use]
    pub fn with_fault_on(mut self, operation: Operation, fault: Fault) -> Self {
        self.lasting.insert(operation, fault);
        self
    }

    /// Nothing fails any more.
    pub fn heal(&mut self) {
        self.faults.clear();
        self.lasting.clear();
        self.power_until = u64::MAX;
    }

    /// After so many operations the power is gone: all later ones fail with EIO and do nothing at all.
    #[must_use]
    pub const fn with_power_until(mut self, operations: u64) -> Self {
        self.power_until = operations;
        self
    }

    /// How many operations there were.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// The operations that a fault struck, by number.
    #[must_use]
    pub fn struck(&self) -> &[(u64, Operation)] {
        &self.struck
    }

    /// What was asked of the disk after the first write or sync failed with more than an interruption or a short count.
    #[must_use]
    pub fn after_failure(&self) -> &[Operation] {
        &self.after_failure
    }

    /// The disk within.
    #[must_use]
    pub fn into_inner(self) -> D {
        self.inner
    }

    /// Counts an operation and says what is to go wrong with it.
    fn next(&mut self, operation: Operation) -> io::Result<Option<Fault>> {
        self.operations += 1;
        if self.hurt {
            self.after_failure.push(operation);
        }
        if self.operations > self.power_until {
            return Err(Fault::InputOutput.error());
        }
        let fault = self.faults.get(&self.operations).or_else(|| self.lasting.get(&operation)).copied();
        let fault = fault.filter(|fault| fault.strikes(operation));
        if fault.is_some() {
            self.struck.push((self.operations, operation));
        }
        let fatal = matches!(fault, Some(Fault::InputOutput | Fault::NoSpace));
        self.hurt |= fatal && matches!(operation, Operation::Write | Operation::Sync);
        Ok(fault)
    }

    /// For operations that fail as a whole.
    fn plain<T>(&mut self, operation: Operation, act: impl FnOnce(&mut D) -> io::Result<T>) -> io::Result<T> {
        match self.next(operation)? {
            Some(fault) => Err(fault.error()),
            None => act(&mut self.inner),
        }
    }
}

impl<D: DropDirty> Disk for FaultDisk<D> {
    type File = D::File;

    fn place(&self) -> String {
        self.inner.place()
    }

    fn lock(&mut self) -> io::Result<()> {
        self.plain(Operation::Lock, D::lock)
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        self.plain(Operation::List, D::list)
    }

    fn create(&mut self, name: &str) -> io::Result<D::File> {
        self.plain(Operation::Create, |disk| disk.create(name))
    }

    fn open(&mut self, name: &str) -> io::Result<D::File> {
        self.plain(Operation::Open, |disk| disk.open(name))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.plain(Operation::Rename, |disk| disk.rename(from, to))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.plain(Operation::Remove, |disk| disk.remove(name))
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        self.plain(Operation::SyncDir, D::sync_dir)
    }

    fn length(&mut self, file: &D::File) -> io::Result<u64> {
        self.plain(Operation::Length, |disk| disk.length(file))
    }

    fn allocate(&mut self, file: &D::File, bytes: u64) -> io::Result<()> {
        self.plain(Operation::Allocate, |disk| disk.allocate(file, bytes))
    }

    fn read_at(&mut self, file: &D::File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.next(Operation::Read)? {
            None => self.inner.read_at(file, buffer, offset),
            Some(Fault::Short) => {
                let half = buffer.len().div_ceil(2);
                self.inner.read_at(file, &mut buffer[..half], offset)
            }
            Some(fault @ (Fault::InputOutput | Fault::NoSpace | Fault::Interrupted)) => Err(fault.error()),
        }
    }

    fn write_at(&mut self, file: &D::File, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        let fault = self.next(Operation::Write)?;
        let half = || -> Vec<u8> {
            let whole = whole::concat(buffers);
            whole[..whole.len().div_ceil(2)].to_vec()
        };
        match fault {
            None => self.inner.write_at(file, buffers, offset),
            Some(Fault::Short) => self.inner.write_at(file, &[IoSlice::new(&half())], offset),
            Some(Fault::Interrupted) => Err(Fault::Interrupted.error()),
            Some(fault @ (Fault::InputOutput | Fault::NoSpace)) => {
                self.inner.write_at(file, &[IoSlice::new(&half())], offset)?;
                Err(fault.error())
            }
        }
    }

    fn sync(&mut self, file: &D::File) -> io::Result<()> {
        match self.next(Operation::Sync)? {
            None => self.inner.sync(file),
            Some(Fault::Interrupted) => Err(Fault::Interrupted.error()),
            Some(fault @ (Fault::InputOutput | Fault::NoSpace | Fault::Short)) => {
                self.inner.drop_dirty(file);
                Err(fault.error())
            }
        }
    }
}

impl Fault {
    /// Whether this operation can fail in this way.
    const fn strikes(self, operation: Operation) -> bool {
        match self {
            Self::InputOutput | Self::Interrupted => true,
            Self::NoSpace => !matches!(
                operation,
                Operation::Read | Operation::Open | Operation::List | Operation::Length | Operation::Remove
            ),
            Self::Short => matches!(operation, Operation::Read | Operation::Write),
        }
    }

    fn error(self) -> io::Error {
        match self {
            Self::InputOutput => io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error()),
            Self::NoSpace => io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error()),
            Self::Interrupted | Self::Short => io::ErrorKind::Interrupted.into(),
        }
    }
}
