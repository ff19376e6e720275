use super::{Bounds, failed_seed, failed_tests, grown, hung_test, ranges};

#[test]
fn ranges_of_seeds_follow_each_other_up_to_the_budget() {
    let of = |first_seed, budget_seeds| {
        let ranges = ranges(Bounds { jobs: 1, first_seed, budget_seeds });
        ranges.into_iter().map(|seeds| (seeds.start, seeds.end)).collect::<Vec<_>>()
    };
    assert_eq!(of(0, 100), [(0, 8), (8, 32), (32, 100)]);
    assert_eq!(of(50, 8), [(50, 58)]);
    assert_eq!(of(7, 3), [(7, 10)]);
    assert_eq!(of(0, 2_000).last(), Some(&(512, 2_000)));
}

#[test]
fn the_first_failed_test_is_named_and_the_others_counted() {
    let one = "running 2 tests\ntest a::good ... ok\ntest a::bad ... FAILED\n\nfailures:\n";
    assert_eq!(failed_tests(one), "a::bad");
    let more = format!("{one}test c - should panic ... FAILED\ntest b ... FAILED\n");
    assert_eq!(failed_tests(&more), "a::bad and 2 more");
    assert_eq!(failed_tests("running 1 test\ntest a::abort ... "), "abort in a::abort");
}

#[test]
fn the_test_that_hangs_is_named() {
    assert_eq!(hung_test("running 2 tests\ntest a ... ok\ntest b::c ... "), "b::c");
    assert_eq!(hung_test("test a ... ok\ntest b ... said meanwhile\nand more\n"), "b");
    assert_eq!(hung_test("test a ... ok\n"), "a test");
}

#[test]
fn the_seed_and_the_law_are_read_from_the_first_line() {
    let text = "seed 17 at 1.250s (event 903): one vote per term: n1 voted for n2 and for n3 in t4\nwhat was drawn:\n";
    assert_eq!(failed_seed(text), Some((17, "one vote per term".to_owned())));
    let panic = "seed 3 at 2s (event 9): panicked at raft-core/src/log.rs:1:2: terms never go back\n";
    assert_eq!(failed_seed(panic), Some((3, "assertion: terms never go back".to_owned())));
    assert_eq!(failed_seed("2000 passed, 0 failed\n"), None);
}

#[test]
fn the_first_figure_that_has_grown_is_named_and_the_others_counted() {
    let held = "| quorate: messages per entry | 1 | 4.000 | 4 | 4.400 | held |\n";
    let above = "| quorate: allocations per entry, leader | 1024 | 1.002 | 0.01 | 0.011 | ABOVE |\n";
    assert_eq!(grown(held), None);
    let first = "quorate: allocations per entry, leader at 1024 outstanding";
    assert_eq!(grown(&format!("{held}{above}")).as_deref(), Some(first));
    assert_eq!(grown(&format!("{above}{held}{above}")), Some(format!("{first} and 1 more")));
}
