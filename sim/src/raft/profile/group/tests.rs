use std::collections::BTreeMap;

use machine_core::{Instant, Rng};
use raft_core::{Raft, Recovered};

use super::{APPEND_BYTES_LEAST, APPEND_BYTES_MOST};
use crate::raft::profile::Profile;

/// Enough for every extreme, and few enough to be quick.
const PROFILES: u64 = 2_000;

/// The fields of a configuration as its `Debug` names them: one that is added shows up here by itself.
fn fields(config: &raft_core::Config) -> BTreeMap<String, String> {
    let text = format!("{config:#?}");
    let mut fields = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines().filter(|line| line.starts_with("    ")) {
        match line.trim_start_matches("    ").split_once(": ") {
            Some((field, value)) if !line.starts_with("     ") => {
                name = field.to_owned();
                fields.insert(name.clone(), value.to_owned());
            }
            _ => fields.entry(name.clone()).or_default().push_str(line.trim()),
        }
    }
    fields
}

/// What the field must have been at least once.
fn extremes(field: &str) -> Vec<String> {
    let numbers = |least: usize, most: usize| vec![format!("{least},"), format!("{most},")];
    let voter = |id: u64| format!("{:?},", machine_core::NodeId::of(id));
    match field {
        "id" => vec![voter(1), voter(31)],
        "voters" => {
            vec![format!("[{}],", voter(1)), format!("[{}],", (1..=31).map(voter).collect::<String>())]
        }
        "priority" => numbers(0, 3),
        "append_bytes_max" => numbers(APPEND_BYTES_LEAST, APPEND_BYTES_MOST),
        "inflight_messages_max" | "reads_max" => numbers(1, usize::MAX),
        "inflight_bytes_max" | "uncommitted_bytes_max" | "cache_bytes_max" => {
            numbers(APPEND_BYTES_LEAST, usize::MAX)
        }
        // What is extreme here is a relation: see below.
        "election_timeout_min" | "election_timeout_max" | "heartbeat_interval" => Vec::new(),
        _ => panic!("{field} is new in Config: draw it, and say here what is extreme"),
    }
}

#[test]
fn every_field_is_drawn_with_its_extremes_and_every_draw_is_legal() {
    let mut seen: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let (mut widest, mut narrowest, mut often, mut seldom) = (0, u32::MAX, 0, u32::MAX);
    for seed in 0..PROFILES {
        let group = Profile::draw(&mut Rng::new(seed)).group;
        for node in 0..group.nodes {
            let config = group.config(node);
            for (field, value) in fields(&config) {
                *seen.entry(field).or_default().entry(value).or_default() += 1;
            }
            Raft::new(config, Recovered::default(), seed, Instant::ZERO).expect("what is drawn is legal");
        }
        let timing = group.timing;
        let spread = (timing.election_max - timing.election_min).as_nanos();
        let per_mille = u32::try_from(spread * 1000 / timing.election_min.as_nanos()).expect("small");
        (widest, narrowest) =
            (widest.max(per_mille), narrowest.min(u32::try_from(spread).unwrap_or(u32::MAX)));
        let beats = u32::try_from(timing.election_min.as_nanos() / timing.heartbeat.as_nanos()).expect("few");
        (often, seldom) = (often.max(beats), seldom.min(beats));
    }
    assert_eq!(seen.len(), 12, "{:?}", seen.keys());
    for (field, values) in &seen {
        assert!(values.len() >= 2, "{field} is always the same");
        for extreme in extremes(field) {
            assert!(values.contains_key(&extreme), "{field} is never {extreme} but {:?}", values.keys());
        }
    }
    assert_eq!((narrowest, seldom), (1, 2), "a nanosecond; the longest heartbeat there may be");
    assert!(widest >= 2_900 && often >= 50, "{widest} per mille, {often} heartbeats");
}
