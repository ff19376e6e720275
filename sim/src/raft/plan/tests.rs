use crate::{
    Faults, Trace,
    raft::{Plan, Variation, play},
};

fn digest(plan: &Plan) -> u64 {
    let played = play(plan, &Faults::all(), None, &mut Trace::quiet());
    played.expect("no law is broken").digest
}

#[test]
fn a_variation_gives_another_run_and_always_the_same() {
    let plan = Plan::of(7);
    let varied = |event, salt| plan.varied(Variation { event, salt });
    let digests = [&plan, &varied(300, 1), &varied(300, 2), &varied(400, 1)].map(digest);
    for (place, digest) in digests.iter().enumerate() {
        assert!(!digests[..place].contains(digest), "{digests:?}");
    }
    assert_eq!(digest(&varied(300, 1)), digests[1]);
    assert_eq!(digest(&varied(u64::MAX, 1)), digests[0], "an event that never comes");
}

#[test]
fn up_to_its_event_a_varied_run_is_the_same() {
    let lines = |plan: &Plan| {
        let mut trace = Trace::tail(1_000_000);
        play(plan, &Faults::all(), None, &mut trace).expect("no law is broken");
        trace.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (plain, varied) =
        (lines(&Plan::of(7)), lines(&Plan::of(7).varied(Variation { event: 300, salt: 1 })));
    let turn = varied.iter().position(|line| line.contains("the dice are others")).expect("it is told");
    assert!(turn > 100);
    assert_eq!(plain[..turn], varied[..turn]);
    assert_ne!(plain[turn..], varied[turn + 1..]);
}

#[test]
fn a_plan_says_its_flags_and_a_later_variation_replaces_what_came_after_it() {
    let plan =
        Plan::of(7).varied(Variation { event: 900, salt: 1 }).varied(Variation { event: 1200, salt: 3 });
    assert_eq!(plan.to_string(), "--seed 7 --vary 900:1,1200:3");
    assert_eq!(plan.varied(Variation { event: 1000, salt: 2 }).to_string(), "--seed 7 --vary 900:1,1000:2");
    assert_eq!("1200:3".parse(), Ok(Variation { event: 1200, salt: 3 }));
    for wrong in ["1200", "1200:", ":3", "a:b", ""] {
        assert!(wrong.parse::<Variation>().is_err_and(|hint| hint.contains("1200:3")), "{wrong}");
    }
}
