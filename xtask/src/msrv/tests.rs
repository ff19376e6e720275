use std::path::PathBuf;

use super::{Compiler, describe, is, is_release, newest, promised};
use crate::workspace::{Package, Workspace};

fn workspace(promises: &[&str]) -> Workspace {
    let package =
        |promise: &&str| Package { rust_version: Some((*promise).to_owned()), ..Package::default() };
    Workspace { root: PathBuf::new(), packages: promises.iter().map(package).collect(), files: Vec::new() }
}

#[test]
fn all_promise_the_same() {
    assert_eq!(promised(&workspace(&["1.85", "1.85"])), Ok("1.85".to_owned()));
    assert!(promised(&workspace(&["1.85", "1.90"])).expect_err("two").contains("1.85, 1.90"));
    assert!(promised(&workspace(&[])).is_err(), "none");
}

#[test]
fn patch_releases_count_as_the_release() {
    assert!(
        is_release("1.85", "1.85") && is_release("1.85.1", "1.85") && is_release("1.85.0+dfsg3-1", "1.85")
    );
    assert!(!is_release("1.850.0", "1.85") && !is_release("1.8.5", "1.85") && !is_release("1.95.0", "1.85"));
}

#[test]
fn the_offer_of_the_release_is_taken_not_the_newest() {
    let offers = " rustc-web | 1.96.0+dfsg1-1~deb12u2 | archive Packages\n rustc-web | 1.85.0+dfsg3-1~deb12u3 | archive Packages\n";
    assert_eq!(newest(offers, "1.85"), Some("1.85.0+dfsg3-1~deb12u3"));
    assert_eq!(newest(offers, "1.90"), None);
}

#[test]
fn a_compiler_that_is_not_there_is_none() {
    let compiler = Compiler { rustc: "no/such/rustc".into(), libraries: Vec::new() };
    assert!(!is(&compiler, "1.85"));
    assert!(describe(&compiler).expect_err("cannot start").contains("does not start"));
}
