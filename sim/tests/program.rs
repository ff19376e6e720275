//! The program `quorate-sim`, as its users meet it.

use std::process::{Command, Output};

fn quorate_sim(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quorate-sim"))
        .args(args)
        .output()
        .expect("the program is built with its tests")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program speaks UTF-8")
}

#[test]
fn seeds_pass_and_the_last_line_says_so() {
    let run = quorate_sim(&["raft", "--seeds", "3..9", "--jobs", "2"]);
    assert_eq!(text(&run.stdout).lines().last(), Some("6 passed, 0 failed"));
    assert_eq!((run.status.code(), text(&run.stderr)), (Some(0), String::new()));
}

#[test]
fn the_output_depends_on_the_seeds_only() {
    let (one, many) =
        (["raft", "--seeds", "0..12", "--jobs", "1"], ["raft", "--seeds", "0..12", "--jobs", "5"]);
    assert_eq!(text(&quorate_sim(&one).stdout), text(&quorate_sim(&many).stdout));
}

#[test]
fn one_seed_is_replayed_to_the_byte() {
    let (told, again) =
        (quorate_sim(&["raft", "--seed", "5", "--trace"]), quorate_sim(&["raft", "--seed", "5", "--trace"]));
    assert!(told.stdout == again.stdout, "two runs of one seed differ");
    assert!(text(&told.stdout).lines().count() > 1000, "a trace tells every event");
    let digest =
        |run: &Output| text(&run.stdout).lines().find(|line| line.contains("digest")).map(str::to_owned);
    assert_eq!(digest(&told), digest(&quorate_sim(&["raft", "--seed", "5"])), "with and without a trace");
}

#[test]
fn wrong_flags_are_named() {
    for (args, named) in [
        (&["raft", "--seeds", "9..3"][..], "write A..B with A below B"),
        (&["raft", "--seeds", "7"][..], "write A..B with A below B"),
        (&["raft", "--seeds", "0..x"][..], "write A..B with A below B"),
        (&["raft", "--seed", "1", "--seeds", "0..2"][..], "cannot be used with"),
        (&["raft", "--trace"][..], "--seed <N>"),
        (&["raft", "--jobs", "0"][..], "--jobs"),
        (&["paxos"][..], "paxos"),
    ] {
        let run = quorate_sim(args);
        assert_eq!(run.status.code(), Some(2), "{args:?}");
        assert!(text(&run.stderr).contains(named), "{args:?}: {}", text(&run.stderr));
    }
}

#[test]
fn help_teaches_by_example() {
    let help = text(&quorate_sim(&["--help"]).stdout);
    for part in ["quorate-sim raft --seeds 0..1000", "quorate-sim raft --seed 42 --trace", "exit code"] {
        assert!(help.contains(part), "{part} is missing in:\n{help}");
    }
}
