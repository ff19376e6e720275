//! A session against nodes that this test plays: what they refuse, and what they hear then.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use super::*;
use crate::protocol::{Appended, GREETING_BYTES, Greeting, LeaderHint, read_frame, write_frame};

/// What the played node does with one append.
enum Reply {
    Take,
    Refuse(Refusal),
    HangUp,
    /// Says nothing, until the client goes.
    Silence,
}

/// Every batch heard, as first and last sequence.
type Heard = Arc<Mutex<Vec<(u64, u64)>>>;

/// Plays a node: answers the k-th append it hears, over all connections, with `reply(k, first_sequence)`.
fn play(mut reply: impl FnMut(usize, u64) -> Reply + Send + 'static) -> (SocketAddr, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let heard = Heard::default();
    let log = heard.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut greeting = [0; GREETING_BYTES];
            if stream.read_exact(&mut greeting).is_err() || stream.write_all(&Greeting::OWN.encode()).is_err()
            {
                continue;
            }
            let mut content = Vec::new();
            while let Ok(Some(frame)) = read_frame(&mut stream) {
                let Ok((id, Request::Append(batch))) = Request::decode(frame) else { break };
                let count = {
                    let mut log = log.lock().expect("nobody panics with it");
                    log.push((batch.first_sequence(), batch.last_sequence()));
                    log.len() - 1
                };
                let response = match reply(count, batch.first_sequence()) {
                    Reply::Take => {
                        Response::Appended(Appended { last_sequence: batch.last_sequence(), index: 1 })
                    }
                    Reply::Refuse(refusal) => Response::Refused(refusal),
                    Reply::HangUp => break,
                    Reply::Silence => continue,
                };
                response.encode(id, &mut content);
                if write_frame(&mut stream, &content).is_err() {
                    break;
                }
            }
        }
    });
    (address, heard)
}

fn config(addresses: &[SocketAddr]) -> AppenderConfig {
    AppenderConfig::new(addresses.iter().copied())
        .with_batch_lines_max(2)
        .with_patience(Duration::from_secs(60))
}

fn push(appender: &mut Appender, lines: u64) {
    for line in 0..lines {
        appender.push(line.to_string().as_bytes()).expect("the session lives");
    }
}

/// Whether the batches heard, read in order, begin anew only at or before what is next, and reach `last`: then lines
/// are never skipped, whatever was sent again.
fn never_skips(heard: &Heard, last: u64) -> bool {
    let mut next = 1;
    for (first, end) in heard.lock().expect("nobody panics with it").iter() {
        if *first > next {
            return false;
        }
        next = next.max(end + 1);
    }
    next == last + 1
}

#[test]
fn lines_arrive_in_order_and_every_one_is_acknowledged_once() {
    let (address, heard) = play(|_, _| Reply::Take);
    let mut appender = Appender::new(config(&[address])).expect("there is randomness");
    push(&mut appender, 101);
    appender.flush().expect("the node takes everything");
    assert_eq!(appender.acknowledged(), 101);
    let mut next = 1;
    for ack in appender.acks() {
        assert_eq!((ack.first_sequence, ack.address, ack.link), (next, address, 1));
        next = ack.last_sequence + 1;
    }
    assert_eq!(next, 102);
    assert!(never_skips(&heard, 101));
}

#[test]
fn a_refusal_points_to_the_leader_and_nothing_else_is_sent_before_it_has_proven_itself() {
    let (leader, heard_by_leader) = play(|_, _| Reply::Take);
    let hint = LeaderHint { id: machine_core::NodeId::of(2), client_address: Some(leader) };
    let (follower, heard_by_follower) =
        play(move |_, _| Reply::Refuse(Refusal::NotLeader { leader: Some(hint) }));
    let mut appender = Appender::new(config(&[follower])).expect("there is randomness");
    push(&mut appender, 20);
    appender.flush().expect("the leader takes everything");
    assert_eq!(*heard_by_follower.lock().expect("nobody panics with it"), [(1, 1)]);
    assert!(never_skips(&heard_by_leader, 20));
}

#[test]
fn after_a_fail_over_everything_unanswered_is_sent_again_in_order() {
    // The first node takes three batches and hangs up on the fourth; some more may have been on their way.
    let (first, heard_by_first) = play(|count, _| if count < 3 { Reply::Take } else { Reply::HangUp });
    let (second, heard_by_second) = play(|_, _| Reply::Take);
    let mut appender = Appender::new(config(&[first, second])).expect("there is randomness");
    push(&mut appender, 200);
    appender.flush().expect("one of them takes everything");
    assert_eq!(appender.acknowledged(), 200);
    // Of its three answers some may have been lost with the connection: then their lines are sent again, which the
    // nodes recognise. None may be left out.
    let mut both = heard_by_first.lock().expect("nobody panics with it")[..3].to_vec();
    both.extend_from_slice(&heard_by_second.lock().expect("nobody panics with it"));
    assert!(never_skips(&Heard::new(Mutex::new(both.clone())), 200), "{both:?}");
    assert!(appender.links() >= 2);
}

#[test]
fn whatever_is_full_or_superseded_is_sent_again_whole() {
    for refusal in [Refusal::Full, Refusal::Superseded, Refusal::NoQuorum] {
        let refused = refusal.clone();
        let (address, heard) =
            play(move |count, _| if count % 3 == 2 { Reply::Refuse(refused.clone()) } else { Reply::Take });
        let mut appender = Appender::new(config(&[address])).expect("there is randomness");
        push(&mut appender, 30);
        appender.flush().expect("the node takes everything in the end");
        assert!(never_skips(&heard, 30), "{refusal}: {heard:?}");
    }
}

#[test]
fn a_gap_after_a_refusal_is_mended_and_a_gap_before_the_oldest_line_ends_the_session() {
    let (address, heard) = play(|count, first| match count {
        1 => Reply::Refuse(Refusal::Gap { expected: first }),
        _ => Reply::Take,
    });
    let mut appender = Appender::new(config(&[address])).expect("there is randomness");
    push(&mut appender, 9);
    appender.flush().expect("the gap was none of the oldest line's");
    assert!(never_skips(&heard, 9));

    let (forgetful, _) =
        play(|count, _| if count < 2 { Reply::Take } else { Reply::Refuse(Refusal::Gap { expected: 1 }) });
    let mut appender = Appender::new(config(&[forgetful])).expect("there is randomness");
    let outcome = (0..9).try_for_each(|_| appender.push(b"x")).and_then(|()| appender.flush());
    assert!(matches!(outcome, Err(ClientError::SessionLost { expected: 1, .. })), "{outcome:?}");
}

#[test]
fn silence_is_uncertain_and_a_refusal_to_the_end_says_why() {
    let (silent, _) = play(|_, _| Reply::Silence);
    let short = |address| {
        config(&[address])
            .with_answer_timeout(Duration::from_millis(50))
            .with_patience(Duration::from_millis(200))
    };
    let mut appender = Appender::new(short(silent)).expect("there is randomness");
    appender.push(b"x").expect("it is sent");
    let error = appender.flush().expect_err("nobody answers");
    assert!(matches!(error, ClientError::Uncertain { acknowledged: 0, unanswered: 1, .. }), "{error}");

    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let mut appender = Appender::new(short(nobody)).expect("there is randomness");
    let outcome = appender.push(b"x").and_then(|()| appender.flush());
    assert!(matches!(outcome, Err(ClientError::GaveUp { acknowledged: 0, last: Some(_) })), "{outcome:?}");
}

#[test]
fn a_line_that_can_never_be_sent_is_refused_at_once_and_the_session_goes_on() {
    let (address, heard) = play(|_, _| Reply::Take);
    let mut appender = Appender::new(config(&[address])).expect("there is randomness");
    let error = appender.push(&vec![0; LINE_BYTES_MAX + 1]).expect_err("too long");
    assert!(matches!(error, ClientError::Invalid(ProtocolError::LineTooLong { .. })), "{error}");
    for _ in 0..5 {
        appender.push(&vec![b'x'; LINE_BYTES_MAX]).expect("the longest line is fine");
    }
    appender.flush().expect("the node takes everything");
    assert!(never_skips(&heard, 5));
}
