use machine_core::Instant;

use super::Queue;

fn drained(mut queue: Queue<u32>) -> Vec<(u64, u32)> {
    std::iter::from_fn(|| queue.pop()).map(|(at, event)| (at.as_nanos(), event)).collect()
}

#[test]
fn earliest_comes_first_and_ties_keep_their_order() {
    let mut queue = Queue::new();
    for (at, event) in [(5, 1), (3, 2), (5, 3), (3, 4), (1, 5)] {
        queue.push(Instant::from_nanos(at), event);
    }
    assert_eq!(drained(queue), [(1, 5), (3, 2), (3, 4), (5, 1), (5, 3)]);
}

#[test]
fn hastening_moves_only_what_is_picked_and_keeps_the_order() {
    let mut queue = Queue::new();
    for (at, event) in [(9, 1), (8, 2), (2, 3), (7, 4)] {
        queue.push(Instant::from_nanos(at), event);
    }
    queue.hasten(Instant::from_nanos(4), |event| *event != 4);
    assert_eq!(drained(queue), [(2, 3), (4, 2), (4, 1), (7, 4)]);
}
