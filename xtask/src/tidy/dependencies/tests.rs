use super::{POLICY, PUBLIC_REGISTRY, Policy};
use crate::workspace::{File, Package};

const TEXT: &str = r#"
allow = [
    # "GPL-3.0",
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
]
deny = [
    { crate = "bincode:>=2", reason = "a tombstone" },
    { crate = "sloth", reason = "slow" },
]
"#;

fn findings(name: &str, version: &str, licence: Option<&str>, source: Option<&str>) -> usize {
    let policy = Policy::read(Some(&File::of(POLICY, TEXT))).expect("the text has both lists");
    let package = Package {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.map(str::to_owned),
        source: source.map(str::to_owned),
        ..Package::default()
    };
    policy.check(&package, None).len()
}

#[test]
fn licences_are_among_the_allowed() {
    for licence in [
        "MIT",
        "MIT OR GPL-3.0",
        "MIT/Apache-2.0",
        "(MIT OR Zlib) AND Apache-2.0",
        "Apache-2.0 WITH LLVM-exception OR MIT",
    ] {
        assert_eq!(findings("x", "1.0.0", Some(licence), Some(PUBLIC_REGISTRY)), 0, "{licence}");
    }
    for licence in ["GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0 WITH GCC-exception-3.1", "nonsense", ""] {
        assert_eq!(findings("x", "1.0.0", Some(licence), Some(PUBLIC_REGISTRY)), 1, "{licence}");
    }
    assert_eq!(findings("x", "1.0.0", None, Some(PUBLIC_REGISTRY)), 1, "none at all");
}

#[test]
fn refused_versions_are_found() {
    assert_eq!(findings("bincode", "1.3.3", Some("MIT"), Some(PUBLIC_REGISTRY)), 0);
    assert_eq!(findings("bincode", "3.0.0", Some("MIT"), Some(PUBLIC_REGISTRY)), 1);
    assert_eq!(findings("sloth", "0.1.0", Some("MIT"), Some(PUBLIC_REGISTRY)), 1, "every version");
}

#[test]
fn packages_come_from_the_public_registry() {
    assert_eq!(findings("x", "1.0.0", Some("MIT"), Some("git+https://example.org/x")), 1);
    assert_eq!(
        findings("quorate-sim", "0.1.0", Some("Apache-2.0 OR MIT"), None),
        0,
        "our own have no source"
    );
}

#[test]
fn a_policy_that_says_nothing_is_an_error() {
    assert!(Policy::read(None).is_err());
    assert!(
        Policy::read(Some(&File::of(POLICY, "allow = [\"MIT\"]"))).is_err(),
        "one line hides the entries"
    );
    let garbled = TEXT.replace(">=2", "two");
    assert!(
        Policy::read(Some(&File::of(POLICY, &garbled))).expect_err("not a range").contains("bincode:two")
    );
}

/// The policy of this repository itself.
#[test]
fn our_own_policy_is_read() {
    let policy =
        Policy::read(Some(&File::of(POLICY, include_str!("../../../../deny.toml")))).expect("is in form");
    assert!(policy.allows("Apache-2.0 OR MIT") && !policy.allows("GPL-3.0"));
    assert!(policy.refused.iter().any(|(name, _)| name == "bincode"));
}
