use machine_core::Rng;

use super::{Model, Operation, check};

/// A register.
struct Register;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Write(u64),
    Read,
}

impl Model for Register {
    type Op = Op;
    type Answer = u64;
    type State = u64;

    fn apply(state: &u64, op: &Op, answer: Option<&u64>) -> Option<u64> {
        match op {
            Op::Write(value) => Some(*value),
            Op::Read => answer.is_none_or(|answer| answer == state).then_some(*state),
        }
    }
}

type Done = Operation<Op, u64>;

fn write(value: u64, called: u64, answered: u64) -> Done {
    Operation { key: 0, op: Op::Write(value), called, answered: Some((answered, 0)) }
}

fn read(value: u64, called: u64, answered: u64) -> Done {
    Operation { key: 0, op: Op::Read, called, answered: Some((answered, value)) }
}

fn open(value: u64, called: u64) -> Done {
    Operation { key: 0, op: Op::Write(value), called, answered: None }
}

fn is_good(history: &[Done]) -> bool {
    check::<Register>(history).is_ok()
}

#[test]
fn small_histories() {
    for (good, why, history) in [
        (true, "nothing happened", vec![]),
        (true, "in order", vec![write(1, 1, 2), read(1, 3, 4)]),
        (false, "stale", vec![write(1, 1, 2), read(0, 3, 4)]),
        (true, "overlapping: before", vec![write(1, 1, 4), read(0, 2, 3)]),
        (true, "overlapping: after", vec![write(1, 1, 4), read(1, 2, 3)]),
        (false, "back again", vec![write(1, 1, 9), read(1, 2, 3), read(0, 4, 5)]),
        (false, "never written", vec![write(1, 1, 2), read(2, 3, 4)]),
        (true, "unknown: happened", vec![open(1, 1), read(1, 2, 3)]),
        (true, "unknown: not yet", vec![open(1, 1), read(0, 2, 3), read(1, 4, 5)]),
        (true, "unknown: late", vec![open(1, 1), write(2, 2, 3), read(2, 4, 5), read(1, 6, 7)]),
        (false, "unknown: but once", vec![open(1, 1), read(1, 2, 3), write(2, 4, 5), read(1, 6, 7)]),
        (false, "before it was called", vec![read(1, 1, 2), open(1, 3)]),
        (false, "two orders", vec![write(1, 1, 9), write(2, 1, 9), read(1, 10, 11), read(2, 12, 13)]),
    ] {
        assert_eq!(is_good(&history), good, "{why}");
        let turned: Vec<_> = history.into_iter().rev().collect();
        assert_eq!(is_good(&turned), good, "{why}, the history turned round");
    }
}

#[test]
fn the_culprit_is_named() {
    let mut history = vec![write(1, 1, 2), read(1, 3, 4), write(2, 5, 6), read(1, 7, 8), read(2, 9, 10)];
    let mut other = write(1, 1, 20);
    other.key = 7;
    history.insert(0, other);
    let found = check::<Register>(&history).expect_err("the last but one is stale");
    assert_eq!((found.key, found.explained, found.stuck_at), (0, (3, 5), 4));
}

/// A history that is linearizable by making: each operation takes effect at a moment between call and answer.
fn made(rng: &mut Rng, clients: u64, operations: usize, keys: u64) -> Vec<Done> {
    let mut effects = Vec::new();
    let mut free = vec![0; usize::try_from(clients).expect("few")];
    for number in 0..operations {
        let client = number % free.len();
        let called = free[client] + 1 + rng.below(50);
        let effect = called + 1 + rng.below(50);
        let answered = effect + 1 + rng.below(50);
        free[client] = answered;
        effects.push((effect, number, called, answered));
    }
    effects.sort_unstable();
    let mut state = vec![0; usize::try_from(keys).expect("few")];
    let mut history = Vec::new();
    for (_, number, called, answered) in effects {
        let key = rng.below(keys);
        let cell = &mut state[usize::try_from(key).expect("few")];
        let (op, answer) = if rng.per_mille(500) {
            *cell = number as u64 + 1;
            (Op::Write(*cell), 0)
        } else {
            (Op::Read, *cell)
        };
        let known = op == Op::Read || !rng.per_mille(20);
        history.push(Operation { key, op, called, answered: known.then_some((answered, answer)) });
    }
    history
}

/// By trying every order.
fn is_good_by_force(history: &[Done]) -> bool {
    fn go(history: &[Done], done: &mut Vec<bool>, state: u64) -> bool {
        let open = |place: &usize| !done[*place];
        let first_answer = (0..history.len())
            .filter(open)
            .filter_map(|place| history[place].answered.map(|(at, _)| at))
            .min();
        let Some(first_answer) = first_answer else { return true };
        for place in 0..history.len() {
            let Operation { op, called, answered, .. } = &history[place];
            if done[place] || *called > first_answer {
                continue;
            }
            let answer = answered.as_ref().map(|(_, answer)| answer);
            let Some(state) = Register::apply(&state, op, answer) else { continue };
            done[place] = true;
            if go(history, done, state) {
                return true;
            }
            done[place] = false;
        }
        false
    }
    go(history, &mut vec![false; history.len()], 0)
}

#[test]
fn the_verdict_is_that_of_all_orders() {
    let (mut good, mut bad) = (0, 0);
    for seed in 0..2000 {
        let mut rng = Rng::new(seed);
        let mut history = made(&mut rng, 3, 8, 1);
        if seed % 2 == 1 {
            let place = usize::try_from(rng.below(8)).expect("small");
            if let Some((_, answer)) = &mut history[place].answered {
                *answer = rng.below(9);
            }
        }
        let verdict = is_good_by_force(&history);
        assert!(seed % 2 == 1 || verdict, "seed {seed}: it was made good");
        assert_eq!(is_good(&history), verdict, "seed {seed}: {history:?}");
        if verdict { good += 1 } else { bad += 1 }
    }
    assert!(good > 1000 && bad > 200, "{good} good, {bad} bad");
}

#[test]
fn long_histories_are_judged_and_one_wrong_answer_is_found() {
    let history = made(&mut Rng::new(1), 10, 10_000, 5);
    assert!(is_good(&history));
    // What is not linearizable takes longer: all orders are to be refuted.
    let mut worse = made(&mut Rng::new(1), 10, 400, 5);
    let stale =
        worse.iter().rposition(|done| done.op == Op::Read && done.answered.is_some_and(|(_, a)| a > 0));
    let stale = stale.expect("half of them read");
    worse[stale].answered = worse[stale].answered.map(|(at, _)| (at, 1_000_000));
    assert_eq!(check::<Register>(&worse).map_err(|found| found.key), Err(worse[stale].key));
}
