//! Law 6: the siblings are the writes that no other known write has seen.

use std::collections::BTreeSet;

use lamport::{ClockError, Dot, DvvSet, VersionVector};
use proptest::{collection, prelude::*};

use crate::strategies::{dots, laws::join_semilattice, vector};

type Set = DvvSet<u64, usize>;

/// What clients and servers do; choices wrap round what there is.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A client reads at a server, and remembers the context.
    Read(usize),
    /// A client writes at a server, under one of the contexts read so far, or under none.
    Write(usize, usize),
    /// A server hears from another.
    Sync(usize, usize),
    /// A client has a server resolve its siblings.
    Resolve(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..8u8, 0..3usize, any::<u8>()).prop_map(|(kind, server, pick)| match kind {
        0..=1 => Step::Read(server),
        2..=4 => Step::Write(server, pick.into()),
        5..=6 => Step::Sync(server, pick.into()),
        _ => Step::Resolve(server),
    });
    collection::vec(step, 0..40)
}

/// A write, and all that its author had seen.
#[derive(Clone, Debug)]
struct Write {
    dot: (u64, u64),
    seen: BTreeSet<(u64, u64)>,
}

/// Three servers, with the naive model beside: the set of writes that each has heard of.
struct World {
    servers: [Set; 3],
    heard: [BTreeSet<usize>; 3],
    writes: Vec<Write>,
    reads: Vec<VersionVector>,
}

impl World {
    fn run(steps: &[Step]) -> Self {
        let mut world = Self {
            servers: [(); 3].map(|()| Set::new()),
            heard: [(); 3].map(|()| BTreeSet::new()),
            writes: Vec::new(),
            reads: vec![VersionVector::new()],
        };
        for step in steps {
            match *step {
                Step::Read(server) => world.reads.push(world.servers[server].context()),
                Step::Write(server, read) => {
                    let context = world.reads[read % world.reads.len()].clone();
                    let dot = world.servers[server].update(&context, world.writes.len(), server as u64);
                    world.wrote(server, dot.expect("far below the limit"), &context);
                }
                Step::Sync(to, from) => {
                    let other = world.servers[from % 3].clone();
                    world.servers[to].sync(&other);
                    let heard = world.heard[from % 3].clone();
                    world.heard[to].extend(heard);
                }
                Step::Resolve(server) => {
                    let (value, context) = (world.writes.len(), world.servers[server].context());
                    let dot = world.servers[server].resolve(server as u64, |_| value);
                    world.wrote(server, dot.expect("far below the limit"), &context);
                }
            }
        }
        world
    }

    fn wrote(&mut self, server: usize, dot: Dot, context: &VersionVector) {
        self.heard[server].insert(self.writes.len());
        self.writes.push(Write { dot: (dot.id, dot.n.get()), seen: dots(context) });
    }

    /// The writes heard of that no other one heard of has seen.
    fn siblings(&self, server: usize) -> BTreeSet<usize> {
        let heard = &self.heard[server];
        let covered =
            |of: usize| heard.iter().any(|other| self.writes[*other].seen.contains(&self.writes[of].dot));
        heard.iter().copied().filter(|of| !covered(*of)).collect()
    }
}

proptest! {
    #![proptest_config(crate::strategies::cases())]

    #[test]
    fn siblings_are_the_writes_that_nobody_has_seen(steps in steps()) {
        let world = World::run(&steps);
        for (at, server) in world.servers.iter().enumerate() {
            let values: BTreeSet<usize> = server.values().copied().collect();
            prop_assert_eq!(&values, &world.siblings(at));
            prop_assert_eq!(server.len(), values.len(), "each once");
            prop_assert_eq!(server.is_empty(), values.is_empty());
            for (dot, value) in server.dotted() {
                prop_assert_eq!(world.writes[*value].dot, (dot.id, dot.n.get()));
            }
            prop_assert!(server.dotted().map(|(_, value)| *value).eq(server.values().copied()));
        }
        // No two writes have one dot.
        let distinct: BTreeSet<_> = world.writes.iter().map(|write| write.dot).collect();
        prop_assert_eq!(distinct.len(), world.writes.len());
    }

    #[test]
    fn sync_is_a_semilattice(steps in steps()) {
        let World { servers: [a, b, c], .. } = World::run(&steps);
        let join = |x: &Set, y: &Set| {
            let mut join = x.clone();
            join.sync(y);
            join
        };
        join_semilattice([&a, &b, &c], join, |x, y| join(x, y) == *y)?;
    }

    #[test]
    fn parts_come_back(steps in steps(), other in vector(0..4u64, 0..6u64, 4)) {
        let World { servers, .. } = World::run(&steps);
        for server in servers {
            let values: Vec<_> = server.dotted().map(|(dot, value)| (dot, *value)).collect();
            prop_assert_eq!(Set::from_parts(&server.context(), values.clone(), 100), Ok(server.clone()));
            // Under any other context they are refused, or are a set of their own.
            if let Ok(set) = Set::from_parts(&other, values.clone(), 100) {
                prop_assert_eq!(set.context(), other.clone());
                prop_assert!(set.dotted().map(|(dot, value)| (dot, *value)).eq(values.iter().copied()));
            }
            if !values.is_empty() {
                let limit = values.len() - 1;
                let error = Err(ClockError::TooManyEntries { limit });
                prop_assert_eq!(Set::from_parts(&server.context(), values, limit), error);
            }
        }
    }

    /// Clients that read before they write leave no more siblings than write at the same time, however long it goes on.
    #[test]
    fn siblings_do_not_explode(rounds in 1..20usize, clients in 1..5usize) {
        let mut server = Set::new();
        for round in 0..rounds {
            let read = server.context();
            for client in 0..clients {
                server.update(&read, round * clients + client, 1).expect("far below the limit");
            }
            prop_assert_eq!(server.len(), clients);
        }
    }
}
