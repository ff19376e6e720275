use std::io;

use machine_core::{Instant, NodeId};

use super::Trace;

fn note(trace: &mut Trace, millis: u64, word: u64) {
    trace.note(Instant::from_millis(millis), Some(NodeId::of(1)), &[word], format_args!("says {word}"));
}

#[test]
fn the_newest_lines_are_kept() {
    let mut trace = Trace::tail(2);
    for word in 1..=3 {
        note(&mut trace, word, word);
    }
    trace.note(Instant::from_millis(4), None, &[], format_args!("all is over"));
    let lines: Vec<_> = trace.lines().collect();
    assert_eq!(lines, ["0.003000000s n1 says 3", "0.004000000s -- all is over"]);
    assert_eq!((trace.events(), trace.now()), (4, Instant::from_millis(4)));
}

#[test]
fn the_digest_depends_on_every_event_and_not_on_the_reader() {
    let digest = |mut trace: Trace, events: &[(u64, u64)]| {
        for (millis, word) in events {
            note(&mut trace, *millis, *word);
        }
        trace.digest()
    };
    let events = [(1, 5), (2, 6)];
    let same = digest(Trace::quiet(), &events);
    assert_eq!(same, digest(Trace::tail(1), &events));
    for other in [[(1, 5), (2, 7)], [(1, 5), (3, 6)], [(2, 6), (1, 5)]] {
        assert_ne!(same, digest(Trace::quiet(), &other));
    }
}

#[test]
fn a_reader_that_goes_away_ends_no_run() {
    struct Closed;
    impl io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut told, mut quiet) = (Trace::told(Box::new(Closed)), Trace::quiet());
    for word in 0..3 {
        note(&mut told, word, word);
        note(&mut quiet, word, word);
    }
    assert_eq!(told.digest(), quiet.digest());
}
