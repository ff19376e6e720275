use super::RealDisk;
use crate::{Disk, OpenError, Options, Wal, disk::Operation};
use machine_core::NodeId;
use std::{
    fs,
    io::{ErrorKind, IoSlice},
    path::{Path, PathBuf},
};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("quorate-storage-real-{}-{name}", std::process::id()));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _missing = fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path) -> Result<(), OpenError> {
    Wal::open(RealDisk::new(path), Options::new(1, NodeId::of(1), 1)).map(drop)
}

#[test]
fn does_what_the_seam_promises() {
    let folder = Folder::new("seam");
    let mut disk = RealDisk::new(folder.0.join("a/b"));
    disk.lock().expect("made and locked");
    disk.lock().expect("again is nothing");
    assert_eq!(RealDisk::new(disk.folder()).lock().expect_err("taken").kind(), ErrorKind::WouldBlock);
    let file = disk.create("x").expect("created");
    assert_eq!(disk.create("x").expect_err("there").kind(), ErrorKind::AlreadyExists);
    disk.allocate(&file, 4096).expect("reserved");
    assert_eq!(disk.length(&file).expect("known"), 4096);
    let buffers = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"c")];
    assert_eq!(disk.write_at(&file, &buffers, 4094).expect("written"), 3);
    disk.sync(&file).expect("synced");
    let mut buffer = [9; 5];
    assert_eq!(disk.read_at(&file, &mut buffer, 4093).expect("read"), 4);
    assert_eq!(&buffer, b"\0abc\x09");
    disk.rename("x", "y").expect("renamed");
    disk.sync_dir().expect("synced");
    let mut names = disk.list().expect("listed");
    names.sort_unstable();
    assert_eq!(names, ["lock", "y"]);
    assert_eq!(disk.open("x").expect_err("renamed").kind(), ErrorKind::NotFound);
    disk.remove("y").expect("removed");
    assert_eq!(disk.remove("y").expect_err("removed").kind(), ErrorKind::NotFound);
    let folder = disk.folder().to_owned();
    drop(disk);
    RealDisk::new(folder).lock().expect("free again");
}

/// A folder that cannot be made, because a file is in its way.
#[test]
fn an_impossible_folder_is_named() {
    let folder = Folder::new("file");
    fs::create_dir_all(&folder.0).expect("made");
    let path = folder.0.join("file");
    fs::write(&path, b"not a folder").expect("written");
    for path in [path.clone(), path.join("below")] {
        match open(&path) {
            Err(OpenError::Disk(error)) => {
                assert_eq!((error.operation, error.file), (Operation::Lock, path.display().to_string()));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(fs::read(&path).expect("still there"), b"not a folder");
}

/// A folder in which nobody may write, not even the superuser.
#[cfg(target_os = "linux")]
#[test]
fn an_unwritable_folder_is_named() {
    let path = Path::new("/proc/self");
    match open(path) {
        Err(OpenError::Disk(error)) => {
            assert_eq!((error.operation, error.file.as_str()), (Operation::Lock, "/proc/self"));
        }
        other => panic!("{other:?}"),
    }
}

/// Files of others are left alone.
#[test]
fn files_of_others_stay() {
    let folder = Folder::new("others");
    fs::create_dir_all(&folder.0).expect("made");
    let others = ["notes.txt", "1.wal", "000000000000.wal", "x00000000001.wal", "000000000001.wal.bak"];
    for name in others {
        fs::write(folder.0.join(name), name).expect("written");
    }
    open(&folder.0).expect("opens");
    open(&folder.0).expect("opens");
    for name in others {
        assert_eq!(fs::read(folder.0.join(name)).expect("still there"), name.as_bytes());
    }
}
