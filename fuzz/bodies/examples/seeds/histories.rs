//! Histories of a cluster under faults, and of one of its nodes.

use machine_core::Rng;

/// Scripts of a cluster: plain chance, with more of what makes progress than of what breaks it.
pub(crate) fn cluster() -> Vec<Vec<u8>> {
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
            if [1, 2, 3, 4, 6, 9, 10, 11, 12].contains(&what) {
                script.push(byte(32));
            }
        }
        seeds.push(script);
    }
    seeds
}

/// What node 1 of these clusters was told, as calls to a node of its own.
pub(crate) fn node() -> Vec<Vec<u8>> {
    cluster().iter().map(|script| bodies::raft_cluster::recorded(script)).collect()
}
