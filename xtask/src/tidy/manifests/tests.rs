use super::check;
use crate::workspace::{File, Package};

const MANIFEST: &str = "[package]\n\n[lints]\nworkspace = true\n";

fn findings(folder: &str, manifest: &str, library: &str, rust_version: Option<&str>) -> Vec<String> {
    let files = [
        File::of(&format!("{folder}/Cargo.toml"), manifest),
        File::of(&format!("{folder}/src/lib.rs"), library),
    ];
    let package = Package {
        folder: folder.to_owned(),
        rust_version: rust_version.map(str::to_owned),
        ..Package::default()
    };
    let found = check(&package, &|path| files.iter().find(|file| file.path == path));
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_member() {
    assert_eq!(findings("raft-core", MANIFEST, "//! Raft\n\n#![no_std]\n", Some("1.85")), [""; 0]);
    assert_eq!(findings("storage", MANIFEST, "//! Files\n", Some("1.85")), [""; 0], "an adapter has std");
}

#[test]
fn no_member_escapes() {
    for (manifest, library, rust_version, says) in [
        (
            "[package]\n",
            "#![no_std]\n",
            Some("1.85"),
            "raft-core/Cargo.toml:1: escapes the workspace's lints",
        ),
        ("[lints]\n\n[x]\nworkspace = true\n", "#![no_std]\n", Some("1.85"), "escapes the workspace's lints"),
        (MANIFEST, "#![no_std]\n", None, "raft-core/Cargo.toml:1: promises no Rust"),
        (MANIFEST, "//! Raft\n", Some("1.85"), "raft-core/src/lib.rs:1: a core without"),
        (MANIFEST, "#![cfg_attr(not(test), no_std)]\n", Some("1.85"), "a core without"),
    ] {
        let found = findings("raft-core", manifest, library, rust_version);
        assert!(
            found.len() == 1 && found.iter().all(|finding| finding.contains(says)),
            "{manifest}{library}: {found:?}"
        );
    }
}
