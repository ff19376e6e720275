use benches::{
    cell::{Cell, measure},
    cluster::Load,
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
