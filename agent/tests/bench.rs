//! The bench itself, small: that it measures what it says, checks, and leaves nothing behind. No figure is judged.

mod common;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use common::{file_names, processes_in, quorate, refused, signal, wait_for};

fn bench(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = quorate();
    command.arg("bench").args(arguments).env("TMPDIR", temporary);
    command
}

/// The rows below the line that begins so, up to an empty one.
fn rows<'a>(text: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let below = text.lines().skip_while(|line| !line.starts_with(heading)).skip(1);
    below.take_while(|line| !line.is_empty()).map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn a_quick_look_has_every_table_the_picture_and_the_figures() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (picture, figures) = (folder.path().join("knee.svg"), folder.path().join("all.json"));
    let mut command = bench(temporary.path(), &["--quick", "--no-etcd", "--size", "100", "--batch", "16,1"]);
    let output = command
        .arg("--out")
        .arg(&picture)
        .arg("--json")
        .arg(&figures)
        .output()
        .expect("the program is there");
    let (said, noted) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{noted}");

    // Two batches with two numbers of clients, and the fixed tick with one of the batches.
    let costs = rows(&said, "system ");
    assert_eq!(costs.len(), 6, "{said}");
    let ticking: Vec<_> = costs.iter().filter(|row| row[1] == "tick").collect();
    assert_eq!(ticking.len(), 2, "{said}");
    for row in costs.iter().filter(|row| row[0] == "quorate") {
        let figures: Vec<f64> = row[1..].iter().filter_map(|cell| cell.parse().ok()).collect();
        let [_, batch, clients, rate, p50, p99, most, ..] = figures[..] else { panic!("{row:?}") };
        assert!(rate > 0.0 && p50 <= p99 && p99 <= most, "{row:?}");
        assert!([1.0, 16.0].contains(&batch) && [1.0, 8.0].contains(&clients), "{row:?}");
    }
    assert_eq!(rows(&said, "busy, in %").len(), 6, "{said}");
    for row in rows(&said, "leader's CPU") {
        let parts = row[row.len() - 4..].iter().filter_map(|cell| cell.parse::<f64>().ok());
        assert_eq!(parts.count(), 4, "{row:?}");
    }
    assert_eq!(rows(&said, "quorate, in times of").len(), 2, "with and without the tick: {said}");
    assert!(said.contains("What saturates") && said.contains("every acknowledged entry"), "{said}");
    assert!(said.contains("No etcd was measured"), "{said}");

    let picture = fs::read_to_string(picture).expect("it was written");
    assert_eq!(picture.matches("<circle").count(), 6, "{picture}");
    let figures = fs::read_to_string(figures).expect("it was written");
    assert_eq!(figures.matches("\"puts_per_second\"").count(), 6, "{figures}");
    assert_eq!(figures.matches('{').count(), figures.matches('}').count(), "{figures}");
    assert_eq!(file_names(temporary.path()), [""; 0], "nothing is left behind");
}

#[test]
fn what_cannot_be_measured_is_refused_before_anything_starts() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let cases = [
        (vec!["--batch", "4096", "--size", "4096"], 1, "smaller --batch"),
        (vec!["--clients", "0"], 2, "0"),
        (vec!["--size", "70000"], 2, "70000"),
        (vec!["--seconds", "0"], 2, "0.05"),
        (vec!["--etcd", "/no/such/etcd"], 1, "/no/such/etcd"),
        (vec!["--no-etcd", "--dir", "/no/such/folder"], 1, "/no/such/folder"),
        (vec!["--no-etcd", "--out", "/no/such/folder/knee.svg"], 1, "/no/such/folder/knee.svg"),
    ];
    for (arguments, code, reason) in cases {
        let said = refused(&mut bench(temporary.path(), &arguments), code);
        assert!(said.contains(reason), "{arguments:?}: {said}");
    }
    assert_eq!(file_names(temporary.path()), [""; 0], "nothing is left behind");
}

#[test]
fn another_program_is_not_taken_for_etcd() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let program = env!("CARGO_BIN_EXE_quorate");
    let said = refused(&mut bench(temporary.path(), &["--quick", "--etcd", program]), 1);
    assert!(said.contains("does not say that it is etcd"), "{said}");
}

#[test]
fn nothing_outlives_a_bench_that_is_told_to_stop() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let mut command = bench(temporary.path(), &["--no-etcd", "--seconds", "600", "--clients", "2"]);
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program is there");
    wait_for("three nodes", || (processes_in(temporary.path()).len() == 3).then_some(()));
    signal(&child, "-INT");
    assert_eq!(child.wait().expect("a child can be waited for").code(), Some(130));
    wait_for("end of the nodes", || processes_in(temporary.path()).is_empty().then_some(()));
    assert_eq!(file_names(temporary.path()), [""; 0], "nothing is left behind");
}
