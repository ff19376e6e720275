//! Law 1: Lamport's clock.

use lamport::{ClockError, Lamport, Stamp, Time};
use proptest::{collection, prelude::*};

use crate::strategies::history::{History, histories};

/// The stamps that Lamport's clocks give to the events.
fn stamps(history: &History) -> Vec<Stamp<usize>> {
    let mut clocks = vec![Lamport::new(); history.nodes];
    let mut stamps: Vec<Stamp<usize>> = Vec::new();
    for event in &history.events {
        let clock = &mut clocks[event.node];
        let time = match event.received {
            Some(message) => clock.observe(stamps[message].time),
            None => clock.tick(),
        };
        stamps.push(Stamp { time: time.expect("few events"), node: event.node });
    }
    stamps
}

proptest! {
    #![proptest_config(crate::strategies::cases())]

    #[test]
    fn causes_have_smaller_stamps(history in histories(4, 30)) {
        let (stamps, before) = (stamps(&history), history.happened_before());
        for (at, causes) in before.iter().enumerate() {
            for cause in (0..at).filter(|cause| causes[*cause]) {
                prop_assert!(stamps[cause].time < stamps[at].time, "{cause} caused {at}");
            }
            // With the node's id behind the time, the order is total: no two stamps are equal.
            prop_assert_eq!(stamps.iter().filter(|stamp| **stamp == stamps[at]).count(), 1);
        }
    }

    #[test]
    fn it_only_rises_and_a_refusal_changes_nothing(
        start in prop_oneof![3 => 0..100u64, 1 => u64::MAX - 3..=u64::MAX],
        calls in collection::vec((any::<bool>(), prop_oneof![0..100u64, any::<u64>()], any::<u64>()), 0..20),
    ) {
        let mut clock = Lamport::resume(Time::new(start));
        for (observes, remote, jump_max) in calls {
            let (before, remote) = (clock.now(), Time::new(remote));
            let outcome = if observes { clock.observe_bounded(remote, jump_max) } else { clock.tick() };
            match outcome {
                Ok(stamp) => {
                    prop_assert!(stamp > before && stamp == clock.now());
                    prop_assert!(!observes || stamp > remote);
                    prop_assert!(!observes || remote.get().saturating_sub(before.get()) <= jump_max);
                }
                Err(ClockError::Exhausted { .. }) => {
                    prop_assert!(before == Lamport::LAST || (observes && remote == Lamport::LAST));
                    prop_assert_eq!(clock.now(), before);
                }
                Err(ClockError::TooFarAhead { ahead, limit, .. }) => {
                    prop_assert!(observes && limit == jump_max && ahead == remote.get() - before.get());
                    prop_assert!(ahead > limit);
                    prop_assert_eq!(clock.now(), before);
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
    }
}
