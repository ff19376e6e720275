use super::{SEEDS, SEEDS_DEBUG, compare, lines};

fn printed(seeds: usize) -> Vec<String> {
    (0..seeds).map(|seed| format!("{seed} {:016x}", seed * 7919)).collect()
}

#[test]
fn equal_digests_pass() {
    let (equal, text) = compare(&printed(SEEDS), &printed(SEEDS_DEBUG));
    assert!(equal && text.starts_with("200 digests equal"), "{text}");
}

#[test]
fn one_that_differs_fails_with_its_seed() {
    let mut other = printed(SEEDS_DEBUG);
    other[17].replace_range(3..4, "f");
    let (equal, text) = compare(&printed(SEEDS), &other);
    assert!(!equal && text.contains("1 of 100") && text.contains("--seed 17 --trace"), "{text}");
}

#[test]
fn digests_that_are_missing_fail() {
    for (one, other) in [(199, 100), (200, 99), (200, 0), (0, 100), (0, 0)] {
        assert!(!compare(&printed(one), &printed(other)).0);
    }
}

#[test]
fn only_digests_are_digests() {
    let text = "0 0123456789abcdef\nseeds 200\n  digest 0123456789abcdef\n200 passed, 0 failed\n12 abcdef\n";
    assert_eq!(lines(text), ["0 0123456789abcdef"]);
}
