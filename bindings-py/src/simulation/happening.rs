//! What happened, as tuples: the time, the node, the name of the class in Python, and its other fields in their order.

use machine_core::NodeId;
use pyo3::prelude::*;
use sim::raft::{Happening, Letter, What};

use crate::kind;

/// A happening, ready to be made an object.
pub(crate) type Told = (u64, Option<u64>, &'static str, Vec<Field>);

/// A field of a happening.
#[derive(Clone, Debug, IntoPyObject)]
pub(crate) enum Field {
    Number(u64),
    Maybe(Option<u64>),
    Flag(bool),
    Name(&'static str),
    Text(String),
    Links(Vec<(u64, u64)>),
}

pub(crate) fn told(happening: &Happening) -> Told {
    let (name, fields) = fields(&happening.what);
    (happening.at.as_nanos(), happening.node.map(NodeId::get), name, fields)
}

fn fields(what: &What) -> (&'static str, Vec<Field>) {
    use Field::{Flag, Links, Maybe, Name, Number, Text};
    match what {
        What::Started => ("Started", vec![]),
        What::Crashed { power } => ("Crashed", vec![Flag(*power)]),
        What::Paused => ("Paused", vec![]),
        What::Resumed => ("Resumed", vec![]),
        What::Retired => ("Retired", vec![]),
        What::Jumped => ("ClockJumped", vec![]),
        What::Became { role, term, leader } => {
            ("Became", vec![Name(kind::name(*role)), Number(term.get()), Maybe(leader.map(NodeId::get))])
        }
        What::Sent { to, letter, lost } => {
            let ([name, term, entries], lost) = (letter_fields(letter), Flag(*lost));
            ("Sent", vec![Number(to.get()), name, term, entries, lost])
        }
        What::Heard { from, letter, sent } => {
            let [name, term, entries] = letter_fields(letter);
            let sent = Maybe(sent.map(machine_core::Instant::as_nanos));
            ("Heard", vec![Number(from.get()), name, term, entries, sent])
        }
        What::Took { first, count } => {
            ("Took", vec![Number(first.term.get()), Number(first.index.get()), Number(*count)])
        }
        What::RefusedEntries(error) => ("Refused", vec![Name("append"), Text(error.to_string())]),
        What::RefusedRead(error) => ("Refused", vec![Name("read"), Text(error.to_string())]),
        What::Applied { first, last } => ("Applied", vec![Number(first.get()), Number(last.get())]),
        What::Acknowledged { at } => ("Acknowledged", vec![Number(at.term.get()), Number(at.index.get())]),
        What::Committed { index } => ("Committed", vec![Number(index.get())]),
        What::ReadsAnswered { first, last, index } => {
            ("ReadsAnswered", vec![Number(first.get()), Number(last.get()), Number(index.get())])
        }
        What::ReadsLost { first, last } => ("ReadsLost", vec![Number(first.get()), Number(last.get())]),
        What::Cut { links } => {
            let ids = links.iter().map(|(from, to)| (from.get(), to.get())).collect();
            ("Cut", vec![Links(ids)])
        }
        What::Opened => ("Opened", vec![]),
        What::Healed => ("FaultsEnded", vec![]),
    }
}

fn letter_fields(letter: &Letter) -> [Field; 3] {
    let Letter { kind: which, term, entries } = *letter;
    [Field::Name(kind::name(which)), Field::Number(term.get()), Field::Number(u64::from(entries))]
}
