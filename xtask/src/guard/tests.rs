use std::{path::Path, process::Command};

use super::Valgrind;

#[test]
fn a_valgrind_that_is_not_there_is_none() {
    let unpacked = Valgrind { unpacked: Some("no/such/folder".into()) };
    assert!(unpacked.describe().expect_err("cannot start").contains("does not start"));
}

#[test]
fn an_unpacked_valgrind_comes_first_and_knows_where_its_tools_are() {
    let unpacked = Valgrind { unpacked: Some("/some/where".into()) };
    let command = unpacked.environment(Command::new("leader-limit"));
    let value = |wanted: &str| {
        command.get_envs().find(|(name, _)| *name == wanted).and_then(|(_, value)| value).map(Path::new)
    };
    assert!(value("PATH").is_some_and(|path| path.to_string_lossy().starts_with("/some/where/usr/bin")));
    assert_eq!(value("VALGRIND_LIB"), Some(Path::new("/some/where/usr/libexec/valgrind")));
    assert_eq!(Valgrind { unpacked: None }.environment(Command::new("x")).get_envs().count(), 0);
}
