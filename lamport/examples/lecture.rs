//! The algorithm of the lectures on logical clocks, word for word, and what it does not promise.
//!
//! ```sh
//! cargo run -p quorate-lamport --example lecture
//! ```
//!
//! **Lamport's clock.** Before sending: `clock := clock + 1`, and the message carries the clock. On receiving a message
//! with the stamp `ts`: `clock := max(clock, ts) + 1`. A local event: `clock := clock + 1`.
//!
//! **Its condition.** If `a` happened before `b`, then `ts(a) < ts(b)`. Read the other way round it is false, and the
//! program prints a history that shows it. With vectors in place of numbers both directions hold; that they do for all
//! histories is a law in `tests/laws/vectors.rs`.

#![expect(clippy::print_stdout, reason = "a program speaks to its user")]

use std::collections::BTreeMap;

use lamport::{Causality, ClockError, Lamport, Time, VersionVector};

/// One event of the history: what happened, its number on Lamport's clock, and its vector.
struct Event {
    name: &'static str,
    time: Time,
    vector: VersionVector<&'static str>,
    /// The events right before it: of the same process, and the sending of what was received.
    causes: Vec<&'static str>,
}

/// A process with both clocks.
struct Process {
    name: &'static str,
    clock: Lamport,
    vector: VersionVector<&'static str>,
    last: Option<&'static str>,
}

impl Process {
    fn new(name: &'static str) -> Self {
        Self { name, clock: Lamport::new(), vector: VersionVector::new(), last: None }
    }

    /// A local event, and the sending of a message: clock + 1; the event's stamps are what the message carries.
    fn act(&mut self, name: &'static str) -> Result<Event, ClockError> {
        let time = self.clock.tick()?;
        self.vector.tick(&self.name)?;
        Ok(self.event(name, time, None))
    }

    /// A message arrives: the larger of both clocks, + 1.
    fn receive(&mut self, name: &'static str, message: &Event) -> Result<Event, ClockError> {
        let time = self.clock.observe(message.time)?;
        self.vector.merge(&message.vector);
        self.vector.tick(&self.name)?;
        Ok(self.event(name, time, Some(message.name)))
    }

    fn event(&mut self, name: &'static str, time: Time, sent: Option<&'static str>) -> Event {
        let causes = self.last.replace(name).into_iter().chain(sent).collect();
        Event { name, time, vector: self.vector.clone(), causes }
    }
}

/// Two processes and one message; `p` works on beside it.
fn history() -> Result<Vec<Event>, ClockError> {
    let (mut p, mut q) = (Process::new("p"), Process::new("q"));
    let send = p.act("p sends m")?;
    let receive = q.receive("q receives m", &send)?;
    let mut events = vec![send, receive];
    for name in ["p works", "p works on", "p works more"] {
        events.push(p.act(name)?);
    }
    Ok(events)
}

/// Whether `a` happened before `b`: a path along the causes.
fn happened_before(events: &BTreeMap<&str, &Event>, a: &str, b: &str) -> bool {
    events[b].causes.iter().any(|cause| *cause == a || happened_before(events, a, cause))
}

/// Prints the history and the verdicts; returns how many pairs contradict the converse for numbers, and for vectors.
fn show() -> Result<(usize, usize), ClockError> {
    let history = history()?;
    let events: BTreeMap<&str, &Event> = history.iter().map(|event| (event.name, event)).collect();
    println!("{:14} {:>7}  vector", "event", "number");
    for event in &history {
        println!("{:14} {:>7}  {:?}", event.name, event.time, event.vector);
    }
    let (mut numbers_wrong, mut vectors_wrong) = (0, 0);
    println!();
    for (a, b) in history.iter().flat_map(|a| history.iter().map(move |b| (a, b))) {
        let before = happened_before(&events, a.name, b.name);
        assert!(!before || a.time < b.time, "Lamport's condition");
        assert!(!before || a.vector < b.vector, "and the same for vectors");
        if a.time < b.time && !before {
            numbers_wrong += 1;
            println!("{} < {}, and yet not: {} -> {}", a.time, b.time, a.name, b.name);
            assert_eq!(a.vector.causal_cmp(&b.vector), Causality::Concurrent, "vectors say so");
        }
        vectors_wrong += usize::from(a.vector < b.vector && !before);
    }
    println!("\nts(a) < ts(b) => a -> b: false for numbers ({numbers_wrong} counterexamples),");
    println!("true for vectors ({vectors_wrong} counterexamples); a -> b => ts(a) < ts(b) holds for both.");
    Ok((numbers_wrong, vectors_wrong))
}

fn main() -> Result<(), ClockError> {
    show().map(drop)
}

#[test]
fn numbers_have_a_counterexample_and_vectors_none() {
    assert_eq!(show(), Ok((2, 0)));
}
