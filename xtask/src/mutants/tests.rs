use super::{Chore, Options, patch};

#[test]
fn options_are_what_the_help_says() {
    let options =
        Options::parse(&["--jobs", "2", "--only", "a", "b", "--budget-seeds", "9", "--first-seed", "7"])
            .expect("all of them are options");
    assert_eq!(options.only, ["a", "b"]);
    let bounds = options.bounds;
    assert_eq!((bounds.jobs, bounds.budget_seeds, bounds.first_seed), (2, 9, 7));
    assert_eq!(Options::parse(&["--check"]).map(|options| options.chore), Ok(Chore::Check));
    let plain = Options::parse(&[]).expect("no option is needed");
    assert_eq!((plain.chore, plain.bounds.jobs, plain.bounds.budget_seeds), (Chore::Run, 1, 2_000));
    for wrong in [&["--only"][..], &["--only", "--check"], &["--jobs"], &["--jobs", "many"], &["tea"]] {
        assert!(Options::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn names_choose_by_how_they_begin() {
    let root = crate::workspace::root().expect("these tests run in the workspace");
    let all = patch::load(&root).expect("the repository's own mutants are well formed");
    let names = |only: &[&str]| {
        let options = Options::parse(&[&["--only"], only].concat()).expect("names");
        options.choose(&all).map(|chosen| chosen.iter().map(|mutant| mutant.name.clone()).collect::<Vec<_>>())
    };
    assert_eq!(names(&["figure-8"]).map(|found| found.len()), Ok(1));
    assert_eq!(
        names(&["raft-core/01", "vote-ignores-log"]),
        Ok(vec!["raft-core/01-vote-ignores-log".to_owned()])
    );
    assert!(names(&["storage"]).is_ok_and(|found| found.len() >= 6 && found.len() < all.len()));
    assert!(names(&["storage", "tea"]).expect_err("nothing is called so").contains("`tea`"));
}

#[test]
fn every_kind_of_mutant_that_was_asked_for_is_there() {
    let root = crate::workspace::root().expect("these tests run in the workspace");
    let all = patch::load(&root).expect("the repository's own mutants are well formed");
    for (krate, least) in [("raft-core", 20), ("storage", 6), ("transport", 4), ("sim", 10), ("lamport", 12)]
    {
        let count = all.iter().filter(|mutant| mutant.krate == krate).count();
        assert!(count >= least, "{count} mutants of {krate}");
    }
}
