use super::Schedule;
use crate::faults::Kind;

fn read(text: &str) -> Schedule {
    text.parse().expect("a schedule")
}

#[test]
fn text_and_schedule_are_the_same() {
    for text in ["none", "crash", "crash:3", "crash:3-5", "crash:3-", "crash:3,pause,loss:1,loss:8-12"] {
        assert_eq!(read(text).to_string(), text);
    }
    assert_eq!(read("loss:5,loss:3-4,crash:2,loss:7,loss:4").to_string(), "crash:2,loss:3-5,loss:7");
}

#[test]
fn a_schedule_allows_what_it_names() {
    let schedule = read("loss:3-5,loss:8,pause");
    let allowed: Vec<u64> = (1..12).filter(|number| schedule.allows(Kind::Loss, *number)).collect();
    assert_eq!(allowed, [3, 4, 5, 8]);
    assert!(schedule.allows(Kind::Pause, u64::MAX) && !schedule.allows(Kind::Crash, 1));
}

#[test]
fn the_inverse_allows_the_rest() {
    for text in ["none", "crash", "crash:1", "crash:3-5", "crash:3-", "crash:3,pause,loss:1,loss:8-12"] {
        let (schedule, inverse) = (read(text), read(text).inverse());
        for kind in Kind::ALL {
            for number in (1..20).chain([u64::MAX]) {
                assert_ne!(
                    schedule.allows(kind, number),
                    inverse.allows(kind, number),
                    "{text} {kind}:{number}"
                );
            }
        }
        assert_eq!(inverse.inverse(), schedule);
    }
    assert!(Schedule::none().inverse().is_all());
}

#[test]
fn wrong_text_is_refused_with_a_hint() {
    for (text, hint) in [
        ("", "no kind of fault is called \"\"; there are crash, "),
        ("krash:1", "no kind of fault is called \"krash\""),
        ("crash:0", "counted from 1"),
        ("crash:5-3", "kind:3-9"),
        ("crash:x", "kind:3"),
        ("crash:-3", "kind:3"),
        ("crash:1,", "no kind of fault"),
    ] {
        let error = text.parse::<Schedule>().expect_err(text);
        assert!(error.contains(hint), "{error}");
    }
}
