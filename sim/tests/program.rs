//! The program `quorate-sim`, as its users meet it.

use std::{
    collections::BTreeMap,
    process::{Command, Output},
};

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
    let speed = text(&run.stderr);
    assert!(speed.ends_with("events for each second of processor time\n"), "{speed}");
    assert_eq!((run.status.code(), speed.lines().count()), (Some(0), 1), "and nothing else to complain of");
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
fn digests_are_printed_by_seed_and_equal_those_of_single_runs() {
    let run = quorate_sim(&["raft", "--seeds", "4..7", "--digests"]);
    let all = text(&run.stdout);
    let digests: Vec<&str> =
        all.lines().filter_map(|line| line.split_once(' ')).take(3).map(|of| of.1).collect();
    for (seed, digest) in ["4", "5", "6"].iter().zip(digests) {
        let one = text(&quorate_sim(&["raft", "--seed", seed]).stdout);
        assert!(one.contains(&format!("digest {digest}\n")), "seed {seed}: {digest}\n{one}");
    }
}

#[test]
fn faults_are_chosen_by_name_and_number() {
    let told =
        |flags: &[&str]| text(&quorate_sim(&[&["raft", "--seed", "5", "--trace"], flags].concat()).stdout);
    let crashes = |trace: &str| {
        let named = |line: &&str| line.contains("[crash:");
        trace
            .lines()
            .filter(named)
            .filter_map(|line| line.rsplit(' ').next())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let all = told(&[]);
    assert_eq!(crashes(&all)[..2], ["[crash:1]", "[crash:2]"]);
    assert_eq!(crashes(&told(&["--only", "crash:2"])), ["[crash:2]"]);
    assert_eq!(crashes(&told(&["--without", "crash:1"]))[0], "[crash:2]");
    assert_eq!(crashes(&told(&["--only", "none"])), [""; 0]);
    let healed = told(&["--heal-at", "1.5"]);
    assert!(healed.lines().any(|line| line == "1.500000000s -- all faults end"), "{healed}");
    let shared = all.lines().zip(healed.lines()).take_while(|(one, other)| one == other).count();
    assert!(shared > 100, "up to the end of faults it is the same run; only {shared} lines are");
}

#[test]
fn exploring_counts_shapes_whatever_the_jobs() {
    let explored = |jobs| text(&quorate_sim(&["raft", "--explore", "80", "--jobs", jobs]).stdout);
    let one = explored("1");
    assert!(one.contains(" variations: ") && one.ends_with("80 passed, 0 failed\n"), "{one}");
    assert_eq!(one, explored("3"));
}

#[test]
fn a_varied_run_is_replayed() {
    let digest = |flags: &[&str]| {
        let told = text(&quorate_sim(&[&["raft", "--seed", "5"], flags].concat()).stdout);
        told.lines().find(|line| line.contains("digest")).map(str::to_owned)
    };
    let varied = digest(&["--vary", "300:1,900:2"]);
    assert_eq!(varied, digest(&["--vary", "300:1,900:2"]));
    assert_ne!(varied, digest(&["--vary", "300:1"]));
    assert_ne!(varied, digest(&[]));
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
        (&["raft", "--only", "crash"][..], "--seed <N>"),
        (&["raft", "--seed", "1", "--only", "krash"][..], "there are crash, "),
        (&["raft", "--seed", "1", "--without", "crash:0"][..], "counted from 1"),
        (&["raft", "--seed", "1", "--only", "crash", "--without", "loss"][..], "cannot be used with"),
        (&["raft", "--seed", "1", "--heal-at", "soon"][..], "write seconds"),
        (&["raft", "--seed", "1", "--heal-at", "1.-5"][..], "write seconds"),
        (&["raft", "--vary", "3:1"][..], "--seed <N>"),
        (&["raft", "--seed", "1", "--vary", "3"][..], "write EVENT:SALT"),
        (&["raft", "--explore", "0"][..], "--explore"),
        (&["raft", "--fresh"][..], "--explore <RUNS>"),
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

#[test]
fn a_run_for_shiviz_has_sound_vector_clocks() {
    let path = std::env::temp_dir().join(format!("quorate-sim-{}.log", std::process::id()));
    let name = path.to_str().expect("a path in UTF-8");
    let run = quorate_sim(&["raft", "--seed", "5", "--shiviz", name]);
    let log = std::fs::read_to_string(&path).expect("it was written");
    std::fs::remove_file(&path).expect("it was there");
    assert_eq!(run.status.code(), Some(0));
    assert_eq!(text(&run.stdout), text(&quorate_sim(&["raft", "--seed", "5"]).stdout), "with and without");
    let mut known: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let mut arrows = 0;
    for pair in log.lines().collect::<Vec<_>>().chunks(2) {
        let (node, clock) = pair[1].split_once(' ').expect("a node and its clock");
        let entries =
            clock.trim_matches(['{', '}']).split(", ").map(|entry| entry.split_once(':').expect("an entry"));
        let clock: BTreeMap<String, u64> = entries
            .map(|(of, events)| (of.trim_matches('"').to_owned(), events.parse().expect("a count")))
            .collect();
        let before = known.insert(node.to_owned(), clock.clone()).unwrap_or_default();
        assert_eq!(
            clock[node],
            before.get(node).unwrap_or(&0) + 1,
            "each event of a node is one more: {pair:?}"
        );
        for (of, events) in before {
            assert!(clock[&of] >= events, "what was known stays known: {pair:?}");
        }
        let others = clock.iter().filter(|(of, _)| *of != node);
        for (of, events) in others {
            let there = known.get(of).and_then(|clock| clock.get(of)).unwrap_or(&0);
            assert!(events <= there, "nobody knows what has not happened: {pair:?}");
            arrows += 1;
        }
    }
    assert!(arrows > 100, "nodes hear of each other");
}
