//! Is a history linearizable? A checker of our own: Wing and Gong's search (1993) in Lowe's form (2017), which remembers
//! each set of finished operations together with the state they lead to, and never looks at it twice. A history is cut
//! by key first, since one is linearizable when each key's part is (Herlihy and Wing 1990, "locality").

use std::collections::{BTreeMap, HashSet};

/// What operations do to the state of one key.
pub trait Model {
    /// What a client asked for.
    type Op;
    /// What it was told.
    type Answer;
    /// The state of one key; its default is that before the first operation.
    type State: Clone + Default + Eq + std::hash::Hash;

    /// The state after the operation; `None` when it cannot have been answered so. Without an answer anything goes.
    fn apply(state: &Self::State, op: &Self::Op, answer: Option<&Self::Answer>) -> Option<Self::State>;
}

/// An operation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<O, A> {
    /// The key it is about.
    pub key: u64,
    /// What was asked.
    pub op: O,
    /// When it was asked; any number that grows.
    pub called: u64,
    /// When it was answered, and how; `None` when nobody knows whether, or when, it happens.
    pub answered: Option<(u64, A)>,
}

/// Why a history is not linearizable: no order of the operations of this key explains all answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLinearizable {
    /// The key.
    pub key: u64,
    /// The most operations with an answer that any order explains, of how many.
    pub explained: (usize, usize),
    /// The place in the history of an operation that the longest such order cannot be continued by.
    pub stuck_at: usize,
}

/// Judges a history: its operations in any order. An operation without an answer may happen at any time after its call,
/// or never.
///
/// # Errors
///
/// [`NotLinearizable`], for the lowest key for which there is no order.
pub fn check<M: Model>(history: &[Operation<M::Op, M::Answer>]) -> Result<(), NotLinearizable> {
    let mut keys: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (place, operation) in history.iter().enumerate() {
        keys.entry(operation.key).or_default().push(place);
    }
    for (key, places) in keys {
        let operations: Vec<_> = places.iter().map(|place| &history[*place]).collect();
        let mut search = Search::<M>::new(&operations);
        if !search.succeeds() {
            let explained = (search.most, operations.iter().filter(|op| op.answered.is_some()).count());
            return Err(NotLinearizable { key, explained, stuck_at: places[search.stuck_at] });
        }
    }
    Ok(())
}

/// Calls and answers as a list in the order of time, from which an operation that is put in the order is lifted, and to
/// which it returns when the order leads nowhere.
struct Search<'h, M: Model> {
    operations: &'h [&'h Operation<M::Op, M::Answer>],
    events: Vec<Event>,
    next: Vec<usize>,
    prev: Vec<usize>,
    /// Operations in the order tried, each with the state before it.
    order: Vec<(usize, M::State)>,
    state: M::State,
    done: Bits,
    seen: HashSet<(Bits, M::State)>,
    /// Operations in the order that have answers; the most there were, and where that order ended.
    explained: usize,
    most: usize,
    stuck_at: usize,
    answered: usize,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    operation: usize,
    /// The place of its answer; `None` for an answer, and for a call without one.
    answer: Option<usize>,
    is_call: bool,
}

impl<'h, M: Model> Search<'h, M> {
    fn new(operations: &'h [&'h Operation<M::Op, M::Answer>]) -> Self {
        // At one moment, calls come before answers: then the two overlap, which allows more.
        let mut times = Vec::with_capacity(operations.len() * 2);
        for (operation, Operation { called, answered, .. }) in operations.iter().enumerate() {
            times.push((*called, false, operation));
            times.extend(answered.as_ref().map(|(at, _)| (*at, true, operation)));
        }
        times.sort_unstable();
        let mut calls = vec![0; operations.len()];
        let mut events: Vec<Event> = Vec::with_capacity(times.len());
        for (_, is_answer, operation) in times {
            if is_answer {
                let answer = events.len() + 1;
                let call: usize = calls[operation];
                events[call].answer = Some(answer);
            } else {
                calls[operation] = events.len();
            }
            events.push(Event { operation, answer: None, is_call: !is_answer });
        }
        let count = events.len();
        Self {
            operations,
            // Place 0 is the head of the list, and event `i` stands at `i + 1`.
            next: (1..=count + 1).collect(),
            prev: (0..=count + 1).map(|place| place.saturating_sub(1)).collect(),
            events,
            order: Vec::new(),
            state: M::State::default(),
            done: Bits::new(operations.len()),
            seen: HashSet::new(),
            explained: 0,
            most: 0,
            stuck_at: 0,
            answered: operations.iter().filter(|operation| operation.answered.is_some()).count(),
        }
    }

    /// Walks from the first call on, up to the first answer whose call is not in the order yet. What can be next and
    /// changes nothing comes first, and is never reconsidered: it is in nobody's way. Then what changes the state; when
    /// that leads nowhere, the newest such is taken back.
    fn succeeds(&mut self) -> bool {
        let (mut at, mut changing) = (self.next[0], false);
        while self.explained < self.answered {
            let event = self.events.get(at - 1).copied();
            if let Some(event) = event.filter(|event| event.is_call) {
                if self.try_next(at, event, changing) {
                    (at, changing) = (self.next[0], false);
                } else {
                    at = self.next[at];
                }
            } else if !changing {
                (at, changing) = (self.next[0], true);
            } else {
                if let Some(event) = event {
                    self.note_stuck(event.operation);
                }
                match self.take_back() {
                    Some(call) => at = self.next[call],
                    None => return false,
                }
            }
        }
        true
    }

    fn try_next(&mut self, at: usize, event: Event, changing: bool) -> bool {
        let operation = self.operations[event.operation];
        let answer = operation.answered.as_ref().map(|(_, answer)| answer);
        let Some(state) = M::apply(&self.state, &operation.op, answer) else { return false };
        if changing == (state == self.state) {
            return false;
        }
        self.done.flip(event.operation);
        if changing && !self.seen.insert((self.done.clone(), state.clone())) {
            self.done.flip(event.operation);
            return false;
        }
        self.order.push((at, std::mem::replace(&mut self.state, state)));
        self.explained += usize::from(answer.is_some());
        self.lift(at);
        if let Some(answer) = event.answer {
            self.lift(answer);
        }
        true
    }

    /// Takes back the order up to and including the newest that changed the state; returns the place of its call.
    fn take_back(&mut self) -> Option<usize> {
        loop {
            let (call, before) = self.order.pop()?;
            let changed = before != self.state;
            let event = self.events[call - 1];
            self.state = before;
            self.done.flip(event.operation);
            self.explained -= usize::from(self.operations[event.operation].answered.is_some());
            if let Some(answer) = event.answer {
                self.unlift(answer);
            }
            self.unlift(call);
            if changed {
                return Some(call);
            }
        }
    }

    fn note_stuck(&mut self, operation: usize) {
        if self.explained >= self.most {
            (self.most, self.stuck_at) = (self.explained, operation);
        }
    }

    fn lift(&mut self, place: usize) {
        let (prev, next) = (self.prev[place], self.next[place]);
        self.next[prev] = next;
        self.prev[next] = prev;
    }

    /// Undoes the newest [`Search::lift`] that is not undone.
    fn unlift(&mut self, place: usize) {
        let (prev, next) = (self.prev[place], self.next[place]);
        self.next[prev] = place;
        self.prev[next] = place;
    }
}

/// A set of operations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Bits(Box<[u64]>);

impl Bits {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)].into())
    }

    fn flip(&mut self, bit: usize) {
        self.0[bit / 64] ^= 1 << (bit % 64);
    }
}

#[cfg(test)]
mod tests;
