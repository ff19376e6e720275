use raft_core::ReadId;

use super::{
    super::{
        Commits,
        testing::{law, pos, run},
    },
    Histories, LAW, SAME,
};

fn read(id: u64) -> (ReadId, ReadId) {
    (ReadId::new(id), ReadId::new(id))
}

/// Two nodes; the entry with number 4, of key 0, is proposed and acknowledged at the first.
fn one_append() -> Histories {
    let mut histories = Histories::new(2, true);
    histories.proposed(pos(1, 1), &4_u64.to_le_bytes());
    assert_eq!(histories.applied(0, &run(1, 1, &[4])), Ok(()));
    histories.acknowledged(pos(1, 1));
    histories
}

#[test]
fn a_read_of_what_was_acknowledged_is_good() {
    let mut histories = one_append();
    histories.asked(0, ReadId::new(8));
    histories.ready(0, read(8));
    assert_eq!((histories.judge(&Commits::default()), histories.count()), (Ok(()), 2));
}

#[test]
fn a_stale_read_is_bad() {
    let mut histories = one_append();
    histories.asked(1, ReadId::new(8));
    histories.ready(1, read(8));
    assert_eq!(law(histories.judge(&Commits::default())), LAW);
}

#[test]
fn a_read_that_nobody_hears_of_is_not_judged() {
    let mut histories = one_append();
    histories.asked(1, ReadId::new(8));
    histories.crashed(1);
    histories.ready(1, read(8));
    assert_eq!(histories.judge(&Commits::default()), Ok(()));
}

#[test]
fn state_machines_that_differ_are_bad() {
    let mut histories = one_append();
    assert_eq!(law(histories.applied(1, &run(1, 1, &[8]))), SAME);
    let mut histories = one_append();
    histories.restarted(1, 1);
    histories.asked(1, ReadId::new(8));
    histories.ready(1, read(8));
    assert_eq!(histories.judge(&Commits::default()), Ok(()), "it started with what it had");
}
