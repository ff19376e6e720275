use super::{DirectoryChange, Fate, MemoryDisk, Pending};
use crate::disk::{Disk, DropDirty};
use std::io::{ErrorKind, IoSlice};

fn with_file(bytes: &[u8]) -> (MemoryDisk, super::MemoryFile) {
    let mut disk = MemoryDisk::new();
    let file = disk.create("a").expect("created");
    disk.write_at(&file, &[IoSlice::new(bytes)], 0).expect("written");
    disk.sync(&file).expect("synced");
    disk.sync_dir().expect("synced");
    (disk, file)
}

fn write(disk: &mut MemoryDisk, file: super::MemoryFile, bytes: &[u8], offset: u64) {
    let (start, end) = bytes.split_at(bytes.len() / 2);
    let buffers = [IoSlice::new(start), IoSlice::new(&[]), IoSlice::new(end)];
    assert_eq!(disk.write_at(&file, &buffers, offset).expect("written"), bytes.len());
}

#[test]
fn a_crash_decides_over_each_unsynced_sector() {
    let (mut disk, file) = with_file(&[1; 2048]);
    write(&mut disk, file, &[2; 1536], 512);
    write(&mut disk, file, &[3; 512], 1536);
    assert_eq!(disk.pending(), 3);
    let mut asked = Vec::new();
    disk.crash(|pending| {
        let Pending::Sector { file: "a", sector, versions } = pending else { panic!("{pending:?}") };
        asked.push((sector, versions));
        match sector {
            1 => Fate::Lost,
            2 => Fate::Torn(100),
            _ => Fate::Older(0),
        }
    });
    assert_eq!(asked, [(1, 1), (2, 1), (3, 2)]);
    let bytes = disk.contents("a").expect("there");
    let parts: Vec<u8> =
        [0, 511, 512, 1023, 1024, 1123, 1124, 1535, 1536, 2047].map(|at: usize| bytes[at]).to_vec();
    assert_eq!(parts, [1, 1, 1, 1, 2, 2, 1, 1, 2, 2]);
}

#[test]
fn what_is_synced_is_not_asked_about() {
    let (mut disk, file) = with_file(&[1; 600]);
    write(&mut disk, file, &[2; 100], 550);
    disk.sync(&file).expect("synced");
    assert_eq!(disk.pending(), 0);
    disk.crash(|pending| panic!("{pending:?}"));
    let bytes = disk.contents("a").expect("there");
    assert_eq!((bytes.len(), bytes[549], bytes[550], bytes[649]), (650, 1, 2, 2));
}

#[test]
fn an_unsynced_length_may_be_lost_with_what_lies_beyond() {
    let (mut disk, file) = with_file(&[1; 512]);
    disk.allocate(&file, 4096).expect("reserved");
    write(&mut disk, file, &[2; 512], 1024);
    assert_eq!((disk.length(&file).expect("known"), disk.pending()), (4096, 2));
    let mut kept = disk.clone();
    kept.crash(|_| Fate::Kept);
    assert_eq!(kept.contents("a").expect("there").len(), 4096);
    disk.crash(|pending| if matches!(pending, Pending::Length { .. }) { Fate::Lost } else { Fate::Kept });
    assert_eq!(disk.contents("a").expect("there"), [1; 512]);
}

#[test]
fn directory_changes_are_lost_one_by_one() {
    let (mut disk, file) = with_file(&[1; 8]);
    disk.create("b").expect("created");
    disk.rename("a", "c").expect("renamed");
    disk.remove("b").expect("removed");
    disk.rename("c", "d").expect("renamed");
    assert_eq!((disk.names().collect::<Vec<_>>(), disk.pending()), (vec!["d"], 4));
    let names = |fates: [bool; 4]| {
        let mut disk = disk.clone();
        let mut fates = fates.into_iter();
        disk.crash(|_| if fates.next() == Some(true) { Fate::Kept } else { Fate::Lost });
        disk.names().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names([false; 4]), ["a"]);
    assert_eq!(names([true; 4]), ["d"]);
    assert_eq!(names([true, false, false, true]), ["a", "b"], "renaming what was never renamed is void");
    assert_eq!(names([false, true, false, false]), ["c"]);
    disk.crash(|pending| {
        if let Pending::Directory(DirectoryChange::Remove { .. }) = pending { Fate::Kept } else { Fate::Lost }
    });
    assert_eq!(disk.read_at(&file, &mut [0; 8], 0).expect("a file keeps its number"), 8);
    disk.remove("a").expect("removed");
    disk.sync_dir().expect("synced");
    assert_eq!(disk.read_at(&file, &mut [0; 8], 0).expect_err("gone").kind(), ErrorKind::NotFound);
}

#[test]
fn dropped_dirty_data_are_read_until_the_crash_and_a_later_sync_means_nothing() {
    let (mut disk, file) = with_file(&[1; 512]);
    write(&mut disk, file, &[2; 512], 0);
    disk.drop_dirty(&file);
    disk.sync(&file).expect("succeeds");
    assert_eq!(disk.contents("a").expect("there"), [2; 512]);
    disk.crash(|_| Fate::Kept);
    assert_eq!(disk.contents("a").expect("there"), [1; 512]);
}

#[test]
fn a_clone_is_a_disk_of_its_own() {
    let (mut disk, file) = with_file(&[1; 512]);
    let before = disk.clone();
    write(&mut disk, file, &[2; 512], 0);
    assert_eq!(before.contents("a").expect("there"), [1; 512]);
    assert_eq!(format!("{disk:?}"), r#"{"a": 512, "pending": 1}"#);
}

#[test]
fn names_and_ends_are_as_on_a_real_disk() {
    let (mut disk, file) = with_file(&[1; 10]);
    assert_eq!(disk.create("a").expect_err("there").kind(), ErrorKind::AlreadyExists);
    for missing in [disk.open("x").map(drop), disk.remove("x"), disk.rename("x", "y")] {
        assert_eq!(missing.expect_err("missing").kind(), ErrorKind::NotFound);
    }
    let mut buffer = [9; 20];
    assert_eq!(disk.read_at(&file, &mut buffer, 4).expect("read"), 6);
    assert_eq!(disk.read_at(&file, &mut buffer, 10).expect("read"), 0);
    write(&mut disk, file, &[0; 10], 0);
    assert_eq!(disk.contents("a").expect("there"), [0; 10], "zeros replace what was there");
}
