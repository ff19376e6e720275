use raft_core::Run;

use super::{
    super::{
        LogMatching, Verdict,
        testing::{N1, N2, disk, i, law, run, t, unsynced},
    },
    COMPLETE, Commits, KEPT, MAJORITY, ONE_CHAIN, OWN_TERM, VERIFIED,
};
use crate::disk::Ledger;

/// Three disks, and all that was ever written to them.
struct Group {
    disks: Vec<Ledger>,
    log: LogMatching,
    commits: Commits,
}

impl Group {
    fn new(disks: [&[Run]; 3]) -> Self {
        let mut log = LogMatching::default();
        for runs in disks {
            for held in 0..runs.len() {
                let before = disk(&runs[..held]);
                log.written(N1, &runs[held], before.written(), None).expect("a log that matches");
            }
        }
        Self { disks: disks.into_iter().map(disk).collect(), log, commits: Commits::default() }
    }

    fn leader(&mut self, term: u64, commit: u64) -> Verdict {
        self.commits.leader(N1, t(term), i(commit), &self.log, self.disks.iter().map(Ledger::durable))
    }
}

#[test]
fn a_majority_must_hold_what_is_committed() {
    let mut group = Group::new([&[run(1, 1, &[1, 2])], &[run(1, 1, &[1])], &[]]);
    assert_eq!(group.leader(1, 1), Ok(()));
    assert_eq!(law(group.leader(1, 2)), MAJORITY);
    group.disks[2] = unsynced(&[run(1, 1, &[1, 2])]);
    assert_eq!(law(group.leader(1, 2)), MAJORITY, "what is not durable does not count");
}

#[test]
fn a_leader_commits_by_its_own_term_only() {
    // Figure 8 (c): the entry of term 2 is on a majority, and yet it may be replaced by that of term 3.
    let old = [run(1, 1, &[1]), run(2, 2, &[2])];
    let mut group = Group::new([&old, &old, &[run(1, 1, &[1]), run(3, 2, &[3])]]);
    assert_eq!(law(group.leader(4, 2)), OWN_TERM);
    let new = [old[0].clone(), old[1].clone(), run(4, 3, &[4])];
    let mut group = Group::new([&new, &new, &[]]);
    assert_eq!(group.leader(4, 3), Ok(()), "with an entry of its own it is committed, too");
    assert_eq!(group.commits.top(), i(3));
    assert_eq!(group.commits.term_at(i(2)), Some(t(2)));
}

#[test]
fn a_leader_may_not_extend_another_chain() {
    let mut group = Group::new([&[run(1, 1, &[1])], &[run(1, 1, &[1])], &[run(2, 1, &[2]), run(3, 2, &[3])]]);
    assert_eq!(group.leader(1, 1), Ok(()));
    let forked = [run(2, 1, &[2]), run(3, 2, &[3])];
    group.disks = vec![disk(&forked), disk(&forked), disk(&[])];
    assert_eq!(law(group.leader(3, 2)), ONE_CHAIN);
}

#[test]
fn a_leader_has_all_that_was_committed_before_its_term() {
    let mut group = Group::new([&[run(1, 1, &[1, 2])], &[run(1, 1, &[1, 2])], &[run(1, 1, &[1])]]);
    group.leader(1, 2).expect("on two of three");
    let commits = &group.commits;
    assert_eq!(commits.leads(N1, t(2), group.disks[0].written()), Ok(()));
    assert_eq!(law(commits.leads(N2, t(2), group.disks[2].written())), COMPLETE);
    let other = disk(&[run(1, 1, &[1]), run(2, 2, &[9])]);
    assert_eq!(law(commits.leads(N2, t(3), other.written())), COMPLETE, "as long, and of another term");
    assert_eq!(
        commits.leads(N2, t(1), group.disks[2].written()),
        Ok(()),
        "its own term's it has yet to commit"
    );
}

#[test]
fn a_follower_commits_nothing_else() {
    let mut group =
        Group::new([&[run(1, 1, &[1, 2])], &[run(1, 1, &[1, 2])], &[run(1, 1, &[1]), run(2, 2, &[9])]]);
    group.leader(1, 2).expect("on two of three");
    let commits = &group.commits;
    assert_eq!(commits.follower(N2, i(2), group.disks[1].written()), Ok(()));
    assert_eq!(law(commits.follower(N2, i(2), group.disks[2].written())), VERIFIED);
    assert_eq!(
        law(commits.follower(N2, i(3), group.disks[1].written())),
        VERIFIED,
        "beyond what anyone committed"
    );
}

#[test]
fn nobody_drops_what_is_committed() {
    let mut group = Group::new([&[run(1, 1, &[1, 2, 3])], &[run(1, 1, &[1, 2, 3])], &[]]);
    group.leader(1, 2).expect("on two of three");
    let (commits, held) = (&group.commits, group.disks[0].written());
    assert_eq!(law(commits.written(N1, t(2), &run(2, 2, &[9]), held)), KEPT, "replaced");
    assert_eq!(law(commits.written(N1, t(2), &run(1, 1, &[1]), held)), KEPT, "cut off by an old append");
    assert_eq!(
        commits.written(N1, t(2), &run(1, 1, &[1, 2]), held),
        Ok(()),
        "only what is not committed is cut off"
    );
    assert_eq!(commits.written(N1, t(2), &run(2, 3, &[9]), held), Ok(()));
    let other = disk(&[run(2, 1, &[5, 6])]);
    assert_eq!(commits.written(N1, t(2), &run(1, 1, &[1]), other.written()), Ok(()), "it never had it");
}

#[test]
fn an_old_leader_may_replace_what_a_later_one_committed_without_the_node() {
    let own = [run(1, 1, &[1]), run(2, 2, &[2])];
    let mut group = Group::new([&own, &own, &own]);
    group.leader(2, 2).expect("on all three");
    let held = group.disks[2].written();
    assert_eq!(law(group.commits.written(N1, t(2), &run(3, 2, &[9]), held)), KEPT, "it is in that term");
    assert_eq!(group.commits.written(N1, t(1), &run(1, 2, &[9]), held), Ok(()), "it is in an earlier one");
}
