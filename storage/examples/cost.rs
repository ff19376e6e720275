//! What appending and syncing cost on a folder of yours:
//! `cargo run --release -p quorate-storage --example cost -- FOLDER` (a new folder below it is made and removed).

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures, and prints what it measured"
)]

use bytes::Bytes;
use machine_core::{NodeId, WriteId};
use std::{error::Error, path::Path, time::Instant};
use storage::{LogStore, Options, RealDisk, Run, State, Wal, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("give a folder on the disk to be measured")?;
    let folder = Path::new(&folder).join(format!("cost-{}", std::process::id()));
    let result = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    result
}

fn measure(folder: &Path) -> Result<(), Box<dyn Error>> {
    println!("{:>10} {:>10} {:>16} {:>16} {:>12}", "body B", "per sync", "append us", "sync us", "MB/s");
    for (body_bytes, per_sync, syncs) in [
        (256, 1, 2000),
        (256, 64, 500),
        (4096, 1, 2000),
        (4096, 64, 200),
        (1 << 20, 1, 100),
        (65536, 16, 100),
    ] {
        let place = folder.join(format!("{body_bytes}-{per_sync}"));
        let (mut wal, _) = Wal::open(RealDisk::new(&place), Options::new(1, NodeId::of(1), 1))?;
        let body = Bytes::from(vec![7; body_bytes]);
        let state = State::new(&[1; 24]).ok_or("24 bytes fit")?;
        let (mut appends, mut waits) = (Vec::new(), Vec::new());
        let mut id = 0;
        for _ in 0..syncs {
            let start = Instant::now();
            for _ in 0..per_sync {
                id += 1;
                let run = Run { first: id, count: 1, mark: 1, body: body.clone() };
                wal.append(&Write { id: WriteId::new(id), state, run: Some(run) })?;
            }
            appends.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(per_sync));
            let start = Instant::now();
            wal.sync()?;
            waits.push(start.elapsed().as_secs_f64() * 1e6);
        }
        let all: f64 = appends.iter().sum::<f64>() * f64::from(per_sync) + waits.iter().sum::<f64>();
        let rate = id as f64 * body_bytes as f64 / all;
        let (append, wait) = (median(&mut appends), median(&mut waits));
        println!("{body_bytes:>10} {per_sync:>10} {append:>16.2} {wait:>16.1} {rate:>12.1}");
        wal.close()?;
    }
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
