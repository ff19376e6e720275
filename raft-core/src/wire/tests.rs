extern crate std;

use alloc::{format, string::String, vec, vec::Vec};

use bytes::Bytes;
use machine_core::NodeId;
use proptest::prelude::*;

use super::{APPEND, HARD_STATE_BYTES, HEAD_BYTES_MAX, VERSION, WireError, decode, encode_head};
use crate::{EntryFlaw, HardState, Index, LogPos, Message, Outcome, Round, Run, RunError, SessionId, Term};

fn encode(message: &Message) -> Vec<u8> {
    let mut bytes = vec![];
    encode_head(message, &mut bytes);
    assert!(bytes.len() <= HEAD_BYTES_MAX);
    if let Some(run) = message.run() {
        bytes.extend_from_slice(run.body());
    }
    bytes
}

fn pos() -> impl Strategy<Value = LogPos> {
    (any::<u64>(), any::<u64>())
        .prop_map(|(term, index)| LogPos { term: Term::new(term), index: Index::new(index) })
}

fn run() -> impl Strategy<Value = (Term, Vec<Vec<u8>>)> {
    let payloads = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5);
    (1..u64::MAX, payloads).prop_map(|(term, payloads)| (Term::new(term), payloads))
}

fn build(term: Term, first: Index, payloads: &[Vec<u8>]) -> Option<Run> {
    let mut body = vec![];
    for payload in payloads {
        body.extend_from_slice(&u32::try_from(payload.len()).expect("short").to_le_bytes());
        body.push(0);
        body.extend_from_slice(payload);
    }
    Run::decode(term, first, u32::try_from(payloads.len()).expect("few"), body.into()).ok()
}

fn message() -> impl Strategy<Value = Message> {
    let term = || any::<u64>().prop_map(Term::new);
    let session = || any::<u64>().prop_map(SessionId::new);
    let round = || any::<u64>().prop_map(Round::new);
    let index = || any::<u64>().prop_map(Index::new);
    let outcome = prop_oneof![
        index().prop_map(|matched| Outcome::Accepted { matched }),
        (index(), pos()).prop_map(|(prev, hint)| Outcome::Rejected { prev, hint }),
    ];
    let run = prop::option::of(run());
    prop_oneof![
        (term(), pos()).prop_map(|(term, last)| Message::PreVote { term, last }),
        (term(), any::<bool>()).prop_map(|(term, granted)| Message::PreVoteReply { term, granted }),
        (term(), pos(), any::<bool>()).prop_map(|(term, last, transfer)| Message::Vote {
            term,
            last,
            transfer
        }),
        (term(), any::<bool>()).prop_map(|(term, granted)| Message::VoteReply { term, granted }),
        (term(), session(), pos(), index(), round(), any::<bool>(), run).prop_map(
            |(term, session, prev, commit, round, reply, run)| {
                let run = run.and_then(|(term, payloads)| build(term, prev.index.next(), &payloads));
                Message::Append { term, session, prev, commit, round, reply, run }
            }
        ),
        (term(), session(), round(), outcome).prop_map(|(term, session, round, outcome)| {
            Message::AppendReply { term, session, round, outcome }
        }),
        term().prop_map(|term| Message::TimeoutNow { term }),
    ]
}

proptest! {
    #[test]
    fn every_message_comes_back(message in message()) {
        prop_assert_eq!(decode(encode(&message).into()), Ok(message));
    }

    #[test]
    fn what_is_read_has_one_encoding(
        bytes in prop::collection::vec(prop_oneof![3 => 0..3u8, 1 => any::<u8>()], 0..120),
        kind in 0..9u8,
        flags in 0..5u8,
    ) {
        let mut bytes = bytes;
        if bytes.len() > 3 {
            bytes[..4].copy_from_slice(&[VERSION, kind, flags, 0]);
        }
        if let Ok(message) = decode(bytes.clone().into()) {
            prop_assert_eq!(encode(&message), bytes);
        }
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_told_or_is_another_message(message in message()) {
        let whole = encode(&message);
        for length in 0..whole.len() {
            let cut = decode(Bytes::copy_from_slice(&whole[..length]));
            let shorter = matches!(message, Message::Append { run: Some(_), .. });
            let told = match cut {
                Err(WireError::Truncated) => true,
                Err(WireError::Run(_)) => shorter,
                _ => false,
            };
            prop_assert!(told, "{length} of {}: {cut:?}", whole.len());
        }
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = decode(flipped.clone().into()) {
                prop_assert_ne!(&other, &message);
                prop_assert_eq!(encode(&other), flipped);
            }
        }
    }

    #[test]
    fn surplus_bytes_are_told(message in message(), surplus in prop::collection::vec(any::<u8>(), 1..9)) {
        let mut bytes = encode(&message);
        bytes.extend_from_slice(&surplus);
        let read = decode(bytes.into());
        prop_assert!(read.is_err(), "{read:?}");
    }

    #[test]
    fn hard_state_comes_back(term in any::<u64>(), vote in any::<u64>(), commit in any::<u64>()) {
        let state =
            HardState { term: Term::new(term), vote: NodeId::new(vote), commit: Index::new(commit) };
        let bytes = state.encode();
        prop_assert_eq!(HardState::decode(&bytes), Ok(state));
        for length in 0..bytes.len() {
            prop_assert_eq!(HardState::decode(&bytes[..length]), Err(WireError::Truncated));
        }
    }
}

/// A few by hand; `tests/wire_doc.rs` holds all that `docs/raft-wire.md` publishes.
#[test]
fn heads_byte_by_byte() {
    let hex =
        |message: &Message| encode(message).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let last = LogPos { term: Term::new(2), index: Index::new(3) };
    assert_eq!(
        hex(&Message::PreVote { term: Term::new(0x0102_0304), last }),
        "0101000004030201000000000200000000000000\
         0300000000000000"
    );
    assert_eq!(hex(&Message::VoteReply { term: Term::new(7), granted: true }), "010401000700000000000000");
    assert_eq!(hex(&Message::TimeoutNow { term: Term::new(u64::MAX) }), "01070000ffffffffffffffff");
}

#[test]
fn hostile_counts_are_held_against_the_bytes() {
    let prev = LogPos { term: Term::new(1), index: Index::new(1) };
    let run = build(Term::new(1), Index::new(2), &[vec![7]]);
    let append = Message::Append {
        term: Term::new(1),
        session: SessionId::new(1),
        prev,
        commit: Index::ZERO,
        round: Round::ZERO,
        reply: true,
        run,
    };
    let mut bytes = encode(&append);
    let count = HEAD_BYTES_MAX - 4;
    bytes[count..count + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let flaw = RunError::Entry { entry: 1, flaw: EntryFlaw::Truncated };
    assert_eq!(decode(bytes.clone().into()), Err(WireError::Run(flaw)));
    bytes[count..count + 4].copy_from_slice(&1u32.to_le_bytes());
    bytes[HEAD_BYTES_MAX..HEAD_BYTES_MAX + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let flaw = RunError::Entry { entry: 0, flaw: EntryFlaw::Truncated };
    assert_eq!(decode(bytes.into()), Err(WireError::Run(flaw)));
}

#[test]
fn runs_are_read_without_a_copy() {
    let prev = LogPos { term: Term::new(1), index: Index::new(1) };
    let run = build(Term::new(1), Index::new(2), &[vec![7; 1000]]);
    let (session, round) = (SessionId::new(1), Round::ZERO);
    let append =
        Message::Append { term: Term::new(1), session, prev, commit: Index::ZERO, round, reply: true, run };
    let bytes = Bytes::from(encode(&append));
    let message = decode(bytes.clone()).expect("well-formed");
    assert!(bytes.as_ptr_range().contains(&message.run().expect("has one").body().as_ptr()));
}

#[test]
fn errors_name_what_is_wrong() {
    let read = |bytes: &'static [u8]| decode(Bytes::from_static(bytes)).expect_err("no message");
    assert_eq!(read(&[]), WireError::Truncated);
    assert_eq!(read(&[2, 1]), WireError::Version { found: 2 });
    assert_eq!(read(&[1, 9, 0, 0]), WireError::UnknownKind { kind: 9 });
    assert_eq!(read(&[1, 0, 0, 0]), WireError::UnknownKind { kind: 0 });
    assert_eq!(read(&[1, 1, 1, 0]), WireError::Flags { kind: 1, flags: 1 });
    assert_eq!(read(&[1, APPEND, 4, 0]), WireError::Flags { kind: APPEND, flags: 4 });
    assert_eq!(read(&[1, 7, 0, 1]), WireError::Flags { kind: 7, flags: 0 });
    let mut state = [0; HARD_STATE_BYTES + 1];
    assert_eq!(HardState::decode(&state), Err(WireError::Version { found: 0 }));
    state[0] = VERSION;
    assert_eq!(HardState::decode(&state), Err(WireError::TrailingBytes { bytes: 1 }));
    for error in [
        WireError::Version { found: 2 },
        WireError::UnknownKind { kind: 9 },
        WireError::Flags { kind: 1, flags: 1 },
        WireError::Truncated,
        WireError::TrailingBytes { bytes: 1 },
        WireError::Run(RunError::Zero),
    ] {
        assert!(!format!("{error}").is_empty());
    }
}
