//! A leader that stands still under load (SIGSTOP) and comes back: what it took and could not commit is no longer its own.

mod common;

use std::{io::Write, process::Stdio};

use common::{Processes, quorate, wait_for};

#[test]
fn a_leader_that_stood_still_finds_its_followers_ahead_and_catches_up() {
    let processes = Processes::start(3);
    let old = processes.leader();
    let mut command = quorate();
    command.args(["append", "--timeout", "60", "--to", &processes.addresses()]);
    let mut append = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it is there");
    let mut pipe = append.stdin.take().expect("it is piped");
    let lines: Vec<_> = (0..30_000).map(|line| format!("line {line}")).collect();
    let (before, after) = lines.split_at(15_000);
    writeln!(pipe, "{}", before.join("\n")).expect("the program reads");
    wait_for("some lines", || (processes.status(old).ok()?.summary.count > 500).then_some(()));
    processes.signal(old, "-STOP");
    // More than the program holds: it takes these only as others take them in place of the one that stands still.
    writeln!(pipe, "{}", after.join("\n")).expect("the program reads");
    drop(pipe);
    let output = append.wait_with_output().expect("a child can be waited for");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "30000 lines acknowledged\n");
    processes.signal(old, "-CONT");
    processes.assert_all_have(&lines);
    assert_ne!(processes.leader(), old, "another was elected meanwhile");
}
