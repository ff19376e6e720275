use benches::{
    catch_up,
    cell::{Cell, measure},
    cluster::Load,
    idle_groups::{self, Idle},
};
use bytes::BytesMut;

use super::{ALL, block};

#[test]
fn all_contenders_apply_what_was_proposed() {
    for contender in &ALL {
        for (nodes, size, outstanding) in [(3, 16, 1), (5, 256, 64), (3, 4096, 100)] {
            let cell = Cell { nodes, size, outstanding, entries: 2 * outstanding + 100 };
            let measured = measure(contender, &cell)
                .unwrap_or_else(|broken| panic!("{} {cell:?}: {broken}", contender.name));
            assert!(measured.messages > 0, "{}", contender.name);
        }
    }
}

#[test]
fn a_block_holds_the_load_in_order() {
    let (mut load, mut again) = (Load::new(24), Load::new(24));
    let mut spare = BytesMut::new();
    for count in [3, 0, 5] {
        let taken: Vec<_> = block(&mut load, count, &mut spare).collect();
        assert!(taken.iter().map(|payload| &payload[..]).eq(again.take(count)));
    }
}

#[test]
fn idle_groups_keep_their_leaders() {
    for contender in ALL.iter().filter(|contender| contender.idle.is_some()) {
        for (heartbeat_ticks, ticks) in [(1000, 200), (10, 100), (1, 50)] {
            let measured = idle_groups::measure(contender, &Idle { groups: 4, heartbeat_ticks, ticks });
            let measured = measured.expect("groups have leaders");
            assert_eq!(measured.messages > 0.0, heartbeat_ticks < 1000, "{} {measured:?}", contender.name);
        }
    }
}

#[test]
fn followers_come_back() {
    for contender in ALL.iter().filter(|contender| contender.catch_up.is_some()) {
        let measured = catch_up::measure(contender, 16, 20_000).expect("the follower comes back");
        assert!(measured.entries_max > 0, "{} {measured:?}", contender.name);
    }
}
