use super::{HOMES, PROMISES, PUBLIC_REGISTRY, REGISTRIES, check, machine_paths};
use crate::workspace::File;
use std::path::Path;

fn findings(path: &str, text: &str) -> Vec<String> {
    let machine = ["/opt/checkout/quorate".to_owned()];
    check(&File::of(path, text), &machine).iter().map(ToString::to_string).collect()
}

fn assert_fires(path: &str, text: &str, says: &str) {
    let found = findings(path, text);
    assert!(
        found.len() == 1 && found.iter().all(|finding| finding.contains(says)),
        "{path} {text:?}: {found:?}"
    );
}

fn assert_silent(path: &str, text: &str) {
    assert_eq!(findings(path, text), [""; 0], "{path} {text:?}");
}

#[test]
fn white_space() {
    assert_fires("a.md", "x \n", "a.md:1: white space");
    assert_fires("a.toml", "x\n\t\n", "a.toml:2: white space");
    assert_fires("a.rs", "\tlet x = 1;\n", "a.rs:1: a tab");
    assert_fires("a.rs", "let x = 1;", "a.rs:1: no newline");
    assert_silent("a.rs", "let x = '\\t';\n");
    assert_silent("Makefile", "all:\n\tcargo build\n");
    assert_silent("raft-core/testdata/trace.txt", "x \n");
    assert_silent("fuzz/corpus/canary/b", "b \t");
    assert_fires("fuzz/README.md", "b", "no newline");
    assert_silent("empty.txt", "");
}

#[test]
fn promises_of_work() {
    for promise in PROMISES {
        assert_fires("a.rs", &format!("// {promise}: later\n"), promise);
        assert_fires("a.md", &format!("({promise})\n"), promise);
        assert_silent("a.rs", &format!("// {promise}S, METHOD_{promise}\n"));
    }
}

#[test]
fn examples_are_compiled() {
    assert_fires("a.rs", "/// ```ignore\n", "an example that is not compiled");
    assert_fires("a.rs", "    //! ```rust,ignore\n", "an example that is not compiled");
    assert_silent("a.rs", "/// ```text\n/// ignore\n/// ```\n");
}

#[test]
fn paths_of_machines() {
    for home in HOMES {
        assert_fires("a.md", &format!("see {home}ann/x\n"), "somebody's machine");
        assert_fires("a.rs", &format!("let x = \"{home}ann\";\n"), "somebody's machine");
        assert_fires("a.md", &format!("file://{home}ann\n"), "somebody's machine");
        assert_silent("a.md", &format!("docs{home}page.md ~{home} ..{home}\n"));
    }
    assert_fires("a.md", "cd /opt/checkout/quorate/xtask\n", "somebody's machine");
    assert_fires("a.md", &format!("in {}:\\Users\\ann\n", 'C'), "somebody's machine");
    assert_fires("a.md", &format!("in {}:/work\n", 'D'), "somebody's machine");
    assert_silent(
        "a.md",
        "/tmp/x, /dev/shm, /proc/self, GET /status, https://a.example/x, a: b, S:\\, PROTO:/x\n",
    );
}

#[test]
fn paths_of_this_machine() {
    let paths = machine_paths(Path::new("/app"));
    assert!(!paths.contains(&"/app".to_owned()), "one segment is a word: {paths:?}");
    assert!(machine_paths(Path::new("/srv/ci/quorate")).contains(&"/srv/ci/quorate".to_owned()));
}

#[test]
fn registries() {
    for host in REGISTRIES {
        assert_fires("docs/a.md", &format!("from {host} today\n"), "a package registry");
    }
    assert_silent("docs/a.md", "published on crates.io and docs.rs\n");
    assert_silent("Cargo.lock", &format!("source = \"{PUBLIC_REGISTRY}\"\n"));
    assert_fires("Cargo.lock", "source = \"registry+https://mirror.example/index\"\n", "a package registry");
    assert_fires("fuzz/Cargo.lock", "source = \"git+https://example.org/x\"\n", "a package registry");
}
