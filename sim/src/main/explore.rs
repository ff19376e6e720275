//! `--explore`: many runs, of which those that come to something new are varied.

use std::{sync::mpsc, thread};

use sim::{
    Faults, Trace,
    raft::{Explorer, Found, Plan, Shapes},
};

use crate::{
    play::{Failing, play_watched},
    say,
};

/// Runs that are planned together, and play at the same time; the same for any number of jobs, so that the output is.
const BATCH: u64 = 64;

/// Runs between two lines of progress.
const PROGRESS_EVERY: u64 = 1_024;

/// Explores; whether all runs passed.
pub(crate) fn explore(first_seed: u64, runs: u64, varies: bool, jobs: usize, fail_fast: bool) -> bool {
    let mut explorer = Explorer::new(first_seed, varies);
    let (mut done, mut failed) = (0, 0);
    while done < runs {
        let plans: Vec<_> = (0..BATCH.min(runs - done)).map(|_| explorer.plan()).collect();
        done += plans.len() as u64;
        for (plan, shapes, verdict) in play_all(&plans, jobs) {
            if let Err(failing) = &verdict {
                failed += 1;
                say(format_args!("{failing}\nreplay with: quorate-sim raft {plan} --trace"));
            }
            let events = verdict.ok();
            // Of a run that failed the length does not matter: it is no better for being short.
            explorer.learn(plan, &shapes, events.unwrap_or(u64::MAX));
        }
        if fail_fast && failed > 0 {
            break;
        }
        if done % PROGRESS_EVERY == 0 && done < runs {
            tell(&explorer.found());
        }
    }
    tell(&explorer.found());
    say(format_args!("{} passed, {failed} failed", done - failed));
    failed == 0
}

fn tell(found: &Found) {
    let Found { fresh, varied, kept, shapes } = found;
    say(format_args!("{fresh} fresh seeds, {varied} variations: {shapes} shapes, {kept} runs kept"));
}

type Played = (Plan, Shapes, Result<u64, Box<Failing>>);

/// Plays all of them, and gives them back in their order.
fn play_all(plans: &[Plan], jobs: usize) -> Vec<Played> {
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for job in 0..jobs {
            let tell = tell.clone();
            scope.spawn(move || {
                for (place, plan) in plans.iter().enumerate().skip(job).step_by(jobs) {
                    let mut shapes = Shapes::default();
                    let verdict = play_watched(plan, &Faults::all(), Some(&mut shapes), &mut Trace::quiet());
                    let played: Played = (plan.clone(), shapes, verdict.map(|totals| totals.events));
                    if tell.send((place, played)).is_err() {
                        return;
                    }
                }
            });
        }
    });
    drop(tell);
    let mut played: Vec<_> = told.into_iter().collect();
    played.sort_by_key(|(place, _)| *place);
    played.into_iter().map(|(_, played)| played).collect()
}
