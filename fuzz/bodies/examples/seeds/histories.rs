//! Histories of a cluster under faults, and of one of its nodes.

use bodies::raft_cluster::Record;
use machine_core::Rng;

/// Scripts of a cluster: plain chance with more of what makes progress than of what breaks it, and chance that is drawn
/// anew for each.
pub(crate) fn cluster() -> Vec<Vec<u8>> {
    let mut seeds = plain();
    seeds.extend((0..SWARM).map(swarm));
    seeds
}

/// Scripts of the second kind.
const SWARM: u64 = 400;
/// Steps of a cluster.
const STEPS: u64 = 16;

/// Each step has a weight of its own in this script, often zero: a script without ticks or without losses, or with
/// hardly anything else, goes where the average never does.
fn swarm(seed: u64) -> Vec<u8> {
    let mut dice = Rng::new(seed + 1000);
    let weights: Vec<u64> = (0..STEPS).map(|_| [0, 0, 1, 2, 8][place(dice.below(5))]).collect();
    // Everybody works now and then, or nothing ever happens.
    let sum: u64 = weights.iter().sum::<u64>() + 4;
    let mut script = Vec::new();
    for _ in 0..30 + dice.below(170) {
        let mut chance = dice.below(sum);
        let step = weights.iter().position(|weight| {
            let taken = chance < *weight;
            chance = chance.saturating_sub(*weight);
            taken
        });
        let what = step.unwrap_or(15);
        script.push(small(what as u64 | dice.below(3) << 4));
        if TAKES_A_CHOICE.contains(&what) {
            script.push(small(dice.below(64)));
        }
    }
    script
}

/// Steps that take a byte more: which message, how much time, how a crash goes.
const TAKES_A_CHOICE: [usize; 9] = [1, 2, 3, 4, 6, 9, 10, 11, 12];

fn small(number: u64) -> u8 {
    u8::try_from(number).expect("below 256")
}

fn place(number: u64) -> usize {
    usize::try_from(number).expect("a few")
}

fn plain() -> Vec<Vec<u8>> {
    let mut dice = Rng::new(1);
    let mut byte = move |limit: u64| u8::try_from(dice.below(limit)).expect("at most 256 are asked for");
    let mut seeds = Vec::new();
    for seed in 0..48 {
        let mut script = Vec::new();
        for _ in 0..20 + 4 * seed {
            // Everybody works, time passes, a proposal; or anything.
            let what = match byte(8) {
                0..=2 => 15,
                3 => 5,
                4 => 7,
                _ => byte(16),
            };
            script.push(what | byte(3) << 4);
            if TAKES_A_CHOICE.contains(&usize::from(what)) {
                script.push(byte(32));
            }
        }
        seeds.push(script);
    }
    seeds
}

/// What was said, written and done in each of these histories.
pub(crate) fn recorded(scripts: &[Vec<u8>]) -> Vec<Record> {
    scripts.iter().map(|script| bodies::raft_cluster::recorded(script)).collect()
}
