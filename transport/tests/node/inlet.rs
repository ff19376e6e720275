//! Inlets: commands that the loop fetches itself.

use std::{
    io::{ErrorKind, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use transport::{Completion, Config, Inflow, Inlet, Running, TrySendError, completion};

use crate::common::{
    Command, Fault, HANG, Platter, Started, answer, anywhere, config, outcome, start, start_with,
};

/// Adds what it reads, a byte at a time; a zero is the end.
struct Pipe {
    stream: UnixStream,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    takes: AtomicU64,
    added: Mutex<Vec<Completion<u64>>>,
}

/// The test's end of a pipe. Its inlet is dropped when nobody but the test holds `shared`.
struct Tap {
    stream: UnixStream,
    /// The driver's end, open beside the driver's own.
    other: UnixStream,
    shared: Arc<Shared>,
}

fn pipe() -> (Tap, Box<Pipe>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let other = theirs.try_clone().unwrap();
    let shared = Arc::<Shared>::default();
    (Tap { stream: ours, other, shared: shared.clone() }, Box::new(Pipe { stream: theirs, shared }))
}

impl Inlet<Command> for Pipe {
    fn take(&mut self) -> Inflow<Command> {
        self.shared.takes.fetch_add(1, Ordering::SeqCst);
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(_) if byte == [0] => Inflow::End,
            Ok(_) => {
                let (completer, completion) = completion();
                self.shared.added.lock().unwrap().push(completion);
                Inflow::Command(Command::Add(byte[0].into(), completer))
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                Inflow::Nothing
            }
        }
    }
}

impl AsFd for Pipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Tap {
    fn say(&mut self, byte: u8) {
        self.stream.write_all(&[byte]).unwrap();
    }

    fn takes(&self) -> u64 {
        self.shared.takes.load(Ordering::SeqCst)
    }

    /// The oldest command's completion, once it was taken.
    fn taken(&self) -> Completion<u64> {
        soon("the command", || self.shared.added.lock().unwrap().pop())
    }

    /// Adds through the inlet, and waits for the answer.
    fn add(&mut self, byte: u8) {
        self.say(byte);
        assert_eq!(answer(self.taken()), byte.into());
    }

    fn is_dropped(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }

    fn await_drop(&self) {
        soon("drop", || self.is_dropped().then_some(()));
    }
}

impl Started {
    fn watch(&self) -> Tap {
        let (tap, inlet) = pipe();
        assert!(self.handle.mailbox().try_watch(inlet).is_ok(), "open, and nobody waits");
        // The loop has it: what it has no place for is gone.
        self.ping();
        tap
    }

    /// Waits until the loop has seen all that was readable before.
    fn look(&self) {
        // The first may be taken by a turn that began to look before.
        self.ping();
        self.ping();
    }
}

fn soon<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < HANG, "no {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn with_places(places: usize) -> Started {
    start_with(1, config(1, anywhere()).with_inlets_max(places), Platter::default())
}

#[test]
fn commands_of_an_inlet_are_the_host_s_like_all_others() {
    let node = start(1);
    let (mut early, inlet) = pipe();
    early.say(7);
    assert!(node.handle.mailbox().try_watch(inlet).is_ok());
    assert_eq!(answer(early.taken()), 7, "what is there before the loop looks is found");
    let mut late = node.watch();
    for byte in 1..=100 {
        late.add(byte);
        early.add(byte);
        assert_eq!(answer(node.add(byte.into())), byte.into());
    }
    assert_eq!(node.platter.durable().len(), 301);
    node.counted(|counters| counters.commands >= 301);
    assert!(!early.is_dropped() && !late.is_dropped());
    node.stop();
    assert!(early.is_dropped() && late.is_dropped());
}

#[test]
fn a_command_of_an_inlet_may_be_lone() {
    let config = Config::with_inline_sync_max(config(1, anywhere()), Duration::MAX);
    let node = start_with(1, config, Platter::default());
    let mut tap = node.watch();
    let inline = (0..10_000).find(|_| {
        tap.add(1);
        node.platter.inline_syncs() > 0
    });
    assert!(inline.is_some(), "the loop syncs what comes one by one");
    node.stop();
}

#[test]
fn an_inlet_that_ended_is_not_looked_at_any_more() {
    let node = with_places(1);
    let mut ended = node.watch();
    ended.add(1);
    ended.say(0);
    ended.await_drop();
    // In its place, while the descriptor lives on and is readable.
    let second = node.watch();
    let before = second.takes();
    ended.say(1);
    node.look();
    assert_eq!((ended.takes(), second.takes()), (2, before));
    assert_eq!(ended.other.read(&mut [0; 8]).unwrap(), 1, "nobody has read it");
    node.stop();
}

#[test]
fn an_inlet_that_has_nothing_stays() {
    let node = start(1);
    let mut tap = node.watch();
    // Somebody else may read it first, once the loop stands; or the loop was quicker.
    let stolen = (0..10_000).any(|_| {
        let gate = Arc::new(Mutex::new(()));
        let held = gate.lock().unwrap();
        node.send(Command::Wait(gate.clone()));
        tap.say(1);
        let stolen = tap.other.read(&mut [0]).is_ok();
        drop(held);
        node.look();
        if !stolen {
            assert_eq!(answer(tap.taken()), 1);
        }
        stolen
    });
    assert!(stolen, "nobody was ever quicker than the loop");
    tap.add(2);
    assert!(!tap.is_dropped());
    node.stop();
}

#[test]
fn a_new_inlet_takes_the_place_of_one_that_was_silent_for_64_batches() {
    let node = with_places(2);
    let add = |batches: u64| (0..batches).for_each(|_| assert_eq!(answer(node.add(1)), 1));
    let (mut first, mut second) = (node.watch(), node.watch());
    // A ping is a batch, too: one for each inlet that was watched, before it or after.
    first.add(1);
    second.add(1);
    assert!(node.watch().is_dropped(), "both were just heard");
    add(61);
    assert!(node.watch().is_dropped(), "the first was heard 63 batches ago, the second 62");
    assert!(!first.is_dropped() && !second.is_dropped());
    let mut third = node.watch();
    assert!(first.is_dropped() && !second.is_dropped() && !third.is_dropped(), "64 and 63");
    second.add(2);
    third.add(3);
    node.stop();
}

#[test]
fn a_full_disk_queue_holds_inlets_back_and_forgets_nothing() {
    let node = start_with(1, config(1, anywhere()).with_disk_queue_bytes_max(100), Platter::default());
    let mut tap = node.watch();
    let held = node.platter.gate.lock().unwrap();
    let first = node.add(200);
    node.counted(|counters| counters.disk_full_turns > 0);
    let turns = node.handle.counters().turns;
    tap.say(1);
    node.counted(|counters| counters.turns > turns);
    assert_eq!(tap.takes(), 0);
    drop(held);
    assert_eq!(answer(first), 200);
    assert_eq!(answer(tap.taken()), 1);
    node.stop();
}

#[test]
fn no_more_inlets_wait_than_there_are_places() {
    for places in [0, 1, 3] {
        let node = with_places(places);
        let gate = Arc::new(Mutex::new(()));
        let held = gate.lock().unwrap();
        node.send(Command::Wait(gate.clone()));
        // The loop may take some before it waits, as many as it has places.
        let (taps, refusals): (Vec<_>, Vec<_>) = (0..2 * places + 1)
            .map(|_| {
                let (tap, inlet) = pipe();
                (tap, node.handle.mailbox().try_watch(inlet).err())
            })
            .unzip();
        let full = refusals.iter().flatten().count();
        assert!(full > 0, "{places}");
        assert!(refusals.iter().flatten().all(|refused| matches!(refused, TrySendError::Full(_))));
        drop((held, refusals));
        node.ping();
        assert_eq!(taps.iter().filter(|tap| !tap.is_dropped()).count(), places);
        node.stop();
    }
}

#[test]
fn a_node_that_stops_lets_go_of_inlets_before_its_disk_is_done() {
    let node = start(1);
    let mut tap = node.watch();
    tap.add(1);
    let held = node.platter.gate.lock().unwrap();
    let last = node.add(2);
    node.counted(|counters| counters.disk_writes == 2);
    node.handle.shutdown();
    tap.await_drop();
    let (late, inlet) = pipe();
    let Err(TrySendError::Closed(inlet)) = node.handle.mailbox().try_watch(inlet) else {
        panic!("it takes no more")
    };
    assert!(!late.is_dropped(), "given back");
    drop((held, inlet));
    assert_eq!(answer(last), 2);
    assert!(node.running.join_timeout(HANG).expect("it stops").is_ok());
}

#[test]
fn whatever_ends_a_node_its_inlets_are_dropped() {
    let ends: [fn(&Started); 3] = [
        |node| assert!(outcome(node.add(1)).is_err()),
        |node| node.send(Command::Halt("as the test asked")),
        |node| node.send(Command::Panic),
    ];
    for end in ends {
        let faulty = Platter { fault: Fault::SyncFails(1), ..Platter::default() };
        let node = start_with(1, config(1, anywhere()), faulty);
        let tap = node.watch();
        end(&node);
        tap.await_drop();
        assert!(Running::join(node.running).is_err());
    }
}

#[test]
fn a_node_that_fails_lets_go_of_inlets_before_its_disk_is_done() {
    let node = start_with(1, config(1, anywhere()).with_shutdown_timeout(2 * HANG), Platter::default());
    let mut tap = node.watch();
    tap.add(1);
    let held = node.platter.gate.lock().unwrap();
    let last = node.add(2);
    node.counted(|counters| counters.disk_writes == 2);
    node.send(Command::Halt("as the test asked"));
    tap.await_drop();
    drop(held);
    assert!(outcome(last).is_err());
    assert!(Running::join(node.running).is_err());
}
