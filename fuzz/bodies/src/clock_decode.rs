//! Clocks from bytes: whatever can be read is written back to the same bytes, and is a sound value.

use lamport::{
    CausalContext, ClockError, Defect, Dot, DvvSet, Limits, Stamp, VersionVector, WireId, codec::Reader,
};

use crate::{Choices, Marks};

/// Every kind of value, and every way not to be one.
pub const MARKS: &[&str] = &[
    "vector",
    "vector of several",
    "vector of narrow ids",
    "vector of wide ids",
    "context",
    "context with a cloud",
    "context with a cloud of several ids",
    "stamps and dots",
    "siblings",
    "truncated",
    "trailing bytes",
    "over-long",
    "overflow",
    "zero",
    "order",
    "uncovered",
    "too many",
];

/// The first byte says what the rest is to be, the second how many entries and dots there may be.
///
/// # Panics
///
/// When the codec breaks a promise: a bug of `lamport`.
pub fn run(input: &[u8]) -> Marks {
    let mut choices = Choices::new(input);
    let mut marks = Marks::new(MARKS);
    let kind = choices.below(6);
    let limit = usize::from(choices.byte());
    let limits = Limits { entries: limit, cloud: limit };
    let outcome = match kind {
        0 => vector::<u64>(choices.all(), limits, "vector", &mut marks),
        1 => vector::<u32>(choices.all(), limits, "vector of narrow ids", &mut marks),
        2 => vector::<[u8; 16]>(choices.all(), limits, "vector of wide ids", &mut marks),
        3 => context(choices.all(), limits, &mut marks),
        4 => stream(choices.all(), &mut marks),
        _ => siblings(&mut choices, limits, &mut marks),
    };
    if let Err(error) = outcome {
        refused(error, &mut marks);
    }
    marks
}

fn vector<I: WireId + std::fmt::Debug>(
    bytes: &[u8],
    limits: Limits,
    mark: &str,
    marks: &mut Marks,
) -> Result<(), ClockError> {
    let clock = VersionVector::<I>::decode(bytes, limits)?;
    let mut encoded = Vec::new();
    clock.encode(&mut encoded);
    assert_eq!(encoded, bytes, "{clock:?} has more than one encoding");
    assert!(clock.len() <= limits.entries, "more entries than allowed");
    assert!(clock.iter().map(|(id, _)| id).is_sorted_by(|a, b| a < b), "ids ascend");
    assert!(clock.iter().all(|(id, n)| n > 0 && clock.get(id) == n), "each entry is found, and none is zero");
    assert!(clock.descends(&clock) && clock.missing_from(&clock).next().is_none());
    marks.see(mark);
    if clock.len() > 1 {
        marks.see("vector of several");
    }
    Ok(())
}

fn context(bytes: &[u8], limits: Limits, marks: &mut Marks) -> Result<(), ClockError> {
    let context = CausalContext::<u64>::decode(bytes, limits)?;
    let mut encoded = Vec::new();
    context.encode(&mut encoded);
    assert_eq!(encoded, bytes, "{context:?} has more than one encoding");
    assert!(context.base().len() <= limits.entries && context.cloud_len() <= limits.cloud);
    // Dot by dot, by the public door, the same value comes about.
    let mut again = CausalContext::from(context.base().clone());
    for dot in context.cloud() {
        assert!(context.contains(dot) && !context.base().contains(dot));
        assert_eq!(again.insert(*dot), Ok(true), "each dot is apart");
    }
    assert_eq!(again, context);
    let mut merged = context.clone();
    assert_eq!(merged.merge(&context), Ok(()));
    assert_eq!(merged, context, "merge is idempotent");
    let mut ids: Vec<u64> = context.cloud().map(|dot| dot.id).collect();
    ids.dedup();
    marks.see(match ids.len() {
        0 => "context",
        1 => "context with a cloud",
        _ => "context with a cloud of several ids",
    });
    Ok(())
}

/// Stamps and dots in turn, up to the end.
fn stream(bytes: &[u8], marks: &mut Marks) -> Result<(), ClockError> {
    let mut input = Reader::new(bytes);
    let mut encoded = Vec::new();
    while input.left() > 0 {
        Stamp::<u64>::read(&mut input)?.encode(&mut encoded);
        Dot::<u64>::read(&mut input)?.encode(&mut encoded);
        assert_eq!(encoded, bytes[..bytes.len() - input.left()], "more than one encoding");
    }
    marks.see("stamps and dots");
    Ok(())
}

/// Siblings from parts, as a program's own codec would bring them.
fn siblings(choices: &mut Choices<'_>, limits: Limits, marks: &mut Marks) -> Result<(), ClockError> {
    let count = choices.below(5);
    let context: VersionVector = (0..count).map(|_| (choices.number(), choices.number())).collect();
    let mut values = Vec::new();
    while !choices.is_over() {
        values.extend(Dot::new(choices.number(), choices.number()).map(|dot| (dot, values.len())));
    }
    let set = DvvSet::from_parts(&context, values.iter().copied(), limits.entries)?;
    assert_eq!(set.context(), context);
    assert!(set.dotted().map(|(dot, value)| (dot, *value)).eq(values.iter().copied()), "{set:?}");
    assert!(set.len() <= limits.entries);
    let mut synced = set.clone();
    synced.sync(&set);
    assert_eq!(synced, set, "sync is idempotent");
    if set.len() > 1 {
        marks.see("siblings");
    }
    Ok(())
}

fn refused(error: ClockError, marks: &mut Marks) {
    assert!(!error.to_string().is_empty(), "an error says something");
    marks.see(match error {
        ClockError::Malformed { defect: Defect::Truncated, .. } => "truncated",
        ClockError::Malformed { defect: Defect::TrailingBytes, .. } => "trailing bytes",
        ClockError::Malformed { defect: Defect::OverLong, .. } => "over-long",
        ClockError::Malformed { defect: Defect::Overflow, .. } => "overflow",
        ClockError::Malformed { defect: Defect::Zero, .. } => "zero",
        ClockError::Malformed { defect: Defect::Order, .. } => "order",
        ClockError::Malformed { defect: Defect::Uncovered, .. } => "uncovered",
        ClockError::TooManyEntries { .. } => "too many",
        other @ (ClockError::Exhausted { .. } | _) => panic!("no decoder says {other:?}"),
    });
}
