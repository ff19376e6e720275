use raft_core::{LogPos, Message, Outcome, Round, SessionId};

use super::{
    super::testing::{N1, N2, disk, i, law, run, t, unsynced},
    ACK, APPLIED, EQUAL, TERM, applied, sent,
};

fn accepted(term: u64, matched: u64) -> Message {
    let outcome = Outcome::Accepted { matched: i(matched) };
    Message::AppendReply { term: t(term), session: SessionId::new(1), round: Round::ZERO, outcome }
}

#[test]
fn an_acknowledgement_needs_its_entries_on_disk() {
    let (runs, leader) = ([run(1, 1, &[1, 2])], disk(&[run(1, 1, &[1, 2, 3])]));
    assert_eq!(sent(N2, &accepted(1, 2), &disk(&runs), &leader, Some(t(1))), Ok(()));
    assert_eq!(law(sent(N2, &accepted(1, 3), &disk(&runs), &leader, Some(t(1)))), ACK);
    let cached = unsynced(&runs);
    assert_eq!(law(sent(N2, &accepted(0, 2), &cached, &leader, Some(t(1)))), ACK);
}

#[test]
fn an_acknowledgement_means_the_leaders_entries() {
    let (own, leader) = (disk(&[run(1, 1, &[1, 2])]), disk(&[run(1, 1, &[1]), run(2, 2, &[9])]));
    let reply = accepted(1, 2);
    assert_eq!(law(sent(N2, &reply, &own, &leader, Some(t(1)))), EQUAL);
    assert_eq!(sent(N2, &reply, &own, &leader, Some(t(2))), Ok(()), "meant for a leader that is no more");
}

#[test]
fn a_promise_needs_its_term_on_disk() {
    let (own, other) = (disk(&[run(1, 1, &[1])]), disk(&[]));
    let vote = Message::Vote { term: t(2), last: LogPos::ZERO, transfer: false };
    let granted = |granted| Message::VoteReply { term: t(2), granted };
    assert_eq!(law(sent(N1, &vote, &own, &other, None)), TERM);
    assert_eq!(law(sent(N1, &granted(true), &own, &other, None)), TERM);
    assert_eq!(law(sent(N1, &accepted(2, 1), &own, &other, None)), TERM);
    assert_eq!(sent(N1, &granted(false), &own, &other, None), Ok(()), "a refusal promises nothing");
    assert_eq!(sent(N1, &accepted(1, 1), &own, &other, None), Ok(()));
}

#[test]
fn what_is_applied_is_durable_here() {
    let runs = [run(1, 1, &[1, 2])];
    assert_eq!(applied(N1, &runs[0], disk(&runs).durable()), Ok(()));
    assert_eq!(law(applied(N1, &runs[0], unsynced(&runs).durable())), APPLIED);
}
