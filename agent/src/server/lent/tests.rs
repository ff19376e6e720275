use std::{
    io::Write,
    net::{Shutdown, TcpListener, TcpStream},
    thread,
};

use transport::completion;

use super::{
    super::tests::{batch, frame, hear, node, soon},
    *,
};
use crate::{
    Node,
    protocol::{Appended, Response},
};

const HANG: Duration = Duration::from_secs(60);

impl Lending {
    pub(crate) fn is_lent(&self) -> bool {
        self.state().lent
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state().over
    }

    pub(crate) fn served(&self) -> u64 {
        self.state().served
    }
}

/// A lent connection whose loop is the test.
struct Bed {
    node: Node,
    lending: Arc<Lending>,
    answers: Arc<Answers>,
    client: TcpStream,
}

impl Bed {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let client = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        client.set_read_timeout(Some(HANG)).expect("not zero");
        let (stream, _) = listener.accept().expect("it has dialled");
        Self { node: node(false), lending: Arc::default(), answers: Answers::new(stream, 4), client }
    }

    fn lent(&self) -> Lent {
        self.lending.lent(self.node.handle(), &self.answers)
    }

    /// Sends these bytes, and waits until they can be read at once.
    fn say(&self, bytes: &[u8]) {
        (&self.client).write_all(bytes).expect("they fit the socket's buffer");
        soon("arrival", || (self.unread() == bytes.len()).then_some(()));
    }

    fn unread(&self) -> usize {
        let mut buffer = vec![0; 64 << 10];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        recv(&*self.answers, &mut buffer[..], flags).map_or(0, |(received, _)| received)
    }

    /// What the reader gets for these bytes, if the loop does not keep the connection.
    fn given_back(&self, bytes: &[u8]) -> Vec<u8> {
        let mut lent = self.lent();
        self.say(bytes);
        assert!(matches!(lent.take(), Inflow::End), "{} bytes are not for the loop", bytes.len());
        assert_eq!(self.unread(), 0);
        assert!(self.lending.is_lent(), "as long as the loop watches it");
        drop(lent);
        let back = self.lending.wait(HANG).expect("given back");
        assert_eq!(back.served, 0);
        back.unused
    }
}

fn append(id: u64) -> Vec<u8> {
    frame(id, &Request::Append(batch(1, id, b"a line")))
}

#[test]
fn one_whole_request_is_the_loop_s() {
    let bed = Bed::new();
    let mut lent = bed.lent();
    for id in 1..=3 {
        bed.say(&append(id));
        let Inflow::Command(command) = lent.take() else { panic!("a command") };
        assert_eq!(bed.lending.served(), id);
        // The loop lets go of it: that is an answer, too, and sent at once.
        drop(command);
        let (answered, response) = hear(&bed.client).expect("an answer");
        assert!(answered == id && matches!(response, Response::Refused(_)), "{response:?}");
        assert!(matches!(lent.take(), Inflow::Nothing));
    }
    drop(lent);
    let back = bed.lending.wait(HANG).expect("given back");
    assert_eq!((back.served, back.unused), (3, vec![]));
}

#[test]
fn anything_else_is_given_back_with_its_bytes() {
    let bed = Bed::new();
    let one = append(1);
    for end in 1..one.len() {
        assert_eq!(bed.given_back(&one[..end]), &one[..end]);
    }
    let two = [append(1), append(2)].concat();
    for end in one.len() + 1..=two.len() {
        assert_eq!(bed.given_back(&two[..end]), &two[..end]);
    }
    for request in [Request::Status, Request::List { from: 1, bytes_max: 1 }] {
        assert_eq!(bed.given_back(&frame(1, &request)), frame(1, &request));
    }
    for damaged in 0..one.len() {
        let mut bytes = one.clone();
        bytes[damaged] ^= 0x10;
        assert_eq!(bed.given_back(&bytes), bytes);
    }
    // The end of the stream.
    bed.client.shutdown(Shutdown::Write).expect("it is open");
    let mut lent = bed.lent();
    soon("end", || matches!(lent.take(), Inflow::End).then_some(()));
}

#[test]
fn a_request_is_small_if_it_leaves_room_in_the_buffer() {
    let bed = Bed::new();
    let of = |bytes: usize| {
        let header = frame(1, &Request::Append(batch(1, 1, b""))).len();
        frame(1, &Request::Append(batch(1, 1, &vec![b'x'; bytes - header])))
    };
    assert_eq!(bed.given_back(&of(LENT_BYTES_MAX)).len(), LENT_BYTES_MAX);
    let mut lent = bed.lent();
    bed.say(&of(LENT_BYTES_MAX - 1));
    assert!(matches!(lent.take(), Inflow::Command(_)));
}

#[test]
fn a_request_behind_an_unanswered_one_is_not_the_loop_s() {
    let bed = Bed::new();
    let (done, answer) = completion();
    assert_eq!(bed.answers.push(1, Answer::Append(answer)), super::super::answers::Pushed::Alone);
    assert_eq!(bed.given_back(&append(2)), append(2));
    done.complete(Ok(Appended { last_sequence: 1, index: 1 }));
    let mut lent = bed.lent();
    bed.say(&append(2));
    let Inflow::Command(_unanswered) = lent.take() else { panic!("a command") };
    bed.say(&append(3));
    assert!(matches!(lent.take(), Inflow::End), "one at a time");
    drop(lent);
    assert_eq!(bed.lending.wait(HANG).expect("given back").unused, append(3));
}

#[test]
fn who_ends_a_connection_does_not_wait_for_the_loop() {
    let bed = Bed::new();
    // The loop stands still: nobody takes.
    let mut lent = bed.lent();
    thread::scope(|scope| {
        let reader = scope.spawn(|| bed.lending.wait(HANG).is_none());
        bed.lending.end();
        assert!(reader.join().expect("it does not panic"));
    });
    bed.say(&append(1));
    assert!(matches!(lent.take(), Inflow::End));
    assert_eq!(bed.unread(), append(1).len(), "the loop keeps its hands off it");
    drop(lent);
    let _again = bed.lent();
    assert!(bed.lending.wait(HANG).is_none(), "over is over");
}

#[test]
fn a_silent_client_loses_its_connection_and_each_request_breaks_the_silence() {
    let bed = Bed::new();
    let mut lent = bed.lent();
    let long_ago = now();
    bed.lending.state().heard = Some(long_ago);
    bed.say(&append(1));
    let Inflow::Command(_unanswered) = lent.take() else { panic!("a command") };
    assert!(bed.lending.state().heard > Some(long_ago));
    assert!(bed.lending.wait(Duration::from_millis(1)).is_none(), "nobody asks any more");
    bed.say(&append(2));
    assert!(matches!(lent.take(), Inflow::End));
    assert_eq!(bed.unread(), append(2).len(), "the loop keeps its hands off it");
}

#[test]
fn a_loop_that_ends_gives_back() {
    let bed = Bed::new();
    assert!(bed.node.handle().clone().status().is_ok());
    let lending = &bed.lending;
    thread::scope(|scope| {
        let reader = scope.spawn(|| lending.lend(bed.node.handle(), &bed.answers, HANG).is_some());
        soon("loan", || lending.is_lent().then_some(()));
        bed.node.handle().shutdown();
        assert!(reader.join().expect("it does not panic"));
        // And one that has ended takes nothing.
        assert!(lending.lend(bed.node.handle(), &bed.answers, HANG).is_some());
    });
}

#[test]
fn a_connection_is_lent_after_16_requests_alone_and_after_twice_as_many_if_that_was_vain() {
    let needed = |quiet: &mut Quiet| (1..1_000_000).find(|_| quiet.asked(true)).expect("at last");
    let mut quiet = Quiet::new();
    for _ in 0..15 {
        assert!(!quiet.asked(true));
    }
    assert!(!quiet.asked(false));
    assert_eq!(needed(&mut quiet), 16);
    quiet.given_back(15);
    assert_eq!(needed(&mut quiet), 32);
    quiet.given_back(31);
    assert_eq!(needed(&mut quiet), 64);
    quiet.given_back(64);
    assert_eq!(needed(&mut quiet), 16, "it was worth it");
    for _ in 0..20 {
        quiet.given_back(0);
    }
    assert_eq!(needed(&mut quiet), 16 << 10);
}
