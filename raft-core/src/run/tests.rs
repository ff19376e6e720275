extern crate std;

use alloc::{vec, vec::Vec};

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::{ENTRY_HEADER_BYTES, EntryFlaw, EntryKind, OpenRun, Run, RunError};
use crate::{Index, Stamp, Term};

type Plain = Vec<(EntryKind, Vec<u8>)>;

fn plain() -> impl Strategy<Value = Plain> {
    let entry = prop_oneof![
        6 => prop::collection::vec(any::<u8>(), 0..20).prop_map(|payload| (EntryKind::Normal, payload)),
        3 => (any::<u64>(), prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(stamp, payload)| (EntryKind::Stamped(Stamp::new(stamp)), payload)),
        1 => Just((EntryKind::Blank, vec![])),
    ];
    prop::collection::vec(entry, 1..12)
}

fn build(term: u64, first: u64, entries: &Plain) -> Run {
    let mut open =
        OpenRun::new(Term::new(term), Index::new(first), BytesMut::with_capacity(1 << 16), usize::MAX);
    for (kind, payload) in entries {
        open.push(*kind, payload);
    }
    open.seal(usize::MAX)
}

fn plainly(run: &Run) -> Plain {
    run.entries().map(|entry| (entry.kind, entry.payload.to_vec())).collect()
}

proptest! {
    #[test]
    fn round_trip(entries in plain(), term in 1..u64::MAX, first in 1..1_000_000u64) {
        let run = build(term, first, &entries);
        prop_assert_eq!(&plainly(&run), &entries);
        let again = Run::decode(run.term(), run.first(), run.count(), run.body().clone());
        prop_assert_eq!(again, Ok(run.clone()));
        let indexes: Vec<_> = run.entries().map(|entry| entry.index.get()).collect();
        let expected: Vec<_> = (first..first + entries.len() as u64).collect();
        prop_assert_eq!(&indexes, &expected);
        prop_assert_eq!(run.last().get(), *expected.last().expect("not empty"));
        let normal: Vec<_> = run.payloads().map(|(index, payload)| (index, payload.to_vec())).collect();
        let expected: Vec<_> = run.entries().filter(|entry| entry.kind != EntryKind::Blank)
            .map(|entry| (entry.index, entry.payload.to_vec())).collect();
        prop_assert_eq!(normal, expected);
    }

    #[test]
    fn decode_takes_no_other_count(entries in plain(), count in any::<u32>()) {
        let run = build(1, 1, &entries);
        let decoded = Run::decode(run.term(), run.first(), count, run.body().clone());
        prop_assert_eq!(decoded.is_ok(), count == run.count());
    }

    #[test]
    fn decode_of_any_bytes_never_panics(
        bytes in prop::collection::vec(prop_oneof![3 => 0..4u8, 1 => any::<u8>()], 0..64),
        count in prop_oneof![0..9u32, any::<u32>()],
        first in prop_oneof![0..3u64, Just(u64::MAX), any::<u64>()],
        term in 0..3u64,
    ) {
        let body = Bytes::from(bytes.clone());
        if let Ok(run) = Run::decode(Term::new(term), Index::new(first), count, body) {
            // Whatever is taken is whole, and is what its entries say.
            prop_assert_eq!(plainly(&run).len() as u64, u64::from(count));
            prop_assert_eq!(build(term, first, &plainly(&run)).body().to_vec(), bytes);
        }
    }

    #[test]
    fn cuts_are_those_of_the_list(entries in plain(), first in 1..20u64, cut in 0..40u64) {
        let run = build(3, first, &entries);
        let keep = |range: &mut dyn Iterator<Item = usize>| -> Plain {
            range.map(|at| entries[at].clone()).collect()
        };
        let at = |place: usize| first + place as u64;
        let head = keep(&mut (0..entries.len()).filter(|place| at(*place) <= cut));
        let up_to = run.up_to(Index::new(cut));
        prop_assert_eq!(up_to.as_ref().map(plainly).unwrap_or_default(), head);
        prop_assert!(up_to.is_none_or(|part| part.first() == run.first() && part.count() > 0));
        let tail = keep(&mut (0..entries.len()).filter(|place| at(*place) >= cut));
        let from = run.starting_at(Index::new(cut));
        prop_assert_eq!(from.as_ref().map(plainly).unwrap_or_default(), tail);
        prop_assert!(from.is_none_or(|part| part.last() == run.last() && part.count() > 0));
    }

    #[test]
    fn fit_is_the_longest_head_and_at_least_one(entries in plain(), bytes_max in 0..300usize) {
        let run = build(3, 5, &entries);
        let part = run.fit(bytes_max);
        let cost = |(kind, payload): &(EntryKind, Vec<u8>)| {
            ENTRY_HEADER_BYTES + payload.len() + if kind.stamp().is_some() { 8 } else { 0 }
        };
        let (mut bytes, mut count) = (0, 0);
        for entry in &entries {
            if count > 0 && bytes + cost(entry) > bytes_max {
                break;
            }
            (bytes, count) = (bytes + cost(entry), count + 1);
        }
        prop_assert_eq!(plainly(&part), entries[..count].to_vec());
        prop_assert_eq!((part.first(), part.count() as usize, part.body().len()), (run.first(), count, bytes));
    }

    #[test]
    fn join_undoes_cutting(entries in plain(), cuts in prop::collection::vec(1..12u64, 0..4)) {
        let run = build(3, 1, &entries);
        let mut parts = vec![];
        let mut rest = Some(run.clone());
        let mut cuts = cuts;
        cuts.sort_unstable();
        for cut in cuts {
            let Some(part) = rest.clone() else { break };
            parts.extend(part.up_to(Index::new(cut)));
            rest = part.starting_at(Index::new(cut + 1));
        }
        parts.extend(rest);
        prop_assert_eq!(Run::join(parts.iter()), Some(run.clone()));
        prop_assert_eq!(Run::joined(&parts), Some(run));
    }
}

#[test]
fn what_does_not_follow_is_not_joined() {
    let run =
        |term, first, payload: &[u8]| build(term, first, &vec![(EntryKind::Normal, payload.to_vec()); 2]);
    let (front, next) = (run(3, 1, b"a"), run(3, 3, b"b"));
    let joined = Run::joined(&[front.clone(), next.clone()]).expect("two runs");
    assert_eq!((joined.first(), joined.count(), joined.term()), (Index::new(1), 4, Term::new(3)));
    let odd = [
        run(4, 5, b"of a later term"),
        run(3, 6, b"behind a gap"),
        run(3, 4, b"over the last"),
        run(3, 1, b""),
    ];
    for odd in odd {
        assert_eq!(Run::joined(&[front.clone(), next.clone(), odd.clone()]), Some(joined.clone()), "{odd:?}");
    }
    assert_eq!(Run::joined(&[]), None);
}

#[test]
fn flaws_are_named() {
    let decode = |count, bytes: &'static [u8]| {
        Run::decode(Term::new(1), Index::new(1), count, Bytes::from_static(bytes)).expect_err("flawed")
    };
    let flaw = |entry, flaw| RunError::Entry { entry, flaw };
    assert_eq!(decode(0, &[]), RunError::Zero);
    assert_eq!(decode(1, &[0, 0, 0, 0]), flaw(0, EntryFlaw::Truncated));
    assert_eq!(decode(1, &[1, 0, 0, 0, 0]), flaw(0, EntryFlaw::Truncated));
    assert_eq!(decode(1, &[255, 255, 255, 255, 0, 9]), flaw(0, EntryFlaw::Truncated));
    assert_eq!(decode(1, &[0, 0, 0, 0, 3]), flaw(0, EntryFlaw::UnknownKind(3)));
    assert_eq!(decode(1, &[0, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7]), flaw(0, EntryFlaw::Truncated));
    assert_eq!(decode(1, &[1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8]), flaw(0, EntryFlaw::Truncated));
    assert_eq!(decode(1, &[1, 0, 0, 0, 1, 9]), flaw(0, EntryFlaw::BlankWithPayload));
    assert_eq!(decode(2, &[0, 0, 0, 0, 0]), flaw(1, EntryFlaw::Truncated));
    assert_eq!(decode(u32::MAX, &[0, 0, 0, 0, 0]), flaw(1, EntryFlaw::Truncated));
    assert_eq!(decode(1, &[0, 0, 0, 0, 0, 7]), RunError::TrailingBytes { bytes: 1 });
    let far = Run::decode(Term::new(1), Index::new(u64::MAX), 1, Bytes::from_static(&[0; 5]));
    assert_eq!(far, Err(RunError::IndexOverflow { first: Index::new(u64::MAX) }));
    for error in [RunError::Zero, flaw(3, EntryFlaw::UnknownKind(9)), RunError::TrailingBytes { bytes: 1 }] {
        assert!(!alloc::format!("{error}").is_empty());
    }
}

#[test]
fn shared_payloads_are_no_copies() {
    let run = build(1, 1, &vec![(EntryKind::Normal, vec![7; 100]), (EntryKind::Normal, vec![8; 3])]);
    let (_, payload) = run.payloads().next().expect("two");
    let shared = run.share(payload);
    assert_eq!(shared.as_ptr(), payload.as_ptr());
    let part = run.starting_at(Index::new(2)).expect("one is left");
    assert!(run.body().as_ptr_range().contains(&part.body().as_ptr()));
}

#[test]
fn block_is_used_to_its_end() {
    let mut open = OpenRun::new(Term::new(1), Index::new(9), BytesMut::with_capacity(64), usize::MAX);
    assert!(open.is_empty() && open.has_room(64) && !open.has_room(65));
    assert_eq!(open.push(EntryKind::Normal, b"abc"), Index::new(9));
    assert_eq!(open.push(EntryKind::Blank, b""), Index::new(10));
    assert_eq!((open.first(), open.bytes()), (Index::new(9), 13));
    let run = open.seal(usize::MAX);
    assert_eq!(
        (run.count(), run.last_pos()),
        (2, crate::LogPos { term: Term::new(1), index: Index::new(10) })
    );
    assert!(open.is_empty() && open.has_room(51) && !open.has_room(52), "the next run is in the rest");
    assert_eq!(open.push(EntryKind::Blank, b""), Index::new(11));
    let next = open.seal(10);
    assert_eq!((next.first(), next.term(), next.count()), (Index::new(11), Term::new(1), 1));
    assert!(open.has_room(10) && !open.has_room(11), "no more than an append may carry");
}

#[test]
fn small_slices_of_large_blocks_are_copied_out() {
    let run = build(1, 1, &vec![(EntryKind::Normal, vec![7; 100]), (EntryKind::Normal, vec![8; 3])]);
    let tail = run.starting_at(Index::new(2)).expect("one is left");
    let copied = tail.clone().without_slack(run.body().len());
    assert_eq!(copied, tail);
    assert!(!run.body().as_ptr_range().contains(&copied.body().as_ptr()));
    let head = run.up_to(Index::new(1)).expect("one is left");
    let shared = head.without_slack(run.body().len());
    assert!(run.body().as_ptr_range().contains(&shared.body().as_ptr()));
}
