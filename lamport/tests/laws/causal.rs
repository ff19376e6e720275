//! Law 11: causal broadcast.

use lamport::{CausalBuffer, ClockError, Header, Receipt, VersionVector};
use proptest::{collection, prelude::*};

const MEMBERS: usize = 3;

type Buffer = CausalBuffer<u64, (usize, usize)>;

/// A message: who sent it, its header, and its place among those of its sender.
#[derive(Clone, Debug)]
struct Sent {
    from: usize,
    header: Header,
    /// The messages that its sender had delivered or sent before it.
    past: Vec<(usize, usize)>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Broadcast(usize),
    /// One of the messages so far arrives at a member: again, maybe.
    Receive(usize, usize),
    Poll(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..6u8, 0..MEMBERS, any::<u16>()).prop_map(|(kind, node, pick)| match kind {
        0 => Step::Broadcast(node),
        1..=3 => Step::Receive(node, pick.into()),
        _ => Step::Poll(node),
    });
    collection::vec(step, 0..80)
}

struct World {
    buffers: Vec<Buffer>,
    sent: Vec<Sent>,
    counts: [usize; MEMBERS],
    /// What each member has delivered or sent, in its order.
    log: [Vec<(usize, usize)>; MEMBERS],
}

impl World {
    fn new() -> Self {
        let group = 0..MEMBERS as u64;
        let buffers = group.clone().map(|own| Buffer::new(own, group.clone())).collect();
        Self { buffers, sent: Vec::new(), counts: [0; MEMBERS], log: Default::default() }
    }

    fn broadcast(&mut self, node: usize) {
        let header = self.buffers[node].broadcast().expect("few");
        self.sent.push(Sent { from: node, header, past: self.log[node].clone() });
        self.log[node].push((node, self.counts[node]));
        self.counts[node] += 1;
    }

    fn receive(&mut self, node: usize, pick: usize) {
        let Some(Sent { from, header, .. }) = self.sent.get(pick % self.sent.len().max(1)).cloned() else {
            return;
        };
        let n = usize::try_from(header.0.get(&(from as u64))).expect("small") - 1;
        let receipt =
            self.buffers[node].receive(&(from as u64), header, (from, n)).expect("an honest message");
        assert!(
            receipt == Receipt::Kept || self.log[node].contains(&(from, n)) || self.buffers[node].held() > 0
        );
    }

    fn poll(&mut self, node: usize) -> bool {
        let Some((dot, message)) = self.buffers[node].poll_deliver() else { return false };
        assert_eq!((dot.id, dot.n.get()), (message.0 as u64, message.1 as u64 + 1));
        self.log[node].push(message);
        true
    }

    /// Each message once, and none before one that its sender had seen.
    fn check(&self) -> Result<(), TestCaseError> {
        for log in &self.log {
            for (at, message) in log.iter().enumerate() {
                prop_assert!(!log[..at].contains(message), "twice: {message:?}");
                let mut of_sender = self.sent.iter().filter(|sent| sent.from == message.0);
                let sent = of_sender.nth(message.1).expect("it was sent");
                prop_assert!(
                    sent.past.iter().all(|before| log[..at].contains(before)),
                    "too early: {message:?}"
                );
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(crate::strategies::cases())]

    #[test]
    fn deliveries_respect_causality_and_come_once(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Broadcast(node) => world.broadcast(node),
                Step::Receive(node, pick) => world.receive(node, pick),
                Step::Poll(node) => drop(world.poll(node)),
            }
        }
        world.check()?;
        // Once everything has come, nothing is held back: in the worst order, the newest first.
        for node in 0..MEMBERS {
            for pick in (0..world.sent.len()).rev() {
                world.receive(node, pick);
            }
            while world.poll(node) {}
            prop_assert_eq!(world.buffers[node].held(), 0);
            prop_assert_eq!(world.log[node].len(), world.sent.len(), "nothing is lost");
        }
        world.check()?;
    }

    /// However far ahead messages run, the next one always finds room, and what is refused changes nothing.
    #[test]
    fn a_window_never_locks_itself(order in Just((1..=12u64).collect::<Vec<_>>()).prop_shuffle(), limit in 1..4usize) {
        let mut buffer = CausalBuffer::new(1, [1, 2]).with_held_per_sender_max(limit);
        let mut delivered = Vec::new();
        // Whoever is refused sends again; in twelve rounds everything has come, since each brings the next one.
        for _ in 0..12 {
            for n in &order {
                let before = (buffer.held(), buffer.delivered().clone());
                let outcome = buffer.receive(&2, Header(VersionVector::from([(2, *n)])), *n);
                if let Err(error) = outcome {
                    prop_assert_eq!(error, ClockError::TooManyEntries { limit });
                    prop_assert_eq!(before, (buffer.held(), buffer.delivered().clone()));
                }
                prop_assert!(buffer.held() <= limit);
            }
            delivered.extend(std::iter::from_fn(|| buffer.poll_deliver()).map(|(_, n)| n));
        }
        prop_assert_eq!(delivered, (1..=12u64).collect::<Vec<_>>());
    }

    #[test]
    fn hostile_headers_change_nothing(
        from in 0..5u64,
        header in crate::strategies::vector(0..5u64, prop_oneof![0..4u64, any::<u64>()], 5),
    ) {
        let mut buffer = CausalBuffer::new(0, 0..3u64).with_held_per_sender_max(8);
        buffer.broadcast().expect("few");
        buffer.receive(&1, Header(VersionVector::from([(1, 1)])), ()).expect("honest");
        let delivered = buffer.delivered().clone();
        let verdict = buffer.receive(&from, Header(header.clone()), ());
        prop_assert_eq!(buffer.delivered(), &delivered);
        match verdict {
            Ok(Receipt::Kept) => {
                prop_assert!((1..3).contains(&from) && (1..=8).contains(&header.get(&from)));
                prop_assert!(header.iter().all(|(id, _)| *id < 3) && header.get(&0) <= 1);
                prop_assert_eq!(buffer.held(), 2);
            }
            Ok(Receipt::Duplicate) => prop_assert!(from == 0 || (from == 1 && header.get(&1) == 1)),
            Err(ClockError::OwnIdFromFuture { claimed, issued }) => {
                prop_assert!(claimed == header.get(&0) && issued == 1 && claimed > 1);
            }
            Err(ClockError::UnknownMember) => {
                prop_assert!(from > 2 || header.iter().any(|(id, _)| *id > 2));
            }
            Err(ClockError::TooManyEntries { limit: 8 }) => prop_assert!(header.get(&from) > 8),
            Err(ClockError::Malformed { .. }) => prop_assert_eq!(header.get(&from), 0),
            Err(error) => prop_assert!(false, "{error}"),
        }
        if verdict.is_err() {
            prop_assert_eq!(buffer.held(), 1);
        }
    }
}
