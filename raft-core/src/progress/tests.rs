extern crate std;

use proptest::prelude::*;

use super::{Due, Progress, ProgressState};
use crate::{EntryKind, Index, Run, SessionId, Term, run::OpenRun};
use bytes::BytesMut;
use machine_core::Instant;

fn run(first: u64, count: u64) -> Run {
    let mut open =
        OpenRun::new(Term::new(1), Index::new(first), BytesMut::with_capacity(1 << 16), usize::MAX);
    for _ in 0..count {
        open.push(EntryKind::Normal, b"12345");
    }
    open.seal(usize::MAX)
}

fn probing(next: u64) -> Progress {
    Progress::new(SessionId::new(1), Index::new(next), Instant::ZERO)
}

fn streaming(next: u64) -> Progress {
    let mut follower = probing(next);
    assert!(follower.accepted(Index::new(next - 1)) || next == 1);
    assert_eq!(follower.state, ProgressState::Streaming);
    follower
}

#[test]
fn starts_as_a_probe_that_owes_an_answer() {
    let follower = probing(8);
    assert_eq!(follower.state, ProgressState::Probe { waiting: false });
    assert_eq!((follower.matched, follower.next, follower.due), (Index::ZERO, Index::new(8), Due::Answer));
}

#[test]
fn probe_waits_for_its_answer() {
    let mut follower = probing(8);
    assert!(follower.has_room(1, 1));
    follower.sent(&run(8, 3));
    assert!(!follower.has_room(100, 100));
    assert_eq!(follower.next, Index::new(8), "what a probe carries is sent again if it is lost");
    assert!(follower.inflight.is_empty());
    assert!(!follower.accepted(Index::new(0)), "an old answer says nothing of this probe");
    assert!(!follower.has_room(100, 100));
    assert!(follower.accepted(Index::new(7)), "the logs agree before it");
    assert!(follower.has_room(1, 1));
    assert_eq!(follower.next, Index::new(8));
}

#[test]
fn streams_as_far_as_the_window_allows() {
    let mut follower = streaming(8);
    follower.sent(&run(8, 2));
    follower.sent(&run(10, 1));
    assert_eq!(follower.next, Index::new(11));
    assert_eq!((follower.inflight.len(), follower.inflight.bytes()), (2, 30));
    assert!(follower.has_room(3, 31) && !follower.has_room(2, 31) && !follower.has_room(3, 30));
    assert!(follower.accepted(Index::new(9)));
    assert_eq!(follower.inflight.bytes(), 10);
    assert!(!follower.accepted(Index::new(9)), "no news");
    assert!(!follower.accepted(Index::new(3)), "matched never goes back");
    assert_eq!(follower.matched, Index::new(9));
    assert!(follower.accepted(Index::new(10)));
    assert!(follower.inflight.is_empty());
}

#[test]
fn rejection_goes_back_to_where_the_logs_may_agree() {
    let mut follower = streaming(8);
    follower.sent(&run(8, 2));
    assert!(follower.rejected(Index::new(9), Index::new(8)));
    assert_eq!(follower.state, ProgressState::Probe { waiting: false });
    assert_eq!(follower.next, Index::new(9));
    assert!(follower.inflight.is_empty(), "what was under way is given up");
    // Never before what is known to match.
    let mut follower = streaming(8);
    assert!(follower.rejected(Index::new(9), Index::new(2)));
    assert_eq!(follower.next, Index::new(8));
}

#[test]
fn rejection_of_a_window_ends_its_session() {
    let mut follower = streaming(8);
    follower.sent(&run(8, 1));
    assert!(follower.rejected(Index::new(8), Index::new(7)));
    assert_eq!(follower.session, SessionId::new(2));
    // A probe is alone under way and known by its place.
    follower.sent(&run(8, 1));
    follower.matched = Index::new(2);
    assert!(follower.rejected(Index::new(7), Index::new(5)));
    assert_eq!((follower.next, follower.session), (Index::new(6), SessionId::new(2)));
}

#[test]
fn window_halves_when_it_is_lost_and_doubles_while_it_arrives() {
    let (messages_max, bytes_max) = (u32::MAX, usize::MAX);
    let mut follower = streaming(1);
    let fill = |follower: &mut Progress| {
        while follower.inflight.len() < 100 && follower.has_room(messages_max, bytes_max) {
            follower.sent(&run(follower.next.get(), 1));
        }
        follower.inflight.len()
    };
    assert_eq!(fill(&mut follower), 100, "nothing was lost yet");
    assert!(follower.rejected(Index::new(40), Index::new(1)));
    assert!(follower.accepted(Index::new(1)));
    assert_eq!(fill(&mut follower), 50);
    assert!(follower.rejected(Index::new(40), Index::new(1)));
    for (arrived, expected) in [(1, 25), (26, 50), (76, 100)] {
        follower.accepted(Index::new(arrived));
        assert_eq!(fill(&mut follower), expected);
    }
    for _ in 0..10 {
        assert!(follower.rejected(follower.next.prev(), follower.matched));
        follower.accepted(follower.matched);
        assert!(fill(&mut follower) >= 1, "never shut");
    }
}

#[test]
fn stale_rejections_change_nothing() {
    let mut follower = streaming(8);
    assert!(!follower.rejected(Index::new(7), Index::new(2)), "that much is known to match");
    assert_eq!(follower.state, ProgressState::Streaming);
    let mut follower = probing(8);
    follower.sent(&run(8, 1));
    for prev in [0, 5, 6, 8, 9, u64::MAX] {
        assert!(!follower.rejected(Index::new(prev), Index::new(2)), "{prev}: not this probe");
    }
    assert!(follower.rejected(Index::new(7), Index::new(2)));
    assert_eq!(follower.next, Index::new(3));
    assert!(!follower.rejected(Index::new(7), Index::new(2)), "the same again");
}

proptest! {
    #[test]
    fn matched_stays_before_next_and_never_goes_back(
        ops in prop::collection::vec((0..4u8, 0..30u64, 0..30u64), 0..80),
    ) {
        let mut follower = probing(20);
        for (op, a, b) in ops {
            let before = follower.matched;
            match op {
                0 | 1 if follower.has_room(4, 60) => follower.sent(&run(follower.next.get(), a % 3 + 1)),
                0 | 1 => {}
                2 => { follower.accepted(Index::new(a)); }
                _ => { follower.rejected(Index::new(a.max(b)), Index::new(a.min(b))); }
            }
            prop_assert!(follower.matched >= before && follower.matched < follower.next);
            prop_assert!(follower.inflight.len() <= 4);
            prop_assert!(follower.state == ProgressState::Streaming || follower.inflight.is_empty());
        }
        // Whatever happened, an answer to everything leaves nothing under way.
        let all = follower.next.prev();
        follower.accepted(all);
        prop_assert_eq!((follower.state, follower.inflight.bytes()), (ProgressState::Streaming, 0));
    }
}

#[test]
fn silent_follower_is_asked_once_an_interval_however_often_somebody_looks() {
    const INTERVAL: u64 = 50;
    let mut follower = streaming(1);
    let start = follower.heard;
    let ask = |follower: &mut Progress, at: u64| {
        let now = start.plus_nanos(at);
        let asked = follower.is_to_be_asked(now, INTERVAL);
        let next = follower.next_ask(now, INTERVAL);
        assert!(next > now && next <= now.plus_nanos(INTERVAL), "asked again within an interval");
        asked
    };
    let asked: alloc::vec::Vec<_> = (0..=500).step_by(7).filter(|at| ask(&mut follower, *at)).collect();
    assert_eq!(asked, [56, 105, 154, 203, 252, 301, 350, 406, 455]);
    assert!(ask(&mut follower, 5_000), "a look that is late asks once");
    assert!(!ask(&mut follower, 5_001));
    follower.was_heard(start.plus_nanos(5_010));
    assert!(!ask(&mut follower, 5_059));
    assert!(ask(&mut follower, 5_060), "as soon as it is silent again");
    assert!(ask(&mut follower, 5_060 + 65_536 * INTERVAL + INTERVAL), "the count wraps round");
}
