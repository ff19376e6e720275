use std::time::Duration;

use super::*;
use crate::bench::report::tests::measured;

#[test]
fn every_point_has_a_dot_and_every_series_a_name() {
    let tick = System::FixedTick(Duration::from_millis(10));
    let all = [
        measured(System::Quorate, 1, 64),
        measured(System::Quorate, 1, 8),
        measured(System::Quorate, 16, 8),
        measured(System::Etcd, 1, 8),
        measured(tick, 1, 8),
    ];
    let picture = svg(&all, "a machine with 1 < 2 & more");
    let count = |what: &str| picture.matches(what).count();
    assert_eq!((count("<circle"), count(r#"class="p50""#), count(r#"class="p99""#)), (5, 4, 4));
    for name in ["quorate: 64 bytes, 16 entries", "etcd: 64 bytes", "tick of 10ms", "1 &lt; 2 &amp; more"] {
        assert!(picture.contains(name), "{name} in {picture}");
    }
    assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
}

#[test]
fn a_run_without_an_answer_is_an_empty_picture() {
    let mut silent = measured(System::Quorate, 1, 8);
    silent.loaded.requests = 0;
    let picture = svg(&[silent], "");
    assert!(
        !picture.contains("<circle") && !picture.contains("NaN") && !picture.contains("inf"),
        "{picture}"
    );
}

#[test]
fn powers_of_ten_have_short_names() {
    let names = [-2, -1, 0, 2, 3, 5, 6, 7].map(number);
    assert_eq!(names, ["0.01", "0.1", "1", "100", "1k", "100k", "1M", "10M"]);
}
