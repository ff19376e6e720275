extern crate std;

use alloc::{string::String, vec, vec::Vec};
use std::{eprintln, fs, path::PathBuf};

use super::{Votes, majority, reached, reached_above};

/// Literally: the highest value such that more than half of all have it or more.
fn naive_reached(values: &[u64]) -> u64 {
    let holds = |value: u64| values.iter().filter(|held| **held >= value).count() * 2 > values.len();
    values.iter().copied().filter(|value| holds(*value)).max().unwrap_or(0)
}

/// Every list of `length` numbers below `base`.
fn all(length: usize, base: u64) -> impl Iterator<Item = Vec<u64>> {
    let count = base.pow(u32::try_from(length).expect("short"));
    (0..count).map(move |mut code| {
        (0..length)
            .map(|_| {
                let digit = code % base;
                code /= base;
                digit
            })
            .collect()
    })
}

#[test]
fn majority_is_more_than_half() {
    for voters in 1..100 {
        assert!(majority(voters) * 2 > voters && (majority(voters) - 1) * 2 <= voters, "{voters}");
    }
}

#[test]
fn reached_is_what_counting_says_for_up_to_seven_voters() {
    assert_eq!(reached::<u64>([].into_iter()), 0);
    for voters in 1..=7 {
        for values in all(voters, 4) {
            assert_eq!(reached(values.iter().copied()), naive_reached(&values), "{values:?}");
        }
    }
}

#[test]
fn what_is_reached_above_a_floor_is_what_is_reached_if_it_is_above() {
    for voters in 1..=7 {
        for values in all(voters, 4) {
            for floor in 0..4 {
                let expected = Some(naive_reached(&values)).filter(|reached| *reached > floor);
                assert_eq!(
                    reached_above(floor, voters, values.iter().copied()),
                    expected,
                    "{values:?} {floor}"
                );
            }
        }
    }
}

#[test]
fn votes_are_what_counting_says_for_up_to_seven_voters() {
    for voters in 1..=7 {
        for words in all(voters, 2) {
            let mut votes = Votes::default();
            for (voter, _) in words.iter().enumerate().filter(|(_, word)| **word == 1) {
                votes.grant(voter);
                votes.grant(voter);
            }
            let granted = words.iter().filter(|word| **word == 1).count();
            assert_eq!(votes.won(voters), granted * 2 > voters, "{words:?}");
        }
    }
}

#[test]
fn most_voters_fit() {
    let voters = crate::VOTERS_MAX;
    let mut votes = Votes::default();
    for voter in 0..voters {
        assert_eq!(votes.won(voters), voter >= majority(voters), "{voter}");
        votes.grant(voter);
    }
    assert_eq!(reached((0..voters).map(|value| value as u64)), 15);
}

// etcd-io/raft's own cases, where they lie beside the repository.

/// A case: command line, and the last line of what is expected.
fn cases(file: &str) -> Option<Vec<(String, String)>> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/etcd-raft/quorum").join(file);
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln_skip(file);
        return None;
    };
    let mut cases = vec![];
    for block in text.split("\n\n").filter(|block| block.contains("----")) {
        let lines: Vec<_> =
            block.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).collect();
        if let [command, "----", .., result] = lines[..] {
            cases.push((String::from(command), String::from(result.trim())));
        }
    }
    Some(cases)
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn eprintln_skip(file: &str) {
    eprintln!("skipped: {file} of etcd-io/raft is not beside this repository");
}

/// What stands between `name=(` and `)`, split at commas.
fn list<'a>(command: &'a str, name: &str) -> Vec<&'a str> {
    let Some((_, rest)) = command.split_once(&alloc::format!("{name}=(")) else { return vec![] };
    let inner = rest.split(')').next().unwrap_or_default();
    inner.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

#[test]
fn etcd_majority_commit() {
    let Some(cases) = cases("majority_commit.txt") else { return };
    let mut replayed = 0;
    for (command, expected) in &cases {
        let indexes: Vec<_> =
            list(command, "idx").iter().map(|index| index.parse::<u64>().unwrap_or(0)).collect();
        // An empty group commits everything there, for joint majorities; here it cannot be made.
        if indexes.is_empty() || indexes.len() != list(command, "cfg").len() {
            continue;
        }
        replayed += 1;
        assert_eq!(alloc::format!("{}", reached(indexes.into_iter())), *expected, "{command}");
    }
    assert_eq!(replayed, cases.len() - 1, "all but the empty group are replayed");
}

#[test]
fn etcd_majority_vote() {
    let Some(cases) = cases("majority_vote.txt") else { return };
    let mut replayed = 0;
    for (command, expected) in &cases {
        let words = list(command, "votes");
        if words.is_empty() || words.len() != list(command, "cfg").len() {
            continue;
        }
        replayed += 1;
        let mut votes = Votes::default();
        for (voter, _) in words.iter().enumerate().filter(|(_, word)| **word == "y") {
            votes.grant(voter);
        }
        // A vote that is pending there and one that is lost are the same here: the timeout ends both.
        assert_eq!(votes.won(words.len()), expected == "VoteWon", "{command}");
    }
    assert!(replayed > 15, "{replayed} of {}", cases.len());
}
