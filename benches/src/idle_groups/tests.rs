use super::{Idle, measure, measure_heap};
use crate::contenders::{floor::FLOOR, ours::OURS};

#[test]
fn a_heartbeat_a_tick_is_two_questions_and_two_answers() {
    let busy = measure(&OURS, &Idle { groups: 5, heartbeat_ticks: 1, ticks: 50 });
    assert_eq!(busy.expect("leaders stay").messages.to_string(), "4");
}

#[test]
fn whole_cycles_are_measured() {
    let cycle = measure(&OURS, &Idle { groups: 5, heartbeat_ticks: 10, ticks: 100 });
    assert_eq!(cycle.expect("leaders stay").messages.to_string(), "0.4");
}

#[test]
fn nothing_is_due_for_long() {
    let quiet = measure(&OURS, &Idle { groups: 5, heartbeat_ticks: 1000, ticks: 200 });
    assert_eq!(quiet.expect("leaders stay").messages.to_string(), "0");
}

#[test]
fn who_takes_no_part_is_told() {
    let idle = Idle { groups: 1, heartbeat_ticks: 1, ticks: 1 };
    assert!(measure(&FLOOR, &idle).is_err());
    assert!(measure_heap(&FLOOR, &idle).is_err());
}
