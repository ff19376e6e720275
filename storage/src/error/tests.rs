use super::{
    AppendError, Damage, Damaged, DiskError, OpenError, OptionsError, ReadError, ReleaseError, Stopped,
};
use crate::disk::Operation;
use core::error::Error;
use machine_core::{NodeId, WriteId};
use std::io;

fn disk_error() -> DiskError {
    let error = io::Error::from(io::ErrorKind::StorageFull);
    DiskError::new(Operation::Allocate, "/d/000000000002.new".to_owned(), &error)
}

fn damaged(damage: Damage) -> Damaged {
    Damaged { file: "/d/000000000001.wal".to_owned(), offset: 616, damage }
}

/// Each message names what was met and what to do, and says whether anything changed.
#[test]
fn messages_name_the_thing_and_the_way_out() {
    let stopped = Stopped { cause: disk_error() };
    contain(&[
        (stopped.to_string(), ["/d/000000000002.new", "what was synced before is safe", "open the log anew"]),
        (
            AppendError::OutOfOrder { id: WriteId::new(3), last: WriteId::new(4) }.to_string(),
            ["w3", "w4", "nothing was changed"],
        ),
        (
            AppendError::Malformed { first: 0, count: 1 }.to_string(),
            ["position 0", "from 1", "nothing was changed"],
        ),
        (
            AppendError::Gap { first: 9, last: 3 }.to_string(),
            ["position 9", "start at 4", "nothing was changed"],
        ),
        (
            AppendError::Released { first: 2, released: 5 }.to_string(),
            ["2", "up to 5", "nothing was changed"],
        ),
        (
            AppendError::TooLarge { bytes: 9, bytes_max: 8 }.to_string(),
            ["9", "limit of 8", "nothing was changed"],
        ),
        (
            AppendError::NoSegment(disk_error()).to_string(),
            ["000000000002.new", "free space", "nothing was changed"],
        ),
        (ReadError::Released { first: 2, released: 5 }.to_string(), ["2", "released", "after 5"]),
        (ReadError::Beyond { first: 7, last: 5 }.to_string(), ["7", "last one", "5"]),
        (ReadError::Disk(disk_error()).to_string(), ["reserve space for", "nothing was changed", "goes on"]),
        (ReleaseError::NoSegment(disk_error()).to_string(), ["free space", "nothing was changed", "again"]),
        (ReleaseError::Malformed.to_string(), ["2^64 - 1", "no position", "nothing was changed"]),
    ]);
}

#[test]
fn messages_about_opening_do_too() {
    let file = || "/d/000000000001.wal".to_owned();
    contain(&[
        (
            OpenError::Locked { folder: "/d".to_owned() }.to_string(),
            ["/d", "another process", "nothing was changed"],
        ),
        (
            OpenError::OtherCluster { file: file(), found: 0xb, expected: 0xc }.to_string(),
            ["0xb", "0xc", "name the right folder"],
        ),
        (
            OpenError::OtherNode { file: file(), found: NodeId::of(1), expected: NodeId::of(2) }.to_string(),
            ["n1", "n2", "name the right folder"],
        ),
        (
            OpenError::OtherVersion { file: file(), found: 9, expected: 1 }.to_string(),
            ["version 9", "version 1", "use a release that knows 9"],
        ),
        (
            OpenError::Disk(disk_error()).to_string(),
            ["000000000002.new", "nothing durable was changed", "check"],
        ),
        (
            OptionsError { option: "spares_max", value: 65, min: 0, max: 64 }.to_string(),
            ["spares_max is 65", "0 to 64", "nothing was touched"],
        ),
        (damaged(Damage::Record).to_string(), ["000000000001.wal", "offset 616", "restore the folder"]),
        (damaged(Damage::Contradiction).to_string(), ["offset 616", "contradicts", "nothing was trimmed"]),
        (damaged(Damage::Header).to_string(), ["no sound segment header", "restore", "new one"]),
        (damaged(Damage::OtherSegment { found: 7 }).to_string(), ["segment 7", "restore", "new one"]),
        (
            damaged(Damage::Short { found: 7, expected: 9 }).to_string(),
            ["7 bytes", "9 were written", "restore"],
        ),
        (damaged(Damage::Missing).to_string(), ["000000000001.wal", "missing", "restore"]),
    ]);
}

fn contain(messages: &[(String, [&str; 3])]) {
    for (message, parts) in messages {
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in: {message}");
        }
    }
}

#[test]
fn causes_can_be_followed() {
    let stopped = Stopped { cause: disk_error() };
    let chain: [&dyn Error; 4] = [
        &AppendError::Stopped(stopped.clone()),
        &ReadError::Stopped(stopped.clone()),
        &ReleaseError::Stopped(stopped.clone()),
        &OpenError::Damaged(damaged(Damage::Record)),
    ];
    for error in chain {
        assert_eq!(error.source().map(ToString::to_string), Some(error.to_string()));
    }
    assert_eq!(stopped.source().map(ToString::to_string), Some(disk_error().to_string()));
    for (error, cause) in [
        (&OpenError::Disk(disk_error()) as &dyn Error, true),
        (&AppendError::NoSegment(disk_error()), true),
        (&ReleaseError::NoSegment(disk_error()), true),
        (&ReadError::Disk(disk_error()), true),
        (&ReleaseError::Malformed, false),
        (&ReadError::Beyond { first: 1, last: 0 }, false),
        (&AppendError::Gap { first: 2, last: 0 }, false),
        (&OpenError::Locked { folder: String::new() }, false),
    ] {
        assert_eq!(error.source().is_some(), cause, "{error}");
    }
}
