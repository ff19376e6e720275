use proptest::prelude::*;

use super::*;

const A: ClientId = ClientId::new(1);
const B: ClientId = ClientId::new(2);
const C: ClientId = ClientId::new(3);

#[test]
fn only_the_next_line_of_a_client_counts() {
    let mut sessions = Sessions::default();
    assert_eq!(sessions.admit(A, 1, 1), Verdict::New);
    assert_eq!(sessions.admit(A, 1, 2), Verdict::Duplicate);
    assert_eq!(sessions.admit(A, 3, 3), Verdict::Gap { expected: 2 });
    assert_eq!(sessions.admit(A, 2, 4), Verdict::New);
    assert_eq!(sessions.admit(A, 3, 5), Verdict::New);
    assert_eq!(sessions.admit(B, 2, 6), Verdict::Gap { expected: 1 });
    assert_eq!(sessions.admit(B, 0, 7), Verdict::Duplicate, "zero is before the first");
    assert_eq!((sessions.last(A), sessions.last(B), sessions.len()), (3, 0, 1));
}

#[test]
fn a_full_table_forgets_whoever_was_silent_longest() {
    let mut sessions = Sessions::with_limit(2);
    sessions.admit(A, 1, 1);
    sessions.admit(B, 1, 2);
    sessions.admit(A, 2, 3);
    sessions.admit(C, 1, 4);
    assert_eq!((sessions.last(A), sessions.last(B), sessions.last(C)), (2, 0, 1));
    assert_eq!(sessions.admit(B, 2, 5), Verdict::Gap { expected: 1 });
    assert_eq!(sessions.len(), 2, "a refused line takes no place");
}

#[test]
fn the_last_sequence_of_all_is_not_passed() {
    let mut sessions = Sessions::default();
    sessions.table.insert(A, Session { last: u64::MAX, index: 1 });
    assert_eq!(sessions.admit(A, u64::MAX, 2), Verdict::New, "documented limit: 2^64 lines per session");
}

proptest! {
    /// Whatever is sent again, dropped or reordered on the way: what counts is 1, 2, 3, … of each client.
    #[test]
    fn what_counts_is_gapless_and_in_order(sent in prop::collection::vec((0_u64..4, 0_u64..12), 0..200)) {
        let mut sessions = Sessions::default();
        let mut taken: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (index, (client, sequence)) in (1..).zip(sent) {
            if sessions.admit(ClientId::new(client), sequence, index) == Verdict::New {
                taken.entry(client).or_default().push(sequence);
            }
        }
        for sequences in taken.into_values() {
            let expected: Vec<u64> = (1..=sequences.len() as u64).collect();
            prop_assert_eq!(sequences, expected);
        }
    }
}
