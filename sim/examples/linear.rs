//! How long the checker takes for 10,000 operations of 10 clients: `cargo run --release -p quorate-sim --example linear`.

#![allow(clippy::print_stdout, reason = "a program speaks to its user")]

use std::time::Instant;

use machine_core::Rng;
use sim::linear::{Model, Operation, check};

/// A list: an append adds a number, and is told a digest of all, as a read is.
struct List;

impl Model for List {
    /// A number to append; none to read.
    type Op = Option<u64>;
    type Answer = u64;
    type State = u64;

    fn apply(state: &u64, op: &Option<u64>, answer: Option<&u64>) -> Option<u64> {
        let after = match op {
            Some(number) => (state ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            None => *state,
        };
        answer.is_none_or(|answer| *answer == after).then_some(after)
    }
}

fn main() {
    for keys in [1, 10] {
        let history = history(10_000, 10, keys);
        let start = now();
        let verdict = check::<List>(&history);
        let took = now().duration_since(start);
        println!("{} operations, 10 clients, {keys} keys: {verdict:?} in {took:?}", history.len());
    }
}

/// Ten clients at a time ask, in random order it happens, and in random order they are answered.
fn history(operations: u64, clients: u64, keys: u64) -> Vec<Operation<Option<u64>, u64>> {
    let mut rng = Rng::new(1);
    let mut states = vec![0; usize::try_from(keys).expect("few")];
    let mut history = Vec::new();
    for round in 0..operations / clients {
        let start = round * clients * 2;
        for client in 0..clients {
            let key = rng.below(keys);
            let op = rng.per_mille(500).then(|| start + client);
            let state = &mut states[usize::try_from(key).expect("few")];
            *state = List::apply(state, &op, None).expect("without an answer anything goes");
            let called = start + rng.below(clients);
            let answered = rng.below(1000) > 0 || op.is_none();
            let answer = (start + clients + rng.below(clients), *state);
            history.push(Operation { key, op, called, answered: answered.then_some(answer) });
        }
    }
    history
}

#[expect(clippy::disallowed_methods, reason = "what it prints is how long something took")]
fn now() -> Instant {
    Instant::now()
}
