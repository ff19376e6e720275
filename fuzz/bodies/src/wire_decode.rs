//! Messages and hard states: whatever can be read is written back to the same bytes.

use std::ops::Range;

use bytes::Bytes;
use machine_core::NodeId;
use raft_core::{
    Entry, HardState, Index, Message, Run, RunError,
    wire::{self, WireError},
};

use crate::{Choices, Marks};

/// Every kind of message, and every way not to be one.
pub const MARKS: &[&str] = &[
    "PreVote",
    "PreVoteReply",
    "Vote",
    "VoteReply",
    "Append",
    "Append with entries",
    "Append with several entries",
    "AppendReply",
    "TimeoutNow",
    "HardState",
    "other version",
    "unknown kind",
    "flags",
    "truncated",
    "trailing bytes",
    "run: zero",
    "run: index overflow",
    "run: entry",
    "run: trailing bytes",
];

/// The first byte says what the rest is to be: even a message, odd a hard state.
///
/// # Panics
///
/// When the codec breaks a promise: a bug of `raft_core::wire`.
pub fn run(input: &[u8]) -> Marks {
    let mut choices = Choices::new(input);
    let mut marks = Marks::new(MARKS);
    if choices.flag() {
        hard_state(choices.all(), &mut marks);
    } else {
        message(choices.all(), &mut marks);
    }
    marks
}

fn message(bytes: &[u8], marks: &mut Marks) {
    let shared = Bytes::copy_from_slice(bytes);
    let message = match wire::decode(shared.clone()) {
        Ok(message) => message,
        Err(error) => return refused(error, marks),
    };
    let mut encoded = Vec::new();
    wire::encode_head(&message, &mut encoded);
    assert!(encoded.len() <= wire::HEAD_BYTES_MAX, "a head of {} bytes: {message:?}", encoded.len());
    if let Some(run) = message.run() {
        assert!(lies_within(run.body(), &shared), "the run shares the bytes that came in");
        encoded.extend_from_slice(run.body());
        entries(run);
    }
    assert_eq!(encoded, bytes, "{message:?} has more than one encoding");
    marks.see(match &message {
        Message::PreVote { .. } => "PreVote",
        Message::PreVoteReply { .. } => "PreVoteReply",
        Message::Vote { .. } => "Vote",
        Message::VoteReply { .. } => "VoteReply",
        Message::Append { run: None, .. } => "Append",
        Message::Append { run: Some(run), .. } if run.count() == 1 => "Append with entries",
        Message::Append { run: Some(_), .. } => "Append with several entries",
        Message::AppendReply { .. } => "AppendReply",
        Message::TimeoutNow { .. } => "TimeoutNow",
    });
}

/// What was taken as a run is one: the entries cover the body, and every part of it is a run again.
fn entries(run: &Run) {
    let entries: Vec<Entry<'_>> = run.entries().collect();
    assert_eq!(entries.len(), run.count() as usize, "as many entries as counted");
    let bytes = |entry: &Entry<'_>| entry.kind.header_bytes() + entry.payload.len();
    assert_eq!(entries.iter().map(bytes).sum::<usize>(), run.body().len(), "entries cover the body");
    assert!(entries.iter().all(|entry| entry.kind.is_proposal() || entry.payload.is_empty()));
    assert!((run.first().get()..=run.last().get()).eq(entries.iter().map(|entry| entry.index.get())));
    // Ends and the middle: all cuts would make the target quadratic.
    let middle = Index::new(run.first().get() + u64::from(run.count()) / 2);
    for at in [run.first(), middle, run.last()] {
        let (head, tail) = (run.up_to(at), run.starting_at(at));
        for part in head.iter().chain(&tail).chain([&run.fit(run.body().len() / 2)]) {
            let again = Run::decode(part.term(), part.first(), part.count(), part.body().clone());
            assert_eq!(again.as_ref(), Ok(part), "a part of a run is a run");
        }
        assert_eq!(head.map(|head| head.last()), Some(at));
        assert_eq!(tail.map(|tail| tail.first()), Some(at).filter(|at| *at <= run.last()));
    }
}

fn hard_state(bytes: &[u8], marks: &mut Marks) {
    match HardState::decode(bytes) {
        Ok(state) => {
            assert_eq!(state.encode(), bytes, "{state:?} has more than one encoding");
            assert_ne!(state.vote.map(NodeId::get), Some(0));
            marks.see("HardState");
        }
        Err(error) => refused(error, marks),
    }
}

fn refused(error: WireError, marks: &mut Marks) {
    assert!(!error.to_string().is_empty(), "an error says something");
    marks.see(match error {
        WireError::Version { .. } => "other version",
        WireError::UnknownKind { .. } => "unknown kind",
        WireError::Flags { .. } => "flags",
        WireError::Truncated => "truncated",
        WireError::TrailingBytes { .. } => "trailing bytes",
        WireError::Run(RunError::Zero) => "run: zero",
        WireError::Run(RunError::IndexOverflow { .. }) => "run: index overflow",
        WireError::Run(RunError::Entry { .. }) => "run: entry",
        WireError::Run(RunError::TrailingBytes { .. }) => "run: trailing bytes",
        other @ (WireError::Run(_) | _) => panic!("name a mark for {other:?}"),
    });
}

fn lies_within(part: &[u8], whole: &[u8]) -> bool {
    let (part, whole): (Range<_>, Range<_>) = (part.as_ptr_range(), whole.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}
