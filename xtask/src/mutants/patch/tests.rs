use std::path::PathBuf;

use super::{Mutant, Part, parse};

const DIFF: &str = "--- a/raft-core/src/log.rs\n+++ b/raft-core/src/log.rs\n@@ -1 +1 @@\n-a\n+b\n";

fn read(header: &str, diff: &str) -> Result<Mutant, String> {
    parse("raft-core", "07-no-tea", PathBuf::new(), &format!("{header}\n{diff}"))
}

#[test]
fn a_header_says_what_is_broken_and_who_finds_it() {
    let mutant = read("rule: there is tea\nsource: nowhere\nexpect: tests sim\n", DIFF).expect("well formed");
    assert_eq!((mutant.name.as_str(), mutant.rule.as_str()), ("raft-core/07-no-tea", "there is tea"));
    assert_eq!(mutant.expect, [Part::Tests, Part::Sim]);
    assert!(["raft-core", "raft-core/07", "07", "no-t"].iter().all(|start| mutant.is(start)));
    assert!(!mutant.is("tea") && !mutant.is("storage"));
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let good = "rule: there is tea\nsource: nowhere\nexpect: tests sim\n";
    for (header, named) in [
        (good.replace("rule: there is tea", ""), "`rule: "),
        (good.replace("rule: there is tea", "rule: "), "`rule: "),
        (good.replace("source: nowhere", ""), "`source: "),
        (good.replace("tests sim", "luck"), "`luck`"),
        (good.replace("tests sim", "tests"), "not-sim"),
        (format!("{good}not-sim: both\n"), "not-sim"),
    ] {
        let wrong = read(&header, DIFF).expect_err(&header);
        assert!(wrong.contains(named), "{wrong}");
    }
    assert!(read(&good.replace("tests sim", "tests\nnot-sim: a reason"), DIFF).is_ok());
    assert!(read(good, "").expect_err("nothing is broken").contains("no diff"));
    let elsewhere = DIFF.replace("raft-core/src", "raft-core/tests");
    assert!(read(good, &elsewhere).expect_err("a test is broken").contains("raft-core/tests/log.rs"));
}
