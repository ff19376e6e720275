use alloc::{vec, vec::Vec};

use crate::{Event, Index, ReadId, Round, reads::Reads};

fn drain(reads: &mut Reads, applied: u64) -> Vec<(bool, u64, u64)> {
    let mut told = vec![];
    while let Some(event) = reads.poll(Index::new(applied)) {
        if let Event::ReadReady { first, last, .. } = event {
            told.push((true, first.get(), last.get()));
        } else if let Event::ReadsLost { first, last } = event {
            told.push((false, first.get(), last.get()));
        }
    }
    told
}

fn ask(reads: &mut Reads, index: u64) -> bool {
    reads.ask(Index::new(index)).1
}

#[test]
fn ids_ascend_and_questions_are_shared_until_sent() {
    let mut reads = Reads::default();
    assert_eq!(reads.ask(Index::new(3)), (ReadId::new(1), true));
    assert_eq!(reads.ask(Index::new(4)), (ReadId::new(2), false));
    assert_eq!((reads.round(), reads.open()), (Round::new(1), 2));
    reads.sent();
    assert_eq!(reads.ask(Index::new(4)), (ReadId::new(3), true));
    assert_eq!(reads.round(), Round::new(2));
    reads.confirm(Round::new(1));
    assert_eq!(drain(&mut reads, 3), [], "the later of the two needs index 4");
    assert_eq!(drain(&mut reads, 4), [(true, 1, 2)]);
    assert_eq!(reads.open(), 1);
    reads.confirm(Round::new(1));
    assert_eq!(drain(&mut reads, 9), []);
    reads.confirm(Round::new(9));
    assert_eq!(drain(&mut reads, 9), [(true, 3, 3)]);
    assert_eq!(reads.open(), 0);
}

#[test]
fn read_that_follows_a_confirmed_question_asks_anew() {
    let mut reads = Reads::default();
    assert!(ask(&mut reads, 1));
    reads.confirm(Round::new(1)); // a group of one is its own majority
    assert!(ask(&mut reads, 1), "the first question is answered and says nothing of later reads");
}

#[test]
fn unconfirmed_reads_are_lost_and_confirmed_ones_are_not() {
    let mut reads = Reads::default();
    ask(&mut reads, 5);
    reads.sent();
    ask(&mut reads, 6);
    reads.confirm(Round::new(1));
    reads.lose(Index::new(5));
    assert_eq!(reads.open(), 2);
    assert_eq!(drain(&mut reads, 0), [(false, 2, 2)]);
    assert_eq!(drain(&mut reads, 5), [(true, 1, 1)]);
    assert_eq!(reads.open(), 0);
    assert!(ask(&mut reads, 7), "rounds go on");
    assert_eq!(reads.round(), Round::new(3));
}

#[test]
fn confirmed_read_of_what_may_never_be_committed_is_lost() {
    let mut reads = Reads::default();
    ask(&mut reads, 4);
    reads.sent();
    ask(&mut reads, 9);
    reads.sent();
    ask(&mut reads, 9);
    reads.confirm(Round::new(2));
    reads.lose(Index::new(8));
    assert_eq!(drain(&mut reads, 0), [(false, 2, 2), (false, 3, 3)]);
    assert_eq!(drain(&mut reads, 8), [(true, 1, 1)]);
    assert_eq!(reads.open(), 0);
}
