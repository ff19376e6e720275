use std::{sync::mpsc, time::Duration};

use super::{listen, run};
use crate::workspace::cargo;

#[test]
fn a_program_that_ends_is_heard_to_its_end() {
    let hour = Duration::from_secs(3_600);
    let version = run(cargo().arg("--version"), hour).expect("cargo started these tests");
    assert!(version.text.starts_with("cargo "), "{}", version.text);
    assert!(version.status.is_some_and(|status| status.success()));
    let wrong = run(cargo().arg("--no-such-option"), hour).expect("cargo started these tests");
    assert!(wrong.status.is_some_and(|status| !status.success()));
    assert!(run(&mut std::process::Command::new("no/such/program"), hour).is_err());
}

#[test]
fn who_does_not_end_is_given_up() {
    let (tell, told) = mpsc::channel();
    tell.send(b"so far".to_vec()).expect("somebody listens");
    // No time at all: whatever is said then, it has not ended.
    assert!(!listen(&told, Duration::ZERO).1);
    tell.send(b"the end".to_vec()).expect("somebody listens");
    drop(tell);
    assert_eq!(listen(&told, Duration::from_secs(3_600)), (b"the end".to_vec(), true));
}
