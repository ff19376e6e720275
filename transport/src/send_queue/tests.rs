use proptest::prelude::*;

use super::*;

fn outgoing(head: usize, body: usize) -> Outgoing {
    Outgoing { header: [1; HEADER_BYTES], head: Bytes::from(vec![2; head]), body: Bytes::from(vec![3; body]) }
}

proptest! {
    #[test]
    fn however_little_is_taken_the_bytes_are_the_frames_bytes(
        frames in prop::collection::vec((0_usize..40, 0_usize..40), 0..80),
        takes in prop::collection::vec(1_usize..200, 1..20),
    ) {
        let mut queue = SendQueue::new(QueueLimits { frames_max: 1000, bytes_max: 1 << 20 });
        let mut expected = Vec::<u8>::new();
        for (head, body) in &frames {
            queue.push(outgoing(*head, *body));
            expected.extend([vec![1; HEADER_BYTES], vec![2; *head], vec![3; *body]].concat());
        }
        let (mut taken, mut count, mut takes) = (Vec::<u8>::new(), 0, takes.iter().cycle());
        while !queue.is_empty() {
            let most = *takes.next().expect("a cycle");
            let written = queue.write(|slices| {
                let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
                let some = most.min(all.len());
                taken.extend(&all[..some]);
                Ok(some)
            });
            count += written.expect("the writer is well").frames;
        }
        prop_assert_eq!(taken, expected);
        prop_assert_eq!(count, frames.len());
        prop_assert_eq!(queue.bytes, 0);
    }
}

#[test]
fn bounded_in_frames_and_in_bytes_until_a_frame_is_out() {
    let mut queue = SendQueue::new(QueueLimits { frames_max: 3, bytes_max: 100 });
    assert!(!queue.has_room(101));
    queue.push(outgoing(10, 50));
    assert!(queue.has_room(20) && !queue.has_room(21));
    // A part of a frame gives no room back: its bytes are still held.
    queue.write(|_| Ok(79)).expect("the writer is well");
    assert!(!queue.has_room(21));
    queue.write(|_| Ok(1)).expect("the writer is well");
    assert!(queue.is_empty() && queue.has_room(100));
    for _ in 0..3 {
        assert!(queue.has_room(HEADER_BYTES));
        queue.push(outgoing(0, 0));
    }
    assert!(!queue.has_room(HEADER_BYTES));
    assert_eq!(queue.len(), 3);
}

#[test]
fn an_error_takes_nothing() {
    let mut queue = SendQueue::new(QueueLimits { frames_max: 3, bytes_max: 100 });
    queue.push(outgoing(1, 1));
    assert!(queue.write(|_| Err(io::ErrorKind::WouldBlock.into())).is_err());
    assert_eq!(
        queue.write(|slices| Ok(slices.iter().map(|slice| slice.len()).sum())).expect("well").bytes,
        HEADER_BYTES + 2
    );
}
