//! Every input that was kept, once more: the corpora, and whatever has ever failed.

use std::{
    fmt, fs,
    io::{self, Write},
    panic,
    path::Path,
};

use bodies::{Marks, TARGETS, Target};

/// The inputs in `fuzz/<kind>/<target>`, by name.
fn inputs(kind: &str, target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(kind).join(target.name);
    let mut inputs = Vec::new();
    for file in fs::read_dir(&folder).into_iter().flatten() {
        let path = file.expect("the folder can be read").path();
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        inputs.push((name, fs::read(&path).expect("an input can be read")));
    }
    inputs.sort();
    inputs
}

/// Runs the body on each; says which input fails, and as what.
fn replay(target: &Target, kind: &str, marks: &mut Marks) -> usize {
    let inputs = inputs(kind, target);
    for (name, input) in &inputs {
        match panic::catch_unwind(|| (target.run)(input)) {
            Ok(seen) => marks.add(seen),
            Err(_) => panic!("{} fails on fuzz/{kind}/{}/{name}", target.name, target.name),
        }
    }
    inputs.len()
}

/// Also when the test passes: who replays nothing should see it.
fn say(text: fmt::Arguments<'_>) {
    writeln!(io::stdout(), "{text}").expect("tests have an output");
}

fn replay_all(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let mut marks = Marks::new(target.marks);
    let corpus = replay(target, "corpus", &mut marks);
    let regressions = replay(target, "regressions", &mut marks);
    say(format_args!("{name}: {corpus} inputs of the corpus, {regressions} regressions"));
    assert!(corpus > 0, "the corpus of {name} is empty");
    let missing: Vec<_> = marks.missing().collect();
    assert!(missing.is_empty(), "no input of {name} comes by {missing:?} any more");
}

#[test]
fn raft_step() {
    replay_all("raft_step");
}

#[test]
fn raft_cluster() {
    replay_all("raft_cluster");
}

#[test]
fn wal_recover() {
    replay_all("wal_recover");
}

#[test]
fn frame_decode() {
    replay_all("frame_decode");
}

#[test]
fn wire_decode() {
    replay_all("wire_decode");
}

#[test]
fn clock_laws() {
    replay_all("clock_laws");
}

#[test]
fn clock_decode() {
    replay_all("clock_decode");
}

/// The canary lives on its corpus and dies of its regressions, or the rig is blind.
#[test]
fn canary() {
    let target = TARGETS.iter().find(|target| target.name == "canary").expect("the canary is a target");
    let mut marks = Marks::new(target.marks);
    let corpus = replay(target, "corpus", &mut marks);
    assert!(corpus > 0 && marks.missing().count() == 0, "the canary lives on its corpus");
    let deadly = inputs("regressions", target);
    assert!(!deadly.is_empty(), "the canary has an input that it dies of");
    for (name, input) in &deadly {
        assert!(panic::catch_unwind(|| bodies::canary::run(input)).is_err(), "the canary survives {name}");
    }
    say(format_args!("canary: {corpus} inputs of the corpus, dead of {}", deadly.len()));
}

/// A folder that no target reads would be replayed by nobody.
#[test]
fn every_folder_belongs_to_a_target() {
    for kind in ["corpus", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(kind);
        for file in fs::read_dir(&folder).expect("the folder is part of the repository") {
            let name = file.expect("the folder can be read").file_name().to_string_lossy().into_owned();
            assert!(TARGETS.iter().any(|target| target.name == name), "fuzz/{kind}/{name} has no target");
        }
    }
}
