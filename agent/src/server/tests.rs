use std::{
    io::{Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    time::Duration,
};

use storage::MemoryDisk;
use transport::{Inflow, Inlet};

use super::*;
use crate::{
    ClientId, ClusterId, Node, NodeConfig, NodeId,
    node::Command,
    protocol::{Appended, Batch, Greeting, Refusal, Request, RequestId, Response, read_frame, write_frame},
    wall::now,
};

const HANG: Duration = Duration::from_secs(60);

/// A node alone, which leads itself; or one that never finds a majority.
pub(super) fn node(alone: bool) -> Node {
    let peers = if alone { "1=127.0.0.1:0" } else { "1=127.0.0.1:0,2=127.0.0.1:1,3=127.0.0.1:2" };
    let config = NodeConfig::new(
        NodeId::of(1),
        ClusterId::new(1),
        peers.parse().expect("a list of nodes"),
        "in memory",
    )
    .with_election_timeout(Duration::from_millis(10), Duration::from_millis(20))
    .with_heartbeat_interval(Duration::from_millis(2));
    let node = Node::start_on(config, MemoryDisk::new(), |_| {}).expect("a free port, and an empty disk");
    if alone {
        soon("leader", || node.handle().append(&batch(7, 1, b"first")).wait().ok()?.ok());
    }
    node
}

/// Looks until there is a value.
pub(super) fn soon<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = now() + HANG;
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(now() < deadline, "no {what} within {HANG:?}");
        pause(Duration::from_millis(1));
    }
}

pub(super) fn batch(client: u64, sequence: u64, line: &[u8]) -> Batch {
    Batch::new(ClientId::new(client), sequence, [line]).expect("a short line")
}

pub(super) fn frame(id: RequestId, request: &Request) -> Vec<u8> {
    let (mut content, mut bytes) = (Vec::new(), Vec::new());
    request.encode(id, &mut content);
    write_frame(&mut bytes, &content).expect("a short frame into memory");
    bytes
}

pub(super) fn hear(mut stream: &TcpStream) -> Option<(RequestId, Response)> {
    let content = read_frame(&mut stream).expect("a whole frame")?;
    Some(Response::decode(content).expect("a response"))
}

fn serve(node: &Node, connections_max: usize) -> Server {
    let listener = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let limits = Limits { connections_max, ..Limits::default() };
    Server::start(listener, node.handle().clone(), limits).expect("a thread")
}

impl Server {
    /// Who reads the only connection there is.
    fn lending(&self) -> Arc<Lending> {
        soon("connection", || Some(self.shared.open().clients.values().next()?.lending.clone()))
    }

    fn await_no_connection(&self) {
        soon("end of all connections", || self.shared.open().clients.is_empty().then_some(()));
    }
}

struct Raw {
    stream: TcpStream,
    asked: RequestId,
    lines: u64,
}

impl Raw {
    fn open(server: &Server) -> Self {
        let mut stream = TcpStream::connect(server.local_address()).expect("it listens");
        stream.set_read_timeout(Some(HANG)).expect("not zero");
        stream.set_nodelay(true).expect("a socket");
        stream.write_all(&Greeting::OWN.encode()).expect("it is read");
        let mut greeting = [0; 8];
        stream.read_exact(&mut greeting).expect("a greeting");
        Self { stream, asked: 0, lines: 0 }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it is read");
    }

    /// The bytes of the next request.
    fn next(&mut self, request: &Request) -> Vec<u8> {
        self.asked += 1;
        frame(self.asked, request)
    }

    fn next_append(&mut self, bytes: usize) -> Vec<u8> {
        self.lines += 1;
        // No other connection has that port.
        let client = self.stream.local_addr().expect("it is connected").port();
        let request = Request::Append(batch(client.into(), self.lines, &vec![b'x'; bytes]));
        self.next(&request)
    }

    fn ask(&mut self, request: &Request) -> Response {
        let bytes = self.next(request);
        self.say(&bytes);
        self.answer(self.asked)
    }

    fn answer(&self, asked: RequestId) -> Response {
        let (id, response) = hear(&self.stream).expect("an answer");
        assert_eq!(id, asked, "{response:?}");
        response
    }

    fn append(&mut self) -> Response {
        let bytes = self.next_append(10);
        self.say(&bytes);
        self.answer(self.asked)
    }

    /// Asks one by one until the loop reads the connection, and has read so many requests.
    fn until_lent(&mut self, server: &Server, served: u64) -> Arc<Lending> {
        let lending = server.lending();
        let lent = (0..100_000).find(|_| {
            self.append();
            lending.is_lent() && lending.served() >= served
        });
        assert!(lent.is_some(), "a quiet connection is lent");
        lending
    }
}

#[test]
fn a_quiet_connection_is_read_by_the_loop_and_answered_as_ever() {
    let node = node(true);
    let server = serve(&node, 4);
    let mut client = Raw::open(&server);
    let lending = client.until_lent(&server, 1);
    let before = lending.served();
    for _ in 0..100 {
        assert!(matches!(client.append(), Response::Appended(Appended { .. })));
    }
    let Response::BarrierPassed { summary, .. } = client.ask(&Request::Barrier) else { panic!("a barrier") };
    assert_eq!(summary.count, 1 + client.lines);
    assert!(lending.is_lent());
    assert_eq!(lending.served(), before + 101);
}

#[test]
fn a_connection_of_which_a_request_is_read_and_not_asked_is_not_lent() {
    let node = node(true);
    let server = serve(&node, 4);
    // After some number of requests the first of two would be the one that makes the connection worth lending.
    for alone in 0..40 {
        let mut client = Raw::open(&server);
        for _ in 0..alone {
            client.append();
        }
        let two = [client.next_append(10), client.next_append(10)].concat();
        client.say(&two);
        client.answer(client.asked - 1);
        client.answer(client.asked);
        drop(client);
        server.await_no_connection();
    }
}

#[test]
fn what_is_not_one_small_request_goes_back_to_the_reader_and_is_answered() {
    type Say = fn(&mut Raw, &Lending);
    let cut: [Say; 8] = [
        |client, _| {
            assert!(matches!(client.ask(&Request::Status), Response::Status(_)));
        },
        |client, _| {
            let list = Request::List { from: 1, bytes_max: 1000 };
            assert!(matches!(client.ask(&list), Response::Entries(_)));
        },
        // Two at once, and three and a half.
        |client, _| {
            let bytes = [client.next_append(1), client.next_append(2)].concat();
            client.say(&bytes);
            client.answer(client.asked - 1);
            client.answer(client.asked);
        },
        |client, lending| {
            let bytes = (0..4).flat_map(|_| client.next_append(100)).collect::<Vec<_>>();
            client.say(&bytes[..450]);
            (1..=3).rev().for_each(|back| drop(client.answer(client.asked - back)));
            assert!(!lending.is_lent());
            client.say(&bytes[450..]);
            client.answer(client.asked);
        },
        // Cut: in the header, behind it, before the last byte, everywhere.
        |client, lending| in_two(client, lending, 3),
        |client, lending| in_two(client, lending, 8),
        |client, lending| in_two(client, lending, 40),
        |client, _| {
            for byte in client.next_append(30) {
                client.say(&[byte]);
            }
            client.answer(client.asked);
        },
    ];
    let node = node(true);
    let server = serve(&node, 4);
    let mut client = Raw::open(&server);
    for say in cut {
        let lending = client.until_lent(&server, 16);
        say(&mut client, &lending);
        assert!(!lending.is_lent(), "the privilege is to be earned again");
    }
    // Too long for the loop, by far and by a byte.
    for bytes in [60_000, 8 << 10] {
        client.until_lent(&server, 16);
        let bytes = client.next_append(bytes);
        client.say(&bytes);
        assert!(matches!(client.answer(client.asked), Response::Appended(_)));
    }
    let lines = node.handle().status().expect("it runs").summary.count;
    assert_eq!(lines, 1 + client.lines, "each line once");
}

fn in_two(client: &mut Raw, lending: &Lending, at: usize) {
    let bytes = client.next_append(20);
    client.say(&bytes[..at]);
    soon("return", || (!lending.is_lent()).then_some(()));
    client.say(&bytes[at..]);
    assert!(matches!(client.answer(client.asked), Response::Appended(_)));
}

#[test]
fn garbage_on_a_lent_connection_is_named_and_the_connection_closed() {
    let node = node(true);
    let server = serve(&node, 4);
    let damages: [fn(&mut Vec<u8>); 4] = [
        |frame| frame[4] ^= 1,
        |frame| frame[3] = 0xff,
        |frame| {
            let mut content = frame.split_off(8);
            content[0] = 99;
            frame.clear();
            write_frame(frame, &content).expect("a short frame into memory");
        },
        |frame| *frame = b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    for damage in damages {
        let mut client = Raw::open(&server);
        client.until_lent(&server, 1);
        let mut bytes = client.next_append(10);
        damage(&mut bytes);
        client.say(&bytes);
        let Some((0, Response::Refused(Refusal::Malformed { .. }))) = hear(&client.stream) else {
            panic!("it is named")
        };
        assert_eq!(hear(&client.stream), None);
        server.await_no_connection();
    }
}

#[test]
fn a_client_that_leaves_a_lent_connection_leaves_nothing_behind() {
    let node = node(true);
    let server = serve(&node, 4);
    let ends: [fn(&mut Raw); 3] = [
        |_| {},
        |client| {
            let bytes = client.next_append(10);
            client.say(&bytes[..11]);
        },
        // Its answer is never read, so that the connection is reset.
        |client| {
            let bytes = client.next_append(10);
            client.say(&bytes);
        },
    ];
    for end in ends {
        let mut client = Raw::open(&server);
        let lending = client.until_lent(&server, 1);
        end(&mut client);
        drop(client);
        server.await_no_connection();
        // The connection's own references are gone, and the loop's.
        soon("end of all that had it", || (Arc::strong_count(&lending) == 1).then_some(()));
    }
}

#[test]
fn a_server_that_is_dropped_closes_lent_connections_too() {
    let node = node(true);
    let server = serve(&node, 4);
    let mut client = Raw::open(&server);
    let lending = client.until_lent(&server, 1);
    drop(server);
    assert_eq!(hear(&client.stream), None);
    soon("end of all that had it", || (Arc::strong_count(&lending) == 1).then_some(()));
}

/// The loop stands still as long as a test holds `gate`.
struct Standstill {
    stream: UnixStream,
    stands: Arc<AtomicBool>,
    gate: Arc<Mutex<()>>,
}

impl Inlet<Command> for Standstill {
    fn take(&mut self) -> Inflow<Command> {
        self.stands.store(true, Ordering::SeqCst);
        drop(self.gate.lock());
        Inflow::End
    }
}

impl AsFd for Standstill {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[test]
fn a_server_that_is_dropped_does_not_wait_for_the_loop() {
    let node = node(true);
    let server = serve(&node, 4);
    let mut client = Raw::open(&server);
    let lending = client.until_lent(&server, 1);
    let (mut ours, stream) = UnixStream::pair().expect("a pair of sockets");
    let (stands, gate) = (Arc::<AtomicBool>::default(), Arc::<Mutex<()>>::default());
    node.handle().watch(Box::new(Standstill { stream, stands: stands.clone(), gate: gate.clone() }));
    let held = gate.lock().expect("nobody panics with it");
    ours.write_all(&[1]).expect("it is open");
    soon("standstill", || stands.load(Ordering::SeqCst).then_some(()));
    drop(server);
    assert!(lending.is_over(), "and not because the client was silent for so long");
    assert_eq!(hear(&client.stream), None);
    drop(held);
}

#[test]
fn a_node_that_stops_refuses_on_a_lent_connection() {
    let node = node(true);
    let server = serve(&node, 4);
    let mut client = Raw::open(&server);
    let lending = client.until_lent(&server, 1);
    assert!(node.stop().is_ok());
    soon("return", || (!lending.is_lent()).then_some(()));
    for _ in 0..50 {
        assert!(matches!(client.append(), Response::Refused(Refusal::Stopping { .. })));
    }
    drop(server);
    assert_eq!(hear(&client.stream), None);
}

#[test]
fn a_node_that_does_not_lead_refuses_on_a_lent_connection() {
    let node = node(false);
    let server = serve(&node, 4);
    let mut client = Raw::open(&server);
    let lending = client.until_lent(&server, 1);
    let before = lending.served();
    let refused = client.append();
    assert!(matches!(refused, Response::Refused(Refusal::NotLeader { leader: None })), "{refused:?}");
    let refused = client.ask(&Request::Barrier);
    assert!(matches!(refused, Response::Refused(Refusal::NotLeader { leader: None })), "{refused:?}");
    assert_eq!(lending.served(), before + 2);
}

#[test]
fn a_lent_connection_counts_among_the_connections() {
    let node = node(true);
    let server = serve(&node, 1);
    let mut client = Raw::open(&server);
    client.until_lent(&server, 1);
    let second = Raw::open(&server);
    assert_eq!(hear(&second.stream), Some((0, Response::Refused(Refusal::Crowded { connections_max: 1 }))));
    drop(client);
    server.await_no_connection();
    let mut third = Raw::open(&server);
    assert!(matches!(third.ask(&Request::Status), Response::Status(_)));
}

#[test]
fn more_quiet_clients_than_places_are_all_answered() {
    let node = node(true);
    let server = serve(&node, 32);
    let mut clients: Vec<_> = (0..20).map(|_| Raw::open(&server)).collect();
    for _ in 0..100 {
        for client in &mut clients {
            client.append();
        }
    }
    let lent = server.shared.open().clients.values().filter(|client| client.lending.served() > 0).count();
    assert!(lent > 0);
    for client in &mut clients {
        assert!(matches!(client.ask(&Request::Barrier), Response::BarrierPassed { .. }));
    }
}
