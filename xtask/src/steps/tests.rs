use std::{process::Command, time::Duration};

use super::{SEEDS, STEPS, choose, run_and_prove, seeds, summary};

#[test]
fn names_are_distinct_words() {
    let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), STEPS.len());
    assert!(STEPS.iter().all(|step| step.name.len() <= 8), "the columns of the summary are this wide");
}

#[test]
fn options_choose_steps_in_the_order_of_the_table() {
    let names = |options: &[&str]| {
        choose(options).map(|steps| steps.iter().map(|step| step.name).collect::<Vec<_>>())
    };
    assert_eq!(names(&["--only", "tidy"]), Ok(vec!["tidy"]));
    assert_eq!(names(&["--only", "msrv", "--only", "fmt"]), Ok(vec!["fmt", "msrv"]));
    assert_eq!(names(&[]).map(|all| all.len()), Ok(STEPS.len()));
    assert!(names(&["--only", "tea"]).expect_err("not a step").contains("`tea`"));
    assert!(names(&["--only"]).is_err() && names(&["tidy"]).is_err() && names(&["--skip", "tidy"]).is_err());
}

#[test]
fn seeds_come_from_the_commit() {
    assert_eq!(seeds("0000000fdeadbeef\n"), Ok("15..10015".to_owned()));
    assert_eq!(seeds("ffffffff00000000"), Ok("4294967295..4294977295".to_owned()), "no overflow at the end");
    assert!(seeds("HEAD").is_err() && seeds("").is_err() && seeds("xyzxyzxyz").is_err());
}

#[test]
fn commands_are_shown_as_one_types_them() {
    let loom = STEPS.iter().find(|step| step.name == "loom").expect("a step of the table");
    assert!(loom.shown("").starts_with("RUSTFLAGS='--cfg loom' CARGO_TARGET_DIR='target/loom' "));
    let sim = STEPS.iter().find(|step| step.name == "sim").expect("a step of the table");
    assert!(sim.shown("1..2").ends_with("raft --seeds 1..2"));
    assert_eq!(sim.proof, Some(format!("{SEEDS} passed, 0 failed").as_str()));
}

#[test]
fn the_summary_counts_and_hides_nothing() {
    let chosen = choose(&["--only", "fmt", "--only", "tidy", "--only", "msrv"]).expect("steps of the table");
    let second = Duration::from_secs(1);
    let text = summary(&chosen, &[(true, second), (false, second)]);
    assert!(text.contains("msrv     not run"), "{text}");
    assert_eq!(text.lines().last(), Some("1 passed, 1 failed"));
    let all = summary(&chosen, &[(true, second); 3]);
    assert_eq!(all.lines().last(), Some("3 passed, 0 failed"));
}

#[test]
fn ending_well_is_not_enough_where_a_proof_is_asked() {
    let version = || {
        let mut cargo = crate::workspace::cargo();
        cargo.arg("--version");
        cargo
    };
    let passes = |command: Command, proof| run_and_prove(command, proof).expect("cargo started these tests");
    assert!(passes(version(), None) && passes(version(), Some("cargo")));
    assert!(!passes(version(), Some("test loom_tests::")), "ends well, and says nothing of the kind");
    let mut fails = crate::workspace::cargo();
    fails.arg("--no-such-option");
    assert!(!passes(fails, None));
    assert!(run_and_prove(Command::new("no/such/program"), None).is_err());
}
