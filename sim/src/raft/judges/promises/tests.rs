use super::{
    super::{
        Commits, LogMatching,
        testing::{N1, disk, i, law, pos, run, t},
    },
    KEPT, Promises, UNIQUE,
};
use crate::disk::Ledger;

#[test]
fn a_place_is_given_once() {
    let mut promises = Promises::default();
    assert_eq!(promises.taken(pos(3, 1)), Ok(()));
    assert_eq!(promises.taken(pos(3, 2)), Ok(()), "after a change of leaders");
    assert_eq!(law(promises.taken(pos(3, 1))), UNIQUE);
}

#[test]
fn what_was_acknowledged_is_there_in_the_end() {
    let (mut log, mut commits, disks) =
        (LogMatching::default(), Commits::default(), [disk(&[run(1, 1, &[1, 2])])]);
    log.written(N1, &run(1, 1, &[1, 2]), disk(&[]).written(), None).expect("the first");
    commits.leader(N1, t(1), i(2), &log, disks.iter().map(Ledger::durable)).expect("durable");
    for (acknowledged, applied, kept) in
        [(pos(2, 1), 2, true), (pos(2, 1), 1, false), (pos(2, 2), 2, false), (pos(3, 1), 3, false)]
    {
        let mut promises = Promises::default();
        promises.acknowledged(acknowledged);
        assert!(promises.has(acknowledged));
        match promises.kept(&commits, i(applied)) {
            Ok(()) => assert!(kept, "{acknowledged}"),
            broken => assert_eq!((law(broken), kept), (KEPT, false)),
        }
    }
}
