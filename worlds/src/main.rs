//! Table.
#![allow(clippy::all)]
use std::time::Instant;
use worlds::{explore::*, world::*};
fn main() {
    let a: Vec<u64> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let bounds = Bounds {
        nodes: a[0] as usize,
        term_max: a[1],
        proposals_max: a[2] as u8,
        crashes_max: a[3] as u8,
        lossy: a[4] == 1,
        reminders_max: a[5] as u8,
        duplicates_max: a[6] as u8,
        asks: a[7] == 1,
        drops_moot: a[10] == 1,
        window: a[11] as usize,
        in_flight_max: 100,
    };
    let mut e = Exploration::new(bounds);
    e.symmetric = a[8] == 1;
    if a[9] > 0 {
        e.depth_max = Some(a[9] as usize);
    }
    let t = Instant::now();
    let r = e.run();
    println!("{:?} {:?}", r, t.elapsed());
}
