use std::collections::VecDeque;

use super::*;

/// Answers in the order of the questions, and keeps the rules: one question of each client at a time.
struct Echo {
    clients: usize,
    asked: VecDeque<usize>,
    answers: u64,
    answers_max: u64,
}

impl Wire for Echo {
    fn clients(&self) -> usize {
        self.clients
    }

    fn ask(&mut self, client: usize) -> Result<(), Failure> {
        assert!(!self.asked.contains(&client), "one request under way");
        self.asked.push_back(client);
        Ok(())
    }

    fn answered(&mut self) -> Result<usize, Failure> {
        self.answers += 1;
        if self.answers > self.answers_max {
            return Err(Failure::new("no more"));
        }
        self.asked.pop_front().ok_or_else(|| Failure::new("nobody has asked"))
    }
}

fn echo(answers_max: u64) -> Echo {
    Echo { clients: 3, asked: VecDeque::new(), answers: 0, answers_max }
}

/// This process in the place of all nodes.
fn myself() -> Watched {
    Watched { processes: [std::process::id(); NODES], leader: 1, bottleneck: Some(THREAD), device: None }
}

const PHASES: Phases = Phases { warm_up: Duration::from_millis(10), measured: Duration::from_millis(50) };

#[test]
fn every_request_is_answered_in_the_end_and_only_those_in_between_count() {
    let mut looks = 0;
    let wires = vec![echo(u64::MAX), echo(u64::MAX)];
    let (loaded, wires) = load(wires, &myself(), PHASES, |_| looks += 1).expect("nothing fails");
    assert!(wires.iter().all(|wire| wire.asked.is_empty()));
    let answers: u64 = wires.iter().map(|wire| wire.answers).sum();
    assert!(loaded.requests > 0 && loaded.requests < answers, "{} of {answers}", loaded.requests);
    assert_eq!(loaded.requests, loaded.latencies_ns.len());
    assert!(looks > 0 && loaded.elapsed >= PHASES.measured);
    assert!(loaded.nodes[2].busiest.is_some(), "a thread of that name is there");
}

#[test]
fn a_measurement_lasts_until_there_is_something_to_tell() {
    let none = Phases { warm_up: Duration::ZERO, measured: Duration::ZERO };
    let (loaded, _) = load(vec![echo(u64::MAX)], &myself(), none, |_| ()).expect("nothing fails");
    assert!(loaded.requests > 0);
}

#[test]
fn one_thread_that_fails_ends_the_load() {
    let forever = Phases { warm_up: Duration::from_secs(600), measured: Duration::from_secs(600) };
    let failed = load(vec![echo(u64::MAX), echo(100)], &myself(), forever, |_| ());
    assert_eq!(failed.err().map(|failure| failure.text).as_deref(), Some("no more"));
}

#[test]
fn a_client_waits_for_its_first_question_too() {
    let (_, latencies) = drive(echo(u64::MAX), &Stage::at(OVER)).expect("nothing fails");
    assert_eq!(latencies.len(), 0, "nothing counts after the end");
}
