use super::{CausalBuffer, Header, Receipt};
use crate::{ClockError, Dot, VersionVector};

fn header<const N: usize>(entries: [(u64, u64); N]) -> Header {
    Header(VersionVector::from(entries))
}

#[test]
fn a_busy_sender_does_not_starve_the_others() {
    let mut buffer = CausalBuffer::new(1, [1, 2, 3]);
    for n in 1..=3 {
        buffer.receive(&2, header([(2, n)]), 'b').expect("room");
    }
    buffer.receive(&3, header([(3, 1)]), 'c').expect("room");
    assert_eq!(buffer.poll_deliver(), Dot::new(2, 1).map(|dot| (dot, 'b')));
    assert_eq!(buffer.poll_deliver(), Dot::new(3, 1).map(|dot| (dot, 'c')), "in turn");
    assert_eq!(buffer.poll_deliver(), Dot::new(2, 2).map(|dot| (dot, 'b')));
}

#[test]
fn duplicates_are_told_whether_held_delivered_or_our_own() {
    let mut buffer = CausalBuffer::new(1, [1, 2]);
    assert_eq!(buffer.receive(&2, header([(2, 1)]), ()), Ok(Receipt::Kept));
    assert_eq!(buffer.receive(&2, header([(2, 1)]), ()), Ok(Receipt::Duplicate));
    buffer.poll_deliver().expect("nothing is missing");
    assert_eq!(buffer.receive(&2, header([(2, 1)]), ()), Ok(Receipt::Duplicate));
    let own = buffer.broadcast().expect("the first");
    assert_eq!(own, header([(1, 1), (2, 1)]));
    assert_eq!(buffer.receive(&1, own, ()), Ok(Receipt::Duplicate));
    assert_eq!(buffer.held(), 0);
}

#[test]
fn a_message_of_ours_that_we_have_not_sent_is_noticed() {
    let mut buffer = CausalBuffer::new(1, [1, 2]);
    let error = Err(ClockError::OwnIdFromFuture { claimed: 1, issued: 0 });
    assert_eq!(buffer.receive(&1, header([(1, 1)]), ()), error);
    assert_eq!(buffer.receive(&2, header([(1, 1), (2, 1)]), ()), error);
}

#[test]
fn a_new_group_begins_at_what_was_delivered() {
    let mut buffer = CausalBuffer::new(1, [1, 2, 3]);
    buffer.receive(&3, header([(3, 1)]), ()).expect("room");
    buffer.poll_deliver().expect("nothing is missing");
    let mut next = CausalBuffer::resume(1, [1, 2], buffer.delivered().clone());
    assert_eq!(next.receive(&2, header([(2, 1), (3, 1)]), ()), Ok(Receipt::Kept), "who has left is known");
    assert_eq!(next.receive(&2, header([(2, 2), (3, 2)]), ()), Err(ClockError::UnknownMember));
    assert!(next.poll_deliver().is_some());
}

#[test]
fn our_own_last_message_is_the_end() {
    let all = VersionVector::from([(1, u64::MAX)]);
    let mut buffer = CausalBuffer::<u64, ()>::resume(1, [1, 2], all.clone());
    assert_eq!(buffer.broadcast(), Err(ClockError::Exhausted { last: u64::MAX }));
    assert_eq!(buffer.delivered(), &all);
}
