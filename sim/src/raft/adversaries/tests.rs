use machine_core::Rng;

use super::Aim;
use crate::{
    Trace,
    raft::{Totals, profile::Profile, run},
};

/// The first seeds that have this aim.
fn seeds(aim: Aim) -> impl Iterator<Item = u64> {
    (0..).filter(move |seed| Profile::draw(&mut Rng::new(*seed)).faults.aim == Some(aim)).take(6)
}

/// All that the runs say.
fn told(aim: Aim) -> (Totals, String) {
    let (mut totals, mut text) = (Totals::default(), String::new());
    for seed in seeds(aim) {
        let mut trace = Trace::tail(1_000_000);
        totals.add(&run(seed, &mut trace).expect("no law is broken"));
        for line in trace.lines().filter(|line| !line.contains("Append")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    (totals, text)
}

#[test]
fn one_run_in_five_has_an_adversary_and_all_kinds_occur() {
    let aims: Vec<_> = (0..5_000).filter_map(|seed| Profile::draw(&mut Rng::new(seed)).faults.aim).collect();
    assert!((900..1100).contains(&aims.len()), "{}", aims.len());
    for aim in [Aim::Corner, Aim::Ambush, Aim::Usurp, Aim::Dam] {
        assert!(aims.iter().filter(|drawn| **drawn == aim).count() > 50, "{aim:?} is rare");
    }
}

#[test]
fn cornered_leaders_crash_and_come_back() {
    let (totals, text) = told(Aim::Corner);
    assert!(totals.struck >= 12 && totals.gripped >= 30, "{totals}");
    assert!(text.matches("crashes at the worst moment").count() >= 12);
}

#[test]
fn voters_crash_before_their_disk_is_done() {
    let (_, text) = told(Aim::Ambush);
    assert!(text.matches("crashes before its disk is done").count() >= 12);
}

#[test]
fn leaders_go_away_until_another_has_committed() {
    let (totals, text) = told(Aim::Usurp);
    assert!(totals.struck >= 6, "{totals}");
    assert!(totals.elections >= 12, "{totals}");
    assert!(text.contains("is paused until another leads"));
}

#[test]
fn messages_come_two_terms_later() {
    let (totals, text) = told(Aim::Dam);
    assert!(totals.gripped >= 12, "{totals}");
    assert!(text.matches("messages that were held back are let go").count() >= 12);
}
