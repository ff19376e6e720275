//! Time: the fastest of many short batches, contenders taking turns.

use std::time::{Duration, Instant};

use super::{Meter, Work};

/// A batch: long against the reading of the clock, short against a time slice.
const BATCH: Duration = Duration::from_micros(20);

/// A stopwatch that adds up.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch(Duration);

impl Meter for Stopwatch {
    fn measure(&mut self, section: &mut dyn FnMut()) {
        let start = now();
        section();
        self.0 += start.elapsed();
    }
}

/// Nanoseconds of one operation of each, in their order.
pub(crate) fn fastest(contenders: &mut [Work], rounds: u32) -> Vec<f64> {
    let times: Vec<u64> = contenders.iter_mut().map(calibrate).collect();
    let mut fastest = vec![f64::INFINITY; contenders.len()];
    for _ in 0..rounds {
        for ((work, &times), fastest) in contenders.iter_mut().zip(&times).zip(&mut fastest) {
            let nanos = batch(work, times).as_secs_f64() * 1e9 / times as f64;
            *fastest = fastest.min(nanos);
        }
    }
    fastest
}

/// How many operations a batch has.
fn calibrate(work: &mut Work) -> u64 {
    let mut times = 1;
    while times < 1 << 20 && batch(work, times) < BATCH {
        times *= 2;
    }
    times
}

fn batch(work: &mut Work, times: u64) -> Duration {
    let mut watch = Stopwatch::default();
    work(times, &mut watch);
    watch.0
}

#[expect(clippy::disallowed_methods, reason = "the one place where the stopwatch is read")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
