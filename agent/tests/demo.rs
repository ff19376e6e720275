//! The demo itself, small; and that nothing of it is left behind, however it ends.

mod common;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use common::{file_names, processes_in, quorate, refused, signal, wait_for};

fn demo(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = quorate();
    command.arg("demo").args(arguments).env("TMPDIR", temporary);
    command
}

#[test]
fn two_thousand_lines_survive_the_demo() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let output =
        demo(temporary.path(), &["--lines", "2000", "--seed", "3"]).output().expect("the program is there");
    let (table, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{table}\n{said}");
    for row in ["acknowledged", "found on n1", "found on n2", "found on n3"] {
        let found = table.lines().find(|line| line.starts_with(row));
        assert!(found.is_some_and(|line| line.ends_with(" 2000 lines")), "{row} in\n{table}");
    }
    for row in [
        "lost",
        "order kept",
        "fail-over",
        "appends per second",
        "latency p50",
        "latency p99",
        "without a majority",
    ] {
        assert!(table.lines().any(|line| line.starts_with(row)), "{row} in\n{table}");
    }
    assert!(table.lines().any(|line| line.split_whitespace().eq(["lost", "0", "lines"])), "{table}");
    assert!(table.contains("order kept") && table.contains("yes"), "{table}");
    assert_eq!(file_names(temporary.path()), [""; 0], "nothing is left behind");
}

#[test]
fn a_follower_that_stands_still_is_shown_with_the_memory_of_all() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let mut command = demo(temporary.path(), &["--slow-follower", "--lines", "5000"]);
    let output = command.output().expect("the program is there");
    let (table, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{table}\n{said}");
    assert!(table.contains("5000 entries acknowledged") && table.contains("configured bound"), "{table}");
    assert_eq!(file_names(temporary.path()), [""; 0], "nothing is left behind");
}

#[test]
fn the_lines_of_a_file_are_taken_whatever_bytes_they_have() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, kept) = (folder.path().join("lines"), folder.path().join("kept"));
    let mut bytes = b"\n\r\n\xff\xfe\0\nthe same line\nthe same line\n".repeat(50);
    bytes.extend_from_slice(b"the last, without a line feed");
    fs::write(&file, &bytes).expect("a file in our own folder");
    let mut command = demo(temporary.path(), &["--keep", kept.to_str().expect("a plain name")]);
    let output = command.arg(&file).output().expect("the program is there");
    let (table, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{table}\n{said}");
    assert!(table.contains("251 lines"), "{table}");
    assert!(!file_names(&kept).is_empty(), "the folder was to be kept");
    let said = refused(&mut demo(temporary.path(), &["--keep", kept.to_str().expect("a plain name")]), 1);
    assert!(said.contains("is not empty"), "{said}");
}

#[test]
fn what_cannot_be_shown_is_refused_before_anything_starts() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let one_line = temporary.path().join("one");
    fs::write(&one_line, "only one\n").expect("a file in our own folder");
    let path = |path: &Path| path.to_str().expect("a plain name").to_owned();
    for (argument, says) in [
        ("/no/such/file".to_owned(), "cannot be read"),
        ("/dev/null".to_owned(), "is not a regular file"),
        (path(temporary.path()), "is not a regular file"),
        (path(&one_line), "at least 2 lines"),
    ] {
        let said = refused(&mut demo(temporary.path(), &[&argument]), 1);
        assert!(said.contains(says), "{argument}: {said}");
    }
    let said = refused(&mut demo(temporary.path(), &["--lines", "1"]), 2);
    assert!(said.contains("--lines"), "{said}");
    assert_eq!(file_names(temporary.path()), ["one"]);
}

#[test]
fn nothing_is_left_behind_however_it_ends() {
    for name in ["-INT", "-TERM", "-KILL"] {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let mut child = demo(temporary.path(), &["--lines", "100000000"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program is there");
        wait_for("three nodes", || (processes_in(temporary.path()).len() == 3).then_some(()));
        signal(&child, name);
        let status = child.wait().expect("a child can be waited for");
        // Nobody can clean up after SIGKILL, but the nodes notice that their parent is gone.
        wait_for("end of the nodes", || processes_in(temporary.path()).is_empty().then_some(()));
        if name != "-KILL" {
            assert_eq!(status.code(), Some(130), "{name}");
            assert_eq!(file_names(temporary.path()), [""; 0], "{name}");
        }
    }
}
