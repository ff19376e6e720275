use super::{Block, Kept};

impl Block for u64 {
    fn entry_count(&self) -> u64 {
        *self
    }
}

#[test]
fn the_newest_blocks_stay_whenever_there_are_a_third_more_entries_than_are_enough() {
    let mut kept = Kept::new(6);
    let mut held = |block: u64| {
        kept.push(block);
        kept.blocks().iter().copied().collect::<Vec<u64>>()
    };
    assert_eq!(held(1), [1]);
    assert_eq!(held(2), [1, 2]);
    assert_eq!(held(5), [1, 2, 5], "eight are a third more, and no more than that");
    assert_eq!(held(1), [5, 1], "one is not enough, six are");
    assert_eq!(held(9), [9]);
}

#[test]
fn what_is_kept_whole_is_never_cut() {
    let mut kept = Kept::new(usize::MAX);
    (0..100).for_each(|_| kept.push(1_u64 << 20));
    assert_eq!(kept.blocks().len(), 100);
}
