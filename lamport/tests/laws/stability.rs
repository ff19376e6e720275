//! Law 10: what everybody knows.

use lamport::{ClockError, Stability, VersionVector};
use proptest::{collection, prelude::*};

use crate::strategies::{small_vector, vector};

proptest! {
    #![proptest_config(crate::strategies::cases())]

    #[test]
    fn stable_is_what_all_know_and_only_grows(
        told in collection::vec((0..4u64, small_vector()), 0..30),
    ) {
        let mut known = Stability::new(0..4);
        let mut own: [VersionVector; 4] = Default::default();
        let mut before = VersionVector::new();
        for (from, vector) in told {
            known.observe(&from, &vector).expect("a member, and few ids");
            let index = usize::try_from(from).expect("small");
            own[index] = VersionVector::join(&own[index], &vector);
            let stable = known.stable();
            prop_assert!(own.iter().all(|own| own.descends(&stable)));
            for id in 0..6 {
                prop_assert_eq!(Some(stable.get(&id)), own.iter().map(|own| own.get(&id)).min());
            }
            prop_assert!(stable.descends(&before), "it only grows");
            // Who holds the rest back is who would free something by leaving.
            let frees = |member: &u64| {
                let mut without = known.clone();
                without.remove_member(member);
                without.stable() != stable
            };
            let laggards: Vec<u64> = (0..4).filter(frees).collect();
            prop_assert_eq!(known.laggards().into_iter().copied().collect::<Vec<_>>(), laggards);
            before = stable;
        }
    }

    /// Members tell each other of their events, each message in order; what is stable at one of them is in the past of
    /// every message that it has not yet seen.
    #[test]
    fn nothing_concurrent_with_what_is_stable_can_still_arrive(
        steps in collection::vec((any::<bool>(), 0..3usize, 0..3usize), 0..60),
    ) {
        const MEMBERS: usize = 3;
        let mut knows: [VersionVector; MEMBERS] = Default::default();
        let mut sent: [Vec<VersionVector>; MEMBERS] = Default::default();
        let mut seen = [[0; MEMBERS]; MEMBERS];
        let mut matrix = [(); MEMBERS].map(|()| Stability::new(0..3u64));
        for (sends, node, from) in steps {
            let id = node as u64;
            if sends {
                knows[node].tick(&id).expect("few");
                sent[node].push(knows[node].clone());
            } else if let Some(message) = sent[from].get(seen[node][from]).cloned() {
                seen[node][from] += 1;
                knows[node].merge(&message);
                matrix[node].observe(&(from as u64), &message).expect("a member, and few ids");
            }
            let own = knows[node].clone();
            matrix[node].observe(&id, &own).expect("a member, and few ids");
            let stable = matrix[node].stable();
            for (other, messages) in sent.iter().enumerate().filter(|(other, _)| *other != node) {
                let future = &messages[seen[node][other]..];
                prop_assert!(future.iter().all(|message| message.descends(&stable)));
                prop_assert!(knows[other].descends(&stable), "nor can one be sent");
            }
        }
    }

    #[test]
    fn a_liar_holds_nobody_up_and_fills_no_memory(lie in vector(any::<u64>(), any::<u64>(), 40)) {
        let mut known = Stability::new([1, 2]).with_entries_max(8);
        known.observe(&1, &VersionVector::from([(1, 3), (2, 2)])).expect("few");
        let before = known.clone();
        let outcome = known.observe(&2, &lie);
        prop_assert_eq!(outcome.is_err(), lie.len() > 8);
        if outcome.is_err() {
            prop_assert_eq!(outcome, Err(ClockError::TooManyEntries { limit: 8 }));
            prop_assert_eq!(&known, &before);
        }
        prop_assert!(VersionVector::from([(1, 3), (2, 2)]).descends(&known.stable()));
        prop_assert_eq!(known.observe(&9, &lie), Err(ClockError::UnknownMember));
    }
}
