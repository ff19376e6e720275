use super::{INTERRUPTIONS_MAX, read_exact_at, uninterrupted, write_all_at};
use crate::{Disk, Fault, FaultDisk, MemoryDisk, disk::Operation};
use std::io::{self, ErrorKind, IoSlice};

#[test]
fn an_endless_interruption_ends() {
    let mut calls = 0;
    let result = uninterrupted(|| -> io::Result<()> {
        calls += 1;
        Err(ErrorKind::Interrupted.into())
    });
    assert_eq!(result.expect_err("given up").kind(), ErrorKind::Interrupted);
    assert_eq!(calls, INTERRUPTIONS_MAX + 1);
}

/// However little each call does, in the end all is done, at the right places.
#[test]
fn short_counts_are_continued() {
    let mut disk = FaultDisk::new(MemoryDisk::new()).with_fault_on(Operation::Write, Fault::Short);
    let file = disk.create("a").expect("created");
    let bytes: Vec<u8> = (0..=255).collect();
    let mut buffers = [
        IoSlice::new(&bytes[..3]),
        IoSlice::new(&[]),
        IoSlice::new(&bytes[3..200]),
        IoSlice::new(&bytes[200..]),
    ];
    write_all_at(&mut disk, &file, &mut buffers, 700).expect("written");
    let mut disk = disk.with_fault_on(Operation::Read, Fault::Short);
    let mut read = [0; 256];
    read_exact_at(&mut disk, &file, &mut read, 700).expect("read");
    assert_eq!(read[..], bytes[..]);
    assert!(disk.struck().len() > 10, "halves of halves");
    assert_eq!(
        read_exact_at(&mut disk, &file, &mut read, 701).expect_err("one too many").kind(),
        ErrorKind::UnexpectedEof
    );
}

/// A disk that takes nothing, and one that says it took more than there was.
#[test]
fn impossible_counts_are_errors() {
    for (count, kind) in [(0, ErrorKind::WriteZero), (9, ErrorKind::InvalidData)] {
        let mut disk = Odd(count);
        let error = write_all_at(&mut disk, &(), &mut [IoSlice::new(b"12345678")], 0).expect_err("odd");
        assert_eq!(error.kind(), kind);
    }
    for (count, kind) in [(0, ErrorKind::UnexpectedEof), (9, ErrorKind::InvalidData)] {
        let error = read_exact_at(&mut Odd(count), &(), &mut [0; 8], 0).expect_err("odd");
        assert_eq!(error.kind(), kind);
    }
}

struct Odd(usize);

impl Disk for Odd {
    type File = ();

    fn place(&self) -> String {
        "odd".to_owned()
    }

    fn lock(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn create(&mut self, _name: &str) -> io::Result<()> {
        Ok(())
    }

    fn open(&mut self, _name: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&mut self, _from: &str, _to: &str) -> io::Result<()> {
        Ok(())
    }

    fn remove(&mut self, _name: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn length(&mut self, (): &()) -> io::Result<u64> {
        Ok(0)
    }

    fn allocate(&mut self, (): &(), _bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn read_at(&mut self, (): &(), _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
        Ok(self.0)
    }

    fn write_at(&mut self, (): &(), _buffers: &[IoSlice<'_>], _offset: u64) -> io::Result<usize> {
        Ok(self.0)
    }

    fn sync(&mut self, (): &()) -> io::Result<()> {
        Ok(())
    }
}
