//! `quorate append` and `quorate status`, as people call them.

mod common;

use std::{io::Write, process::Stdio};

use common::{Processes, lines_of, quorate, refused, wait_for};

#[test]
fn lines_from_a_pipe_are_appended_as_they_come() {
    let processes = Processes::start(1);
    let mut command = quorate();
    command.args(["append", "--to", &processes.addresses()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program is there");
    let mut pipe = child.stdin.take().expect("it is piped");
    pipe.write_all(b"first\nsecond\n").expect("the program reads");
    // The pipe stays open: what came so far must not wait for more.
    wait_for("both lines", || (processes.status(0).ok()?.summary.count == 2).then_some(()));
    pipe.write_all(b"\nlast without a line feed").expect("the program reads");
    drop(pipe);
    let output = child.wait_with_output().expect("a child can be waited for");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "4 lines acknowledged\n");
    assert_eq!(lines_of(processes.clients[0]), ["first", "second", "", "last without a line feed"]);
}

#[test]
fn a_line_that_is_too_long_stops_there_and_says_what_is_in() {
    let processes = Processes::start(1);
    let output = processes.append(&format!("short\n{}\nnever read\n", "x".repeat(70_000)));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1 lines acknowledged\n");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("line 2 is longer than 65536 bytes"),
        "{output:?}"
    );
    assert_eq!(lines_of(processes.clients[0]), ["short"]);
}

#[test]
fn nodes_that_are_not_there_are_named() {
    let nobody = Processes::prepare(1);
    let said = refused(
        quorate().args(["append", "--timeout", "1", "--to", &nobody.addresses(), "/proc/version"]),
        1,
    );
    assert!(said.contains(&nobody.addresses()) && said.contains("refused"), "{said}");
    let said = refused(quorate().args(["append", "--to", &nobody.addresses(), "/no/such/file"]), 1);
    assert!(said.contains("/no/such/file cannot be read"), "{said}");
    let said = refused(quorate().args(["status", "--of", &nobody.addresses()]), 1);
    assert!(said.contains("no node answered"), "{said}");
    let said = refused(quorate().args(["append", "--to", "nowhere"]), 2);
    assert!(said.contains("it has no port"), "{said}");
}

#[test]
fn status_lists_all_nodes_the_dead_ones_too() {
    let mut processes = Processes::start(3);
    let leader = processes.leader();
    let dead = (0..3).find(|node| *node != leader).expect("three nodes");
    processes.kill(dead);
    let output =
        quorate().args(["status", "--of", &processes.addresses()]).output().expect("the program is there");
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).expect("it writes text");
    let row = |node: usize| {
        let address = processes.clients[node].to_string();
        table
            .lines()
            .find(|line| line.starts_with(&address))
            .unwrap_or_else(|| panic!("{address} is not in\n{table}"))
    };
    assert!(row(dead).contains("unreachable"), "{table}");
    assert!((0..3).any(|node| row(node).contains("leader")), "{table}");
}

#[test]
fn every_command_teaches_with_an_example() {
    for command in [
        &["--help"][..],
        &["demo", "--help"],
        &["node", "--help"],
        &["append", "--help"],
        &["status", "--help"],
    ] {
        let output = quorate().args(command).output().expect("the program is there");
        let help = String::from_utf8(output.stdout).expect("it writes text");
        assert!(
            output.status.success() && help.contains("Example") && help.contains("quorate"),
            "{command:?}:\n{help}"
        );
    }
}
