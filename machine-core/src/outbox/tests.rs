use super::Outbox;

#[test]
fn keeps_order_and_limit() {
    let mut outbox = Outbox::with_limit(2);
    assert!(outbox.push('a') && outbox.push('b'));
    assert!(!outbox.push('c'), "full");
    assert_eq!((outbox.len(), outbox.dropped()), (2, 1));
    assert_eq!(outbox.pop(), Some('a'));
    assert!(outbox.push('d'), "room again");
    assert_eq!(outbox.iter().collect::<alloc::string::String>(), "bd");
    outbox.clear();
    assert_eq!((outbox.pop(), outbox.dropped()), (None, 1));
}
