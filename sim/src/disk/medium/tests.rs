use std::io::{ErrorKind, IoSlice};

use machine_core::Rng;
use storage::{Disk, disk::Operation};

use super::{Medium, MediumProfile, Plug};
use crate::faults::{Faults, Place};

fn plug(seed: u64, profile: MediumProfile) -> Plug {
    Plug::new(Medium::new(profile, Rng::new(seed), Place::node(0), Faults::all()))
}

/// The first bytes of a file of 4 sectors that was written sector by sector and not synced, after a crash.
fn after_crash(seed: u64, kept_per_mille: u64) -> Vec<u8> {
    let mut plug = plug(seed, MediumProfile { kept_per_mille, ..MediumProfile::HEALTHY });
    let file = plug.create("f").expect("healthy");
    plug.allocate(&file, 2048).expect("healthy");
    plug.sync(&file).expect("healthy");
    plug.sync_dir().expect("healthy");
    for version in 1..=2 {
        plug.write_at(&file, &[IoSlice::new(&[version; 2048])], 0).expect("healthy");
    }
    plug.medium().crash();
    let mut bytes = vec![9; 2048];
    let file = plug.open("f").expect("its name was synced");
    assert_eq!(plug.read_at(&file, &mut bytes, 0).ok(), Some(2048));
    bytes
}

#[test]
fn a_loss_of_power_keeps_loses_and_tears_sectors_one_by_one() {
    assert_eq!(after_crash(1, 1000), [2; 2048]);
    let (mut old, mut between, mut torn, mut mixed) = (false, false, false, false);
    for seed in 0..100 {
        let bytes = after_crash(seed, 500);
        let sectors: Vec<&[u8]> = bytes.chunks(512).collect();
        old |= sectors.iter().any(|sector| sector.iter().all(|byte| *byte == 0));
        between |= sectors.iter().any(|sector| sector.iter().all(|byte| *byte == 1));
        torn |= sectors.iter().any(|sector| sector[0] == 2 && sector[511] == 0);
        mixed |= sectors.iter().any(|sector| *sector != sectors[0]);
    }
    assert!(old && between && torn && mixed, "{old} {between} {torn} {mixed}");
}

#[test]
fn a_failed_sync_drops_what_was_dirty_and_leaves_it_readable() {
    let mut plug = plug(
        1,
        MediumProfile { sync_lost_per_100k: 100_000, kept_per_mille: 1000, ..MediumProfile::HEALTHY },
    );
    let file = plug.create("f").expect("only syncs fail");
    plug.sync_dir().expect("only syncs of files fail");
    plug.write_at(&file, &[IoSlice::new(b"lost")], 0).expect("only syncs fail");
    assert!(plug.sync(&file).is_err());
    assert_eq!(plug.medium().failed(), Some(Operation::Sync));
    assert_eq!(plug.medium().offence(), None);
    let mut bytes = [0; 4];
    assert_eq!(plug.read_at(&file, &mut bytes, 0).ok(), Some(4));
    assert_eq!(&bytes, b"lost");
    assert!(plug.sync(&file).is_err());
    assert_eq!(plug.medium().offence(), Some(Operation::Sync), "a second sync is an offence");
    plug.medium().crash();
    let file = plug.open("f").expect("its name was synced");
    let _read = plug.read_at(&file, &mut bytes, 0);
    assert_eq!(bytes, [0; 4], "it was marked clean, and never written");
}

#[test]
fn the_power_lasts_as_long_as_it_was_told() {
    let mut plug = plug(1, MediumProfile::HEALTHY);
    plug.medium().power_for(1);
    plug.create("f").expect("the power is on");
    assert!(!plug.medium().has_power_failed(), "nothing was refused");
    plug.medium().power_for(0);
    assert!(plug.create("g").is_err());
    assert!(plug.medium().has_power_failed());
    plug.create("g").expect("the power is back");
}

#[test]
fn each_fault_has_its_own_face() {
    let mut full = plug(1, MediumProfile { full_per_mille: 1000, ..MediumProfile::HEALTHY });
    assert_eq!(full.create("f").map_err(|error| error.kind()), Err(ErrorKind::StorageFull));
    let mut busy = plug(1, MediumProfile { interrupted_per_mille: 1000, ..MediumProfile::HEALTHY });
    for _ in 0..3 {
        assert_eq!(busy.create("f").map_err(|error| error.kind()), Err(ErrorKind::Interrupted));
    }
    busy.create("f").expect("interruptions come to an end");
    let mut short = plug(1, MediumProfile { short_per_mille: 1000, ..MediumProfile::HEALTHY });
    let file = short.create("f").expect("only short");
    let written =
        short.write_at(&file, &[IoSlice::new(&[7; 60]), IoSlice::new(&[8; 40])], 0).expect("only short");
    assert!((1..100).contains(&written), "{written}");
    let mut bytes = vec![0; 200];
    let read = short.read_at(&file, &mut bytes, 0).expect("only short");
    assert!(read <= written && bytes[..read.min(60)].iter().all(|byte| *byte == 7));
}
