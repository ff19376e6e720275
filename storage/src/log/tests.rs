use super::{Run, State, Trimmed};
use bytes::Bytes;

#[test]
fn a_state_is_its_bytes() {
    assert_eq!(State::default(), State::new(&[]).expect("short"));
    assert_eq!(State::new(b"ab").expect("short").as_bytes(), b"ab");
    assert_ne!(State::new(&[0]), State::new(&[]), "a zero is not nothing");
    assert_eq!(format!("{:?}", State::new(b"t\x07").expect("short")), r"State(t\x07)");
}

#[test]
fn ends_of_runs_do_not_wrap() {
    let run = |first, count| Run { first, count, mark: 0, body: Bytes::new() };
    assert_eq!(run(5, 3).last(), 7);
    assert!(run(1, 1).is_sound() && run(u64::MAX - 1, 1).is_sound());
    for unsound in [run(0, 1), run(1, 0), run(u64::MAX, 1), run(u64::MAX - 1, 2)] {
        assert!(!unsound.is_sound(), "{unsound:?}");
    }
    assert_eq!(run(u64::MAX, 9).last(), u64::MAX - 1);
}

#[test]
fn a_trimmed_end_names_file_and_place() {
    let trimmed = Trimmed { file: "/d/000000000001.wal".to_owned(), offset: 984, bytes: 1008 };
    assert_eq!(
        trimmed.to_string(),
        "/d/000000000001.wal: 1008 bytes at offset 984 were written in part before a crash; never durable, dropped"
    );
}
