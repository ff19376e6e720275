extern crate std;

use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use super::Queue;

fn digest(queue: &Queue<u8>) -> u64 {
    let mut state = DefaultHasher::new();
    queue.hash(&mut state);
    state.finish()
}

#[test]
fn a_queue_at_rest_takes_no_memory_and_is_what_it_was() {
    let (never, mut used) = (Queue::default(), Queue::default());
    used.push_back(1);
    assert_eq!((used.front(), used.len()), (Some(&1), 1));
    used.rest();
    assert_eq!(used.pop_front(), Some(1), "what it holds it keeps");
    assert!(used.0.is_some() && used == never && digest(&used) == digest(&never));
    used.rest();
    assert!(used.0.is_none() && used.is_empty() && used.pop_front().is_none());
}

#[test]
fn items_tell_queues_apart() {
    let mut one = Queue::default();
    one.push_back(1);
    let mut two = one.clone();
    assert!(one == two && digest(&one) == digest(&two));
    two.push_back(2);
    assert!(one != two && digest(&one) != digest(&two));
    two.iter_mut().for_each(|item| *item += 1);
    assert!(two.iter().eq(&[2, 3]));
    two.clear();
    assert!(two.is_empty() && two.front().is_none());
}
