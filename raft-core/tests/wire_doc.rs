//! The golden vectors of `docs/raft-wire.md`, held against the code: so that another language can trust the page.

mod common;

use std::{fs, path::Path};

use bytes::Bytes;
use common::{append, block, i, n, pos, pre_vote, pre_vote_reply, t, vote_reply};
use raft_core::{EntryKind, HardState, Message, Outcome, Round, Run, SessionId, Stamp, wire};

const BEGIN: &str = "<!-- vectors: begin -->";
const END: &str = "<!-- vectors: end -->";

/// The vectors of the page: name and bytes. A vector is a line `name: hex hex …`; indented lines go on with it.
fn page() -> Vec<(String, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/raft-wire.md");
    let text = fs::read_to_string(&path).expect("the page is part of the repository");
    let (_, rest) = text.split_once(BEGIN).expect("begin marker");
    let (inside, _) = rest.split_once(END).expect("end marker");
    let mut vectors: Vec<(String, Vec<u8>)> = vec![];
    for line in inside.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("```")) {
        let hex = if line.starts_with(' ') {
            line
        } else {
            let (name, hex) = line.split_once(':').expect("name: hex");
            vectors.push((name.to_owned(), vec![]));
            hex
        };
        let bytes = hex.split_whitespace().flat_map(|word| {
            assert!(word.len() % 2 == 0, "whole bytes: {word}");
            (0..word.len()).step_by(2).map(|at| u8::from_str_radix(&word[at..at + 2], 16).expect("hex"))
        });
        vectors.last_mut().expect("a name first").1.extend(bytes);
    }
    vectors
}

fn reply(outcome: Outcome) -> Message {
    Message::AppendReply { term: t(7), session: SessionId::new(2), round: Round::new(9), outcome }
}

fn messages() -> Vec<(&'static str, Message)> {
    let blank = Run::decode(t(7), i(4), 1, Bytes::from_static(&[0, 0, 0, 0, 1])).expect("well-formed");
    assert_eq!(blank.entries().next().map(|entry| entry.kind), Some(EntryKind::Blank));
    let stamped = Bytes::from_static(b"\x02\0\0\0\x02\x08\x07\x06\x05\x04\x03\x02\x01hi");
    let stamped = Run::decode(t(7), i(4), 1, stamped).expect("well-formed");
    let stamp = stamped.entries().next().and_then(|entry| entry.kind.stamp());
    assert_eq!(stamp, Some(Stamp::new(0x0102_0304_0506_0708)));
    let full = |run| Message::Append {
        term: t(7),
        session: SessionId::new(2),
        prev: pos(5, 3),
        commit: i(3),
        round: Round::new(9),
        reply: false,
        run,
    };
    vec![
        ("pre_vote", pre_vote(7, pos(5, 3))),
        ("pre_vote_reply_granted", pre_vote_reply(7, true)),
        ("pre_vote_reply_denied", pre_vote_reply(7, false)),
        ("vote", Message::Vote { term: t(7), last: pos(5, 3), transfer: false }),
        ("vote_after_handover", Message::Vote { term: t(7), last: pos(5, 3), transfer: true }),
        ("vote_reply_granted", vote_reply(7, true)),
        ("vote_reply_denied", vote_reply(7, false)),
        ("append_heartbeat", append(7, pos(5, 3), 3, None)),
        ("append_commit_notice", full(None)),
        ("append_two_entries", full(Some(block(7, 4, 2)))),
        ("append_blank_entry", full(Some(blank))),
        ("append_stamped_entry", full(Some(stamped))),
        ("append_reply_accepted", reply(Outcome::Accepted { matched: i(5) })),
        ("append_reply_rejected", reply(Outcome::Rejected { prev: i(9), hint: pos(5, 3) })),
        ("timeout_now", Message::TimeoutNow { term: t(7) }),
        ("largest_numbers", pre_vote(u64::MAX, pos(u64::MAX, u64::MAX))),
    ]
}

fn hard_states() -> Vec<(&'static str, HardState)> {
    vec![
        ("hard_state_new", HardState::default()),
        ("hard_state_no_vote", HardState { term: t(7), vote: None, commit: i(3) }),
        ("hard_state_voted", HardState { term: t(7), vote: Some(n(0x0102)), commit: i(3) }),
    ]
}

fn encode(message: &Message) -> Vec<u8> {
    let mut bytes = vec![];
    wire::encode_head(message, &mut bytes);
    bytes.extend_from_slice(message.run().map_or(&[], |run| run.body()));
    bytes
}

fn line(name: &str, bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{name}: {hex}")
}

#[test]
fn page_has_every_vector_and_no_other() {
    let page = page();
    let coded = messages()
        .iter()
        .map(|(name, message)| (*name, encode(message)))
        .chain(hard_states().iter().map(|(name, state)| (*name, state.encode().to_vec())))
        .collect::<Vec<_>>();
    assert_eq!(page.len(), coded.len());
    for ((name, bytes), (named, encoded)) in page.iter().zip(&coded) {
        assert_eq!(line(name, bytes), line(named, encoded), "the page and the code differ");
    }
}

#[test]
fn vectors_of_the_page_are_read_as_what_they_are_called() {
    let page = page();
    let bytes = |name: &str| {
        let found = page.iter().find(|(named, _)| named == name);
        Bytes::from(found.expect("on the page").1.clone())
    };
    for (name, message) in messages() {
        assert_eq!(wire::decode(bytes(name)), Ok(message), "{name}");
    }
    for (name, state) in hard_states() {
        assert_eq!(HardState::decode(&bytes(name)), Ok(state), "{name}");
    }
}

#[test]
fn damaged_vectors_are_told_or_are_other_messages() {
    for (name, whole) in page().into_iter().filter(|(name, _)| !name.starts_with("hard_state")) {
        for length in 0..whole.len() {
            let cut = wire::decode(Bytes::copy_from_slice(&whole[..length]));
            assert!(cut.is_err(), "{name} cut to {length}: {cut:?}");
        }
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(message) = wire::decode(flipped.clone().into()) {
                assert_eq!(encode(&message), flipped, "{name}, bit {bit}");
            }
        }
    }
}
