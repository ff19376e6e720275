use std::{
    io::BufReader,
    net::{TcpListener, TcpStream},
    thread,
};

use bytes::Bytes;
use transport::{Completer, completion};

use super::*;
use crate::protocol::{ListedEntry, read_frame};

const HANG: Duration = Duration::from_secs(60);

type Done<T> = Completer<Result<T, Refusal>>;

/// The node's end and the client's.
fn connection(len_max: usize) -> (Arc<Answers>, BufReader<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let client = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
    client.set_read_timeout(Some(HANG)).expect("not zero");
    let (node, _) = listener.accept().expect("it has dialled");
    (Answers::new(node, len_max), BufReader::new(client))
}

/// The reader of the connection: gone when the test is over, however that ends, or else the writer would wait for it for ever.
struct Leaving<'a>(&'a Answers);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

fn ask(answers: &Arc<Answers>, id: RequestId) -> Done<Appended> {
    let (done, completion) = completion();
    assert_ne!(answers.push(id, Answer::Append(completion)), Pushed::Failed);
    done
}

fn answer(done: Done<Appended>, index: u64) {
    done.complete(Ok(Appended { last_sequence: index, index }));
}

fn next(client: &mut BufReader<TcpStream>) -> Option<(RequestId, Response)> {
    let content = read_frame(client).expect("a whole frame")?;
    Some(Response::decode(content).expect("a response"))
}

fn appended(client: &mut BufReader<TcpStream>) -> (RequestId, u64) {
    match next(client) {
        Some((id, Response::Appended(Appended { index, .. }))) => (id, index),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lone_answer_is_sent_by_whoever_completes_it() {
    let (answers, mut client) = connection(10);
    for id in 1..=3 {
        // There is no writer.
        answer(ask(&answers, id), id * 10);
        assert_eq!(appended(&mut client), (id, id * 10));
    }
}

#[test]
fn a_request_is_alone_if_all_before_it_are_answered_and_sent() {
    let (answers, mut client) = connection(10);
    let pushed = |id| {
        let (done, completion) = completion();
        (answers.push(id, Answer::Append(completion)), done)
    };
    let (pushed_first, first) = pushed(1);
    answer(first, 10);
    assert_eq!(appended(&mut client), (1, 10));
    let (pushed_second, second) = pushed(2);
    let (pushed_third, _third) = pushed(3);
    answer(second, 20);
    let (pushed_fourth, _fourth) = pushed(4);
    assert_eq!([pushed_first, pushed_second], [Pushed::Alone; 2]);
    assert_eq!([pushed_third, pushed_fourth], [Pushed::Behind; 2], "nobody has sent what was answered");
}

#[test]
fn answers_keep_the_order_of_the_requests() {
    for reversed in [false, true] {
        let (answers, mut client) = connection(10);
        thread::scope(|scope| {
            let writer = scope.spawn(|| answers.write(HANG));
            let left = Leaving(&answers);
            let mut asked: Vec<_> = (1..=9).map(|id| (id, ask(&answers, id))).collect();
            if reversed {
                asked.reverse();
            }
            for (id, done) in asked {
                answer(done, id);
            }
            for id in 1..=9 {
                assert_eq!(appended(&mut client), (id, id));
            }
            drop(left);
            assert!(writer.join().expect("it does not panic").is_ok());
        });
    }
}

#[test]
fn threads_that_complete_at_once_lose_nothing() {
    // One: each answer makes the room that the next request waits for.
    for len_max in [1, 2, 5] {
        complete_at_once(len_max, 2000);
    }
}

fn complete_at_once(len_max: usize, count: u64) {
    let (answers, mut client) = connection(len_max);
    thread::scope(|scope| {
        let writer = scope.spawn(|| answers.write(HANG));
        let left = Leaving(&answers);
        let (even, odd) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
        for asked in [even.1, odd.1] {
            scope.spawn(move || asked.into_iter().for_each(|(id, done)| answer(done, id)));
        }
        let reader = scope.spawn(move || {
            for id in 1..=count {
                assert_eq!(appended(&mut client), (id, id));
            }
        });
        for id in 1..=count {
            let to = if id % 2 == 0 { &even.0 } else { &odd.0 };
            to.send((id, ask(&answers, id))).expect("it listens");
        }
        drop((even.0, odd.0));
        reader.join().expect("all answers, in order");
        drop(left);
        assert!(writer.join().expect("it does not panic").is_ok());
    });
}

#[test]
fn completing_never_blocks_on_a_client_that_does_not_read() {
    let (answers, mut client) = connection(10);
    // One by one, until the sockets hold no more: nobody reads, and there is no writer yet.
    let handed_over = (1..1_000_000).find(|id| {
        answer(ask(&answers, *id), *id);
        answers.state().writing
    });
    let last = handed_over.expect("sockets are bounded") + 5;
    let behind: Vec<_> = (last - 4..=last).map(|id| (id, ask(&answers, id))).collect();
    thread::scope(|scope| {
        let writer = scope.spawn(|| answers.write(HANG));
        let left = Leaving(&answers);
        for (id, done) in behind {
            answer(done, id);
        }
        for id in 1..=last {
            assert_eq!(appended(&mut client), (id, id));
        }
        drop(left);
        assert!(writer.join().expect("it does not panic").is_ok());
    });
}

#[test]
fn a_long_answer_is_the_writer_s() {
    let (answers, mut client) = connection(1);
    let (done, completion) = completion();
    assert_eq!(answers.push(1, Answer::List(completion)), Pushed::Alone);
    let entries = vec![ListedEntry { index: 1, payload: Bytes::from(vec![b'x'; 500_000]) }];
    let chunk = Chunk { next: 1, applied: 1, entries };
    done.complete(Ok(chunk.clone()));
    assert!(answers.state().writing, "handed over");
    thread::scope(|scope| {
        let writer = scope.spawn(|| answers.write(HANG));
        let left = Leaving(&answers);
        assert_eq!(next(&mut client), Some((1, Response::Entries(chunk))));
        drop(left);
        assert!(writer.join().expect("it does not panic").is_ok());
    });
}

#[test]
fn a_full_queue_waits_for_room() {
    let (answers, mut client) = connection(2);
    thread::scope(|scope| {
        let writer = scope.spawn(|| answers.write(HANG));
        let left = Leaving(&answers);
        let (first, second) = (ask(&answers, 1), ask(&answers, 2));
        let third = scope.spawn(|| ask(&answers, 3));
        thread::yield_now();
        assert!(!third.is_finished());
        answer(first, 1);
        answer(third.join().expect("it does not panic"), 3);
        assert_eq!(appended(&mut client), (1, 1));
        answer(second, 2);
        assert_eq!(appended(&mut client), (2, 2));
        assert_eq!(appended(&mut client), (3, 3));
        drop(left);
        assert!(writer.join().expect("it does not panic").is_ok());
    });
}

#[test]
fn what_is_there_already_goes_out_and_what_is_abandoned_is_refused() {
    let (answers, mut client) = connection(10);
    thread::scope(|scope| {
        let writer = scope.spawn(|| answers.write(HANG));
        let left = Leaving(&answers);
        assert_eq!(answers.push(1, Answer::Now(Response::Refused(Refusal::Full))), Pushed::Alone);
        assert_eq!(next(&mut client), Some((1, Response::Refused(Refusal::Full))));
        drop(ask(&answers, 2));
        let (id, refused) = next(&mut client).expect("an answer");
        assert!(id == 2 && matches!(refused, Response::Refused(Refusal::Stopping { .. })), "{refused:?}");
        drop(left);
        assert!(writer.join().expect("it does not panic").is_ok());
    });
}

#[test]
fn after_the_reader_has_left_the_writer_waits_for_so_long_and_no_longer() {
    let (answers, mut client) = connection(10);
    let (done, never) = (ask(&answers, 1), ask(&answers, 2));
    answers.leave();
    thread::scope(|scope| {
        let writer = scope.spawn(|| answers.write(Duration::from_millis(1)));
        assert!(writer.join().expect("it does not panic").is_ok(), "it does not wait for ever");
    });
    // Whoever answers now finds nobody, and nothing happens.
    answer(done, 1);
    answer(never, 2);
    drop(answers);
    assert_eq!(next(&mut client), None);
}

#[test]
fn a_broken_connection_takes_no_more_answers() {
    let (answers, client) = connection(1);
    drop(client);
    let mut id = 0;
    // The first is lost on the way; whoever sends after that is told.
    let refused = loop {
        id += 1;
        let (done, completion) = completion();
        if answers.push(id, Answer::Append(completion)) == Pushed::Failed {
            break id;
        }
        answer(done, id);
        assert!(id < 10_000, "nobody noticed");
        thread::yield_now();
    };
    assert!(refused > 1);
}

#[test]
fn while_the_writer_writes_nobody_else_touches_the_socket() {
    const ROUNDS: u64 = 100;
    let (answers, mut client) = connection(10);
    thread::scope(|scope| {
        let writer = scope.spawn(|| answers.write(HANG));
        let left = Leaving(&answers);
        let reader = scope.spawn(move || {
            for id in (1..=3 * ROUNDS).step_by(3) {
                assert_eq!(appended(&mut client), (id, id));
                assert!(matches!(next(&mut client), Some((large, Response::Entries(_))) if large == id + 1));
                assert_eq!(appended(&mut client), (id + 2, id + 2));
            }
        });
        for id in (1..=3 * ROUNDS).step_by(3) {
            let entries = vec![ListedEntry { index: 1, payload: Bytes::from(vec![b'x'; 500_000]) }];
            let large = Answer::Now(Response::Entries(Chunk { next: 1, applied: 1, entries }));
            let first = ask(&answers, id);
            assert_eq!(answers.push(id + 1, large), Pushed::Behind);
            let last = ask(&answers, id + 2);
            answer(first, id);
            // The writer has the first two, and has looked for the last: it is alone when it comes.
            while answers.state().waiting.len() > 1 {
                thread::yield_now();
            }
            answer(last, id + 2);
        }
        reader.join().expect("all answers, whole and in order");
        drop(left);
        assert!(writer.join().expect("it does not panic").is_ok());
    });
}
