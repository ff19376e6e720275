use super::{CORES, LOOM_TARGET, Role, TABLE, check, is_core, place};
use crate::workspace::{Dependency, File, Kind, Package};

fn findings(folder: &str, name: &str, kind: Kind, target: Option<&str>) -> usize {
    let dependency = Dependency { name: name.to_owned(), kind, target: target.map(str::to_owned) };
    let package = Package { folder: folder.to_owned(), dependencies: vec![dependency], ..Package::default() };
    check(&package, None).len()
}

#[test]
fn cores_use_the_shape_and_bytes_and_nothing_else() {
    for core in ["raft-core", "gossip-core", "twophase-core"] {
        for allowed in ["quorate-machine-core", "bytes", "serde"] {
            assert_eq!(findings(core, allowed, Kind::Normal, None), 0, "{core} -> {allowed}");
        }
        for refused in
            ["quorate-storage", "quorate-transport", "quorate-agent", "quorate-sim", "tokio", "rand"]
        {
            assert_eq!(findings(core, refused, Kind::Normal, None), 1, "{core} -> {refused}");
            assert_eq!(findings(core, refused, Kind::Build, None), 1, "{core} -> {refused}, build");
        }
    }
    assert_eq!(
        findings("raft-core", "quorate-gossip-core", Kind::Normal, None),
        1,
        "cores do not know each other"
    );
    assert_eq!(findings("lamport", "quorate-machine-core", Kind::Normal, None), 1);
    assert_eq!(findings("coord-core", "quorate-lamport", Kind::Normal, None), 0);
    assert_eq!(findings("machine-core", "quorate-raft-core", Kind::Normal, None), 1);
}

#[test]
fn adapters_know_no_protocol() {
    assert_eq!(findings("storage", "quorate-machine-core", Kind::Normal, None), 0);
    assert_eq!(findings("storage", "quorate-raft-core", Kind::Normal, None), 1);
    assert_eq!(findings("storage", "parking_lot", Kind::Normal, None), 1);
    assert_eq!(findings("transport", "quorate-raft-core", Kind::Normal, None), 1);
    assert_eq!(findings("transport", "quorate-storage", Kind::Normal, None), 1);
    assert_eq!(findings("transport", "parking_lot", Kind::Normal, None), 0);
}

#[test]
fn a_test_may_turn_its_own_features_on() {
    assert_eq!(findings("lamport", "quorate-lamport", Kind::Dev, None), 0);
    assert_eq!(findings("lamport", "quorate-lamport", Kind::Normal, None), 1);
    assert_eq!(findings("raft-core", "quorate-lamport", Kind::Dev, None), 1);
}

#[test]
fn loom_replaces_the_seams_only_on_demand() {
    assert_eq!(findings("lamport", "loom", Kind::Normal, Some(LOOM_TARGET)), 0);
    assert_eq!(findings("lamport", "loom", Kind::Normal, None), 1);
    assert_eq!(findings("transport", "loom", Kind::Normal, Some(LOOM_TARGET)), 0);
    assert_eq!(findings("transport", "loom", Kind::Normal, None), 1);
    assert_eq!(findings("storage", "loom", Kind::Normal, Some(LOOM_TARGET)), 1);
}

#[test]
fn programs_use_all_but_never_backwards() {
    for allowed in ["quorate-raft-core", "quorate-storage", "quorate-transport", "clap"] {
        assert_eq!(findings("agent", allowed, Kind::Normal, None), 0, "{allowed}");
    }
    for refused in ["quorate-sim", "quorate-xtask"] {
        assert_eq!(findings("agent", refused, Kind::Normal, None), 1, "{refused}");
    }
    assert_eq!(findings("sim", "quorate-agent", Kind::Normal, None), 0);
    assert_eq!(findings("xtask", "quorate-machine-core", Kind::Normal, None), 1);
}

#[test]
fn tests_of_a_core_need_no_adapter() {
    assert_eq!(findings("raft-core", "proptest", Kind::Dev, None), 0);
    assert_eq!(findings("raft-core", "quorate-storage", Kind::Dev, None), 1);
    assert_eq!(findings("raft-core", "rand", Kind::Dev, None), 1);
    assert_eq!(findings("storage", "quorate-raft-core", Kind::Dev, None), 0);
}

#[test]
fn an_unknown_crate_needs_a_place_first() {
    let package = Package { folder: "kitchen-sink".to_owned(), ..Package::default() };
    assert_eq!(check(&package, None).len(), 1);
}

/// The table itself: no arrow from a core to an adapter, and none in a circle.
#[test]
fn the_table_has_no_circle() {
    for (at, row) in TABLE.iter().enumerate() {
        for name in row.ours.iter().filter(|name| **name != CORES) {
            let used = TABLE
                .iter()
                .position(|other| other.folder == *name)
                .expect("the table names its own folders");
            assert!(used < at, "{} uses {name}, which comes after it", row.folder);
        }
        let cores_only = row.ours.iter().all(|name| is_core(name));
        assert!(row.role == Role::Adapter || cores_only, "{} is a core", row.folder);
    }
    assert!(place("machine-core").is_some() && is_core("raft-core") && !is_core("storage"));
}

#[test]
fn the_finding_names_the_line_of_the_manifest() {
    let dependency = Dependency { name: "quorate-storage".to_owned(), kind: Kind::Normal, target: None };
    let package =
        Package { folder: "raft-core".to_owned(), dependencies: vec![dependency], ..Package::default() };
    let manifest = File::of(
        "raft-core/Cargo.toml",
        "[dependencies]\nbytes.workspace = true\nstorage.workspace = true\n",
    );
    let shown: Vec<_> = check(&package, Some(&manifest)).iter().map(ToString::to_string).collect();
    assert!(
        shown.iter().all(|one| one.starts_with("raft-core/Cargo.toml:3: `quorate-storage`")),
        "{shown:?}"
    );
}
