use machine_core::{Instant, NodeId};

use super::{Faults, Hearing, Kind, Place, Schedule};

fn strike(faults: &Faults, kind: Kind) -> bool {
    faults.strike(kind, Place::Node(NodeId::of(2)), format_args!("is struck"))
}

#[test]
fn numbers_count_by_kind_and_spared_harm_counts() {
    let schedule = "crash:2,loss:1".parse().expect("a schedule");
    let faults = Faults::new(schedule, Hearing::Words);
    faults.set_now(Instant::from_millis(5));
    let struck =
        [Kind::Crash, Kind::Loss, Kind::Crash, Kind::Loss, Kind::Pause].map(|kind| strike(&faults, kind));
    assert_eq!(struck, [false, true, true, false, false]);
    let told: Vec<String> = faults.strikes().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["0.005000000s n2 is struck [loss:1]", "0.005000000s n2 is struck [crash:2]"]);
}

#[test]
fn what_nobody_hears_is_not_kept() {
    let faults = Faults::all();
    assert!(strike(&faults, Kind::Loss));
    assert!(faults.strikes().is_empty());
    let faults = Faults::new(Schedule::default(), Hearing::Numbers);
    assert!(strike(&faults, Kind::Loss));
    assert_eq!(faults.strikes()[0].what, "");
}
